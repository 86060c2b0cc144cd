"""Means over windows by PyTorch's kernel, which counts only what lies inside."""

import torch.nn.functional as F

from keraunos.util import settings

_MEAN = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def average_pool(xp, inputs, pool_size, strides, padding, data_format):
    """Mean of each window, where padding is none or the same on both sides."""
    rank = inputs.ndim - 2
    if rank not in _MEAN or not inputs.is_floating_point():
        return NotImplemented
    first = settings.standardize_data_format(data_format, "average_pool") == "channels_first"
    x = inputs if first else inputs.movedim(-1, 1)
    window = _each(pool_size, rank)
    steps = window if strides is None else _each(strides, rank)
    around = _around(x.shape[2:], window, steps, padding)
    if window is None or steps is None or around is None:
        return NotImplemented
    found = _MEAN[rank](x, window, steps, around, False, False)
    return found if first else found.movedim(1, -1)


def _each(value, rank):
    """An int for each dimension; None for anything else, of which the body says what is wrong."""
    found = (value,) * rank if value.__class__ is int else value
    if found.__class__ is tuple and len(found) == rank and all(v.__class__ is int and v > 0 for v in found):
        return found
    return None


def _around(sizes, window, steps, padding):
    """Padding that is the same on both sides, as PyTorch's pooling can do it; None when it is another."""
    if window is None or steps is None or padding not in ("valid", "same"):
        return None
    if padding == "valid":
        return 0 if all(n >= k for n, k in zip(sizes, window, strict=True)) else None
    total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, window, steps, strict=True)]
    fits = all(t % 2 == 0 and t <= k for t, k in zip(total, window, strict=True))
    return tuple(t // 2 for t in total) if fits else None


TABLE = {"average_pool": average_pool}
