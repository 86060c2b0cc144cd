"""The Python array API standard in ``keraunos.ops``, by properties, with NumPy as the reference: dtypes, broadcasting, special values,
sizes of zero, axes. Quick with few examples; ``-m slow`` looks at many.

``EXCEPTIONS`` is the reviewed list of where Keras's contract differs from the standard.
"""

import math
import warnings

import hypothesis
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import strategies as st

from keraunos import ops
from keraunos.backend import standardize_dtype

# What the standard says -> what keraunos does, and why. Each has a test below, in `test_exceptions`.
EXCEPTIONS = {
    "float64, int64, uint64, complex128 on JAX": "JAX has them under jax_enable_x64 only; without it ops has no such names",
    "uint32 with signed integers is int64": "JAX without jax_enable_x64: int32, where numbers from 2^31 on wrap, as in Keras",
    "floor_divide and remainder give -0 as their arguments' signs say": "JAX: 0; another sign would cost the gradient there",
    "uint64 up to 2^64 - 1": "PyTorch has no kernels for it: numbers from 2^63 on are an error in most functions",
    "floor, ceil of integers are integers": "Keras: they are floats (floatx)",
    "full takes its dtype from fill_value": "Keras: floatx unless given",
    "clip keeps the dtype of x": "Keras: the common dtype of x, min and max",
    "matmul of int8 is int8": "Keras: int32, as the products would overflow",
    "take_along_axis has axis=-1": "Keras: axis=None, the flattened x",
    "cumulative functions aside, unstack and meshgrid return tuples or lists": "Keras: lists",
    "fft is an extension module": "Keras: ops.fft is a function; the standard's names of the extension are not there",
    "linalg's functions take rtol and give named tuples": "Keras's parameters (tol, rcond) and plain tuples",
    "parameters are x, min, max, shape, ...": "Keras's names (x_min, newshape, ...); by position both are the same",
}

FLOATS, INTS = ("float32", "float64"), ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
SIGNED, COMPLEX, BOOL = INTS[:4], ("complex64", "complex128"), ("bool",)
REAL = INTS + FLOATS
NUMERIC = REAL + COMPLEX
ALL = BOOL + NUMERIC

SHAPES = ((), (0,), (6,), (2, 3), (2, 0, 3))
PAIRS = (((), (6,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((0,), (1,)), ((6,), (6,)), ((2, 0), (2, 1)))
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -2.5, 2.0, -3.0, 7.25, 1e-3, 88.0, 1e9, math.inf, -math.inf, math.nan)

EXAMPLES = pytest.mark.parametrize("examples", [3, pytest.param(60, marks=pytest.mark.slow)], ids=["few", "many"])


def search(examples, check):
    """Run ``check(data)`` on so many examples."""
    quiet = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.differing_executors]
    limits = hypothesis.settings(max_examples=examples, database=None, suppress_health_check=quiet)
    limits(hypothesis.given(st.data())(check))()


def held(engine, names):
    """Those dtypes that the engine holds."""
    return [n for n in names if engine.canonical(n) == n]


