"""Arrays made from numbers and shapes, on the default engine."""

import functools
import operator

import numpy as np

from keraunos.backend import dispatch, dtypes
from keraunos.ops import checks
from keraunos.ops.op import in_dtype, op


def _dtype(xp, dtype):
    """The engine's dtype of a name; None: floatx."""
    return xp.to_dtype(dtypes.standardize_dtype(dtype))


@op("")
def zeros(xp, shape, dtype=None):
    """An array of zeros.

    **Shape:** shape.

    >>> from keraunos import ops
    >>> ops.zeros((2,)).tolist()
    [0.0, 0.0]
    """
    return xp.zeros(checks.shape("zeros", shape), dtype=_dtype(xp, dtype))


@op("")
def ones(xp, shape, dtype=None):
    """An array of ones.

    **Shape:** shape.

    >>> from keraunos import ops
    >>> ops.ones((2,)).tolist()
    [1.0, 1.0]
    """
    return xp.ones(checks.shape("ones", shape), dtype=_dtype(xp, dtype))


@op("")
def empty(xp, shape, dtype=None):
    """An array whose values are not to be relied on.

    **Shape:** shape.

    >>> from keraunos import ops
    >>> ops.empty((2,)).shape
    (2,)
    """
    return xp.empty(checks.shape("empty", shape), dtype=_dtype(xp, dtype))


@op("fill_value", promote=None, name="full")
def _full(xp, shape, fill_value, dtype):
    """``full`` with a checked shape."""
    return xp.broadcast_to(xp.astype(fill_value, _dtype(xp, dtype)), shape)


def full(shape, fill_value, dtype=None):
    """An array filled with one value (or one that broadcasts to the shape).

    **Shape:** shape.

    >>> from keraunos import ops
    >>> ops.full((2,), 7.0).tolist()
    [7.0, 7.0]
    """
    dtype = dtypes.standardize_dtype(dtype)
    return _full(checks.shape("full", shape), in_dtype("full", fill_value, dtype), dtype)


@op(promote=None)
def zeros_like(xp, x, dtype=None):
    """Zeros in the shape, and without ``dtype`` the dtype, of x.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.zeros_like([1, 2]).tolist()
    [0, 0]
    """
    return xp.zeros(x.shape, dtype=x.dtype if dtype is None else _dtype(xp, dtype))


@op(promote=None)
def ones_like(xp, x, dtype=None):
    """Ones in the shape, and without ``dtype`` the dtype, of x.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.ones_like([1, 2]).tolist()
    [1, 1]
    """
    return xp.ones(x.shape, dtype=x.dtype if dtype is None else _dtype(xp, dtype))


@op(promote=None)
def empty_like(xp, x, dtype=None):
    """An array in the shape of x whose values are not to be relied on.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.empty_like([1, 2]).shape
    (2,)
    """
    return xp.empty(x.shape, dtype=x.dtype if dtype is None else _dtype(xp, dtype))


@op("x fill_value", promote=None, name="full_like")
def _full_like(xp, x, fill_value, dtype):
    """``full_like`` with its value in the dtype."""
    return xp.broadcast_to(xp.astype(fill_value, x.dtype if dtype is None else _dtype(xp, dtype)), x.shape)


def full_like(x, fill_value, dtype=None):
    """One value in the shape, and without ``dtype`` the dtype, of x.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.full_like([1, 2], 7).tolist()
    [7, 7]
    """
    kept = getattr(x, "dtype", None) if dtype is None else dtype
    return _full_like(x, in_dtype("full_like", fill_value, kept), dtype)


