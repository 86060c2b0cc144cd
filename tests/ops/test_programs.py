"""On JAX a call outside of any trace is one compiled program, and nobody sees it but by the time it takes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import keraunos as keras
from keraunos.backend import get_engine
from keraunos.ops.op import Op

X = jnp.asarray([[-1.0, 0.5], [2.0, 3.0]])


def counted(arrays=None, **options):
    """A fresh op on a body that counts its runs: (the function, the list of dtypes that the body saw)."""
    seen = []

    def body(xp, x, factor=1.0):
        seen.append(isinstance(x, jax.core.Tracer))
        return xp.where(x > 0, x * factor, 0)

    op = Op(body, arrays, "same", **options)
    return lambda *args: op([*args, *(1.0,) * (2 - len(args))]), seen


def test_the_body_runs_once_for_each_kind_of_arguments():
    fn, seen = counted()
    for _ in range(3):
        np.testing.assert_array_equal(fn(X), np.maximum(X, 0))
    assert seen == [True]
    fn(X[0])
    fn(X, 2.0)
    assert seen == [True] * 3


@pytest.mark.parametrize(
    "factor", [float("nan"), jnp.asarray(2.0), np.ones(2, np.float32)], ids=["nan", "array", "numpy"]
)
def test_arguments_that_cannot_be_looked_up_run_the_body(factor):
    fn, seen = counted()
    fn(X, factor)
    fn(X, factor)
    assert seen == [False, False]


def test_floats_that_are_new_each_time_run_the_body():
    fn, seen = counted()
    for k in range(40):
        fn(X, float(k))
    assert 0 < seen.count(True) < 40 and not seen[-1]


def test_an_op_may_refuse():
    fn, seen = counted(compiled=False)
    fn(X)
    assert seen == [False]


@pytest.mark.parametrize(
    "run",
    [
        lambda fn: jax.grad(lambda x: fn(x).sum())(X),
        lambda fn: jax.vmap(fn)(X),
        lambda fn: jax.jit(fn)(X),
        lambda fn: jax.make_jaxpr(fn)(X),
    ],
    ids=["grad", "vmap", "jit", "jaxpr"],
)
def test_a_trace_sees_the_body_itself(run):
    fn, seen = counted()
    run(fn)
    assert seen and all(seen)
    assert "name=body" not in str(jax.make_jaxpr(fn)(X))


def test_settings_are_part_of_the_key():
    x = jnp.full((1, 2), 1e-9)
    before = keras.config.epsilon()
    first = keras.ops.normalize(x)
    keras.config.set_epsilon(1.0)
    try:
        assert float(keras.ops.normalize(x)[0, 0]) == pytest.approx(1e-9)
        assert float(first[0, 0]) > 1e-4
    finally:
        keras.config.set_epsilon(before)


def test_numpy_computes_bfloat16_in_float32():
    met = []

    def body(xp, x):
        met.append(x.dtype)
        return x + 1.0

    numpy = get_engine("numpy")
    assert numpy.prepared(Op(body, None, None), body) is body  # its arrays keep their dtypes
    run = numpy.prepared(Op(body, None, "same"), body)
    found = [run(numpy.xp, np.ones(2, numpy.dtype(name))) for name in ("bfloat16", "float32", "int32")]
    assert [str(d) for d in met] == ["float32", "float32", "int32"]
    assert [str(y.dtype) for y in found] == ["bfloat16", "float32", "float64"]
