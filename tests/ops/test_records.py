"""Each row of tests/records, on each engine: values, gradients, kinks, shape inference, jit, empty input, native against body."""

import contextlib
import importlib
import importlib.util
import warnings

import jax
import numpy as np
import pytest

import tests.records as records
from keraunos import ops
from keraunos.backend import Spec, get_engine, standardize_dtype, use
from keraunos.ops.op import OPS
from keraunos.ops.symbolic import KerasTensor, infer

ROWS = records.load()
ENGINES = ("jax", "numpy", *(("torch",) if importlib.util.find_spec("torch") else ()))
TRAINING = [e for e in ENGINES if get_engine(e).trains]


def rows(keep=lambda r: True):
    """Parametrize over the rows that ``keep`` takes."""
    return pytest.mark.parametrize("row", [pytest.param(r, id=str(r)) for r in ROWS if keep(r)])


def call(row, values, engine="jax"):
    """The row's function on ``values``, as arrays of ``engine``; the leaves of the result."""
    with use(engine), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's "mean of empty slice"
        made = [get_engine(engine).asarray(v) for v in values]
        args, kwargs = row.filled(made)
        return records.flat(records.find(ops, row.name)(*args, **kwargs))


def compare(row, got, want):
    """Equal shapes and near values."""
    if row.reduce is not None:
        got, want = records.flat(row.reduce(*got)), records.flat(row.reduce(*want))
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        g, w = as_double(g), as_double(w)
        assert g.shape == w.shape
        np.testing.assert_allclose(g, w, rtol=row.tol, atol=row.tol)


def as_double(x):
    """A NumPy array that comparisons understand."""
    x = ops.convert_to_numpy(x) if hasattr(x, "dtype") else np.asarray(x)
    return x if x.dtype.kind in "biuc" else x.astype(np.float64)


@rows(lambda r: r.want is not None)
@pytest.mark.parametrize("engine", ENGINES)
def test_values(row, engine):
    if engine not in row.engines:
        pytest.skip(f"{row.name} is not for {engine}")
    values = row.numpy_values()
    args, kwargs = row.filled([np.asarray(v, np.float64) if v.dtype.kind == "f" else v for v in values])
    compare(row, call(row, values, engine), records.flat(row.want(*args, **kwargs)))


@rows()
@pytest.mark.parametrize("engine", ENGINES[1:])
def test_engines_agree(row, engine):
    if engine not in row.engines:
        pytest.skip(f"{row.name} is not for {engine}")
    values = row.numpy_values()
    on_jax, found = call(row, values), call(row, values, engine)
    compare(row, found, on_jax)
    assert [narrow(x) for x in found] == [narrow(x) for x in on_jax]


def narrow(x):
    """The dtype's name, None for a Python value."""
    return standardize_dtype(x.dtype) if hasattr(x, "dtype") else None


@rows(lambda r: r.dtypes and r.arrays and r.symbolic)
@pytest.mark.parametrize("engine", [e for e in TRAINING if e != "jax"])
def test_dtypes_agree(row, engine):
    """The dtype of the result is that of JAX for each dtype of the arguments."""
    for dtype in records.GROUPS[row.dtypes]:
        values = row.numpy_values(dtypes=[dtype] * len(row.arrays))
        if row.name in ("floor_divide", "mod") and not all(v.all() for v in values):
            values = [np.ones_like(v) for v in values]  # 0 divides no integer
        found = [narrow(x) for x in call(row, values, engine)]
        with use("jax"):
            args, kwargs = row.filled([KerasTensor(v.shape, dtype) for v in values])
            assert found == [f.dtype for f in records.flat(records.find(ops, row.name)(*args, **kwargs))], dtype


@rows(lambda r: r.jit and not r.grad)  # the test of gradients compiles too
def test_jit(row):
    values = row.numpy_values()
    compare(row, jax.jit(lambda v: call(row, v))(values), call(row, values))


@rows(lambda r: r.symbolic)
def test_shape_inference(row):
    got = [Spec(np.shape(x), standardize_dtype(x.dtype)) for x in call(row, row.numpy_values())]
    for n in (None, records.SIZE):
        args, kwargs = row.filled(
            [KerasTensor(a.sized(n), v.dtype.name) for a, v in zip(row.arrays, row.numpy_values())]
        )
        found = records.flat(records.find(ops, row.name)(*args, **kwargs))
        assert [f.dtype for f in found] == [g.dtype for g in got]
        for f, g in zip(found, got, strict=True):
            assert len(f.shape) == len(g.shape)
            assert all(d == e or (d is None and n is None) for d, e in zip(f.shape, g.shape))


