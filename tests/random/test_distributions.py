"""Random arrays: shapes, dtypes, moments, the same numbers on all ways to draw them."""

import numpy as np
import pytest

from keraunos import random
from keraunos.backend import dispatch
from keraunos.backend.jax import random as jax_random
from keraunos.ops.symbolic import KerasTensor
from keraunos.random import SeedGenerator

LOGITS = np.log(np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4]], np.float32))
X = np.linspace(-2, 3, 120, dtype=np.float32).reshape(30, 4)

# name, arguments, mean and variance of one element (None: not checked)
DRAWS = [
    ("normal", ((60, 50), 2.0, 3.0), 2.0, 9.0),
    ("truncated_normal", ((60, 50), 2.0, 3.0), 2.0, 9 * 0.774),
    ("uniform", ((60, 50), -1.0, 3.0), 1.0, 16 / 12),
    ("randint", ((60, 50), 0, 7), 3.0, 4.0),
    ("randint", ((3000,), -(2**31), 2**31 - 1), None, None),
    ("categorical", (LOGITS, 1500), (0.2 + 2 * 0.7 + 0.3 + 2 * 0.4) / 2, None),
    ("gamma", ((3000,), 2.0), 2.0, 2.0),
    ("beta", ((3000,), 2.0, 3.0), 0.4, 0.04),
    ("binomial", ((3000,), 10, 0.3), 3.0, 2.1),
    ("dropout", (np.ones((60, 50), np.float32), 0.25), 1.0, 1 / 3),
    ("shuffle", (np.arange(50, dtype=np.int32),), None, None),
    ("shuffle", (X, 1), None, None),
]
EACH = pytest.mark.parametrize(("name", "args", "mean", "variance"), DRAWS)


def drawn(name, args, seed=3, **kwargs):
    return np.asarray(getattr(random, name)(*args, seed=seed, **kwargs))


@EACH
def test_moments(name, args, mean, variance):
    x = drawn(name, args).astype(np.float64)
    if mean is not None:
        assert x.mean() == pytest.approx(mean, abs=5 * np.sqrt((variance or 1) / x.size))
    if variance is not None:
        assert x.var() == pytest.approx(variance, rel=0.12)


@EACH
def test_same_seed_same_numbers(name, args, mean, variance):
    assert (drawn(name, args) == drawn(name, args)).all()
    assert (drawn(name, args) != drawn(name, args, seed=4)).any()
    a, b = (drawn(name, args, seed=SeedGenerator(3)) for _ in "ab")
    assert (a == b).all() and (a == drawn(name, args)).all()


@EACH
def test_engines_and_programs_agree(name, args, mean, variance, monkeypatch):
    """Host, compiled program, program being traced, NumPy engine."""
    found = []
    with dispatch.use("jax"):
        jax = dispatch.current()
        for budget in (10**9, -1):
            monkeypatch.setattr(jax_random, "_BUDGET", budget)
            found.append(drawn(name, args))
        found.append(np.asarray(jax.compile(lambda: getattr(random, name)(*args, seed=3))()))
    with dispatch.use("numpy"):
        found.append(drawn(name, args))
    for other in found[1:]:
        assert other.dtype == found[0].dtype
        np.testing.assert_allclose(other, found[0], rtol=3e-6, atol=3e-6)
    # without arithmetic after the draw, all bits are the same
    if name in ("randint", "categorical", "shuffle", "binomial"):
        assert all((other == found[0]).all() for other in found)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", ["normal", "truncated_normal", "uniform"])
def test_host_and_program_draw_the_same_bits(name, dtype, monkeypatch):
    found = []
    with dispatch.use("jax"):
        for budget in (10**9, -1):
            monkeypatch.setattr(jax_random, "_BUDGET", budget)
            found.append(drawn(name, ((40_000,),), dtype=dtype))
    assert found[0].dtype.name == dtype and (found[0] == found[1]).all()


@pytest.mark.parametrize("name", ["normal", "truncated_normal", "uniform", "gamma"])
def test_dtype_is_floatx_or_the_one_asked_for(name):
    args = ((2,), 2.0) if name == "gamma" else ((2,),)
    assert drawn(name, args).dtype == np.float32
    assert drawn(name, args, dtype="float16").dtype == np.float16
    for dtype in ("int32", "bool"):
        with pytest.raises(ValueError, match=f"{name}: dtype must be a float type"):
            drawn(name, args, dtype=dtype)


