"""Functions of ``keraunos.ops`` and primitives on an engine: a row each, with NumPy's answer."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from scipy import special

from keraunos import ops
from keraunos.backend import Spec
from keraunos.ops.symbolic import KerasTensor
from keraunos.testing.compare import OnEngine, difference, dtype_of
from keraunos.util import tree


class Row(NamedTuple):
    """A function of ``keraunos.ops`` on some arrays: ``call(ops, *arrays)``, and NumPy's answer."""

    name: str
    call: Callable
    want: Callable
    arrays: tuple
    smooth: bool = True  # whether its gradient is that of differences


def _values(*shape, low=-2.0, high=2.0, seed=0):
    return np.random.default_rng((seed, *shape)).uniform(low, high, shape).astype("float32")


X, Y, POSITIVE, SMALL = _values(2, 3), _values(2, 3, seed=1), _values(2, 3, low=0.5), _values(2, 3, low=-0.9, high=0.9)
SQUARE = _values(3, 3) + 4 * np.eye(3, dtype="float32")
IMAGE, KERNEL = _values(2, 5, 5, 2), _values(2, 2, 2, 3)


def _plain(name, want=None, x=X, smooth=True):
    """A function of one array that NumPy has."""
    return Row(name, lambda ops, x: getattr(ops, name)(x), want or getattr(np, name), (x,), smooth)


def _two(name, x=X, y=Y, smooth=True):
    """A function of two arrays that NumPy has, on shapes that broadcast."""
    return Row(name, lambda ops, a, b: getattr(ops, name)(a, b), getattr(np, name), (x, y[:1]), smooth)


def _softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _conv(x, w):
    return sum(np.einsum("bhwi,io->bhwo", x[:, i : i + 4, j : j + 4], w[i, j]) for i in range(2) for j in range(2))


def _pooled(x, fn):
    return fn(np.stack([x[:, i : i + 4 : 2, j : j + 4 : 2] for i in range(2) for j in range(2)]), axis=0)


_FLOATS = "exp expm1 sin cos tan arctan sinh cosh tanh arcsinh square negative abs".split()
_AT_POSITIVE = "log log1p log2 log10 sqrt cbrt reciprocal".split()
_STEPS = "floor ceil trunc round sign isnan isfinite isinf signbit logical_not".split()

