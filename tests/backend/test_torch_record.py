"""Recordings of what a function does on PyTorch: repeated they give what it gives, and what depends on values is not recorded."""

import numpy as np
import pytest

import keraunos as keras

torch = pytest.importorskip("torch")

from keraunos.backend.torch.record import Repeated, opaque  # noqa: E402  (where PyTorch is installed)

X, Y = torch.arange(6.0).reshape(2, 3) - 2, torch.linspace(-1, 1, 6).reshape(2, 3)
HELD = torch.full((3,), 2.0)


def gradient(x, y):
    w = x.detach().requires_grad_()
    with torch.enable_grad():
        loss = (torch.nn.functional.gelu(w) * y).pow(2).sum()
    (found,) = torch.autograd.grad(loss, [w])
    return {"loss": loss.detach(), "gradient": found}


def in_place(x, y):
    total = torch.zeros_like(x)
    total += x
    total[:, 0] *= 2
    return total, y


SAME = {
    "arithmetic": lambda x, y: [x + y, x - 2 * y, torch.where(x > 0, x, y), (x / 3).sum(0), x.var(1), 0.5**y],
    "gradient": gradient,
    "in place": in_place,
    "a constant": lambda x, y: x * HELD + torch.tensor(1.5),
    "an argument comes back": lambda x, y: (x, x.reshape(-1)[:2]),
    "outside of torch": lambda x, y: opaque(lambda a: torch.from_numpy(np.cbrt(a.numpy())), x) + y,
}


@pytest.mark.parametrize("name", SAME)
def test_repeated_as_run(name):
    repeated, rng = Repeated(SAME[name]), torch.Generator().manual_seed(0)
    for k in range(5):  # run as it is, recorded, then repeated on other values
        x, y = (t + (k > 0) * torch.rand(t.shape, generator=rng) for t in (X, Y))
        found, want = (keras.tree.flatten(f(x.clone(), y.clone())) for f in (repeated, SAME[name]))
        for a, b in zip(found, want, strict=True):
            assert torch.equal(a, b)
    assert not repeated.why_not and [type(v) for v in repeated.kinds.values()] == [tuple]


VALUES = {
    "item": lambda x, y: x * 2 if x.sum().item() > 0 else y,
    "numpy": lambda x, y: y * float(x.detach().numpy().max()),
    "shape": lambda x, y: x[x > 0],
}


@pytest.mark.parametrize("name", VALUES)
def test_what_depends_on_values_is_run_each_time(name):
    repeated = Repeated(VALUES[name])
    for shift in (0.0, 0.0, -9.0, 3.0):
        assert torch.equal(repeated(X + shift, Y), VALUES[name](X + shift, Y))
    (reason,) = repeated.why_not.values()
    assert "values" in reason


def test_each_shape_and_number_has_its_own_recording():
    repeated = Repeated(lambda x, k: x * k)
    for rows in (2, 2, 2, 1, 1, 1):
        for k in (1.0, 2.0):
            assert torch.equal(repeated(X[:rows], k), X[:rows] * k)
    assert len(repeated.kinds) == 4


def counted(y_true, y_pred):
    counted.calls += 1
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


class Counted(keras.optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        counted.calls += 1
        super().update_step(gradient, variable, learning_rate)


OPTIMIZERS = {"optimizer": Counted, "inner optimizer": lambda: keras.optimizers.LossScaleOptimizer(Counted())}


@pytest.mark.parametrize("part", ["metric", "loss", *OPTIMIZERS])
def test_a_function_of_the_users_runs_in_each_step(part):
    with keras.backend.use("torch"):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        optimizer = OPTIMIZERS.get(part, keras.optimizers.SGD)()
        model.compile(optimizer, counted if part == "loss" else "mse", metrics=[counted] if part == "metric" else None)
    counted.calls = 0
    model.fit(np.ones((40, 3), "float32"), np.ones((40, 1), "float32"), batch_size=4, epochs=2, verbose=0)
    assert counted.calls >= 20
