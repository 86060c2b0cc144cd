"""Models of the PyTorch engine in code written for PyTorch, and modules of PyTorch as layers."""

import copy
import io
import pickle

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.trains
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(64, 3)).astype("float32")
Y = (X[:, :1] - 2 * X[:, 1:2] * X[:, 2:]).astype("float32")
TX, TY = torch.from_numpy(X), torch.from_numpy(Y)


@pytest.fixture(autouse=True)
def _on_torch():
    with keras.backend.use("torch"):
        yield


def network(*between):
    parts = [
        keras.Input((3,)),
        layers.Dense(8, activation="tanh"),
        layers.BatchNormalization(momentum=0.8),
        *between,
        layers.Dense(1),
    ]
    model = keras.Sequential(parts)
    model.compile(keras.optimizers.SGD(0.05), "mse")
    return model


def predictions(model):
    return model.predict(X, verbose=0)


def test_zero_grad_and_backward():
    model = network()
    loss = torch.mean((model(TX) - TY) ** 2)
    loss.backward()
    first = [v.value.grad.clone() for v in model.trainable_variables]
    assert all(g.shape == v.shape for g, v in zip(first, model.trainable_variables, strict=True))
    torch.mean((model(TX) - TY) ** 2).backward()  # gradients add up until they are cleared
    for g, v in zip(first, model.trainable_variables, strict=True):
        torch.testing.assert_close(v.value.grad, 2 * g)
    model.zero_grad()
    assert all(v.value.grad is None for v in model.trainable_variables)


def test_optimizers_of_pytorch_and_of_keraunos_take_turns():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    found = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(TX, training=True), TY)
        loss.backward()
        optimizer.step()
        found += [loss.item(), *model.fit(X, Y, batch_size=64, verbose=0).history["loss"]]
    assert found[-1] < 0.5 * found[0]
    for p, v in zip(model.parameters(), model.trainable_variables, strict=True):
        assert p is v.value
        np.testing.assert_array_equal(p.detach().numpy(), v.numpy())


def test_state_dict_goes_through_a_file():
    model = network()
    model.fit(X, Y, verbose=0)
    want, file = predictions(model), io.BytesIO()
    torch.save(model.state_dict(), file)
    model.fit(X, Y, verbose=0)
    assert np.abs(predictions(model) - want).max() > 1e-4
    file.seek(0)
    model.load_state_dict(torch.load(file))
    np.testing.assert_allclose(predictions(model), want, atol=1e-6)
    with pytest.raises(RuntimeError, match="Missing key"):
        model.load_state_dict({})


def test_to_moves_the_model_in_both_ways_of_writing():
    model = network()
    want = predictions(model)
    assert model.to("cpu") is model
    keras.as_torch_module(model).to("cpu")
    np.testing.assert_allclose(predictions(model), want, atol=1e-6)
    module = keras.as_torch_module(model).double().eval()
    assert module(TX.double()).dtype == torch.float64
    assert {w.dtype for w in model.weights} == {"float64"}
    np.testing.assert_allclose(predictions(model), want, atol=1e-5)
    module.float()
    assert model.weights[0].dtype == "float32"


def test_a_layer_inside_of_a_module_of_pytorch():
    model = network(layers.Dropout(0.5))
    outer = torch.nn.Sequential(torch.nn.Linear(3, 3), keras.as_torch_module(model))
    assert len(list(outer.parameters())) == 2 + 6
    assert (outer(TX) != outer(TX)).any()  # a module of PyTorch begins in training
    outer.eval()
    assert (outer(TX) == outer(TX)).all()
    want, file = outer(TX).detach(), io.BytesIO()
    torch.save(outer.state_dict(), file)
    model.fit(X, Y, verbose=0)
    for p, v in zip(list(outer.parameters())[2:], model.trainable_variables, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), v.numpy())
    assert (outer(TX) - want).abs().max() > 1e-4
    file.seek(0)
    outer.load_state_dict(torch.load(file))
    torch.testing.assert_close(outer(TX).detach(), want)


