"""Order statistics, correlations and counts."""

from keraunos.backend.dtypes import is_float_dtype
from keraunos.ops import checks
from keraunos.ops.op import op
from keraunos.util.errors import describe

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


@op(promote="float")
def median(xp, x, axis=None, keepdims=False):
    """The middle of the sorted elements; of an even number of them the mean of the two middle ones.

    **Shape:** ``axis`` is left out, or has size 1 when ``keepdims``.

    >>> from keraunos import ops
    >>> float(ops.median([3.0, 1.0, 2.0]))
    2.0
    """
    return _quantile(xp, "median", xp.quantile, x, xp.asarray(0.5, x.dtype), axis, "midpoint", keepdims)


@op(promote="float")
def nanmedian(xp, x, axis=None, keepdims=False):
    """The median of what isn't NaN.

    **Shape:** ``axis`` is left out, or has size 1 when ``keepdims``.

    >>> from keraunos import ops
    >>> float(ops.nanmedian([3.0, float("nan"), 1.0]))
    2.0
    """
    return _quantile(xp, "nanmedian", xp.nanquantile, x, xp.asarray(0.5, x.dtype), axis, "midpoint", keepdims)


def _known_share(who, whole):
    """A check for an op over (x, q, axis, method, keepdims): q from 0 to ``whole``."""
    return lambda engine, x, q, *_: checks.between(who, engine, q, 0, whole, "q")


@op("x q", promote="float", check=_known_share("quantile", 1))
def quantile(xp, x, q, axis=None, method="linear", keepdims=False):
    """The number below which a share q in [0, 1] of the elements lies.

    **Shape:** the shape of q, then that of x without ``axis`` (size 1 when ``keepdims``).

    >>> from keraunos import ops
    >>> ops.quantile([0.0, 1.0, 2.0], [0.25, 0.5]).tolist()
    [0.5, 1.0]
    """
    return _quantile(xp, "quantile", xp.quantile, x, q, axis, method, keepdims)


@op("x q", promote="float", check=_known_share("nanquantile", 1))
def nanquantile(xp, x, q, axis=None, method="linear", keepdims=False):
    """The quantile of what isn't NaN.

    **Shape:** the shape of q, then that of x without ``axis`` (size 1 when ``keepdims``).

    >>> from keraunos import ops
    >>> float(ops.nanquantile([0.0, float("nan"), 2.0], 0.5))
    1.0
    """
    return _quantile(xp, "nanquantile", xp.nanquantile, x, q, axis, method, keepdims)


@op("x q", promote="float", check=_known_share("percentile", 100))
def percentile(xp, x, q, axis=None, method="linear", keepdims=False):
    """The number below which q percent of the elements lie.

    **Shape:** the shape of q, then that of x without ``axis`` (size 1 when ``keepdims``).

    >>> from keraunos import ops
    >>> float(ops.percentile([0.0, 1.0, 2.0], 25))
    0.5
    """
    return _quantile(xp, "percentile", xp.quantile, x, q / 100, axis, method, keepdims)


@op("x q", promote="float", check=_known_share("nanpercentile", 100))
def nanpercentile(xp, x, q, axis=None, method="linear", keepdims=False):
    """The percentile of what isn't NaN.

    **Shape:** the shape of q, then that of x without ``axis`` (size 1 when ``keepdims``).

    >>> from keraunos import ops
    >>> float(ops.nanpercentile([0.0, float("nan"), 2.0], 50))
    1.0
    """
    return _quantile(xp, "nanpercentile", xp.nanquantile, x, q / 100, axis, method, keepdims)


def _quantile(xp, who, fn, x, q, axis, method, keepdims):
    checks.choice(who, method, _METHODS, "method")
    dtype = x.dtype
    if dtype.itemsize < 4:  # places between elements need more digits than 16 bits have
        x, q = xp.astype(x, "float32"), xp.astype(q, "float32")
    return xp.astype(fn(x, q, axis=checks.axes(who, x, axis), method=method, keepdims=keepdims), dtype)


