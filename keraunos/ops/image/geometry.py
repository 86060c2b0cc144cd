"""Images sampled at other coordinates: by hand, by an affine map, by a perspective one."""

import itertools

from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.ops.core import saturate_cast
from keraunos.ops.image.color import check_images
from keraunos.ops.op import op
from keraunos.util.errors import near

_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
_ORDERS = {"nearest": 0, "bilinear": 1}


def _mirrored(xp, i, n):
    """0 1 2 3 2 1 0 1 …, the ends not repeated."""
    if n == 1:
        return xp.zeros_like(i)
    return xp.abs((i + n - 1) % (2 * (n - 1)) - (n - 1))


def _inside(xp, i, n, mode):
    """Indices brought into 0 .. n - 1."""
    if mode == "wrap":
        return i % n
    if mode == "mirror":
        return _mirrored(xp, i, n)
    if mode == "reflect":
        return _mirrored(xp, 2 * i + 1, 2 * n + 1) // 2
    return xp.clip(i, 0, n - 1)


def sample(xp, x, coordinates, order, mode, fill_value):
    """Values of x at real coordinates, a list with one array for each axis of x; order 0 is nearest, 1 linear."""
    corners = [_neighbours(xp, c, order) for c in coordinates]
    total = 0
    for corner in itertools.product(*corners):
        places = tuple(_inside(xp, i, n, mode) for (i, _), n in zip(corner, x.shape, strict=True))
        value = x[places]
        if mode == "constant":
            for (i, _), n in zip(corner, x.shape, strict=True):
                value = xp.where((i >= 0) & (i < n), value, fill_value)
        for _, weight in corner:
            value = value if weight is None else value * weight
        total = total + value
    return total


def check_mode(name, mode):
    """Raise for an unknown fill_mode."""
    if mode not in _MODES:
        raise ValueError(f"{name}: fill_mode must be one of {_MODES}, got {mode!r}.{near(mode, _MODES)}")


def check_order(name, interpolation):
    if interpolation not in _ORDERS:
        raise ValueError(f"{name}: interpolation must be one of {tuple(_ORDERS)}, got {interpolation!r}.")
    return _ORDERS[interpolation]


@op("inputs coordinates", promote=None)
def map_coordinates(xp, inputs, coordinates, order, fill_mode="constant", fill_value=0):
    """Values of an array at real coordinates.

    **Shape:** inputs of rank r, coordinates ``(r, ...)``, result ``(...)``. order is 0 (nearest) or 1 (linear). fill_mode says
    what lies outside: "constant" (fill_value), "nearest" (the edge), "wrap", "mirror" or "reflect" (the edge repeated).

    >>> from keraunos import ops
    >>> ops.image.map_coordinates([0.0, 10.0, 20.0], [[0.5, 1.0, 7.0]], order=1).tolist()
    [5.0, 10.0, 0.0]
    """
    check_mode("map_coordinates", fill_mode)
    if order not in (0, 1):
        raise ValueError(f"map_coordinates: order must be 0 or 1, got {order!r}.")
    if coordinates.ndim < 2 or coordinates.shape[0] != inputs.ndim:
        raise ValueError(
            f"map_coordinates: coordinates must have shape ({inputs.ndim}, ...), one row for each dimension of inputs "
            f"{tuple(inputs.shape)}, got {tuple(coordinates.shape)}."
        )
    name = standardize_dtype(inputs.dtype)
    if not is_float_dtype(coordinates.dtype):
        coordinates = xp.astype(coordinates, "float32")
    x = inputs if is_float_dtype(name) else xp.astype(inputs, "float32")
    out = sample(xp, x, [coordinates[i] for i in range(inputs.ndim)], order, fill_mode, fill_value)
    return out if is_float_dtype(name) else xp.astype(xp.round(out), name)


def _warp(xp, name, images, transform, interpolation, fill_mode, fill_value, data_format):
    """images at the projective map of each of their positions; ``transform`` is ``(batch, 8)``."""
    order = check_order(name, interpolation)
    x = planes(xp, images, data_format)
    batch, h, w, _ = x.shape
    exact = "float64" if standardize_dtype(x.dtype) == "float64" else "float32"  # of coordinates
    a = xp.astype(transform if transform.ndim == 2 else xp.expand_dims(transform, axis=0), exact)
    if a.ndim != 2 or a.shape[1] != 8 or a.shape[0] not in (1, batch):
        raise ValueError(f"{name}: transform must have shape (8,) or ({batch}, 8), got {tuple(transform.shape)}.")
    a = [xp.reshape(a[:, i], (-1, 1, 1, 1)) for i in range(8)]
    down = xp.reshape(xp.astype(xp.arange(h), exact), (1, h, 1, 1))
    right = xp.reshape(xp.astype(xp.arange(w), exact), (1, 1, w, 1))
    depth = a[6] * right + a[7] * down + 1
    column = (a[0] * right + a[1] * down + a[2]) / depth
    row = (a[3] * right + a[4] * down + a[5]) / depth
    return resample(xp, images, x, row, column, order, fill_mode, fill_value, data_format)