ROWS = (
    *(_plain(name) for name in _FLOATS),
    *(_plain(name, x=POSITIVE) for name in _AT_POSITIVE),
    *(_plain(name, x=SMALL) for name in ("arcsin", "arccos", "arctanh")),
    *(_plain(name, smooth=False) for name in _STEPS),
    _plain("erf", special.erf),
    _plain("erfinv", special.erfinv, SMALL),
    _plain("rsqrt", lambda x: 1 / np.sqrt(x), POSITIVE),
    _plain("relu", lambda x: np.maximum(x, 0)),
    _plain("sigmoid", special.expit),
    _plain("softplus", lambda x: np.log1p(np.exp(x))),
    _plain("silu", lambda x: x * special.expit(x)),
    _plain("gelu", lambda x: x * (np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)) + 1) / 2),
    _plain("elu", lambda x: np.where(x > 0, x, np.expm1(x))),
    _plain("softmax", _softmax),
    _plain("log_softmax", lambda x: np.log(_softmax(x))),
    *(_two(name) for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "arctan2", "logaddexp")),
    _two("power", POSITIVE),
    *(_two(name, smooth=False) for name in ("floor_divide", "mod", "less", "equal", "greater_equal", "logical_and")),
    Row("clip", lambda ops, x: ops.clip(x, -1, 1), lambda x: np.clip(x, -1, 1), (X,)),
    Row("where", lambda ops, x, y: ops.where(x > 0, x, y), lambda x, y: np.where(x > 0, x, y), (X, Y)),
    *(
        Row(name, lambda ops, x, name=name: getattr(ops, name)(x, axis=-1, keepdims=True),
            lambda x, name=name: getattr(np, name)(x, axis=-1, keepdims=True), (X,))
        for name in ("sum", "mean", "max", "min", "prod", "var", "std")
    ),
    Row("logsumexp", lambda ops, x: ops.logsumexp(x, axis=0), lambda x: special.logsumexp(x, axis=0), (X,)),
    Row("cumsum", lambda ops, x: ops.cumsum(x, axis=1), lambda x: np.cumsum(x, 1), (X,)),
    Row("argmax", lambda ops, x: ops.argmax(x, axis=1), lambda x: np.argmax(x, 1), (X,), False),
    Row("any", lambda ops, x: ops.any(x > 1, axis=0), lambda x: np.any(x > 1, 0), (X,), False),
    Row("reshape", lambda ops, x: ops.reshape(x, (3, -1)), lambda x: x.reshape(3, 2), (X,)),
    Row("transpose", lambda ops, x: ops.transpose(x), np.transpose, (X,)),
    Row("expand_dims", lambda ops, x: ops.expand_dims(x, 1), lambda x: x[:, None], (X,)),
    Row("concatenate", lambda ops, x, y: ops.concatenate([x, y], axis=1), lambda x, y: np.concatenate([x, y], 1), (X, Y)),
    Row("stack", lambda ops, x, y: ops.stack([x, y], axis=-1), lambda x, y: np.stack([x, y], -1), (X, Y)),
    Row("split", lambda ops, x: ops.split(x, 3, axis=1), lambda x: np.split(x, 3, 1), (X,)),
    Row("pad", lambda ops, x: ops.pad(x, ((1, 0), (0, 2))), lambda x: np.pad(x, ((1, 0), (0, 2))), (X,)),
    Row("flip", lambda ops, x: ops.flip(x, 1), lambda x: np.flip(x, 1), (X,)),
    Row("roll", lambda ops, x: ops.roll(x, 1, 1), lambda x: np.roll(x, 1, 1), (X,)),
    Row("tile", lambda ops, x: ops.tile(x, (2, 1)), lambda x: np.tile(x, (2, 1)), (X,)),
    Row("get_item", lambda ops, x: ops.get_item(x, (slice(None, None, -1), 1)), lambda x: x[::-1, 1], (X,)),
    Row("take", lambda ops, x: ops.take(x, [2, 0, 2], axis=1), lambda x: x[:, [2, 0, 2]], (X,)),
    Row("take_along_axis", lambda ops, x: ops.take_along_axis(x, np.asarray([[1], [0]]), axis=1),
        lambda x: np.take_along_axis(x, np.asarray([[1], [0]]), 1), (X,)),
    Row("sort", lambda ops, x: ops.sort(x, axis=1), lambda x: np.sort(x, 1), (X,)),
    Row("argsort", lambda ops, x: ops.argsort(x, axis=1), lambda x: np.argsort(x, 1), (X,), False),
    Row("top_k", lambda ops, x: ops.top_k(x, 2)[0], lambda x: -np.sort(-x, 1)[:, :2], (X,)),
    Row("one_hot", lambda ops, x: ops.one_hot(ops.cast(x > 0, "int32"), 2), lambda x: np.eye(2)[(x > 0) * 1], (X,), False),
    Row("cast", lambda ops, x: ops.cast(x, "int32"), lambda x: x.astype("int32"), (X,), False),
    Row("matmul", lambda ops, x, y: ops.matmul(x, ops.transpose(y)), lambda x, y: x @ y.T, (X, Y)),
    Row("einsum", lambda ops, x, y: ops.einsum("ij,kj->ik", x, y), lambda x, y: x @ y.T, (X, Y)),
    Row("tensordot", lambda ops, x, y: ops.tensordot(x, y, axes=2), lambda x, y: np.tensordot(x, y), (X, Y)),
    Row("inv", lambda ops, x: ops.linalg.inv(x), np.linalg.inv, (SQUARE,)),
    Row("det", lambda ops, x: ops.linalg.det(x), np.linalg.det, (SQUARE,)),
    Row("solve", lambda ops, x, y: ops.linalg.solve(x, ops.transpose(y)), lambda x, y: np.linalg.solve(x, y.T), (SQUARE, X)),
    Row("cholesky", lambda ops, x: ops.linalg.cholesky(x @ ops.transpose(x)), lambda x: np.linalg.cholesky(x @ x.T), (SQUARE,)),
    Row("norm", lambda ops, x: ops.linalg.norm(x, axis=1), lambda x: np.linalg.norm(x, axis=1), (X,)),
    Row("conv", lambda ops, x, w: ops.conv(x, w), _conv, (IMAGE, KERNEL)),
    Row("max_pool", lambda ops, x: ops.max_pool(x, 2, 2), lambda x: _pooled(x, np.max), (IMAGE,)),
    Row("average_pool", lambda ops, x: ops.average_pool(x, 2, 2), lambda x: _pooled(x, np.mean), (IMAGE,)),
    Row("scatter", lambda ops, x: ops.scatter(np.asarray([[3], [0]]), x, (4, 3)),
        lambda x: np.stack([x[1], 0 * x[0], 0 * x[0], x[0]]), (X,)),
    Row("segment_sum", lambda ops, x: ops.segment_sum(x, np.asarray([1, 1]), 2), lambda x: np.stack([0 * x[0], x.sum(0)]), (X,)),
    Row("scan", lambda ops, x: ops.scan(lambda c, row: (c * row, c + row), x[0], x)[1],
        lambda x: np.stack([x[0] + x[0], x[0] * x[0] + x[1]]), (X,)),
    Row("vectorized_map", lambda ops, x: ops.vectorized_map(lambda row: ops.sum(row * row), x), lambda x: (x * x).sum(1), (X,)),
)  # fmt: skip


