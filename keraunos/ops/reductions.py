"""Sums, means, extrema and orders along axes.

**Shape:** ``axis`` (an int, a tuple, or None for all) is left out of the shape of x, or kept with size 1 when ``keepdims``.
"""

from keraunos.backend import dtypes
from keraunos.ops import checks
from keraunos.ops.op import op

_SUM = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


def _sum_dtype(x):
    """Small integers are added up as 32-bit ones."""
    name = dtypes.standardize_dtype(x.dtype)
    return _SUM.get(name, name)


def _not_bool(xp, x):
    return xp.astype(x, "int32") if checks.is_bool(x) else x


@op
def sum(xp, x, axis=None, keepdims=False):
    """Σ x.

    >>> from keraunos import ops
    >>> ops.sum([[1, 2], [3, 4]], axis=0).tolist()
    [4, 6]
    """
    return xp.sum(x, axis=checks.axes("sum", x, axis), dtype=xp.to_dtype(_sum_dtype(x)), keepdims=keepdims)


@op
def prod(xp, x, axis=None, keepdims=False, dtype=None):
    """Π x, in ``dtype``.

    >>> from keraunos import ops
    >>> ops.prod([[1, 2], [3, 4]], axis=0).tolist()
    [3, 8]
    """
    dtype = xp.to_dtype(dtypes.standardize_dtype(dtype) if dtype is not None else _sum_dtype(x))
    return xp.prod(x, axis=checks.axes("prod", x, axis), dtype=dtype, keepdims=keepdims)


@op(promote="float")
def mean(xp, x, axis=None, keepdims=False):
    """Σ x / n.

    >>> from keraunos import ops
    >>> ops.mean([[1, 2], [3, 4]], axis=0).tolist()
    [2.0, 3.0]
    """
    return xp.mean(x, axis=checks.axes("mean", x, axis), keepdims=keepdims)


@op(promote="float")
def var(xp, x, axis=None, keepdims=False):
    """Σ (x - mean)² / n.

    >>> from keraunos import ops
    >>> ops.var([[1, 2], [3, 6]], axis=0).tolist()
    [1.0, 4.0]
    """
    return xp.var(x, axis=checks.axes("var", x, axis), keepdims=keepdims)


@op(promote="float")
def std(xp, x, axis=None, keepdims=False):
    """√(Σ (x - mean)² / n).

    >>> from keraunos import ops
    >>> ops.std([[1, 2], [3, 6]], axis=0).tolist()
    [1.0, 2.0]
    """
    return xp.std(x, axis=checks.axes("std", x, axis), keepdims=keepdims)


@op
def max(xp, x, axis=None, keepdims=False, initial=None):
    """The largest element, or ``initial`` when that is larger; NaN when one is there. Equal maxima share the gradient.

    >>> from keraunos import ops
    >>> ops.max([[1, 5], [3, 4]], axis=0).tolist()
    [3, 5]
    """
    axis = _some("max", x, axis, initial)
    if 0 in x.shape:
        return _nothing(xp, x, axis, keepdims, initial)
    found = xp.max(x, axis=axis, keepdims=keepdims)
    return found if initial is None else xp.maximum(found, xp.asarray(initial, found.dtype))


@op
def min(xp, x, axis=None, keepdims=False, initial=None):
    """The smallest element, or ``initial`` when that is smaller; NaN when one is there. Equal minima share the gradient.

    >>> from keraunos import ops
    >>> ops.min([[1, 5], [3, 4]], axis=0).tolist()
    [1, 4]
    """
    axis = _some("min", x, axis, initial)
    if 0 in x.shape:
        return _nothing(xp, x, axis, keepdims, initial)
    found = xp.min(x, axis=axis, keepdims=keepdims)
    return found if initial is None else xp.minimum(found, xp.asarray(initial, found.dtype))