def planes(xp, images, data_format):
    """Images as floats ``(batch, height, width, channels)``."""
    x = images if is_float_dtype(images.dtype) else xp.astype(images, "float32")
    x = x if x.ndim == 4 else xp.expand_dims(x, axis=0)
    return x if data_format == "channels_last" else xp.moveaxis(x, 1, -1)


def resample(xp, images, x, row, column, order, fill_mode, fill_value, data_format):
    """x, the ``planes`` of images, at real rows and columns that broadcast to its shape; in the layout and dtype of images."""
    dtype = standardize_dtype(images.dtype)
    row, column = (at + xp.zeros(x.shape, dtype=at.dtype) for at in (row, column))
    # Batch and channel are indices as they are: only rows and columns are interpolated.
    n = xp.reshape(xp.arange(x.shape[0]), (-1, 1, 1, 1))
    c = xp.arange(x.shape[-1])
    out = _sample_plane(xp, x, n, c, row, column, order, fill_mode, fill_value)
    out = out if data_format == "channels_last" else xp.moveaxis(out, -1, 1)
    out = out if images.ndim == 4 else out[0]
    return xp.astype(out, dtype) if is_float_dtype(dtype) else saturate_cast(xp.round(out), dtype)


def _sample_plane(xp, x, n, c, row, column, order, mode, fill_value):
    """``sample`` over the two middle axes of ``(batch, height, width, channels)``."""
    total = 0
    near_rows, near_columns = _neighbours(xp, row, order), _neighbours(xp, column, order)
    for (i, u), (j, v) in itertools.product(near_rows, near_columns):
        value = x[n, _inside(xp, i, x.shape[1], mode), _inside(xp, j, x.shape[2], mode), c]
        if mode == "constant":
            value = xp.where((i >= 0) & (i < x.shape[1]) & (j >= 0) & (j < x.shape[2]), value, fill_value)
        total = total + (value if u is None else value * (u * v))
    return total


def _neighbours(xp, at, order):
    """The (index, weight) of what a coordinate lies between; halves are rounded away from 0."""
    if order == 0:
        return [(xp.astype(xp.sign(at) * xp.floor(xp.abs(at) + 0.5), "int32"), None)]
    low = xp.floor(at)
    i = xp.astype(low, "int32")
    return [(i, 1 - (at - low)), (i + 1, at - low)]


@op("images transform", promote=None)
def affine_transform(
    xp, images, transform, interpolation="bilinear", fill_mode="constant", fill_value=0, data_format=None
):
    """Images moved, turned, scaled and sheared: the result at (x, y) is the image at (a₀x + a₁y + a₂, b₀x + b₁y + b₂).

    **Shape:** ``(..., height, width, channels)``, or with the channels first, kept; transform ``(8,)`` or ``(batch, 8)``, rows
    a₀ a₁ a₂ b₀ b₁ b₂ c₀ c₁, with both coordinates divided by c₀x + c₁y + 1. fill_mode as in ``map_coordinates``.

    >>> from keraunos import ops
    >>> move = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    >>> ops.image.affine_transform([[[1.0], [2.0], [3.0]]], move)[0, :, 0].tolist()
    [2.0, 3.0, 0.0]
    """
    data_format = check_images("affine_transform", images, data_format)
    check_mode("affine_transform", fill_mode)
    return _warp(xp, "affine_transform", images, transform, interpolation, fill_mode, fill_value, data_format)


@op("images start_points end_points", promote=None)
def perspective_transform(
    xp, images, start_points, end_points, interpolation="bilinear", fill_value=0, data_format=None
):
    """Images as seen when four of their points, ``start_points``, move to ``end_points``.

    **Shape:** ``(..., height, width, channels)``, or with the channels first, kept; points ``(4, 2)`` or ``(batch, 4, 2)``, as
    (x, y). What comes from outside is fill_value.

    >>> from keraunos import ops
    >>> corners = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> ops.image.perspective_transform(ops.ones((2, 2, 1)), corners, corners)[..., 0].tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    data_format = check_images("perspective_transform", images, data_format)
    check_order("perspective_transform", interpolation)
    for name, points in (("start_points", start_points), ("end_points", end_points)):
        if tuple(points.shape[-2:]) != (4, 2) or points.ndim not in (2, 3):
            raise ValueError(f"perspective_transform: {name} must have shape (..., 4, 2), got {tuple(points.shape)}.")
    start, end = (xp.reshape(xp.astype(p, "float32"), (-1, 4, 2)) for p in (start_points, end_points))
    x, y, u, v = end[..., 0], end[..., 1], start[..., 0], start[..., 1]  # (batch, 4): u, v belong at x, y
    one, zero = xp.ones_like(x), xp.zeros_like(x)
    rows = [[x, y, one, zero, zero, zero, -x * u, -y * u], [zero, zero, zero, x, y, one, -x * v, -y * v]]
    matrix = xp.concat([xp.stack(r, axis=-1) for r in rows], axis=1)  # (batch, 8, 8)
    values = xp.expand_dims(xp.concat([u, v], axis=1), axis=-1)
    transform = xp.squeeze(xp.linalg.solve(matrix, values), axis=-1)
    return _warp(xp, "perspective_transform", images, transform, interpolation, "constant", fill_value, data_format)