def rows(keep=lambda row: True):
    """Parametrize over rows."""
    return pytest.mark.parametrize("row", [pytest.param(r, id=r.name) for r in ROWS if keep(r)])


class Functions(OnEngine):
    """Values, gradients, shapes, compiled forms."""

    def call(self, row, values):
        """The row's results on NumPy values, as a flat list."""
        return tree.flatten(row.call(ops, *self.arrays(values)))

    @rows()
    def test_values(self, row):
        found = self.call(row, row.arrays)
        self.same(found, tree.flatten(row.want(*(v.astype("float64") for v in row.arrays))), rtol=1e-4, atol=1e-5)
        assert all(self.engine.is_array(x) for x in found)

    @rows()
    def test_inferred_shapes(self, row):
        found = [Spec(tuple(x.shape), dtype_of(x)) for x in self.call(row, row.arrays)]
        symbolic = tree.flatten(row.call(ops, *(KerasTensor(v.shape, v.dtype.name) for v in row.arrays)))
        assert [Spec(tuple(s.shape), s.dtype) for s in symbolic] == found

    @rows(lambda row: row.smooth)
    def test_compiled_with_its_gradient(self, row):
        """One program gives the value, which is that of the plain call, and a derivative, which is that of differences."""
        plain = self.call(row, row.arrays)
        rng = np.random.default_rng(0)
        weights = [rng.uniform(0.5, 1.5, tuple(x.shape)) for x in plain]

        def weighed(arrays):
            outputs = tree.flatten(row.call(ops, *arrays))
            return sum(
                ops.sum(ops.multiply(o, w.astype("float32"))) for o, w in zip(outputs, weights, strict=True)
            ), outputs

        fn = self.engine.value_and_grad(weighed) if self.engine.trains else weighed
        found = self.engine.compile(lambda arrays: fn(arrays))(self.arrays(row.arrays))
        if not self.engine.trains:
            self.same(found[1], [self.engine.to_numpy(x) for x in plain])
            return
        (_, outputs), gradients = found
        self.same(outputs, [self.engine.to_numpy(x) for x in plain], rtol=1e-4, atol=1e-5)

        def by_numpy(values):
            wanted = tree.flatten(row.want(*values))
            return sum(np.sum(w * o) for w, o in zip(weights, wanted, strict=True))

        values = [v.astype("float64") for v in row.arrays]
        wanted = [difference(by_numpy, values, i) for i in range(len(values))]
        self.same(gradients, wanted, rtol=2e-3, atol=2e-3)

    @rows()
    def test_native_functions_compute_what_bodies_do(self, row):
        op = getattr(getattr(ops, row.name, None) or getattr(ops.linalg, row.name, None), "op", None)
        if op is None or op.name not in self.engine.natives:
            pytest.skip(f"{self.engine_name} has no native {row.name}")
        native = [self.engine.to_numpy(x) for x in self.call(row, row.arrays)]
        with op.computed_by(self.engine, self.engine.prepared(op, op.body)):
            self.same(self.call(row, row.arrays), native, rtol=1e-4, atol=1e-5)