def elements(dtype, special=True, low=None, high=None):
    """Numbers of a dtype, the special ones among them."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return st.booleans()
    if kind in "iu":
        info = np.iinfo(dtype)
        low, high = (
            max(low if low is not None else info.min, info.min),
            min(high if high is not None else info.max, info.max),
        )
        near = [v for v in (0, 1, 2, 3, -1, -2, low, high) if low <= v <= high]
        return st.sampled_from(near) | st.integers(low, high)
    if kind == "c":
        part = st.floats(0.25, 3.0, width=32)
        return st.builds(lambda a, b, s, t: complex(a * s, b * t), part, part, *[st.sampled_from((-1, 1))] * 2)
    bounds = {"min_value": -50.0 if low is None else low, "max_value": 50.0 if high is None else high}
    usual = st.floats(**bounds, width=32, allow_subnormal=False)
    return st.sampled_from(SPECIAL) | usual if special else usual


def arrays(data, dtype, shape, **limits):
    """A NumPy array."""
    if dtype == "uint64":
        limits = {"high": 2**63 - 1, **limits}
    return data.draw(
        hnp.arrays(dtype, shape, elements=elements(dtype, **limits), fill=st.nothing()), label=f"{dtype}{shape}"
    )


def quietly(fn, *args, **kwargs):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        return fn(*args, **kwargs)


def same(engine, got, want, rtol=2e-5, signed=True, dtype=True):
    """Equal dtypes, shapes and numbers; zeros of equal sign."""
    want = np.asarray(want)
    assert engine.is_array(got)
    if dtype:
        assert standardize_dtype(got.dtype) == engine.canonical(standardize_dtype(want.dtype))
    found = np.asarray(engine.to_numpy(got))
    assert found.shape == want.shape
    if want.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, want)
        return
    np.testing.assert_allclose(found, want, rtol=rtol, atol=rtol * 1e-2, equal_nan=True)
    if signed and want.dtype.kind == "f":
        zero = (want == 0) & (found == 0)
        np.testing.assert_array_equal(np.signbit(found[zero]), np.signbit(want[zero]))


# -- elementwise ---------------------------------------------------------------------------------------------------

TRANSCENDENTAL = (
    "acos acosh asin asinh atan atanh cos cosh exp expm1 log log10 log1p log2 sin sinh sqrt tan tanh".split()
)
UNARY = dict.fromkeys(TRANSCENDENTAL, FLOATS) | {
    **dict.fromkeys(("abs", "sign", "square", "negative", "positive"), NUMERIC),
    **dict.fromkeys(("round", "trunc"), REAL),
    **dict.fromkeys(("isfinite", "isinf", "isnan"), NUMERIC),
    **dict.fromkeys(("floor", "ceil", "signbit"), FLOATS),
    **dict.fromkeys(("conj", "real", "imag"), COMPLEX),
    "reciprocal": FLOATS + COMPLEX,
    "bitwise_invert": BOOL + INTS,
    "logical_not": BOOL,
}
UNARY |= dict.fromkeys("exp log sqrt sin cos tanh sinh cosh".split(), FLOATS + COMPLEX)


@EXAMPLES
@pytest.mark.parametrize("name", UNARY)
def test_one_array(name, examples, engine):
    def check(data):
        dtype = data.draw(st.sampled_from(held(engine, UNARY[name])), label="dtype")
        x = arrays(data, dtype, data.draw(st.sampled_from(SHAPES), label="shape"))
        if name in ("sin", "cos", "tan") and x.dtype.kind == "f":
            x = np.where(np.abs(x) > 1e4, x.dtype.type(1), x)  # nobody promises digits there
        if name in ("abs", "negative") and x.dtype.kind == "i":
            x = np.maximum(x, np.iinfo(dtype).min + 1)
        same(engine, quietly(getattr(ops, name), engine.asarray(x)), quietly(getattr(np, name), x), rtol=1e-4)

    search(examples, check)


BINARY = {
    **dict.fromkeys(("add", "subtract", "multiply"), NUMERIC),
    **dict.fromkeys(("equal", "not_equal"), ALL),
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "maximum", "minimum"), REAL),
    **dict.fromkeys(("floor_divide", "remainder", "pow"), REAL),
    **dict.fromkeys(("atan2", "hypot", "logaddexp", "copysign", "nextafter"), FLOATS),
    "divide": FLOATS + COMPLEX,
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), BOOL + INTS),
    **dict.fromkeys(("bitwise_left_shift", "bitwise_right_shift"), INTS),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), BOOL),
}


def partner(data, dtype, engine):
    """A dtype that the standard's table promotes with this one."""
    kind = np.dtype(dtype).kind
    same_kind = {"b": BOOL, "f": FLOATS, "c": COMPLEX}.get(kind, INTS)
    named = [n for n in held(engine, same_kind) if np.result_type(n, dtype).kind in (kind, "i", "u")]
    return data.draw(st.sampled_from(named), label="dtype of x2")


