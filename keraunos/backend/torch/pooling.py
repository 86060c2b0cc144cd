"""Means and maxima over windows by PyTorch's kernels, which count only what lies inside."""

import functools

import torch
import torch.nn.functional as F

from keraunos.util import settings

_MEAN = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_MAX = {1: torch.max_pool1d, 2: torch.max_pool2d, 3: torch.max_pool3d}


def average_pool(xp, inputs, pool_size, strides, padding, data_format):
    """Mean of each window, where padding is none or the same on both sides."""
    return _pool(_MEAN, "average_pool", inputs, pool_size, strides, padding, data_format, (False, False))


def max_pool(xp, inputs, pool_size, strides, padding, data_format):
    """Maximum of each window, where padding is none or the same on both sides; among equal values the gradient goes to the first."""
    return _pool(_MAX, "max_pool", inputs, pool_size, strides, padding, data_format, ())


def _pool(kernels, who, inputs, pool_size, strides, padding, data_format, rest):
    rank = inputs.ndim - 2
    if rank not in kernels or not inputs.is_floating_point():
        return NotImplemented
    first = settings.standardize_data_format(data_format, who) == "channels_first"
    x = inputs if first else inputs.movedim(-1, 1)
    try:
        plan = _plan(x.shape[2:], pool_size, strides, padding)
    except TypeError:  # a list: the body makes it a tuple
        return NotImplemented
    if plan is None:
        return NotImplemented
    found = kernels[rank](x, *plan, *rest)
    return found if first else found.movedim(1, -1)


@functools.lru_cache(maxsize=4096)
def _plan(sizes, pool_size, strides, padding):
    """Window, steps and padding on both sides; None where PyTorch's kernels don't do it."""
    window = each(pool_size, len(sizes))
    steps = window if strides is None else each(strides, len(sizes))
    around = equal_padding(sizes, window, steps, padding)
    return None if around is None else (window, steps, around)


def each(value, rank):
    """An int for each dimension; None for anything else, of which the body says what is wrong."""
    found = (value,) * rank if value.__class__ is int else value
    if found.__class__ is tuple and len(found) == rank and all(v.__class__ is int and v > 0 for v in found):
        return found
    return None


def equal_padding(sizes, window, steps, padding):
    """Padding that is the same on both sides, at most half a window, as PyTorch's kernels can do it; None when it is another."""
    if window is None or steps is None or padding not in ("valid", "same"):
        return None
    if padding == "valid":
        return 0 if all(n >= k for n, k in zip(sizes, window, strict=True)) else None
    total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, window, steps, strict=True)]
    fits = all(t % 2 == 0 and t <= k for t, k in zip(total, window, strict=True))
    return tuple(t // 2 for t in total) if fits else None


TABLE = {"average_pool": average_pool, "max_pool": max_pool}
