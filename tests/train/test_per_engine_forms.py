"""Steps and loops in the forms that Keras documents for JAX and for PyTorch, and modules of both frameworks as layers."""

import copy
import pickle

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers

jax = pytest.importorskip("jax")
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(64, 3)).astype("float32")
Y = (X[:, :1] - 2 * X[:, 1:2] * X[:, 2:]).astype("float32")


# -- JAX ---------------------------------------------------------------------------------------------------------------------


def network(api):
    """A model of ``api`` (keraunos or Keras) with batch statistics and weights that are the same in both."""
    model = api.Sequential(
        [
            api.Input((3,)),
            api.layers.Dense(8, activation="tanh"),
            api.layers.BatchNormalization(),
            api.layers.Dense(1),
        ]
    )
    numbers = np.random.RandomState(1)
    model.set_weights(
        [w if w.ndim == 1 else numbers.normal(size=w.shape).astype("float32") for w in model.get_weights()]
    )
    return model


def batches():
    return [(X[i : i + 16], Y[i : i + 16]) for i in range(0, 64, 16)] * 3


def hand_written_loop(api):
    """Keras's guide "Writing a training loop from scratch in JAX": everything stateless, the step under ``jax.jit``."""
    model, optimizer = network(api), api.optimizers.Adam(0.05)
    loss_fn, metric = api.losses.MeanSquaredError(), api.metrics.MeanAbsoluteError()
    optimizer.build(model.trainable_variables)

    def compute_loss(trainable, other, x, y):
        y_pred, other = model.stateless_call(trainable, other, x, training=True)
        return loss_fn(y, y_pred), (y_pred, other)

    grad_fn = jax.value_and_grad(compute_loss, has_aux=True)

    @jax.jit
    def step(state, data):
        trainable, other, slots, measured = state
        x, y = data
        (loss, (y_pred, other)), grads = grad_fn(trainable, other, x, y)
        trainable, slots = optimizer.stateless_apply(slots, grads, trainable)
        measured = metric.stateless_update_state(measured, y, y_pred)
        return loss, (trainable, other, slots, measured)

    groups = model.trainable_variables, model.non_trainable_variables, optimizer.variables, metric.variables
    state = tuple([v.value for v in group] for group in groups)
    found = []
    for data in batches():
        loss, state = step(state, data)
        found.append(float(loss))
    for group, values in zip(groups[:2], state, strict=False):
        for v, value in zip(group, values, strict=True):
            v.assign(value)
    return [*found, float(metric.stateless_result(state[3])), *map(np.mean, model.get_weights())]


def step_of_the_model(api):
    """Keras's guide "Customizing what happens in fit() with JAX"."""

    class Model(api.Model):
        def __init__(self):
            super().__init__()
            self.net = network(api)

        def call(self, x, training=False):
            return self.net(x, training=training)

        def compute_loss_and_updates(self, trainable, other, measured, x, y, training=False):
            y_pred, other = self.stateless_call(trainable, other, x, training=training)
            loss, (trainable, other, measured) = self.stateless_compute_loss(
                trainable, other, measured, x=x, y=y, y_pred=y_pred, training=training
            )
            return loss, (y_pred, other, measured)

        def train_step(self, state, data):
            trainable, other, slots, measured = state
            x, y = data
            grad_fn = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
            (loss, (y_pred, other, measured)), grads = grad_fn(trainable, other, measured, x, y, training=True)
            trainable, slots = self.optimizer.stateless_apply(slots, grads, trainable)
            logs, new = {}, []
            for metric in self.metrics:
                mine = measured[len(new) : len(new) + len(metric.variables)]
                args = (loss,) if metric.name == "loss" else (y, y_pred)
                mine = metric.stateless_update_state(mine, *args)
                logs[metric.name] = metric.stateless_result(mine)
                new += mine
            return logs, (trainable, other, slots, new)

    model = Model()
    model.compile(api.optimizers.SGD(0.05, momentum=0.9), "mse", metrics=["mae"])
    model(X[:2])
    history = model.fit(X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0).history
    return [*history["loss"], *map(np.mean, model.get_weights())]