@EXAMPLES
@pytest.mark.parametrize("name", BINARY)
def test_two_arrays(name, examples, engine):
    def check(data):
        dtype = data.draw(st.sampled_from(held(engine, BINARY[name])), label="dtype")
        other = dtype if name == "nextafter" else partner(data, dtype, engine)
        shapes = data.draw(st.sampled_from(PAIRS), label="shapes")
        x1, x2 = arrays(data, dtype, shapes[0]), arrays(data, other, shapes[1], **limits_of_second(name, dtype, other))
        if name == "pow" and x1.dtype.kind in "iu":
            x1 = x1 % x1.dtype.type(5)
        if name in ("floor_divide", "remainder"):
            x1, x2 = divisible(x1, x2)
        want = quietly(getattr(np, name), x1, x2)
        common = np.result_type(x1, x2).name
        hypothesis.assume(engine.canonical(common) == common)  # uint32 with int32 on JAX
        got = quietly(getattr(ops, name), engine.asarray(x1), engine.asarray(x2))
        unsigned = ("maximum", "minimum", *(("floor_divide", "remainder") if engine.name == "jax" else ()))
        same(engine, got, want, rtol=2e-4 if name == "pow" else 2e-5, signed=name not in unsigned)

    search(examples, check)


def limits_of_second(name, dtype, other):
    """What the standard defines: no integer is divided by 0, moved by more places than it has bits, or raised to less than 0."""
    if np.dtype(other).kind not in "iu":
        return {}
    if "shift" in name:
        return {"low": 0, "high": min(np.iinfo(dtype).bits, np.iinfo(other).bits) - 2}
    return {
        "floor_divide": {"low": 1, "high": 100},
        "remainder": {"low": 1, "high": 100},
        "pow": {"low": 0, "high": 3},
    }.get(name, {})


def divisible(x1, x2):
    """Without infinite dividends, whose quotient is left to the implementation, and quotients without digits."""
    if x1.dtype.kind != "f":
        return x1, x2
    x1 = np.where(np.isfinite(x1) & (np.abs(x1) < 100), x1, x1.dtype.type(3))
    return np.round(x1 * 4) / 4, np.where(np.abs(x2) < 1e-2, np.copysign(x2.dtype.type(0), x2), np.round(x2 * 4) / 4)


@EXAMPLES
@pytest.mark.parametrize("name", ["add", "multiply", "less", "maximum", "where"])
def test_python_numbers_take_the_dtype_of_the_array(name, examples, engine):
    def check(data):
        dtype = data.draw(st.sampled_from(held(engine, REAL)), label="dtype")
        x = arrays(data, dtype, (3,), special=False, low=0, high=40)
        number = data.draw(st.integers(0, 3)) if x.dtype.kind in "iu" else data.draw(st.sampled_from((0, 1, 0.5)))
        args = ([True, False, True], x, number) if name == "where" else (x, number)
        got = getattr(ops, name)(*(engine.asarray(a) if isinstance(a, np.ndarray) else a for a in args))
        same(engine, got, getattr(np, name)(*args))

    search(examples, check)


@EXAMPLES
def test_clip(examples, engine):
    def check(data):
        dtype = data.draw(st.sampled_from(held(engine, REAL)), label="dtype")
        x = arrays(data, dtype, data.draw(st.sampled_from(SHAPES)))
        low, high = sorted(data.draw(st.tuples(*[st.integers(0, 100)] * 2)))
        low, high = data.draw(st.sampled_from([(low, high), (None, high), (low, None), (None, None)]))
        want = np.clip(x, *(None if v is None else x.dtype.type(v) for v in (low, high)))
        same(engine, ops.clip(engine.asarray(x), low, high), want)

    search(examples, check)


# -- creation and dtypes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("shape", [(), (2, 0, 3)], ids=str)
def test_made_of_a_shape(shape, dtype, engine):
    if not held(engine, [dtype]):
        pytest.skip(f"{engine.name} has no {dtype}")
    x = engine.asarray(np.zeros(shape, "float32"))
    own = getattr(ops, dtype)
    for name in ("zeros", "ones"):
        same(engine, getattr(ops, name)(shape, dtype=own, device=None), getattr(np, name)(shape, dtype))
        same(engine, getattr(ops, f"{name}_like")(x, dtype=own), getattr(np, name)(shape, dtype))
    same(engine, ops.full(shape, 1, dtype=own), np.full(shape, 1, dtype))
    same(engine, ops.full_like(x, 1, dtype=own), np.full(shape, 1, dtype))
    for found in (ops.empty(shape, dtype=own), ops.empty_like(x, dtype=own)):
        assert tuple(found.shape) == shape
        assert standardize_dtype(found.dtype) == dtype


