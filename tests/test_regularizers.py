"""Regularizers: values, gradients, configurations."""

import numpy as np
import pytest

from keraunos import regularizers
from keraunos.util.registry import builtin_names

X = np.array([[1.0, -2.0], [3.0, 0.0]], np.float32)

VALUES = [
    (regularizers.L1(0.5), 3.0),
    (regularizers.L2(0.5), 7.0),
    (regularizers.L1L2(0.5, 0.1), 4.4),
    (regularizers.L1L2(), 0.0),
    (regularizers.L1L2(l1=None, l2=0.1), 1.4),
    (regularizers.OrthogonalRegularizer(1.0), 1 / np.sqrt(5)),
    (regularizers.OrthogonalRegularizer(1.0, "columns"), 1 / np.sqrt(10)),
]
EACH = pytest.mark.parametrize(("regularizer", "want"), VALUES)


@EACH
def test_values(regularizer, want):
    assert float(regularizer(X)) == pytest.approx(want, rel=1e-6)


@EACH
def test_gradients(regularizer, want, engine):
    if not engine.trains:
        pytest.skip("the engine takes no gradients")
    x = np.array([[1.0, -2.0], [0.5, 0.7], [0.0, 0.0]], np.float32)
    _, (gradient,) = engine.value_and_grad(lambda xs: (regularizer(xs[0]) + 0 * xs[0].sum(), None))([engine.asarray(x)])
    assert np.isfinite(np.asarray(gradient)).all()
    for i in np.ndindex(2, 2):
        step = np.zeros_like(x)
        step[i] = 1e-2
        numeric = (float(regularizer(x + step)) - float(regularizer(x - step))) / 2e-2
        assert float(gradient[i]) == pytest.approx(numeric, abs=2e-3)


@EACH
def test_configuration(regularizer, want):
    again = regularizers.deserialize(regularizers.serialize(regularizer))
    assert type(again) is type(regularizer) and again.get_config() == regularizer.get_config()
    assert float(again(X)) == float(regularizer(X))


def test_orthogonal_rows_cost_nothing():
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))
    for mode in ("rows", "columns"):
        assert float(regularizers.OrthogonalRegularizer(1.0, mode)(q.astype(np.float32))) < 1e-6
    assert float(regularizers.OrthogonalRegularizer(1.0)(X[:1])) == 0
    assert float(regularizers.OrthogonalRegularizer(1.0)(np.zeros((2, 3), np.float32))) == 0


@pytest.mark.parametrize("bad", [-1, "a", float("nan"), float("inf"), True, [1.0]])
@pytest.mark.parametrize("name", ["l1", "l2"])
def test_refused_factors(bad, name):
    for make in (regularizers.L1L2, getattr(regularizers, name.upper())):
        with pytest.raises(ValueError, match=f"{name} must be a finite number"):
            make(**{name: bad})


def test_errors():
    with pytest.raises(ValueError, match="mode must be"):
        regularizers.OrthogonalRegularizer(mode="x")
    with pytest.raises(ValueError, match="matrix"):
        regularizers.OrthogonalRegularizer()(np.ones(3, np.float32))


def test_get():
    names = {
        "l1": "L1",
        "L2": "L2",
        "l2": "L2",
        "l1l2": "L1L2",
        "l1_l2": "L1L2",
        "orthogonal_regularizer": "OrthogonalRegularizer",
    }
    for name, cls in names.items():
        assert type(regularizers.get(name)).__name__ == cls
    assert set(builtin_names("keras.regularizers")) >= set(names.values())
    assert regularizers.get(None) is None and regularizers.get(abs) is abs
    assert regularizers.get({"class_name": "L2", "config": {"l2": 0.25}}).l2 == 0.25
    assert isinstance(regularizers.get(regularizers.L1), regularizers.L1)
    with pytest.raises(ValueError, match="Did you mean 'l1"):
        regularizers.get("l_1")
    with pytest.raises(ValueError, match="got 3"):
        regularizers.get(3)