@op(promote="float")
def corrcoef(xp, x):
    """Pearson's correlations of the rows of x.

    **Shape:** (variables, observations) → (variables, variables).

    >>> from keraunos import ops
    >>> ops.round(ops.corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    if x.ndim not in (1, 2):
        raise ValueError(f"corrcoef: x must be (variables, observations), got shape {tuple(x.shape)}.")
    rows = x[None, :] if x.ndim == 1 else x
    rows = rows - xp.mean(rows, axis=1, keepdims=True)
    covariance = rows @ xp.conj(xp.matrix_transpose(rows))
    spread = xp.sqrt(xp.real(xp.diagonal(covariance)))
    found = covariance / spread[:, None] / spread[None, :]
    return found[0, 0] if x.ndim == 1 else found


@op("x weights", promote=None, compiled=False)
def bincount(xp, x, weights=None, minlength=0, sparse=False):
    """How often each of 0, 1, 2, ... occurs in x, or the sum of the weights there.

    **Shape:** (n,) → (bins,), (batch, n) → (batch, bins), with bins = max(max x + 1, minlength). Under jit x must be known, or be
    below ``minlength``: larger values are not counted.

    >>> from keraunos import ops
    >>> ops.bincount([0, 2, 2]).tolist()
    [1, 0, 2]
    """
    if sparse:
        raise ValueError("bincount: sparse must be False; sparse tensors are not supported.")
    size = _bins(xp, x, minlength)
    classes = xp.arange(size, dtype=x.dtype)
    hits = x[..., None] == classes  # (..., n, bins)
    if weights is None:
        return xp.sum(xp.astype(hits, "int32"), axis=-2, dtype=xp.to_dtype("int32"))
    return xp.sum(xp.where(hits, weights[..., None], xp.zeros_like(weights[..., None])), axis=-2, dtype=weights.dtype)


def _bins(xp, x, minlength):
    """The number of bins that hold all values of x."""
    minlength = checks.integer("bincount", minlength, "minlength", 0)
    if is_float_dtype(x.dtype):
        raise TypeError(f"bincount: x must be integers, got {describe(x)}.")
    if not xp.is_traced(x):
        if 0 not in x.shape and xp.min(x) < 0:
            raise ValueError(f"bincount: x must not be negative, got {int(xp.min(x))}.")
        return max(int(xp.max(x)) + 1 if 0 not in x.shape else 0, minlength)
    if minlength <= 0:
        raise ValueError(
            "bincount: minlength must be given in a compiled function or for a symbolic x, as its values are unknown."
        )
    return minlength


@op("x bins", promote=None)
def digitize(xp, x, bins):
    """The index i of the bin that x falls in: bins[i-1] ≤ x < bins[i].

    **Shape:** that of x; bins (n,) increasing.

    >>> from keraunos import ops
    >>> ops.digitize([0.5, 1.0, 9.0], [0.0, 1.0, 2.0]).tolist()
    [1, 2, 3]
    """
    if bins.ndim != 1:
        raise ValueError(f"digitize: bins must have one dimension, got shape {tuple(bins.shape)}.")
    return xp.astype(xp.searchsorted(bins, x, side="right"), "int32")


@op("sorted_sequence values")
def searchsorted(xp, sorted_sequence, values, side="left"):
    """Where each value would have to be inserted to keep the sequence sorted.

    **Shape:** that of values; sorted_sequence (n,).

    >>> from keraunos import ops
    >>> ops.searchsorted([1, 3, 5], [3, 4]).tolist()
    [1, 2]
    """
    if sorted_sequence.ndim != 1:
        raise ValueError(
            f"searchsorted: sorted_sequence must have one dimension, got shape {tuple(sorted_sequence.shape)}."
        )
    checks.choice("searchsorted", side, ("left", "right"), "side")
    return xp.astype(xp.searchsorted(sorted_sequence, values, side=side), "int32")


@op(promote="float")
def histogram(xp, x, bins=10, range=None):
    """How many elements of x lie in each of ``bins`` bins of equal width, and the edges of the bins.

    **Shape:** any → (bins,), (bins + 1,).

    >>> from keraunos import ops
    >>> counts, edges = ops.histogram([0.0, 1.0, 1.0, 2.0], bins=2)
    >>> counts.tolist(), edges.tolist()
    ([1, 3], [0.0, 1.0, 2.0])
    """
    if not isinstance(bins, int) or bins <= 0:
        raise ValueError(f"histogram: bins must be a positive int, got {bins!r}.")
    if range is not None and not range[0] < range[1]:
        raise ValueError(f"histogram: range must be (low, high) with low < high, got {range!r}.")
    x = xp.reshape(x, (-1,))
    if range is None:
        low, high = (xp.min(x), xp.max(x)) if 0 not in x.shape else (xp.asarray(0, x.dtype), xp.asarray(1, x.dtype))
        flat = low == high  # one value: a bin of width 1 around it
        low, high = xp.where(flat, low - 0.5, low), xp.where(flat, high + 0.5, high)
    else:
        low, high = (xp.asarray(r, x.dtype) for r in range)
    edges = xp.astype(xp.linspace(low, high, bins + 1), x.dtype)
    inside = (x >= low) & (x <= high)
    index = xp.clip(xp.searchsorted(edges, x, side="right") - 1, 0, bins - 1)  # the last bin has both its edges
    hits = (index[:, None] == xp.arange(bins)) & inside[:, None]
    return xp.sum(xp.astype(hits, "int32"), axis=0, dtype=xp.to_dtype("int32")), edges


@op("y x", promote="float")
def trapezoid(xp, y, x=None, dx=1.0, axis=-1):
    """The integral of y over x by the trapezoidal rule: Σ (yᵢ + yᵢ₊₁)/2 · (xᵢ₊₁ - xᵢ).

    **Shape:** that of y without ``axis``; x as y, or a vector; without it samples are dx apart.

    >>> from keraunos import ops
    >>> float(ops.trapezoid([1.0, 2.0, 3.0]))
    4.0
    """
    axis = checks.axis("trapezoid", y, axis)
    y = xp.moveaxis(y, axis, -1)
    if x is not None:
        x = xp.moveaxis(x, axis, -1) if x.ndim > 1 else x
        dx = x[..., 1:] - x[..., :-1]
    return xp.sum((y[..., 1:] + y[..., :-1]) * dx, axis=-1) / 2


@op("x y", promote="float")
def cdist(xp, x, y):
    """Euclidean distances of all rows of x to all rows of y.

    **Shape:** (..., n, d), (..., m, d) → (..., n, m).

    >>> from keraunos import ops
    >>> ops.cdist([[0.0, 0.0]], [[3.0, 4.0]]).tolist()
    [[5.0]]
    """
    checks.min_rank("cdist", x, 2)
    checks.min_rank("cdist", y, 2, "y")
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"cdist: x and y must have equal last dimensions, got shapes {tuple(x.shape)} and {tuple(y.shape)}."
        )
    squares = xp.sum(xp.square(x[..., :, None, :] - y[..., None, :, :]), axis=-1)
    return xp.where(
        squares > 0, xp.sqrt(xp.where(squares > 0, squares, 1)), 0
    )  # the gradient at distance 0 is 0, not NaN