def test_batch_statistics_are_shared_both_ways():
    model = network()
    module = keras.as_torch_module(model)
    norm = model.layers[1]
    module.train()
    module(TX)
    moved = norm.moving_mean.numpy().copy()
    assert np.abs(moved).max() > 0
    held = {b.data_ptr(): b for b in module.buffers()}
    assert norm.moving_mean._value.data_ptr() in held
    model.fit(X, Y, verbose=0)
    now = norm.moving_mean.numpy()
    assert np.abs(now - moved).max() > 0
    assert any(np.array_equal(b.numpy(), now) for b in module.buffers())
    module.eval()
    module(TX)
    np.testing.assert_array_equal(norm.moving_mean.numpy(), now)
    with torch.no_grad():
        for b in module.buffers():
            b.zero_()
    assert not norm.moving_mean.numpy().any()


class Lit(torch.nn.Module):
    """What a training framework such as Lightning wants of a module."""

    def __init__(self, layer):
        super().__init__()
        self.net = keras.as_torch_module(layer)

    def training_step(self, batch, _):
        x, y = batch
        return torch.nn.functional.mse_loss(self.net(x), y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.05)


def test_a_loop_in_the_manner_of_lightning():
    model = network()
    lit = Lit(model)
    optimizer, found = lit.configure_optimizers(), []
    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(TX, TY), batch_size=16)
    for epoch in range(10):
        lit.train()
        for i, batch in enumerate(batches):
            loss = lit.training_step(batch, i)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(lit.parameters(), 1.0)
            optimizer.step()
        lit.eval()
        with torch.no_grad():
            found.append(lit.training_step((TX, TY), epoch).item())
    assert found[-1] < 0.5 * found[0]
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(found[-1], rel=1e-4)


def test_functional_calls_of_pytorch():
    """Tensors put in the place of the weights, as ``torch.func`` does it, are what the layer computes with."""
    model = network()
    module = keras.as_torch_module(model).eval()
    params = dict(module.named_parameters())
    gradients = torch.func.grad(lambda p: torch.func.functional_call(module, p, (TX,)).sum())(params)
    module(TX).sum().backward()
    for name, p in module.named_parameters():
        torch.testing.assert_close(gradients[name], p.grad)
    zeros = {name: torch.zeros_like(p) for name, p in params.items()}
    assert not torch.func.functional_call(module, zeros, (TX,)).any()
    want = module(TX).detach()
    far = {name: b + 3 for name, b in module.named_buffers()}  # buffers alone, too
    assert (torch.func.functional_call(module, far, (TX,)) - want).abs().max() > 0.01
    torch.testing.assert_close(module(TX).detach(), want)


def test_copies_and_pickles():
    model = network(layers.Dropout(0.5))  # has a seed
    outer = torch.nn.Sequential(keras.as_torch_module(model), torch.nn.Linear(1, 1)).eval()
    file = io.BytesIO()
    torch.save(outer, file)
    file.seek(0)
    want = outer(TX).detach()
    for other in (copy.deepcopy(outer), pickle.loads(pickle.dumps(outer)), torch.load(file, weights_only=False)):
        torch.testing.assert_close(other(TX).detach(), want)
        with torch.no_grad():
            for p in other.parameters():
                p.zero_()
        assert not other(TX).any()
        torch.testing.assert_close(outer(TX).detach(), want)
    found = predictions(model)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(predictions(other), found)
        other.fit(X, Y, verbose=0)
        assert np.abs(predictions(other) - found).max() > 1e-4
        np.testing.assert_array_equal(predictions(model), found)


def test_a_layer_of_another_engine_is_no_module():
    with keras.backend.use("jax"):
        layer = layers.Dense(2)
    with pytest.raises(ValueError, match="computes on the jax engine"):
        keras.as_torch_module(layer)


def test_a_layer_that_is_not_built_gets_its_parameters_with_the_first_call():
    module = keras.as_torch_module(layers.Dense(2))
    assert not list(module.parameters())
    module(TX)
    assert [tuple(p.shape) for p in module.parameters()] == [(3, 2), (2,)]


# -- modules as layers -------------------------------------------------------------------------------------------------------


def module():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.Tanh(), torch.nn.Dropout(0.1))