@pytest.mark.parametrize("dtype", FLOATS)
def test_numbers_keep_all_digits_of_the_dtype(dtype, engine):
    if not held(engine, [dtype]):
        pytest.skip(f"{engine.name} has no {dtype}")
    for found in (
        ops.asarray(0.1, dtype=dtype),
        ops.full((), 0.1, dtype=dtype),
        ops.full_like(ops.ones((), dtype), 0.1),
        ops.asarray([0.1], dtype=dtype)[0],
    ):
        assert float(found) == float(np.dtype(dtype).type(0.1))


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((5,), {}), ((0,), {}), ((2, 7), {}), ((7, 2), {}), ((7, 2, -2), {}), ((1, 8, 3), {"dtype": "uint8"}),
        ((0.0, 1.0, 0.25), {}), ((3.0,), {}), ((-1, -4, -1), {"dtype": "int8"}), ((2, 2), {"dtype": "float32"}),
    ],
    ids=str,
)  # fmt: skip
def test_arange(args, kwargs, engine):
    want = np.arange(*args, **kwargs)
    default = {"f": "float32", "i": "int32"}
    same(engine, ops.arange(*args, **kwargs), want if kwargs else want.astype(default[want.dtype.kind]))


@pytest.mark.parametrize("num", [0, 1, 2, 7])
@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize(("start", "stop"), [(0, 1), (-3.0, 5.5), (2.0, 2.0), (4, -4)])
def test_linspace(start, stop, num, endpoint, engine):
    same(
        engine,
        ops.linspace(start, stop, num, endpoint=endpoint),
        np.linspace(start, stop, num, endpoint, dtype="float32"),
        1e-4,
    )


@pytest.mark.parametrize(
    ("n", "m", "k"), [(0, 0, 0), (3, None, 0), (2, 4, 1), (4, 2, -1), (3, 3, 5), (3, 3, -5), (0, 3, 0)]
)
def test_eye_and_triangles(n, m, k, engine):
    same(engine, ops.eye(n, m, k=k), np.eye(n, m, k=k, dtype="float32"))
    x = np.arange(2 * n * (m or n), dtype="int32").reshape(2, n, m or n)
    same(engine, ops.tril(engine.asarray(x), k=k), np.tril(x, k=k))
    same(engine, ops.triu(engine.asarray(x), k=k), np.triu(x, k=k))


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("sizes", [(3,), (2, 3), (2, 0), (2, 3, 4)])
def test_meshgrid(sizes, indexing, engine):
    parts = [np.arange(n, dtype="float32") for n in sizes]
    for got, want in zip(
        ops.meshgrid(*map(engine.asarray, parts), indexing=indexing),
        np.meshgrid(*parts, indexing=indexing),
        strict=True,
    ):
        same(engine, got, want)


DEFAULTS = {True: "bool", 3: "int32", 0.5: "float32", 1j: "complex64"}


@pytest.mark.parametrize("value", DEFAULTS)
@pytest.mark.parametrize("nest", [lambda v: v, lambda v: [v], lambda v: ((v, v), (v, v))])
def test_asarray(value, nest, engine):
    same(engine, ops.asarray(nest(value)), np.asarray(nest(value), DEFAULTS[value]))


def test_asarray_copies(engine):
    x = ops.asarray([1.0, 2.0])
    assert ops.asarray(x) is x
    assert ops.asarray(x, copy=False) is x
    assert ops.asarray(x, copy=True) is not x
    assert ops.astype(x, x.dtype) is not x
    assert ops.astype(x, x.dtype, copy=False) is x
    with pytest.raises(ValueError, match="copy is False"):
        ops.asarray([1.0, 2.0], copy=False)
    assert ops.zeros((2,), device="cpu").shape == (2,)


