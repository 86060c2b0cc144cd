"""Sums, extrema, orders and cumulated values along axes."""

import math

import torch

from keraunos.backend.torch.dtypes import to_dtype, widening


def _result(x, dtype):
    """The dtype of a sum: that of x, which PyTorch would widen, and int32 for booleans."""
    if dtype is None:
        return torch.int32 if x.dtype is torch.bool else x.dtype
    return dtype if dtype.__class__ is torch.dtype else to_dtype(dtype)


def sum(x, axis=None, dtype=None, keepdims=False):
    """Σ x."""
    if axis == ():
        return x.to(_result(x, dtype))
    return _sum(x, axis, keepdims, dtype=_result(x, dtype))


_sum = widening(torch.sum)


def prod(x, axis=None, dtype=None, keepdims=False):
    """Π x."""
    dtype = _result(x, dtype)
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    x = x.to(dtype)
    for a in sorted((a % x.ndim for a in axes), reverse=True):
        x = _prod(x, a, keepdims, dtype=dtype)
    return x


_prod = widening(torch.prod)


def mean(x, axis=None, keepdims=False):
    """Σ x / n."""
    return x if axis == () else torch.mean(x, axis, keepdims)


def var(x, axis=None, keepdims=False):
    """Σ |x - mean|² / n."""
    if not x.numel() or axis == ():
        away = x - mean(x, axis, True)
        return mean((away * away.conj()).real, axis, keepdims)
    return torch.var(x, axis, correction=0, keepdim=keepdims)


def std(x, axis=None, keepdims=False):
    """The root of ``var``."""
    return torch.sqrt(var(x, axis, keepdims))


def max(x, axis=None, keepdims=False):
    """The largest element; equal ones share the gradient."""
    return x if axis == () else _amax(x, () if axis is None else axis, keepdims)


def min(x, axis=None, keepdims=False):
    """The smallest element; equal ones share the gradient."""
    return x if axis == () else _amin(x, () if axis is None else axis, keepdims)


_amax, _amin = widening(torch.amax), widening(torch.amin)


def any(x, axis=None, keepdims=False):
    """Whether one element is not 0."""
    return x.bool() if axis == () else torch.any(x.bool(), axis, keepdims)


def all(x, axis=None, keepdims=False):
    """Whether no element is 0."""
    return x.bool() if axis == () else torch.all(x.bool(), axis, keepdims)


def argmax(x, axis=None, keepdims=False):
    """The index of the first largest element."""
    return _order(torch.argmax, x, axis, keepdims)


def argmin(x, axis=None, keepdims=False):
    """The index of the first smallest element."""
    return _order(torch.argmin, x, axis, keepdims)


def _order(fn, x, axis, keepdims):
    found = _located(fn, x, axis, axis is not None and keepdims)
    return found.reshape((1,) * x.ndim) if axis is None and keepdims else found


def _located(fn, x, axis, keepdims):
    if x.dtype in (torch.bool, torch.uint16, torch.uint32, torch.uint64):
        x = x.to(torch.int64)
    return fn(x, axis, keepdims)


def cumsum(x, axis, dtype=None):
    """Sums up to each element."""
    return _cumsum(x, axis, dtype=_result(x, dtype))


def cumprod(x, axis, dtype=None):
    """Products up to each element."""
    return _cumprod(x, axis, dtype=_result(x, dtype))


_cumsum, _cumprod = widening(torch.cumsum), widening(torch.cumprod)


def diff(x, n=1, axis=-1):
    """Differences of neighbours, taken n times."""
    for _ in range(n):
        size = x.shape[axis]
        if size < 2:
            return x.narrow(axis, 0, 0)
        high, low = x.narrow(axis, 1, size - 1), x.narrow(axis, 0, size - 1)
        x = high ^ low if x.dtype is torch.bool else _subtract(high, low)
    return x


_subtract = widening(torch.subtract)


def quantile(x, q, axis=None, method="linear", keepdims=False):
    """The number below which a share q of the elements lies; NaN when one is there."""
    return _quantile(x, q, axis, method, keepdims, skip=False)


def nanquantile(x, q, axis=None, method="linear", keepdims=False):
    """The quantile of what isn't NaN."""
    return _quantile(x, q, axis, method, keepdims, skip=True)


def _quantile(x, q, axis, method, keepdims, skip):
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    rest = [a for a in range(x.ndim) if a not in axes]
    shape = [1 if a in axes else n for a, n in enumerate(x.shape)] if keepdims else [x.shape[a] for a in rest]
    size = math.prod(x.shape[a] for a in axes)
    rows = x.permute(*rest, *axes).reshape(*(x.shape[a] for a in rest), size)  # (..., n)
    rows = torch.sort(rows, -1).values  # NaN last
    count = torch.sum(~torch.isnan(rows), -1, True) if skip else torch.full_like(rows[..., :1], size, dtype=torch.int64)
    at = q.reshape(-1) * (count - 1).clamp(min=0)  # (..., shares): the place, between two elements
    low, high = torch.floor(at), torch.ceil(at)
    below, above = (torch.take_along_dim(rows, i.long(), -1) for i in (low, high))
    found = _between(below, above, at - low, method)
    hole = count == 0 if skip else torch.isnan(rows[..., -1:])
    found = torch.where(hole, float("nan"), found)
    return found.movedim(-1, 0).reshape((*q.shape, *shape))


def _between(below, above, share, method):
    if method == "linear":
        return below * (1 - share) + above * share
    if method == "midpoint":
        return torch.where(share > 0, (below + above) / 2, below)
    nearest = share > 0.5
    return torch.where(nearest if method == "nearest" else torch.full_like(nearest, method == "higher"), above, below)


FUNCTIONS = (
    *(sum, prod, mean, var, std, max, min, any, all, argmax, argmin),
    *(cumsum, cumprod, diff, quantile, nanquantile),
)
