"""Maximum and mean over windows of one, two or three spatial dimensions."""

import functools
import math

import numpy as np

from keraunos.backend.dtypes import is_float_dtype
from keraunos.ops.conv import channels_back, channels_last, check_padding, hashable, pads, per_dimension
from keraunos.ops.op import op
from keraunos.util import settings
from keraunos.util.settings import standardize_data_format


def _prepare(xp, name, inputs, pool_size, strides, padding, data_format):
    """Channels-last inputs, window, strides, resolved padding and data format."""
    data_format = standardize_data_format(data_format, name)
    rank = inputs.ndim - 2
    if not 1 <= rank <= 3:
        raise ValueError(f"{name}: inputs must have rank 3, 4 or 5, got shape {tuple(inputs.shape)}.")
    x = channels_last(xp, inputs, data_format)
    plan = _plan(name, tuple(x.shape[1:-1]), hashable(pool_size), hashable(strides), padding)
    return x, *plan, data_format


@functools.lru_cache(maxsize=4096)
def _plan(name, sizes, pool_size, strides, padding):
    """Window, strides and padding for each dimension."""
    rank = len(sizes)
    window = per_dimension(pool_size, rank, name, "pool_size")
    strides = window if strides is None else per_dimension(strides, rank, name, "strides")
    padding = check_padding(padding, name)
    if padding == "valid" and any(n < k for n, k in zip(sizes, window, strict=True)):
        raise ValueError(
            f"{name}: pool_size {window} does not fit into the inputs' positions {sizes}; use padding='same'."
        )
    return window, strides, tuple(pads(padding, sizes, window, strides))


@op("inputs")
def max_pool(xp, inputs, pool_size, strides=None, padding="valid", data_format=None):
    """Maximum of each window; among equal values, the gradient goes to the first.

    **Shape:** inputs ``(batch, *positions, channels)``, or ``(batch, channels, *positions)`` with "channels_first"; positions
    become (n - pool) // stride + 1 with "valid", ceil(n / stride) with "same". strides are pool_size unless given.
    Raises ValueError when the window does not fit.

    >>> from keraunos import ops
    >>> ops.max_pool(ops.convert_to_tensor([[[1.0], [3.0], [2.0], [0.0]]]), 2).tolist()
    [[[3.0], [2.0]]]
    """
    x, window, strides, resolved, data_format = _prepare(
        xp, "max_pool", inputs, pool_size, strides, padding, data_format
    )
    return channels_back(xp, xp.reduce_window(x, "max", window, strides, resolved), data_format)


@op("inputs")
def average_pool(xp, inputs, pool_size, strides=None, padding="valid", data_format=None):
    """Mean of each window; with padding "same", of those of its positions that lie inside the inputs.

    **Shape:** as for ``max_pool``. Raises ValueError when the window does not fit.

    >>> from keraunos import ops
    >>> ops.average_pool(ops.convert_to_tensor([[[1.0], [3.0], [2.0], [0.0]]]), 2).tolist()
    [[[2.0], [1.0]]]
    """
    x, window, strides, resolved, data_format = _prepare(
        xp, "average_pool", inputs, pool_size, strides, padding, data_format
    )
    if not is_float_dtype(x.dtype):
        x = xp.astype(x, settings.floatx())
    sizes = x.shape[1:-1]
    out = xp.reduce_window(x, "sum", window, strides, resolved)
    counts = _counts(sizes, window, strides, resolved)
    out = out / math.prod(window) if counts is None else out / xp.asarray(counts, out.dtype)
    return channels_back(xp, out, data_format)


def _counts(sizes, window, strides, resolved):
    """How many positions of each window lie inside, ``(*positions, 1)``; None when all do."""
    if not any(a or b for a, b in resolved):
        return None
    found = np.ones((1,) * len(sizes))
    for d, (n, k, s, (before, after)) in enumerate(zip(sizes, window, strides, resolved, strict=True)):
        start = np.arange((n + before + after - k) // s + 1) * s - before
        inside = np.minimum(start + k, n) - np.maximum(start, 0)
        found = found * inside.reshape([-1 if i == d else 1 for i in range(len(sizes))])
    return found[..., None]


def _adaptive(xp, name, inputs, output_size, data_format, along_axis):
    """Pool each spatial axis to its size: window i of m covers floor(i n / m) to ceil((i + 1) n / m) of n positions."""
    data_format = standardize_data_format(data_format, name)
    rank = inputs.ndim - 2
    if not 1 <= rank <= 3:
        raise ValueError(f"{name}: inputs must have rank 3, 4 or 5, got shape {tuple(inputs.shape)}.")
    sizes = (output_size,) * rank if output_size is None or isinstance(output_size, int) else tuple(output_size)
    if len(sizes) != rank or any(m is not None and m < 1 for m in sizes):
        raise ValueError(f"{name}: output_size must be a positive int or {rank} of them, got {output_size!r}.")
    x = channels_last(xp, inputs, data_format)
    for axis, m in enumerate(sizes, start=1):
        n = x.shape[axis]
        if m is not None and m != n:
            i = np.arange(m)
            x = along_axis(x, axis, i * n // m, -(-(i + 1) * n // m))
    return channels_back(xp, x, data_format)


@op("inputs")
def adaptive_max_pool(xp, inputs, output_size, data_format=None):
    """Maximum of windows that are chosen such that the result has ``output_size`` positions.

    **Shape:** inputs as for ``max_pool``, with output_size (an int, or one for each dimension) in place of the positions.

    >>> from keraunos import ops
    >>> ops.adaptive_max_pool(ops.convert_to_tensor([[[1.0], [3.0], [2.0]]]), 2).tolist()
    [[[3.0], [3.0]]]
    """

    def along_axis(x, axis, start, stop):
        place = start[:, None] + np.arange((stop - start).max())  # (windows, positions in a window)
        shape = (*x.shape[:axis], *place.shape, *x.shape[axis + 1 :])
        seen = xp.take(x, xp.asarray(np.minimum(place, stop[:, None] - 1).ravel().astype("int32")), axis=axis)
        return xp.max(xp.reshape(seen, shape), axis=axis + 1)

    return _adaptive(xp, "adaptive_max_pool", inputs, output_size, data_format, along_axis)


@op("inputs")
def adaptive_average_pool(xp, inputs, output_size, data_format=None):
    """Mean of windows that are chosen such that the result has ``output_size`` positions.

    **Shape:** inputs as for ``max_pool``, with output_size (an int, or one for each dimension) in place of the positions.

    >>> from keraunos import ops
    >>> ops.adaptive_average_pool(ops.convert_to_tensor([[[1.0], [3.0], [2.0]]]), 2).tolist()
    [[[2.0], [2.5]]]
    """
    if not is_float_dtype(inputs.dtype):
        inputs = xp.astype(inputs, settings.floatx())

    def along_axis(x, axis, start, stop):
        place = np.arange(x.shape[axis])
        weights = ((place >= start[:, None]) & (place < stop[:, None])) / (stop - start)[
            :, None
        ]  # (windows, positions)
        return xp.moveaxis(xp.tensordot(x, xp.asarray(weights, x.dtype), axes=[[axis], [1]]), -1, axis)

    return _adaptive(xp, "adaptive_average_pool", inputs, output_size, data_format, along_axis)