def test_randint_dtype():
    assert drawn("randint", ((2,), 0, 5), dtype="uint8").dtype == np.uint8
    with pytest.raises(ValueError, match="randint: dtype must be an integer type"):
        random.randint((2,), 0, 5, dtype="float32")


def test_bounds_may_be_arrays():
    low = np.array([0.0, 10.0, 20.0], np.float32)
    x = drawn("uniform", ((100, 3), low, low + 1))
    assert (x >= low).all() and (x < low + 1).all()
    assert drawn("normal", ((5, 3), low, 0.0)).tolist() == [low.tolist()] * 5
    assert (drawn("randint", ((50, 3), low.astype(int), 21)) >= low).all()


@pytest.mark.parametrize("shape", [(), 3, (0, 2), [2, 3], (np.int64(2),)])
def test_shapes(shape):
    want = (shape,) if isinstance(shape, int) else tuple(shape)
    for name, *more in (("normal",), ("uniform",), ("truncated_normal",), ("randint", 0, 3), ("gamma", 1.0)):
        assert drawn(name, (shape, *more)).shape == want


@pytest.mark.parametrize(
    ("shape", "error"), [((None, 2), TypeError), ((-1,), ValueError), ("ab", TypeError), (2.5, TypeError)]
)
def test_refused_shapes(shape, error):
    with pytest.raises(error, match="normal: .*shape"):
        random.normal(shape)


# -- dropout ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_dropout_keeps_or_zeroes(rate):
    y = drawn("dropout", (X, rate))
    kept = y != 0
    np.testing.assert_allclose(y[kept], X[kept] / (1 - rate), rtol=1e-6)
    assert kept.mean() == pytest.approx(1 - rate, abs=0.15)


def test_dropout_noise_shape():
    y = drawn("dropout", (X, 0.5, (None, 1)))
    kept = y != 0
    assert (kept.all(axis=1) | ~kept.any(axis=1)).all() and kept.any() and not kept.all()
    for noise in ((30,), (30, 2), (1, 1, 4)):
        with pytest.raises(ValueError, match="noise_shape"):
            random.dropout(X, 0.5, noise)


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_dropout_rate_out_of_range(rate):
    with pytest.raises(ValueError, match="rate must be between 0 and 1"):
        random.dropout(X, rate)


def test_dropout_refuses_integers():
    with pytest.raises(ValueError, match="floats"):
        random.dropout(np.ones(3, np.int32), 0.5)


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_dropout_gradient_is_the_mask(engine, rate):
    if not engine.trains:
        pytest.skip("the engine takes no gradients")
    x = engine.asarray(X)
    _, (gradient,) = engine.value_and_grad(lambda xs: (random.dropout(xs[0], rate, seed=3).sum(), None))([x])
    mask = drawn("dropout", (np.ones_like(X), rate))
    np.testing.assert_allclose(np.asarray(gradient), mask, rtol=1e-6)


# -- others ----------------------------------------------------------------------------------------------------------


def test_shuffle_keeps_the_elements_of_each_line():
    y = drawn("shuffle", (X, 0))
    assert (np.sort(y, axis=0) == np.sort(X, axis=0)).all() and (y != X).any()
    with pytest.raises(ValueError, match="axis 2 is out of range"):
        random.shuffle(X, axis=2)


def test_categorical_needs_rows():
    with pytest.raises(ValueError, match="logits must have shape"):
        random.categorical(np.zeros(3, np.float32), 2)
    assert drawn("categorical", (LOGITS, 5), dtype="float32").dtype == np.float32


@pytest.mark.parametrize(
    "call",
    [
        lambda x: random.dropout(x, 0.5),
        lambda x: random.shuffle(x),
        lambda x: random.categorical(x, 2),
        lambda x: random.normal((3,), mean=x),
    ],
)
def test_symbolic_tensors_are_refused(call):
    with pytest.raises(TypeError, match="symbolic"):
        call(KerasTensor((None, 4)))


def test_draws_on_the_host_stop_when_a_program_would_pay(monkeypatch):
    monkeypatch.setattr(jax_random, "_spent", {})
    monkeypatch.setattr(jax_random, "_BUDGET", 4 * (1000 + jax_random._CALL))
    key = np.array([1, 2], np.uint32)
    ways = [jax_random._on_host("normal", key, (1000,), "float32") for _ in range(6)]
    assert ways == [True] * 4 + [False] * 2