@rows(lambda r: r.symbolic)
def test_node_replays(row, engine):
    if engine.name not in row.engines:
        pytest.skip(f"{row.name} is not for {engine.name}")
    values = row.numpy_values()
    tensors = [KerasTensor(v.shape, v.dtype.name) for v in values]
    args, kwargs = row.filled(tensors)
    outputs = records.flat(records.find(ops, row.name)(*args, **kwargs))
    env = {id(t): engine.asarray(v) for t, v in zip(tensors, values, strict=True)}

    def value_of(t):
        if id(t) not in env:
            args, kwargs = t.node.fill(value_of)
            results = records.flat(t.node.operation(*args, **kwargs))
            env.update((id(o), r) for o, r in zip(t.node.outputs, results, strict=True))
        return env[id(t)]

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        compare(row, [value_of(t) for t in outputs], call(row, values, engine.name))


@rows(lambda r: r.empty and any(isinstance(d, str) for a in r.arrays for d in a.shape))
@pytest.mark.parametrize("engine", ENGINES)
def test_empty(row, engine):
    if engine not in row.engines:
        pytest.skip(f"{row.name} is not for {engine}")
    values = row.numpy_values(n=0)
    got = call(row, values, engine)
    args, kwargs = row.filled([KerasTensor(v.shape, v.dtype.name) for v in values])
    expected = records.flat(infer(records.find(ops, row.name), args, kwargs))
    assert [np.shape(g) for g in got] == [e.shape for e in expected]


@rows(lambda r: r.grad)
@pytest.mark.parametrize("engine", TRAINING)
def test_gradient(row, engine):
    """The derivative in a random direction, in float64, against a central difference."""
    if engine not in row.engines:
        pytest.skip(f"{row.name} is not for {engine}")
    found, numeric = slopes(row, engine)
    np.testing.assert_allclose(found, numeric, rtol=1e-5, atol=1e-7)


def slopes(row, engine):
    """The derivative by ``engine`` in a random direction, in float64, and the central difference."""
    with jax.enable_x64(True) if engine == "jax" else contextlib.nullcontext():
        made = get_engine(engine)
        values = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in row.numpy_values()]
        places = [i for i, v in enumerate(values) if v.dtype == np.float64]
        rng = np.random.default_rng(0)
        direction = {i: made.asarray(rng.uniform(-1, 1, values[i].shape)) for i in places}
        weights = [made.asarray(rng.uniform(-1, 1, np.shape(o))) for o in call(row, values, engine)]
        start = [made.asarray(v) for v in values]

        def along(t):
            moved = [v + t[0] * direction[i] if i in direction else v for i, v in enumerate(start)]
            found = zip(weights, call(row, moved, engine), strict=True)
            return sum((w * o).sum() for w, o in found if is_real(o)), ()

        at, h = made.compile(made.value_and_grad(along)), 1e-6  # one program compiles faster than its many ops
        up, here, down = (at([made.asarray(t, "float64")]) for t in (h, 0.0, -h))
        return float(here[1][0]), (float(up[0][0]) - float(down[0][0])) / (2 * h)


def is_real(x):
    return standardize_dtype(x.dtype).startswith("float")


@rows(lambda r: r.kinks)
@pytest.mark.parametrize("engine", TRAINING)
def test_kinks(row, engine):
    made = get_engine(engine)
    points = made.asarray(list(row.kinks), "float32")
    _, (got,) = made.value_and_grad(lambda x: (call(row, x, engine)[0].sum(), ()))([points])
    np.testing.assert_allclose(made.to_numpy(got), list(row.kinks.values()), rtol=1e-5, atol=1e-6)


NATIVE = [(e, n) for e in ENGINES for n in importlib.import_module(f"keraunos.backend.{e}.natives").TABLE]


@pytest.mark.parametrize(("engine", "name"), NATIVE)
def test_native_agrees_with_body(engine, name):
    """What an engine puts in place of a body computes the same, kinks included."""
    found = [r for r in ROWS if records.find(ops, r.name).__name__ == name]
    assert found, f"no row of tests/records calls {name}, which {engine} has a native function for"
    one = OPS[name]
    for row in found:
        values = row.numpy_values()
        native = call(row, values, engine)
        with one.computed_by(get_engine(engine), one.body):
            compare(row, call(row, values, engine), native)
            if engine in TRAINING and row.grad:
                np.testing.assert_allclose(*slopes(row, engine), rtol=1e-5, atol=1e-7)