def scope_by_hand(api):
    """A ``StatelessScope`` around a call: values go in, values come out, nothing else changes."""
    model = network(api)
    before = [np.array(w) for w in model.get_weights()]
    mapping = [(v, v.value * 0.5) for v in model.trainable_variables]
    with api.StatelessScope(state_mapping=mapping) as scope:
        y = model(X, training=True)
    mean = scope.get_current_value(model.non_trainable_variables[0])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    return [float(np.mean(y)), float(np.std(y)), float(np.mean(mean))]


@pytest.mark.parity
@pytest.mark.parametrize("form", [hand_written_loop, step_of_the_model, scope_by_hand])
def test_forms_of_jax_give_the_numbers_of_keras(form):
    real = pytest.importorskip("keras")
    with keras.backend.use("jax"):
        found = form(keras)
    np.testing.assert_allclose(found, form(real), rtol=2e-5, atol=2e-6)


def linear_init(rng, inputs):
    return {"w": jax.random.normal(rng, (inputs.shape[-1], 4)), "b": jax.numpy.zeros(4)}


@keras.saving.register_keras_serializable("forms")
def linear(params, inputs):
    return jax.numpy.tanh(inputs @ params["w"] + params["b"])


linear_init = keras.saving.register_keras_serializable("forms")(linear_init)


def centred(params, state, rng, inputs, training):
    """Subtracts a running mean, and drops half in training."""
    new = {"mean": 0.9 * state["mean"] + 0.1 * inputs.mean(0), "seen": state["seen"] + 1} if training else state
    outputs = (inputs - state["mean"]) * params["gain"]
    return outputs * jax.random.bernoulli(rng, 0.5, outputs.shape) if training else outputs, new


def centred_start():
    return {"gain": np.ones(3, "float32")}, {"mean": np.zeros(3, "float32"), "seen": np.zeros((), "int32")}


def trained(layer, **kwargs):
    """A model with the layer in it, after some training, and the losses."""
    model = keras.Sequential([keras.Input((3,)), layer, layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    return model, model.fit(X, Y, epochs=8, verbose=0, **kwargs).history["loss"]


def predictions(model):
    return model.predict(X, verbose=0)


def round_trips(model, path, **kwargs):
    """What a model predicts, after each way to copy it."""
    model.save(path)
    others = keras.models.load_model(path, **kwargs), copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    want = predictions(model)
    for other in others:
        np.testing.assert_allclose(predictions(other), want, atol=1e-6)
    others[1].fit(X, Y, verbose=0)
    assert np.abs(predictions(others[1]) - want).max() > 1e-4
    np.testing.assert_array_equal(predictions(model), want)


def test_a_function_of_jax_as_a_layer(tmp_path):
    with keras.backend.use("jax"):
        layer = layers.JaxLayer(linear, linear_init, seed=3)
        model, losses = trained(layer)
        assert losses[-1] < 0.8 * losses[0]
        assert [(v.path.split("/")[-1], v.shape) for v in layer.trainable_weights] == [("b", (4,)), ("w", (3, 4))]
        assert model.layers[0].output.shape == (None, 4)
        round_trips(model, str(tmp_path / "m.keras"))
    with keras.backend.use("torch"), pytest.raises(ValueError, match="on the jax engine only, not on torch"):
        keras.models.load_model(str(tmp_path / "m.keras"))
    with pytest.raises(ValueError, match="on the jax engine only, not on torch"):
        model.to("torch")
    assert predictions(model).shape == (64, 1)  # and nothing has moved
    with keras.backend.use("torch"):
        foreign = keras.ops.ones((2, 3))
    with pytest.raises(TypeError, match="arrays of two engines in one call: (torch and jax|jax and torch)"):
        layer(foreign)


def states_and_keys(api):
    """Two calls in training, one outside, and what is carried."""
    params, state = centred_start()
    layer = api.layers.JaxLayer(centred, params=params, state=state, seed=5)
    found = [layer(X[:4], training=True), layer(X[4:8], training=True), layer(X[:4])]
    return [np.array(a) for a in (*found, *(v.value for v in layer.variables))]


@pytest.mark.parity
def test_states_and_keys_of_a_function_of_jax_are_those_of_keras():
    real = pytest.importorskip("keras")
    with keras.backend.use("jax"):
        found = states_and_keys(keras)
    for a, b in zip(found, states_and_keys(real), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parity
def test_a_file_of_keras_with_a_function_of_jax(tmp_path):
    real = pytest.importorskip("keras")
    for function in (linear, linear_init):
        real.saving.register_keras_serializable("forms")(function)
    layer = real.layers.JaxLayer(linear, linear_init, params={"w": X[:4].T, "b": X[:4, 0]})
    model = real.Sequential([real.Input((3,)), layer, real.layers.Dense(1)])
    model.save(str(tmp_path / "m.keras"))
    with keras.backend.use("jax"):
        loaded = keras.models.load_model(str(tmp_path / "m.keras"))
        np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-6)


def test_states_of_a_function_of_jax_are_carried_by_fit():
    params, state = centred_start()
    with keras.backend.use("jax"):
        layer = layers.JaxLayer(centred, params=params, state=state)
        trained(layer)
        assert int(layer.state["seen"].numpy()) == 16
        assert np.abs(layer.state["mean"].numpy()).max() > 0.01
        copied = keras.layers.JaxLayer(linear, params={"w": X[:3], "b": X[0]}, trainable=False)
        assert not copied.trainable_weights
        assert len(copied.weights) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((linear,), "one of init_fn, params and state must be given"),
        ((lambda x: x, linear_init), "call_fn must take 'inputs'"),
        ((lambda params, inputs, extra: inputs, linear_init), r"a function of \(params, inputs, extra\)"),
        ((linear, lambda x: x), "init_fn must take 'inputs'"),
        ((3,), "call_fn must be a function"),
    ],
)
def test_functions_that_do_not_fit(arguments, message):
    with keras.backend.use("jax"), pytest.raises(ValueError, match=message):
        layers.JaxLayer(*arguments)