def wrapped(net, **kwargs):
    model = keras.Sequential([keras.Input((3,)), layers.TorchModuleWrapper(net, **kwargs), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    return model


def test_a_module_of_pytorch_as_a_layer(tmp_path):
    net = module()
    model = wrapped(net, name="net")
    layer = model.layers[0]
    assert [v.path for v in layer.trainable_weights] == [f"net/{name}" for name, _ in net.named_parameters()]
    assert layer.output.shape == (None, 8)
    losses = model.fit(X, Y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.8 * losses[0]
    # What fit trained is in the module, and what PyTorch changes in the layer.
    for tensor, v in zip(net.parameters(), layer.trainable_weights, strict=True):
        np.testing.assert_array_equal(tensor.detach().numpy(), v.numpy())
    assert int(net[1].num_batches_tracked) == 16
    assert net[1].running_mean.abs().max() > 0.01
    assert net.training
    want = predictions(model)
    assert not net.training
    with torch.no_grad():
        net[0].weight.mul_(2)
    assert np.abs(predictions(model) - want).max() > 1e-3
    with torch.no_grad():
        net[0].weight.div_(2)

    path = str(tmp_path / "m.keras")
    model.save(path)
    with pytest.raises(ValueError, match="pass safe_mode=False"):
        keras.models.load_model(path)
    copies = keras.models.load_model(path, safe_mode=False), copy.deepcopy(model)
    for other in copies:
        np.testing.assert_allclose(predictions(other), want, atol=1e-6)
    copies[1].fit(X, Y, verbose=0)
    np.testing.assert_allclose(predictions(model), want, atol=1e-6)
    with keras.backend.use("jax"), pytest.raises(ValueError, match="on the torch engine only, not on jax"):
        keras.models.load_model(path, safe_mode=False)
    with pytest.raises(ValueError, match="on the torch engine only, not on jax"):
        model.to("jax")


def test_a_wrapped_module_in_a_loop_of_pytorch():
    net = module()
    model = wrapped(net)
    optimizer, found = torch.optim.Adam(model.parameters(), lr=0.05), []
    for _ in range(20):
        model.zero_grad()
        loss = torch.nn.functional.mse_loss(model(TX, training=True), TY)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    assert found[-1] < 0.8 * found[0]
    assert model.trainable_weights[0].value is net[0].weight
    assert model.trainable_weights[0].value.grad is net[0].weight.grad


def test_a_wrapped_module_trains_as_it_does_alone():
    net, alone = torch.nn.Linear(3, 1), torch.nn.Linear(3, 1)
    alone.load_state_dict(net.state_dict())
    model = keras.Sequential([keras.Input((3,)), layers.TorchModuleWrapper(net)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    optimizer = torch.optim.SGD(alone.parameters(), lr=0.1)
    for i in [*range(0, 64, 16)] * 2:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(alone(TX[i : i + 16]), TY[i : i + 16]).backward()
        optimizer.step()
    torch.testing.assert_close(net.weight, alone.weight, rtol=1e-5, atol=1e-6)


def test_wrapped_modules_that_are_frozen_shared_or_of_mixed_precision():
    net = module()
    layer = layers.TorchModuleWrapper(net, trainable=False)
    assert not any(p.requires_grad for p in net.parameters())
    layer.trainable = True
    assert all(p.requires_grad for p in net.parameters())

    tied = torch.nn.Sequential(torch.nn.Linear(3, 3, bias=False), torch.nn.Linear(3, 3, bias=False))
    tied[1].weight = tied[0].weight
    model = wrapped(tied)
    assert len(model.layers[0].weights) == 1
    model.fit(X, Y, verbose=0)
    assert tied[1].weight is tied[0].weight

    model = wrapped(module(), dtype="mixed_bfloat16")
    assert model.layers[0].output.dtype == "bfloat16"
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"][0])
    assert {p.dtype for p in model.layers[0].module.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: torch.relu, TypeError, "module must be a torch.nn.Module"),
        (lambda: torch.nn.LazyLinear(2), ValueError, "parameters without a shape"),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")
def test_what_can_not_be_wrapped(make, error, message):
    with pytest.raises(error, match=message):
        layers.TorchModuleWrapper(make())


def test_the_shape_of_the_output_may_be_told():
    layer = layers.TorchModuleWrapper(torch.nn.Linear(3, 2), output_shape=(None, 2))
    assert layer(keras.Input((3,))).shape == (None, 2)
    assert layer.compute_output_shape((None, 3)) == (None, 2)
    assert layers.TorchModuleWrapper(torch.nn.Linear(3, 2)).compute_output_shape((7, 3)) == (7, 2)