@pytest.mark.parametrize("first", ALL)
def test_promotion(first, engine):
    for second in held(engine, ALL):
        kinds = {np.dtype(d).kind.replace("u", "i") for d in (first, second)}
        if (
            len(kinds) > 1
            or {first, second} & {"uint64"}
            and np.result_type(first, second).kind == "f"
            or not held(engine, [first])
        ):
            continue
        want = engine.canonical(np.result_type(first, second).name)
        a, b = (engine.asarray(np.ones((1,), d)) for d in (first, second))
        assert standardize_dtype(ops.result_type(a, getattr(ops, second))) == want
        assert standardize_dtype(ops.result_type(first, b, a)) == want
        assert ops.can_cast(first, second) == (np.result_type(first, second) == np.dtype(second))
        assert standardize_dtype(ops.concat([a, b]).dtype) == standardize_dtype(ops.where(a == a, a, b).dtype) == want


@pytest.mark.parametrize("source", ALL)
@pytest.mark.parametrize("target", ALL)
def test_astype(source, target, engine):
    if len(held(engine, [source, target])) < 2 or (source in COMPLEX and target not in COMPLEX):
        pytest.skip("not there, or not defined")
    x = np.asarray([0, 1, 2, 3]).astype(source)
    same(engine, ops.astype(engine.asarray(x), getattr(ops, target)), x.astype(target))


@pytest.mark.parametrize("dtype", ALL)
def test_what_dtypes_are(dtype, engine):
    kinds = ("bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric")
    for kind in kinds:
        assert ops.isdtype(dtype, kind) == np.isdtype(np.dtype(dtype), kind)
    assert ops.isdtype(dtype, dtype) and ops.isdtype(dtype, ("bool", "numeric"))
    if dtype in INTS:
        got, want = ops.iinfo(dtype), np.iinfo(dtype)
        assert (got.bits, got.max, got.min) == (want.bits, want.max, want.min)
    elif dtype in FLOATS + COMPLEX:
        got, want = ops.finfo(dtype), np.finfo(dtype)
        assert (got.bits, got.max, got.min) == (want.bits, float(want.max), float(want.min))
        assert (got.eps, got.smallest_normal) == (float(want.eps), float(want.smallest_normal))


def test_info(engine):
    info = ops.__array_namespace_info__()
    assert info.default_dtypes()["integral"] == ops.asarray(0).dtype == ops.argmax(ops.ones((2,))).dtype
    assert info.default_dtypes()["real floating"] == ops.ones((2,)).dtype
    assert info.dtypes(kind="bool") == {"bool": ops.bool}
    assert set(info.dtypes()) == set(held(engine, ALL))
    assert info.default_device() in info.devices()
    assert info.capabilities()["boolean indexing"]
    assert (ops.pi, ops.e, ops.inf, ops.newaxis) == (math.pi, math.e, math.inf, None) and math.isnan(ops.nan)


# -- shapes --------------------------------------------------------------------------------------------------------

A = (2, 1, 3)  # the shape of the array in the rows below
MOVES = [
    ("broadcast_to", ((2, 2, 4, 3),), None), ("broadcast_to", ((2, 0, 3),), None),
    ("expand_dims", (0,), None), ("expand_dims", (-1,), None), ("expand_dims", (3,), None), ("expand_dims", (-4,), None),
    ("flip", (), None), ("flip", (0,), None), ("flip", ((0, -1),), None),
    ("moveaxis", (0, -1), None), ("moveaxis", ((0, 1), (2, 0)), None),
    ("permute_dims", ((2, 0, 1),), None), ("permute_dims", ((-1, -2, -3),), None),
    ("repeat", (2,), None), ("repeat", (0, 1), None), ("repeat", ([1, 0, 2], 2), None),
    ("reshape", ((6,),), None), ("reshape", ((-1, 2),), None), ("reshape", ((3, 2, 1),), None),
    ("roll", (1,), None), ("roll", (-4, 2), None), ("roll", ((1, 2), (0, 2)), None), ("roll", (2, (0, 2)), None),
    ("squeeze", (1,), None), ("squeeze", (-2,), None), ("squeeze", ((1,),), None),
    ("tile", ((2, 1, 2),), None), ("tile", ((2,),), None), ("tile", ((2, 1, 1, 1),), None), ("tile", ((0, 1, 1),), None),
    ("matrix_transpose", (), None),
    ("take", ([2, 0, 0], 2), lambda x, i, axis: np.take(x, i, axis)), ("take", ([], 0), lambda x, i, axis: x[:0]),
    ("diff", (), lambda x: np.diff(x)), ("diff", (2,), lambda x, n: np.diff(x, n)), ("diff", (1, 0), lambda x, n, a: np.diff(x, n, a)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "reference"), MOVES, ids=lambda v: str(v) if not callable(v) else "")
