"""The short way of an op on concrete arrays computes what the general way does."""

import importlib.util
import itertools

import jax
import numpy as np
import pytest

import keraunos as keras
from keraunos import ops
from keraunos.backend import get_engine, standardize_dtype, use

ENGINES = ("jax", "numpy", *(("torch",) if importlib.util.find_spec("torch") else ()))
DTYPES = ("bool", "int8", "uint8", "int32", "int64", "uint32", "float16", "bfloat16", "float32", "float64")
FEW = ("bool", "uint8", "int32", "bfloat16", "float32")  # on JAX, where each pair is compiled
UNARY = ("abs", "sqrt", "relu", "logical_not", "sign", "softmax", "sum", "expand_dims")
BINARY = ("add", "subtract", "divide", "maximum", "less", "matmul", "where", "arctan2", "take")


@pytest.fixture(params=ENGINES)
def engine(request):
    with use(request.param), np.errstate(all="ignore"):
        yield get_engine(request.param)


def dtypes_on(engine):
    return FEW if engine.name == "jax" else DTYPES


def outcome(fn):
    """Dtype, shape and values of a result, or what error came."""
    try:
        found = fn()
    except (TypeError, ValueError, OverflowError, IndexError) as e:
        return type(e), str(e)
    values = ops.convert_to_numpy(found).astype(np.complex128)
    return standardize_dtype(found.dtype), tuple(found.shape), str(values.tolist())  # a string: NaN equals NaN


def ways(name, *args):
    """The general way, then twice the way of calls: the first makes the plan."""
    fn = getattr(ops, name)
    made = fn.__wrapped__ if hasattr(fn, "__wrapped__") else fn
    if not hasattr(made, "op"):
        return [outcome(lambda: fn(*args)) for _ in range(2)]
    bound = made.op.signature.bind(*args)
    bound.apply_defaults()
    return [
        outcome(lambda: made.op(list(bound.arguments.values()))),
        outcome(lambda: fn(*args)),
        outcome(lambda: fn(*args)),
    ]


def same(found):
    """One outcome, whichever way was taken."""
    assert all(f == found[0] for f in found[1:]), found


@pytest.mark.parametrize("name", UNARY)
def test_one_array(engine, name):
    for dtype in dtypes_on(engine):
        x = engine.asarray(np.array([[1, 0, 2, 3]]), dtype)
        same(ways(name, x, *([0] if name == "expand_dims" else [])))


@pytest.mark.parametrize("name", BINARY)
def test_two_arrays_of_all_dtypes(engine, name):
    for one, two in itertools.product(dtypes_on(engine), repeat=2):
        on, x, y = (engine.asarray(np.array([1, 0, 1, 1]), d) for d in ("bool", one, two))
        same(ways(name, on, x, y) if name == "where" else ways(name, x, y))


@pytest.mark.parametrize("name", ["add", "power"])
@pytest.mark.parametrize("number", [True, 3, -1, 300, 2**40, 0.1, -0.0, 1e30, float("nan"), 1j])
def test_array_and_number(engine, name, number):
    for dtype in dtypes_on(engine):
        x = engine.asarray(np.array([1, 0, 2]), dtype)
        if dtype == "bfloat16" and number == 0.1:
            number = 0.125  # no rounding: JAX rounds a number to float32 before
        same(ways(name, x, number))


@pytest.mark.parametrize("name", ["add", "matmul", "where", "take"])
def test_array_and_host_array(engine, name):
    for one, two in itertools.product(dtypes_on(engine), repeat=2):
        on, x = (engine.asarray(np.array([1, 0, 1]), d) for d in ("bool", one))
        y = np.array([1, 0, 2]).astype(keras.backend.dtypes.numpy_dtype(two))
        same(ways(name, on, x, y) if name == "where" else ways(name, x, y))


@pytest.mark.parametrize("name", ["add", "sqrt", "relu"])
def test_host_arrays_go_to_the_default_engine(engine, name):
    x = np.array([1.0, 4.0], np.float32)
    args = (x, x) if name == "add" else (x,)
    same(ways(name, *args))
    for other in ENGINES:
        with use(other):
            assert get_engine(other).is_array(getattr(ops, name)(*args))
    assert engine.is_array(getattr(ops, name)(*args))


def test_a_host_array_may_change_afterwards(engine):
    on_engine = ops.zeros((400, 400))
    for _ in range(20):
        host = np.ones((400, 400), np.float32)
        found = [ops.add(on_engine, host), ops.maximum(host, on_engine)]
        host[:] = 7
        assert all(float(ops.max(f)) == 1 for f in found)


def test_variables_are_taken_by_their_values(engine):
    v = keras.Variable(np.array([1.0, 2.0], "float32"))
    for k in range(3):
        v.assign([k, 2.0])
        assert ops.add(v, v.value).tolist() == [2 * k, 4.0]
        assert ops.multiply(v, 3).tolist() == [3 * k, 6.0]


def test_settings_change_what_integers_become(engine):
    x = engine.asarray(np.array([1, 4]), "int32")
    found = []
    for kind in ("float32", "float16", "float32"):
        keras.config.set_floatx(kind)
        found += [standardize_dtype(ops.sqrt(x).dtype) for _ in range(3)]
    assert found == ["float32"] * 3 + ["float16"] * 3 + ["float32"] * 3


def test_wide_types_of_jax():
    host = np.array([1.0, 2.0])
    for _ in range(2):
        for on in (False, True):
            with use("jax"), jax.enable_x64(on):
                wanted = "float64" if on else "float32"
                one = ops.convert_to_tensor(np.float32([1, 2]))
                assert [str(ops.add(one, host).dtype) for _ in range(3)] == [wanted] * 3
                assert [str(ops.add(host, host).dtype) for _ in range(3)] == [wanted] * 3


def test_sequences(engine):
    x, y = engine.asarray(np.ones((2, 2)), "float32"), engine.asarray(np.ones((2, 2)), "int32")
    assert ops.concatenate([x, x]).shape == (4, 2)
    assert standardize_dtype(ops.stack([x, y]).dtype) == "float32"
    assert standardize_dtype(ops.stack((y, y)).dtype) == "int32"
    with pytest.raises(ValueError, match="concatenate"):
        ops.concatenate([x, ops.ones((2, 3))])
    if engine.name == "torch":
        with pytest.raises(TypeError, match="two engines"):
            ops.concatenate([x, get_engine("jax").asarray(np.ones((2, 2)), "float32")])


def test_errors_name_the_function_also_the_second_time(engine):
    x, y = ops.ones((2, 3)), ops.ones((2, 4))
    for _ in range(3):
        with pytest.raises((TypeError, ValueError), match="^add: "):
            ops.add(x, y)
