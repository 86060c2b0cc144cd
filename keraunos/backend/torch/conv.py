"""Convolution and windowed reductions of channels-last tensors.

PyTorch wants the channels at place 1; a channels-last tensor seen so is its "channels_last" memory format, which its kernels
read and write as it is: nothing is copied.
"""

import itertools
import math

import torch
import torch.nn.functional as F

from keraunos.backend.torch.dtypes import widening
from keraunos.backend.torch.pooling import each, equal_padding
from keraunos.util import settings

_CONV = {1: widening(F.conv1d), 2: widening(F.conv2d), 3: widening(F.conv3d)}
_TRANSPOSED = {1: widening(F.conv_transpose1d), 2: widening(F.conv_transpose2d), 3: widening(F.conv_transpose3d)}
_MAX_POOL = {1: widening(F.max_pool1d), 2: widening(F.max_pool2d), 3: widening(F.max_pool3d)}
_AVG_POOL = {2: widening(F.avg_pool2d), 3: widening(F.avg_pool3d)}


def conv(x, w, strides, padding, input_dilation, kernel_dilation, groups):
    """x ``(batch, *positions, channels)``, w ``(*kernel, channels / groups, filters)``."""
    if max(input_dilation) > 1:
        if max(strides) == 1 and groups == 1:
            return _transposed(x, w, input_dilation, padding, kernel_dilation)
        x = _spread(x, input_dilation)
    same = all(a == b for a, b in padding)
    if not same:
        x = _bordered(x, padding, 0)
    around = tuple(a for a, _ in padding) if same else 0
    return _convolved(x.movedim(-1, 1), w, None, strides, around, kernel_dilation, groups).movedim(1, -1)


def _convolved(x, w, bias, strides, around, dilation, groups):
    """The convolution of an x with its channels at place 1."""
    rank = x.ndim - 2
    w = w.permute(rank + 1, rank, *range(rank))  # (filters, channels / groups, *kernel)
    return _CONV[rank](x, w, bias, strides, around, dilation, groups)


def biased_conv(xp, inputs, kernel, bias, strides, padding, data_format, dilation_rate):
    """The convolution with its bias in one kernel, where padding is none or the same on both sides."""
    rank = inputs.ndim - 2
    if rank not in _CONV or kernel.ndim != inputs.ndim or not inputs.is_floating_point():
        return NotImplemented
    first = settings.standardize_data_format(data_format, "conv") == "channels_first"
    x = inputs if first else inputs.movedim(-1, 1)
    part, filters = kernel.shape[-2:]
    steps, dilation = each(strides, rank), each(dilation_rate, rank)
    if not part or x.shape[1] % part or filters % (x.shape[1] // part) or bias.shape != (filters,) or dilation is None:
        return NotImplemented
    reach = tuple([(k - 1) * d + 1 for k, d in zip(kernel.shape, dilation, strict=False)])
    around = equal_padding(x.shape[2:], reach, steps, padding)
    if around is None or (max(steps) > 1 and max(dilation) > 1):
        return NotImplemented
    found = _convolved(x, kernel, bias, steps, around, dilation, x.shape[1] // part)
    return found if first else found.movedim(1, -1)


def _transposed(x, w, strides, padding, dilation):
    """The convolution of an x with zeros between its positions, by the kernel that spreads it."""
    rank = x.ndim - 2
    w = w.flip(tuple(range(rank))).permute(rank, rank + 1, *range(rank))  # (channels, filters, *kernel)
    reach = [(k - 1) * d for k, d in zip(w.shape[2:], dilation, strict=True)]
    cut = [(r - a, r - b) for r, (a, b) in zip(reach, padding, strict=True)]  # positions to leave out before and after
    around = tuple(max(min(pair), 0) for pair in cut)
    out = _TRANSPOSED[rank](x.movedim(-1, 1), w, None, strides, around, 0, 1, dilation).movedim(1, -1)
    rest = [(p - a, p - b) for p, (a, b) in zip(around, cut, strict=True)]
    return _bordered(out, rest, 0) if any(a or b for a, b in rest) else out


def _bordered(x, padding, value):
    """x with positions added around (or, for negative numbers, left out)."""
    return F.pad(x, [0, 0, *(n for pair in reversed(padding) for n in pair)], value=value)


def _spread(x, dilation):
    """x with zeros between its positions."""
    sizes = [(n - 1) * d + 1 for n, d in zip(x.shape[1:-1], dilation, strict=True)]
    out = x.new_zeros((x.shape[0], *sizes, x.shape[-1]))
    out[(slice(None), *(slice(None, None, d) for d in dilation))] = x
    return out


def reduce_window(x, kind, window, strides, padding):
    """Maximum or sum ("max", "sum") of each window over the positions of ``(batch, *positions, channels)``.

    Among equal values the gradient of a maximum goes to the first.
    """
    if not x.is_floating_point():
        return _by_place(x, kind, window, strides, padding)
    around, x = _around(x, window, padding, -math.inf if kind == "max" else 0)
    x = x.movedim(-1, 1)
    if kind == "max":
        found = _MAX_POOL[len(window)](x, window, strides, around)
    else:
        found = _sum_pool(x, window, strides, around)
    return found.movedim(1, -1)


def _around(x, window, padding, value):
    """Padding that PyTorch's pooling does itself (equal on both sides, at most half a window), else x with a border."""
    if all(a == b <= k // 2 for (a, b), k in zip(padding, window, strict=True)):
        return tuple(a for a, _ in padding), x
    return 0, _bordered(x, padding, value)


def _sum_pool(x, window, strides, around):
    """Sums, as means that are divided by 1."""
    if len(window) > 1:
        return _AVG_POOL[len(window)](x, window, strides, around, divisor_override=1)
    around = (0, *around) if around else 0
    return _AVG_POOL[2](x.unsqueeze(2), (1, *window), (1, *strides), around, divisor_override=1).squeeze(2)


def _by_place(x, kind, window, strides, padding):
    """For integers, which PyTorch's pooling doesn't know: a loop over the places in a window."""
    low = 0 if kind == "sum" or x.dtype is torch.bool else torch.iinfo(x.dtype).min
    x = _bordered(x, padding, low)
    sizes = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], window, strides, strict=True)]
    out = None
    for place in itertools.product(*(range(k) for k in window)):
        inside = [slice(p, p + (n - 1) * s + 1, s) for p, n, s in zip(place, sizes, strides, strict=True)]
        seen = x[(slice(None), *inside)]
        out = seen if out is None else (_maximum if kind == "max" else _add)(out, seen)
    return out.clone() if len(window) == 1 else out


_maximum, _add = widening(torch.maximum), widening(torch.add)

FUNCTIONS = (conv, reduce_window)
TABLE = {"biased_conv": biased_conv}
