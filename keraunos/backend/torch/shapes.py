"""Functions that arrange elements anew."""

import numpy as np
import torch
import torch.nn.functional as F

from keraunos.backend.torch.dtypes import to_dtype, widening


def reshape(x, shape):
    """x in another shape."""
    try:
        return x.reshape(shape)
    except RuntimeError as e:
        raise ValueError(str(e)) from e


def expand_dims(x, axis):
    """x with a dimension of size 1 inserted."""
    return x.unsqueeze(axis)


def squeeze(x, axis):
    """x without dimensions of size 1."""
    return x.squeeze(axis)


def permute_dims(x, axes):
    """x with its axes in another order."""
    return x.permute(axes)


def moveaxis(x, source, destination):
    """x with axes moved."""
    return x.movedim(source, destination)


def swapaxes(x, axis1, axis2):
    """x with two axes exchanged."""
    return x.transpose(axis1, axis2)


def matrix_transpose(x):
    """x with its last two axes exchanged."""
    return x.mT


def flip(x, axis=None):
    """x in reverse order along axes (None: all)."""
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    return _flip(x, axes)


_flip = widening(torch.flip)


def roll(x, shift, axis=None):
    """x with its elements moved."""
    if isinstance(axis, tuple) and isinstance(shift, int):
        shift = (shift,) * len(axis)
    return torch.roll(x, shift, axis)


def rot90(x, k=1, axes=(0, 1)):
    """x turned by k quarters."""
    return _rot90(x, k, axes)


_rot90 = widening(torch.rot90)


def repeat(x, repeats, axis):
    """Each element repeated."""
    if isinstance(repeats, int):
        return torch.repeat_interleave(x, repeats, axis)
    total = None
    if not isinstance(repeats, torch.Tensor):
        repeats = np.broadcast_to(repeats, (x.shape[axis],))
        total = int(repeats.sum())
        repeats = torch.as_tensor(np.array(repeats), device=x.device)
    repeats = repeats.long().reshape(-1).expand(x.shape[axis])
    return torch.repeat_interleave(x, repeats, axis, output_size=total)


def tile(x, repeats):
    """x laid side by side."""
    return torch.tile(x, tuple(repeats))


def concat(xs, axis=0):
    """Tensors joined along an axis."""
    return torch.cat(tuple(xs), axis)


def stack(xs, axis=0):
    """Tensors joined along a new axis."""
    return torch.stack(tuple(xs), axis)


def broadcast_to(x, shape):
    """x repeated to fill a shape."""
    return torch.broadcast_to(x, tuple(shape))


def broadcast_arrays(*xs):
    """Tensors of their common shape."""
    return torch.broadcast_tensors(*xs)


def meshgrid(*xs, indexing="xy"):
    """Coordinates of a grid."""
    n = len(xs)
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[:2] = 1, 0
    shape = [0] * n
    for x, place in zip(xs, places, strict=True):
        shape[place] = x.numel()
    return [x.reshape([-1 if a == p else 1 for a in range(n)]).expand(shape) for x, p in zip(xs, places, strict=True)]


def diagonal(x, offset=0, axis1=0, axis2=1):
    """The diagonal of the plane of two axes."""
    return torch.diagonal(x, offset, axis1, axis2)


def tril(x, k=0):
    """x with zeros above diagonal k."""
    return _tril(x, k)


def triu(x, k=0):
    """x with zeros below diagonal k."""
    return _triu(x, k)


_tril, _triu = widening(torch.tril), widening(torch.triu)


def view(x, dtype):
    """The bits of x as another dtype, the last dimension changed."""
    dtype = to_dtype(dtype)
    if not x.numel():  # has no strides that PyTorch could divide
        return x.new_empty((*x.shape[:-1], x.shape[-1] * x.dtype.itemsize // dtype.itemsize), dtype=dtype)
    return x.contiguous().view(dtype)


def pad(x, widths, mode="constant", constant_values=0):
    """x with a border: ``widths`` are (before, after) for each axis."""
    if mode in ("constant", "empty"):
        return _pad(x, [w for pair in reversed(widths) for w in pair], value=constant_values)
    for axis, (before, after) in enumerate(widths):
        if before or after:
            x = _BORDERS.get(mode, _copied)(x, axis, before, after, mode)
    return x


_pad = widening(F.pad)


def _copied(x, axis, before, after, mode):
    """A border of elements of x."""
    places = np.pad(np.arange(x.shape[axis]), (before, after), mode)
    return x.index_select(axis, torch.from_numpy(places).to(x.device))


def _statistic(x, axis, before, after, mode):
    """A border of one value for each line along the axis."""
    if mode == "median":
        middle = torch.sort(x, axis).values
        low, high = (middle.narrow(axis, i, 1) for i in ((x.shape[axis] - 1) // 2, x.shape[axis] // 2))
        value = ((low + high) / 2).to(x.dtype)
    elif mode == "mean":
        value = torch.mean(x if x.is_floating_point() else x.double(), axis, True)
        value = value if x.is_floating_point() else torch.round(value).to(x.dtype)
    else:
        value = (torch.amax if mode == "maximum" else torch.amin)(x, axis, True)
    return torch.cat([value.repeat_interleave(before, axis), x, value.repeat_interleave(after, axis)], axis)


def _ramp(x, axis, before, after, mode):
    """A border that falls linearly to 0."""
    parts = []
    for edge, n in ((0, before), (x.shape[axis] - 1, after)):
        share = torch.arange(n, device=x.device).reshape([-1 if a == axis else 1 for a in range(x.ndim)]) / max(n, 1)
        share = share if edge == 0 else share.flip(axis)
        parts.append((x.narrow(axis, edge, 1) * share).to(x.dtype))
    return torch.cat([parts[0], x, parts[1]], axis)


_BORDERS = {"linear_ramp": _ramp} | dict.fromkeys(("maximum", "minimum", "mean", "median"), _statistic)

FUNCTIONS = (
    *(reshape, expand_dims, squeeze, permute_dims, moveaxis, swapaxes, matrix_transpose, flip, roll, rot90),
    *(repeat, tile, concat, stack, broadcast_to, broadcast_arrays, meshgrid, diagonal, tril, triu, view, pad),
)
