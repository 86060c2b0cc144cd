"""Functions that pick, order and place elements."""

import math

import numpy as np
import torch

from keraunos.backend.torch.dtypes import widening


def _from_start(indices, n):
    """int64 indices that count from the start."""
    indices = indices.long()
    return torch.where(indices < 0, indices + n, indices)


def take(x, indices, axis):
    """Elements of x at indices along an axis."""
    axis %= x.ndim
    found = _index_select(x, axis, _from_start(indices, x.shape[axis]).reshape(-1))
    return found if indices.ndim == 1 else found.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def take_rows(x, rows):
    """x[rows] for indices that are known to be in range; a single one may come from a program, so its value is not read."""
    if rows.ndim == 1:
        return torch.index_select(x, 0, rows)
    return torch.index_select(x, 0, rows.reshape(-1)).reshape(*rows.shape, *x.shape[1:])


def take_along_axis(x, indices, axis):
    """For each place of indices the element of x with that index."""
    return _take_along(x, _from_start(indices, x.shape[axis]), axis)


_index_select, _take_along = widening(torch.index_select), widening(torch.take_along_dim)


def get_item(x, key):
    """x[key] as in NumPy: PyTorch knows no negative steps, and takes uint8 for booleans."""
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(k, slice) and k.step is not None and k.step < 0 for k in parts):
        x, parts = _turned(x, parts)
    return x[tuple(_index(k) for k in parts)]


def _index(k):
    if isinstance(k, np.ndarray):
        k = torch.from_numpy(np.array(k))
    if not isinstance(k, torch.Tensor) or k.dtype in (torch.bool, torch.int64, torch.int32):
        return k
    return k.long()


def _turned(x, parts):
    """x turned along the axes that are read backwards, and the slices that read the same forwards."""
    used = sum(1 if not _is_mask(k) else k.ndim for k in parts if k is not None and k is not Ellipsis)
    axis, turned, found = 0, [], []
    for k in parts:
        if k is Ellipsis:
            axis += x.ndim - used
        elif k is not None:
            if isinstance(k, slice) and k.step is not None and k.step < 0:
                n = x.shape[axis]
                start, stop, step = k.indices(n)
                turned.append(axis)
                k = slice(n - 1 - start, max(n - 1 - stop, n - 1 - start), -step)
            axis += k.ndim if _is_mask(k) else 1
        found.append(k)
    return torch.flip(x, turned), tuple(found)


def _is_mask(k):
    return hasattr(k, "dtype") and k.dtype in (torch.bool, np.dtype(bool))


def nonzero(x):
    """Indices of the elements that aren't 0."""
    if not x.ndim:
        raise ValueError("nonzero: x must have at least one dimension, got a scalar.")
    return torch.nonzero(x if x.dtype is torch.bool else x.ne(0), as_tuple=True)


def sort(x, axis=-1):
    """The elements in rising order, NaN last."""
    return torch.sort(x, dim=axis, stable=True).values if x.ndim else x


def argsort(x, axis=-1, stable=True):
    """The indices that sort x."""
    return torch.argsort(x, dim=axis, stable=stable)


def argpartition(x, kth, axis=-1):
    """Indices that sort x, which bring the element of rank kth to its place too."""
    return torch.argsort(x, dim=axis, stable=True)


def searchsorted(edges, values, side="left"):
    """Where values have to be inserted to keep edges sorted."""
    return _searchsorted(edges.contiguous(), values.contiguous(), right=side == "right")


_searchsorted = widening(torch.searchsorted)