def _some(who, x, axis, initial=None):
    """Axes to reduce, which must hold an element, as an extremum of nothing isn't defined."""
    axis = checks.axes(who, x, axis)
    reduced = range(len(x.shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    if initial is None and 0 in [x.shape[a] for a in reduced]:
        raise ValueError(
            f"{who}: x has no element along axis {axis} to take the {who} of; its shape is {tuple(x.shape)}."
        )
    return axis


def _nothing(xp, x, axis, keepdims, initial):
    """The extremum of an empty x: ``initial`` in the reduced shape."""
    shape = xp.any(x != x, axis=axis, keepdims=keepdims).shape
    return xp.full(shape, 0 if initial is None else initial, dtype=x.dtype)


@op
def amax(xp, x, axis=None, keepdims=False):
    """The largest element, as ``max``.

    >>> from keraunos import ops
    >>> ops.amax([[1, 5], [3, 4]], axis=1).tolist()
    [5, 4]
    """
    return xp.max(x, axis=_some("amax", x, axis), keepdims=keepdims)


@op
def amin(xp, x, axis=None, keepdims=False):
    """The smallest element, as ``min``.

    >>> from keraunos import ops
    >>> ops.amin([[1, 5], [3, 4]], axis=1).tolist()
    [1, 3]
    """
    return xp.min(x, axis=_some("amin", x, axis), keepdims=keepdims)


@op
def ptp(xp, x, axis=None, keepdims=False):
    """max x - min x.

    >>> from keraunos import ops
    >>> ops.ptp([[1, 5], [3, 4]], axis=1).tolist()
    [4, 1]
    """
    axis = _some("ptp", x, axis)
    return xp.subtract(xp.max(x, axis=axis, keepdims=keepdims), xp.min(x, axis=axis, keepdims=keepdims))


@op
def all(xp, x, axis=None, keepdims=False):
    """Whether all elements are true (not 0).

    >>> from keraunos import ops
    >>> ops.all([[True, False], [True, True]], axis=1).tolist()
    [False, True]
    """
    return xp.all(x, axis=checks.axes("all", x, axis), keepdims=keepdims)


@op
def any(xp, x, axis=None, keepdims=False):
    """Whether one element is true (not 0).

    >>> from keraunos import ops
    >>> ops.any([[True, False], [False, False]], axis=1).tolist()
    [True, False]
    """
    return xp.any(x, axis=checks.axes("any", x, axis), keepdims=keepdims)


@op
def count_nonzero(xp, x, axis=None):
    """How many elements aren't 0.

    >>> from keraunos import ops
    >>> ops.count_nonzero([[0, 5], [3, 4]], axis=1).tolist()
    [1, 2]
    """
    return xp.sum(xp.astype(x != 0, "int32"), axis=checks.axes("count_nonzero", x, axis), dtype=xp.to_dtype("int32"))


@op
def argmax(xp, x, axis=None, keepdims=False):
    """The index of the (first) largest element along one axis, or in the flattened x.

    >>> from keraunos import ops
    >>> ops.argmax([[1, 5], [3, 2]], axis=1).tolist()
    [1, 0]
    """
    return xp.astype(xp.argmax(x, axis=_some("argmax", x, axis), keepdims=keepdims), "int32")


@op
def argmin(xp, x, axis=None, keepdims=False):
    """The index of the (first) smallest element along one axis, or in the flattened x.

    >>> from keraunos import ops
    >>> ops.argmin([[1, 5], [3, 2]], axis=1).tolist()
    [0, 1]
    """
    return xp.astype(xp.argmin(x, axis=_some("argmin", x, axis), keepdims=keepdims), "int32")


@op(promote="float")
def logsumexp(xp, x, axis=None, keepdims=False):
    """ln Σ eˣ, without overflow on the way. Its gradient is softmax.

    >>> from keraunos import ops
    >>> round(float(ops.logsumexp([100.0, 100.0])), 4)
    100.6931
    """
    axis = checks.axes("logsumexp", x, axis)
    if 0 in x.shape:
        return xp.log(xp.sum(x, axis=axis, keepdims=keepdims))  # of nothing: ln 0
    top = xp.stop_gradient(xp.max(x, axis=axis, keepdims=True))
    top = xp.where(xp.isfinite(top), top, xp.zeros_like(top))
    found = xp.log(xp.sum(xp.exp(x - top), axis=axis, keepdims=True)) + top
    return found if keepdims else xp.squeeze(found, axis=tuple(range(x.ndim)) if axis is None else axis)


@op("x weights", promote="float")
def average(xp, x, axis=None, weights=None):
    """Σ w·x / Σ w; without weights the mean. Weights have the shape of x, or one dimension for the one ``axis``.

    >>> from keraunos import ops
    >>> float(ops.average([1.0, 3.0], weights=[3.0, 1.0]))
    1.5
    """
    axis = checks.axes("average", x, axis)
    if weights is None:
        return xp.mean(x, axis=axis)
    if weights.shape != x.shape:
        if axis is None or not isinstance(axis, int) or weights.shape != (x.shape[axis],):
            raise ValueError(
                f"average: weights must have the shape of x, {tuple(x.shape)}, or be a vector for one axis; got shape "
                f"{tuple(weights.shape)} and axis={axis}."
            )
        weights = xp.reshape(weights, tuple(-1 if a == axis else 1 for a in range(x.ndim)))
    weights = xp.broadcast_to(weights, x.shape)
    return xp.sum(x * weights, axis=axis) / xp.sum(weights, axis=axis)


@op
def cumsum(xp, x, axis=None, dtype=None):
    """Sums of all elements up to each one, along an axis or of the flattened x.

    **Shape:** that of x; (size,) when axis is None.

    >>> from keraunos import ops
    >>> ops.cumsum([1, 2, 3]).tolist()
    [1, 3, 6]
    """
    return _cumulate(xp, "cumsum", xp.cumsum, x, axis, dtype)


@op
def cumprod(xp, x, axis=None, dtype=None):
    """Products of all elements up to each one, along an axis or of the flattened x.

    **Shape:** that of x; (size,) when axis is None.

    >>> from keraunos import ops
    >>> ops.cumprod([1, 2, 3]).tolist()
    [1, 2, 6]
    """
    return _cumulate(xp, "cumprod", xp.cumprod, x, axis, dtype)


@op
def nancumsum(xp, x, axis=None, dtype=None):
    """``cumsum`` where NaN counts as 0.

    >>> from keraunos import ops
    >>> ops.nancumsum([1.0, float("nan"), 3.0]).tolist()
    [1.0, 1.0, 4.0]
    """
    return _cumulate(xp, "nancumsum", xp.cumsum, _instead_of_nan(xp, x, 0), axis, dtype)


@op
def nancumprod(xp, x, axis=None, dtype=None):
    """``cumprod`` where NaN counts as 1.

    >>> from keraunos import ops
    >>> ops.nancumprod([2.0, float("nan"), 3.0]).tolist()
    [2.0, 2.0, 6.0]
    """
    return _cumulate(xp, "nancumprod", xp.cumprod, _instead_of_nan(xp, x, 1), axis, dtype)


def _cumulate(xp, who, fn, x, axis, dtype):
    x = _not_bool(xp, x)
    if dtype is not None:
        x = xp.astype(x, dtypes.standardize_dtype(dtype))
    if axis is None:
        x, axis = xp.reshape(x, (-1,)), 0
    return fn(x, axis=checks.axis(who, x, axis), dtype=x.dtype)


def _instead_of_nan(xp, x, value):
    """x with another number for NaN."""
    return xp.where(xp.isnan(x), xp.asarray(value, x.dtype), x) if dtypes.is_float_dtype(x.dtype) else x


def _counted(xp, x, axis, keepdims):
    """How many elements aren't NaN, in the dtype of x."""
    return xp.sum(xp.astype(~xp.isnan(x), x.dtype), axis=axis, keepdims=keepdims)


@op
def nansum(xp, x, axis=None, keepdims=False):
    """The sum of what isn't NaN.

    >>> from keraunos import ops
    >>> float(ops.nansum([1.0, float("nan"), 3.0]))
    4.0
    """
    x, axis = _instead_of_nan(xp, x, 0), checks.axes("nansum", x, axis)
    return xp.sum(x, axis=axis, dtype=xp.to_dtype(_sum_dtype(x)), keepdims=keepdims)


@op
def nanprod(xp, x, axis=None, keepdims=False):
    """The product of what isn't NaN.

    >>> from keraunos import ops
    >>> float(ops.nanprod([2.0, float("nan"), 3.0]))
    6.0
    """
    x, axis = _instead_of_nan(xp, x, 1), checks.axes("nanprod", x, axis)
    return xp.prod(x, axis=axis, dtype=xp.to_dtype(_sum_dtype(x)), keepdims=keepdims)


@op(promote="float")
def nanmean(xp, x, axis=None, keepdims=False):
    """The mean of what isn't NaN; NaN when nothing is left.

    >>> from keraunos import ops
    >>> float(ops.nanmean([1.0, float("nan"), 3.0]))
    2.0
    """
    axis = checks.axes("nanmean", x, axis)
    return xp.sum(_instead_of_nan(xp, x, 0), axis=axis, keepdims=keepdims) / _counted(xp, x, axis, keepdims)


@op(promote="float")
def nanvar(xp, x, axis=None, keepdims=False):
    """The variance of what isn't NaN.

    >>> from keraunos import ops
    >>> float(ops.nanvar([1.0, float("nan"), 3.0]))
    1.0
    """
    return _nanvar(xp, x, checks.axes("nanvar", x, axis), keepdims)


@op(promote="float")
def nanstd(xp, x, axis=None, keepdims=False):
    """The standard deviation of what isn't NaN.

    >>> from keraunos import ops
    >>> float(ops.nanstd([1.0, float("nan"), 3.0]))
    1.0
    """
    return xp.sqrt(_nanvar(xp, x, checks.axes("nanstd", x, axis), keepdims))


def _nanvar(xp, x, axis, keepdims):
    middle = xp.sum(_instead_of_nan(xp, x, 0), axis=axis, keepdims=True) / _counted(xp, x, axis, True)
    squares = xp.square(_instead_of_nan(xp, x - middle, 0))
    return xp.sum(squares, axis=axis, keepdims=keepdims) / _counted(xp, x, axis, keepdims)


@op
def nanmax(xp, x, axis=None, keepdims=False):
    """The largest of what isn't NaN; NaN when nothing is left.

    >>> from keraunos import ops
    >>> float(ops.nanmax([1.0, float("nan"), 3.0]))
    3.0
    """
    return _nan_extremum(xp, xp.max, x, _some("nanmax", x, axis), keepdims, float("-inf"))


@op
def nanmin(xp, x, axis=None, keepdims=False):
    """The smallest of what isn't NaN; NaN when nothing is left.

    >>> from keraunos import ops
    >>> float(ops.nanmin([1.0, float("nan"), 3.0]))
    1.0
    """
    return _nan_extremum(xp, xp.min, x, _some("nanmin", x, axis), keepdims, float("inf"))


def _nan_extremum(xp, fn, x, axis, keepdims, worst):
    found = fn(_instead_of_nan(xp, x, worst), axis=axis, keepdims=keepdims)
    if not dtypes.is_float_dtype(x.dtype):
        return found
    return xp.where(xp.all(xp.isnan(x), axis=axis, keepdims=keepdims), xp.asarray(float("nan"), x.dtype), found)


@op
def nanargmax(xp, x, axis=None, keepdims=False):
    """The index of the largest of what isn't NaN; -1 when nothing is left.

    >>> from keraunos import ops
    >>> int(ops.nanargmax([1.0, float("nan"), 3.0]))
    2
    """
    return _nan_index(xp, xp.argmax, x, _some("nanargmax", x, axis), keepdims, float("-inf"))


@op
def nanargmin(xp, x, axis=None, keepdims=False):
    """The index of the smallest of what isn't NaN; -1 when nothing is left.

    >>> from keraunos import ops
    >>> int(ops.nanargmin([1.0, float("nan"), 3.0]))
    0
    """
    return _nan_index(xp, xp.argmin, x, _some("nanargmin", x, axis), keepdims, float("inf"))


def _nan_index(xp, fn, x, axis, keepdims, worst):
    found = xp.astype(fn(_instead_of_nan(xp, x, worst), axis=axis, keepdims=keepdims), "int32")
    if not dtypes.is_float_dtype(x.dtype):
        return found
    return xp.where(xp.all(xp.isnan(x), axis=axis, keepdims=keepdims), xp.asarray(-1, found.dtype), found)