@pytest.mark.parametrize("dtype", ["float32", pytest.param("int8", marks=pytest.mark.slow)])
def test_moves(name, args, reference, dtype, engine):
    x = np.arange(6).reshape(A).astype(dtype)
    found = [engine.asarray(np.asarray(a, "int32")) if isinstance(a, list) else a for a in args]
    same(engine, getattr(ops, name)(engine.asarray(x), *found), (reference or getattr(np, name))(x, *args))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_joined(axis, engine):
    x, y = np.arange(6, dtype="int16").reshape(A), np.arange(6, dtype="int32").reshape(A)
    a, b = engine.asarray(x), engine.asarray(y)
    same(engine, ops.concat([a, b], axis=axis), np.concat([x, y], axis=axis))
    same(engine, ops.concat([a, b[:, :, :0]], axis=-1), np.concat([x, y[:, :, :0]], axis=-1))
    same(engine, ops.concat([a, b[0]], axis=None), np.concat([x, y[0]], axis=None))
    same(engine, ops.stack([a, b], axis=axis), np.stack([x, y], axis=axis))
    for got, want in zip(ops.unstack(a, axis=axis), np.unstack(x, axis=axis), strict=True):
        same(engine, got, want)
    for got, want in zip(ops.broadcast_arrays(a, b[0]), np.broadcast_arrays(x, y[0]), strict=True):
        same(engine, got, want)


# -- reductions and searches ---------------------------------------------------------------------------------------

AXES = st.sampled_from([None, 0, 1, -1, -2, (0, 1), (-1, 0), ()])
SUMS = {
    "sum": NUMERIC,
    "prod": NUMERIC,
    "max": REAL,
    "min": REAL,
    "mean": FLOATS,
    "all": ALL,
    "any": ALL,
    "count_nonzero": ALL,
}


def accumulated(dtype):
    """The dtype of sums: at least the default integer."""
    if np.dtype(dtype).kind in "iu" and np.dtype(dtype).itemsize < 4:
        return "uint32" if np.dtype(dtype).kind == "u" else "int32"
    return dtype


@EXAMPLES
@pytest.mark.parametrize("name", SUMS)
def test_reductions(name, examples, engine):
    def check(data):
        dtype = data.draw(st.sampled_from(held(engine, SUMS[name])), label="dtype")
        shape = data.draw(st.sampled_from([(2, 3), (2, 0), (1, 4)]), label="shape")
        axis, keepdims = data.draw(AXES, label="axis"), data.draw(st.booleans(), label="keepdims")
        x = (
            arrays(data, dtype, shape, low=-9, high=9)
            if name != "prod"
            else arrays(data, dtype, shape, special=False, low=-3, high=3)
        )
        fn = getattr(np, name)
        if name in ("max", "min"):
            hypothesis.assume(0 not in shape)
        more = {"dtype": accumulated(dtype)} if name in ("sum", "prod") else {}
        want = np.asarray(quietly(fn, x, axis=axis, keepdims=keepdims, **more))
        if name == "count_nonzero":
            want = want.astype("int32")
        same(
            engine,
            quietly(getattr(ops, name), engine.asarray(x), axis=axis, keepdims=keepdims),
            want,
            1e-4,
            signed=False,
        )

    search(examples, check)


@EXAMPLES
@pytest.mark.parametrize("name", ["std", "var"])
def test_spread(name, examples, engine):
    def check(data):
        dtype = data.draw(st.sampled_from(held(engine, FLOATS)), label="dtype")
        x = arrays(data, dtype, (3, 4), special=False)
        given = {
            "axis": data.draw(AXES),
            "keepdims": data.draw(st.booleans()),
            "correction": data.draw(st.sampled_from([0, 1, 0.5])),
        }
        hypothesis.assume(given["axis"] != ())
        want = quietly(getattr(np, name), x.astype("float64"), **given).astype(dtype)
        same(engine, getattr(ops, name)(engine.asarray(x), **given), want, 1e-3, signed=False)

    search(examples, check)