def unique_sized(
    x, size, fill_value, axis=None, return_index=False, return_inverse=False, return_counts=False, **options
):
    """The different elements or slices in rising order, cut or filled with ``fill_value`` (None: the first) to ``size``."""
    at = 0 if axis is None else axis
    if x.is_meta:
        return _unique_shapes(x, size, axis, return_index, return_inverse, return_counts)
    rows = x.reshape(-1) if axis is None else x
    _, inverse, counts = _unique(rows, dim=at, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    places = torch.arange(rows.shape[at], device=x.device)
    first = torch.full_like(counts, rows.shape[at]).scatter_reduce(0, inverse, places, "amin")
    values = _index_select(rows, at, first)
    inverse = inverse.reshape(x.shape) if axis is None else inverse
    if size is not None:
        missing = size - counts.shape[0]
        values, first, counts = values.narrow(at, 0, min(size, counts.shape[0])), first[:size], counts[:size]
        if missing > 0:
            fill = values.narrow(at, 0, 1)
            fill = fill if fill_value is None else torch.full_like(fill, fill_value)
            values = torch.cat([values, *[fill] * missing], at)
            first = torch.cat([first, first[:1].expand(missing)])
            counts = torch.cat([counts, counts.new_zeros(missing)])
    asked = ((return_index, first), (return_inverse, inverse), (return_counts, counts))
    found = (values, *(part for wanted, part in asked if wanted))
    return found if len(found) > 1 else values


_unique = widening(torch.unique)


def _unique_shapes(x, size, axis, *asked):
    """Tensors without values, in the shapes of the result."""
    if size is None:
        raise ValueError("unique: size must be given where values are not known.")
    values = x.new_empty((size,) if axis is None else (*x.shape[:axis], size, *x.shape[axis + 1 :]))
    parts = [(size,), x.shape if axis is None else (x.shape[axis],), (size,)]
    found = [x.new_empty(shape, dtype=torch.int64) for wanted, shape in zip(asked, parts, strict=True) if wanted]
    return (values, *found) if found else values


def scatter_reduce(x, indices, values, mode):
    """x with ``values`` combined in at ``indices`` (last axis of ``indices`` addresses the leading axes of x)."""
    return _scatter(x, indices.long(), values, mode=mode)


@widening
def _scatter(x, indices, values, mode):
    k = indices.shape[-1]
    if mode == "replace":
        return x.index_put(indices.unbind(-1), values)
    if mode == "add" and k > 1:
        return x.index_put(indices.unbind(-1), values, accumulate=True)
    lead, rest = x.shape[:k], x.shape[k:]
    place = 0
    for i, n in zip(indices.unbind(-1), lead, strict=True):
        place = place * n + torch.where(i < 0, i + n, i)
    place = place.reshape(-1)
    values = torch.broadcast_to(values, (*indices.shape[:-1], *rest)).reshape(place.shape[0], *rest)
    flat = x.reshape(math.prod(lead), *rest)
    if mode == "add":
        return flat.index_add(0, place, values).reshape(x.shape)
    place = place.reshape(-1, *(1,) * len(rest)).expand(values.shape)
    mode = {"max": "amax", "min": "amin", "prod": "prod"}[mode]
    return flat.scatter_reduce(0, place, values, mode).reshape(x.shape)


def dynamic_slice(x, starts, sizes):
    """The block of these sizes at ``starts``, which are moved such that it lies inside."""
    return x[_block(x, starts, sizes)]


def dynamic_update_slice(x, update, starts):
    """x with ``update`` written at ``starts``, which are moved such that it lies inside."""
    out = x.clone()
    out[_block(x, starts, update.shape)] = update
    return out


def _block(x, starts, sizes):
    if any(isinstance(a, torch.Tensor) and a.is_meta for a in starts):
        return tuple(slice(0, k) for k in sizes)  # only the shape counts
    starts = [int(a) for a in starts]
    starts = [a + n if a < 0 else a for a, n in zip(starts, x.shape, strict=True)]
    starts = [min(max(a, 0), n - k) for a, n, k in zip(starts, x.shape, sizes, strict=True)]
    return tuple(slice(a, a + k) for a, k in zip(starts, sizes, strict=True))


FUNCTIONS = (
    *(take, take_rows, take_along_axis, get_item, nonzero, sort, argsort, argpartition, searchsorted, unique_sized),
    *(scatter_reduce, dynamic_slice, dynamic_update_slice),
)
