"""Convolution and windowed reductions of channels-last arrays on NumPy: a loop over the positions of the kernel."""

import itertools

import numpy as np


def conv(x, w, strides, padding, input_dilation, kernel_dilation, groups):
    """x ``(batch, *positions, channels)``, w ``(*kernel, channels / groups, filters)``."""
    rank = x.ndim - 2
    if max(input_dilation) > 1:
        x = _spread(x, input_dilation)
    x = np.pad(x, ((0, 0), *padding, (0, 0)))
    part, filters = w.shape[-2:]
    windows = [(k - 1) * d + 1 for k, d in zip(w.shape[:rank], kernel_dilation, strict=True)]
    sizes = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], windows, strides, strict=True)]
    out = np.zeros((x.shape[0], *sizes, groups, filters // groups), x.dtype)
    w = w.reshape(*w.shape[:rank], part, groups, filters // groups)
    for place in itertools.product(*(range(k) for k in w.shape[:rank])):
        starts = [p * d for p, d in zip(place, kernel_dilation, strict=True)]
        seen = x[(slice(None), *_slices(starts, sizes, strides))]
        seen = seen.reshape(*seen.shape[:-1], groups, part)
        if part == 1:
            out += seen * w[place][0]
        elif groups == 1:
            out[..., 0, :] += np.matmul(seen[..., 0, :], w[place][:, 0])
        else:
            out += np.einsum("...gi,igo->...go", seen, w[place])
    return out.reshape(*out.shape[:-2], filters)


def reduce_window(x, kind, window, strides, padding):
    """Maximum or sum ("max", "sum") of each window over the positions of ``(batch, *positions, channels)``."""
    fn, start = (np.maximum, _least(x.dtype)) if kind == "max" else (np.add, 0)
    x = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=start)
    sizes = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], window, strides, strict=True)]
    out = None
    for place in itertools.product(*(range(k) for k in window)):
        seen = x[(slice(None), *_slices(place, sizes, strides))]
        out = seen.copy() if out is None else fn(out, seen)
    return out


def _slices(starts, sizes, strides):
    return [slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, sizes, strides, strict=True)]


def _spread(x, dilation):
    """x with zeros between its positions."""
    sizes = [(n - 1) * d + 1 for n, d in zip(x.shape[1:-1], dilation, strict=True)]
    out = np.zeros((x.shape[0], *sizes, x.shape[-1]), x.dtype)
    out[(slice(None), *(slice(None, None, d) for d in dilation))] = x
    return out


def _least(dtype):
    if np.dtype(dtype).kind == "b":
        return False
    return np.iinfo(dtype).min if np.issubdtype(dtype, np.integer) else -np.inf