@EXAMPLES
@pytest.mark.parametrize("name", ["argmax", "argmin", "sort", "argsort", "cumulative_sum", "cumulative_prod"])
def test_along_an_axis(name, examples, engine):
    def check(data):
        names = {"cumulative_sum": NUMERIC, "cumulative_prod": NUMERIC}.get(name, REAL)
        dtype = data.draw(st.sampled_from(held(engine, names)), label="dtype")
        axis = data.draw(st.sampled_from([0, 1, -1, -2]), label="axis")
        x = arrays(
            data,
            dtype,
            data.draw(st.sampled_from([(2, 3), (4, 1)])),
            special=not name.startswith("cum"),
            low=-3,
            high=3,
        )
        given, of = {"axis": axis}, engine.asarray(x)
        if name.startswith("arg"):
            x = np.where(np.isnan(x), x.dtype.type(0), x)
            of = engine.asarray(x)
        if name.startswith("cum"):
            given["include_initial"] = data.draw(st.booleans())
            want = getattr(np, name)(x, dtype=accumulated(dtype), **given)
        elif "sort" in name:
            x = np.where(np.isnan(x), x.dtype.type(0), x)
            of, descending = engine.asarray(x), data.draw(st.booleans(), label="descending")
            want = sorted_by_hand(name, x, axis, descending)
            given["descending"] = descending
        else:
            given["keepdims"] = data.draw(st.booleans())
            want = getattr(np, name)(x, **given).astype("int32")
        same(engine, getattr(ops, name)(of, **given), want, 1e-4, signed=False)

    search(examples, check)


def sorted_by_hand(name, x, axis, descending):
    """np.sort or np.argsort, equal ones in their order also when the largest come first."""
    order = np.argsort(x, axis=axis, stable=True)
    if descending:
        n = x.shape[axis]
        order = n - 1 - np.flip(np.argsort(np.flip(x, axis), axis=axis, stable=True), axis)
    return order.astype("int32") if name == "argsort" else np.take_along_axis(x, order, axis)


@EXAMPLES
def test_searches(examples, engine):
    def check(data):
        dtype = data.draw(st.sampled_from(held(engine, REAL)), label="dtype")
        x, y = (arrays(data, dtype, (2, 3), low=0, high=9) for _ in range(2))
        mask = arrays(data, "bool", (3,))
        a, b, m = (engine.asarray(v) for v in (x, y, mask))
        same(engine, ops.where(m, a, b), np.where(mask, x, y))
        found = np.stack([engine.to_numpy(i) for i in ops.nonzero(a)])
        np.testing.assert_array_equal(found, np.stack(np.nonzero(x)))
        row, wanted = np.sort(np.nan_to_num(x[0])), np.nan_to_num(y)
        for side in ("left", "right"):
            got = ops.searchsorted(engine.asarray(row), engine.asarray(wanted), side=side)
            same(engine, got, np.searchsorted(row, wanted, side=side).astype("int32"))
        order = np.argsort(row[::-1], stable=True).astype("int32")
        got = ops.searchsorted(engine.asarray(row[::-1].copy()), engine.asarray(wanted), sorter=engine.asarray(order))
        same(engine, got, np.searchsorted(row[::-1], wanted, sorter=order).astype("int32"))
        places = np.asarray([[2, 0, 1], [0, 0, 0]], "int32")
        same(engine, ops.take_along_axis(a, engine.asarray(places), axis=-1), np.take_along_axis(x, places, -1))

    search(examples, check)


@EXAMPLES
def test_unique(examples, engine):
    def check(data):
        dtype = data.draw(st.sampled_from(held(engine, BOOL + REAL)), label="dtype")
        x = arrays(data, dtype, (2, 3), low=0, high=3)
        found = ops.unique_all(engine.asarray(x))
        values, indices, inverse, counts = (np.asarray(engine.to_numpy(v)) for v in found)
        assert standardize_dtype(found.values.dtype) == dtype
        nans = int(np.isnan(x).sum())
        assert len(values) == len(set(x[~np.isnan(x)].tolist())) + nans
        np.testing.assert_array_equal(values[inverse], x)
        assert inverse.shape == x.shape
        np.testing.assert_array_equal(x.reshape(-1)[indices], values)
        assert counts.sum() == x.size
        assert (counts[np.isnan(values)] == 1).all()
        same(engine, ops.unique_values(engine.asarray(x)), values, signed=False)
        same(engine, ops.unique_counts(engine.asarray(x)).counts, counts)
        same(engine, ops.unique_inverse(engine.asarray(x)).inverse_indices, inverse)

    search(examples, check)