@op("")
def eye(xp, N, M=None, k=0, dtype=None):
    """Ones on a diagonal (k above the main one), zeros elsewhere.

    **Shape:** (N, M), M = N by default.

    >>> from keraunos import ops
    >>> ops.eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    n, m = (checks.integer("eye", d, name, 0) for d, name in ((N, "N"), (N if M is None else M, "M")))
    return xp.eye(n, m, k=checks.integer("eye", k, "k"), dtype=_dtype(xp, dtype))


@op("")
def identity(xp, n, dtype=None):
    """The identity matrix.

    **Shape:** (n, n).

    >>> from keraunos import ops
    >>> ops.identity(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return xp.eye(checks.integer("identity", n, "n", 0), dtype=_dtype(xp, dtype))


@op("")
def tri(xp, N, M=None, k=0, dtype=None):
    """Ones on and below a diagonal, zeros above.

    **Shape:** (N, M), M = N by default.

    >>> from keraunos import ops
    >>> ops.tri(2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    n, m = (checks.integer("tri", d, name, 0) for d, name in ((N, "N"), (N if M is None else M, "M")))
    return xp.tri(n, m, k=checks.integer("tri", k, "k"), dtype=_dtype(xp, dtype))


def _plain(value):
    """A Python number of a NumPy or engine scalar, with the name of its dtype in the lattice."""
    if isinstance(value, (bool, int, float)):
        return value, type(value).__name__
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return operator.index(value), "int"
    return value, dtypes.standardize_dtype(dtype)


@op("")
def arange(xp, start, stop=None, step=None, dtype=None):
    """start, start + step, ... below stop; one argument is the stop. int32 when all are ints, else floatx.

    **Shape:** (⌈(stop - start) / step⌉,).

    >>> from keraunos import ops
    >>> ops.arange(1, 7, 2).tolist()
    [1, 3, 5]
    """
    given = [v for v in (start, stop, step) if v is not None]
    if dtype is None:
        dtype = dtypes.strengthen(dtypes.lub(*(_plain(v)[1] for v in given)))
    if stop is None:
        start, stop = 0, start
    return xp.arange(start, stop, 1 if step is None else step, dtype=_dtype(xp, dtype))


@op("start stop", promote="float", name="linspace")
def _linspace(xp, start, stop, num, endpoint, dtype, axis):
    """``linspace`` without the step."""
    shape = xp.broadcast_arrays(start, stop)[0].shape
    steps = max(num - 1 if endpoint else num, 1)
    share = xp.reshape(xp.arange(num, dtype=start.dtype) / steps, (num,) + (1,) * len(shape))
    found = start * (1 - share) + stop * share  # exact at both ends
    axis = checks.axis("linspace", found, axis)
    return xp.moveaxis(xp.astype(found, start.dtype if dtype is None else _dtype(xp, dtype)), 0, axis)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """``num`` numbers from start to stop at equal distances; with ``retstep`` also the distance.

    **Shape:** broadcast of start and stop, with ``num`` inserted at ``axis``.

    >>> from keraunos import ops
    >>> ops.linspace(0, 1, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    num = checks.integer("linspace", num, "num", 0)
    found = _linspace(start, stop, num, endpoint, dtype, axis)
    if not retstep:
        return found
    return found, _step(start, stop, num - 1 if endpoint else num)


@op("start stop", promote="float", name="linspace_step")
def _step(xp, start, stop, parts):
    """The distance of neighbours in ``linspace``."""
    return (stop - start) / parts if parts > 0 else (stop - start) * float("nan")


@op("start stop", promote="float")
def logspace(xp, start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0):
    """``num`` powers of ``base`` with exponents from start to stop at equal distances.

    **Shape:** broadcast of start and stop, with ``num`` inserted at ``axis``.

    >>> from keraunos import ops
    >>> ops.round(ops.logspace(0, 2, 3)).tolist()
    [1.0, 10.0, 100.0]
    """
    exponents = _linspace(start, stop, checks.integer("logspace", num, "num", 0), endpoint, None, 0)
    found = xp.pow(xp.asarray(base, exponents.dtype), exponents)
    found = xp.moveaxis(found, 0, checks.axis("logspace", found, axis))
    return found if dtype is None else xp.astype(found, _dtype(xp, dtype))


@op("start stop", promote="float")
def geomspace(xp, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """``num`` numbers from start to stop with equal ratios; both of one sign and not 0.

    **Shape:** broadcast of start and stop, with ``num`` inserted at ``axis``.

    >>> from keraunos import ops
    >>> ops.round(ops.geomspace(1, 100, 3)).tolist()
    [1.0, 10.0, 100.0]
    """
    sign = xp.sign(start)
    num = checks.integer("geomspace", num, "num", 0)
    found = sign * xp.exp(_linspace(xp.log(xp.abs(start)), xp.log(xp.abs(stop)), num, endpoint, None, 0))
    found = xp.moveaxis(found, 0, checks.axis("geomspace", found, axis))
    return found if dtype is None else xp.astype(found, _dtype(xp, dtype))


@op("x[]", promote=None, name="meshgrid")
def _meshgrid(xp, x, indexing):
    """``meshgrid`` of a list."""
    return list(xp.meshgrid(*x, indexing=indexing))


def meshgrid(*x, indexing="xy"):
    """Coordinates of a grid: for each vector an array in which it varies along one axis.

    **Shape:** (n,), (m,), (k,) → arrays (m, n, k) with indexing "xy", (n, m, k) with "ij".

    >>> from keraunos import ops
    >>> [g.tolist() for g in ops.meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    checks.choice("meshgrid", indexing, ("xy", "ij"), "indexing")
    return _meshgrid(list(x), indexing)


@op(promote=None)
def array(xp, x, dtype=None):
    """An array of the default engine from numbers, nested lists or another array.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.array([1, 2], dtype="float32").tolist()
    [1.0, 2.0]
    """
    return x if dtype is None else xp.astype(x, _dtype(xp, dtype))


@op
def vander(xp, x, N=None, increasing=False):
    """The Vandermonde matrix: powers of x in columns, falling unless ``increasing``.

    **Shape:** (n,) → (n, N), N = n by default.

    >>> from keraunos import ops
    >>> ops.vander([1, 2, 3], 3).tolist()
    [[1, 1, 1], [4, 2, 1], [9, 3, 1]]
    """
    if x.ndim != 1:
        raise ValueError(f"vander: x must have one dimension, got shape {tuple(x.shape)}.")
    if checks.is_bool(x):
        x = xp.astype(x, "int32")
    n = x.shape[0] if N is None else checks.integer("vander", N, "N", 0)
    columns = [xp.ones_like(x)]
    for _ in range(n - 1):
        columns.append(columns[-1] * x)
    columns = columns[:n] if increasing else columns[:n][::-1]
    return xp.stack(columns, axis=1) if columns else xp.zeros((x.shape[0], 0), dtype=x.dtype)


def _window(formula):
    """A window of x points on [0, 1] by a formula of NumPy, in floatx: the number of points is known when it is made."""

    @functools.wraps(formula)
    def made(x, *args):
        n = int(np.asarray(getattr(x, "__keraunos_value__", lambda: x)()))
        values = np.ones(1) if n == 1 else formula(np.arange(n) / max(n - 1, 1), *args)
        return dispatch.current().asarray(np.asarray(values, np.float64), dtypes.standardize_dtype(None))

    return made


@_window
def bartlett(x):
    """The triangular window of x points: 1 - |2t - 1|.

    **Shape:** an int → (x,).

    >>> from keraunos import ops
    >>> ops.bartlett(3).tolist()
    [0.0, 1.0, 0.0]
    """
    return 1 - np.abs(2 * x - 1)


@_window
def hanning(x):
    """The Hann window of x points: ½ - ½ cos 2πt.

    **Shape:** an int → (x,).

    >>> from keraunos import ops
    >>> ops.hanning(3).tolist()
    [0.0, 1.0, 0.0]
    """
    return 0.5 - 0.5 * np.cos(2 * np.pi * x)


@_window
def hamming(x):
    """The Hamming window of x points: 0.54 - 0.46 cos 2πt.

    **Shape:** an int → (x,).

    >>> from keraunos import ops
    >>> ops.round(ops.hamming(3), 2).shape
    (3,)
    """
    return 0.54 - 0.46 * np.cos(2 * np.pi * x)


@_window
def blackman(x):
    """The Blackman window of x points: 0.42 - ½ cos 2πt + 0.08 cos 4πt.

    **Shape:** an int → (x,).

    >>> from keraunos import ops
    >>> ops.blackman(3).shape
    (3,)
    """
    return 0.42 - 0.5 * np.cos(2 * np.pi * x) + 0.08 * np.cos(4 * np.pi * x)


@_window
def kaiser(x, beta):
    """The Kaiser window of x points: I₀(β √(1 - (2t - 1)²)) / I₀(β).

    **Shape:** an int → (x,).

    >>> from keraunos import ops
    >>> ops.kaiser(3, 0.0).tolist()
    [1.0, 1.0, 1.0]
    """
    beta = float(beta)
    return np.i0(beta * np.sqrt(np.maximum(1 - (2 * x - 1) ** 2, 0))) / np.i0(beta)