def test_a_state_that_changes_its_form():
    with keras.backend.use("jax"):
        layer = layers.JaxLayer(lambda params, state, inputs: (inputs, {}), params={}, state={"n": 1.0})
        with pytest.raises(ValueError, match="must have the 1 arrays of the old one, got 0"):
            layer(X)
        layer = layers.JaxLayer(lambda params, state, inputs: inputs, params={}, state={"n": 1.0})
        with pytest.raises(TypeError, match=r"call_fn must return \(outputs, state\)"):
            layer(X)


def flax_network():
    """A module with batch statistics and dropout, as a class that files know."""
    nn = pytest.importorskip("flax.linen", reason="flax is not installed")

    @keras.saving.register_keras_serializable("forms")
    class Network(nn.Module):
        units: int = 4

        @nn.compact
        def __call__(self, inputs, training=False):
            x = nn.BatchNorm(use_running_average=not training)(nn.Dense(self.units)(inputs))
            return nn.Dropout(0.1, deterministic=not training)(x)

        def get_config(self):
            return {"units": self.units}

        @classmethod
        def from_config(cls, config):
            return cls(**config)

    return Network


def test_a_module_of_flax_as_a_layer(tmp_path):
    network = flax_network()
    with keras.backend.use("jax"):
        layer = layers.FlaxLayer(network(5), seed=2)
        model, losses = trained(layer)
        assert losses[-1] < losses[0]
        assert [v.shape for v in layer.trainable_weights] == [(5,), (5,), (5,), (3, 5)]
        assert np.abs(layer.state["batch_stats"]["BatchNorm_0"]["mean"].numpy()).max() > 0.01
        model.save(str(tmp_path / "m.keras"))
        loaded = keras.models.load_model(str(tmp_path / "m.keras"))
        np.testing.assert_allclose(predictions(loaded), predictions(model), atol=1e-6)
        words = layers.FlaxLayer(pytest.importorskip("flax.linen").Embed(5, 3))  # whole numbers come in
        assert words(np.array([[1, 2]])).shape == (1, 2, 3)


@pytest.mark.parity
def test_a_module_of_flax_gives_the_numbers_of_keras():
    real, network = pytest.importorskip("keras"), flax_network()()
    variables = network.init(jax.random.PRNGKey(0), X[:1])
    with keras.backend.use("jax"):
        found = [api.layers.FlaxLayer(network, variables=variables, seed=3)(X, training=True) for api in (keras, real)]
    np.testing.assert_allclose(*found, atol=1e-6)