PRODUCTS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 0), (0, 3)),
    ((4, 1, 2, 3), (5, 3, 2)),
]


@pytest.mark.parametrize("shapes", PRODUCTS, ids=str)
@pytest.mark.parametrize("dtype", ["int16", "uint8", "int32", "float32", "complex64"])
def test_products(shapes, dtype, engine):
    rng = np.random.default_rng(0)
    x1, x2 = (rng.integers(0, 4, s).astype(dtype) for s in shapes)
    same(engine, ops.matmul(engine.asarray(x1), engine.asarray(x2)), np.matmul(x1, x2))
    if len(shapes[0]) == len(shapes[1]) == 2:
        axes = ((1,), (0,))
        same(engine, ops.tensordot(engine.asarray(x1), engine.asarray(x2), axes=axes), np.tensordot(x1, x2, axes=axes))
    if shapes[0][-1] == shapes[1][-1]:
        same(engine, ops.vecdot(engine.asarray(x1), engine.asarray(x2)), np.vecdot(x1, x2))


MATRIX = np.asarray([[4, 1, 0.5], [1, 3, -1], [0.5, -1, 5]], "float32")
STACK = np.stack([MATRIX, 2 * MATRIX])
LINALG = [
    ("diagonal", {}), ("diagonal", {"offset": 1}), ("trace", {}), ("trace", {"offset": -1}), ("eigvalsh", {}), ("svdvals", {}),
    ("matrix_power", {"n": 0}), ("matrix_power", {"n": 5}), ("matrix_power", {"n": -2}), ("matrix_transpose", {}),
    *(("matrix_norm", {"ord": ord, "keepdims": keep})
      for ord, keep in (("fro", True), ("nuc", False), (-1, True), (2, False), (np.inf, True))),
    *(("vector_norm", {"ord": ord, "axis": axis}) for ord in (1, 3, np.inf) for axis in (None, (0, 2))),
    ("vector_norm", {"keepdims": True}), ("vector_norm", {"axis": (1, -1), "keepdims": True}),
    ("inv", {}), ("det", {}), ("cholesky", {}), ("pinv", {}), ("cholesky", {"upper": True}), ("matrix_rank", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kwargs"), LINALG, ids=str)
def test_linalg(name, kwargs, engine):
    want = getattr(np.linalg, name)(STACK, **kwargs)
    same(
        engine,
        getattr(ops.linalg, name)(engine.asarray(STACK), **kwargs),
        want,
        1e-3,
        dtype=want.dtype.kind == "f",
        signed=False,
    )


def test_eigvals(engine):
    found = engine.to_numpy(ops.linalg.eigvals(engine.asarray(MATRIX)))
    np.testing.assert_allclose(np.sort(found.real), np.linalg.eigvalsh(MATRIX), rtol=1e-4)


def test_exceptions(engine):
    """Each entry of ``EXCEPTIONS`` as it is."""
    assert standardize_dtype(ops.floor(ops.ones((2,), "int32")).dtype) == "float32"
    assert standardize_dtype(ops.full((2,), 1).dtype) == "float32"
    one = ops.ones((2,), "float32")
    assert standardize_dtype(ops.clip(ops.ones((2,), "int32"), one, one).dtype) == "float32"
    assert standardize_dtype(ops.matmul(ops.ones((2,), "int8"), ops.ones((2,), "int8")).dtype) == "int32"
    assert tuple(ops.take_along_axis([[5, 6], [7, 8]], ops.asarray([3])).shape) == (1,)
    assert isinstance(ops.unstack(one), list) and isinstance(ops.meshgrid(one), list)
    assert callable(ops.fft)
    assert ops.clip(one, x_min=0, x_max=1).shape == (2,)
    assert hasattr(ops, "float64") == (engine.canonical("float64") == "float64")
