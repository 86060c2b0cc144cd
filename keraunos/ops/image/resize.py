"""Images in another size: each axis is multiplied by a matrix of weights, whose rows sum to 1."""

import math

from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.ops.core import saturate_cast
from keraunos.ops.image.color import check_images
from keraunos.ops.op import op
from keraunos.util.errors import near


def _triangle(xp, x):
    return xp.clip(1 - x, 0.0, None)


def _cubic(xp, x):
    """Keys' kernel with a = -1/2."""
    inner = ((1.5 * x - 2.5) * x) * x + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return xp.where(x >= 2, 0.0, xp.where(x >= 1, outer, inner))


def _lanczos(radius):
    def kernel(xp, x):
        return xp.where(x > radius, 0.0, xp.sinc(x) * xp.sinc(x / radius))

    return kernel


_KERNELS = {
    "linear": _triangle, "bilinear": _triangle, "trilinear": _triangle, "triangle": _triangle,
    "cubic": _cubic, "bicubic": _cubic, "tricubic": _cubic, "lanczos3": _lanczos(3), "lanczos5": _lanczos(5),
}  # fmt: skip
_RESIZE = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")


def _weights(xp, n, m, scale, translation, method, antialias):
    """How much each of n positions adds to each of m: ``(m, n)``."""
    new, old = (xp.astype(xp.arange(k), scale.dtype) for k in (m, n))
    seen = (new + 0.5 - translation) / scale - 0.5  # where each new position lies in the old
    width = xp.maximum(1 / scale, xp.ones_like(scale)) if antialias else 1
    away = xp.abs(xp.expand_dims(seen, axis=1) - old) / width
    weights = _KERNELS[method](xp, away)
    total = xp.sum(weights, axis=1, keepdims=True)
    weights = xp.where(xp.abs(total) > 1e-4, weights / xp.where(total == 0, 1.0, total), 0.0)
    inside = (seen >= -0.5) & (seen <= n - 0.5)
    return xp.where(xp.expand_dims(inside, axis=1), weights, 0.0)


def _apply(xp, x, weights, axis):
    return xp.moveaxis(xp.tensordot(x, xp.astype(weights, x.dtype), axes=[[axis], [1]]), -1, axis)


def _aspect(name, images, size, axes, crop):
    """(start, count) along both axes of the largest centred part, or smallest frame, with the proportions of ``size``."""
    h, w = (images.shape[a] for a in axes)
    by_width, by_height = int(w * size[0] / size[1]), int(h * size[1] / size[0])
    fit = min if crop else max
    new = fit(h, by_width), fit(w, by_height)
    return [(int((n - k) / 2) if crop else int((k - n) / 2), max(k, 1)) for n, k in zip((h, w), new, strict=True)]


@op(promote=None)
def resize(
    xp, images, size, interpolation="bilinear", antialias=False, crop_to_aspect_ratio=False, pad_to_aspect_ratio=False,
    fill_mode="constant", fill_value=0.0, data_format=None,
):  # fmt: skip
    """Images of another height and width.

    **Shape:** ``(..., height, width, channels)`` to ``(..., *size, channels)``, or with the channels first; dtype kept, ints
    rounded. interpolation is "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5"; ``antialias`` widens it when the
    images shrink. To keep proportions, cut the images first, or fill them up with ``fill_value``.
    Raises ValueError for another interpolation or fill_mode, and when both cutting and filling are asked for.

    >>> from keraunos import ops
    >>> ops.image.resize([[[1.0], [3.0]]], (1, 4))[0, :, 0].tolist()
    [1.0, 1.5, 2.5, 3.0]
    """
    data_format = check_images("resize", images, data_format)
    if interpolation not in _RESIZE:
        raise ValueError(
            f"resize: interpolation must be one of {_RESIZE}, got {interpolation!r}.{near(interpolation, _RESIZE)}"
        )
    if fill_mode != "constant":
        raise ValueError(f"resize: fill_mode must be 'constant', got {fill_mode!r}.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("resize: crop_to_aspect_ratio and pad_to_aspect_ratio can't both be true.")
    size = tuple(size)
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"resize: size must be two positive ints, (height, width), got {size}.")
    axes = (images.ndim - 3, images.ndim - 2) if data_format == "channels_last" else (images.ndim - 2, images.ndim - 1)
    x = images
    if crop_to_aspect_ratio or pad_to_aspect_ratio:
        parts = _aspect("resize", x, size, axes, crop_to_aspect_ratio)
        for axis, (start, count) in zip(axes, parts, strict=True):
            if crop_to_aspect_ratio:
                x = x[(slice(None),) * axis + (slice(start, start + count),)]
            else:
                around = [(0, 0)] * x.ndim
                around[axis] = (start, start)
                x = xp.pad(x, around, constant_values=fill_value)
    if interpolation == "nearest":
        for axis, m in zip(axes, size, strict=True):
            n = x.shape[axis]
            places = [min(math.floor((i + 0.5) * n / m), n - 1) for i in range(m)]
            x = xp.take(x, xp.asarray(places), axis=axis)
        return x
    name = standardize_dtype(images.dtype)
    x = x if is_float_dtype(name) else xp.astype(x, "float32")
    for axis, m in zip(axes, size, strict=True):
        n = x.shape[axis]
        if n != m:
            scale = xp.asarray(m / n, xp.to_dtype("float32"))
            x = _apply(xp, x, _weights(xp, n, m, scale, 0.0, interpolation, antialias), axis)
    return x if is_float_dtype(name) else saturate_cast(xp.round(x), name)


@op("images scale translation", promote="float")
def scale_and_translate(xp, images, output_shape, scale, translation, spatial_dims, method, antialias=True):
    """Images enlarged by ``scale``, then moved by ``translation``, along each of ``spatial_dims``.

    **Shape:** images of any rank to ``output_shape`` of the same rank; scale and translation have one entry for each of
    spatial_dims. method is "linear", "cubic", "lanczos3" or "lanczos5". What comes from outside is 0.

    >>> from keraunos import ops
    >>> ops.image.scale_and_translate([1.0, 3.0], (4,), [2.0], [0.0], (0,), "linear").tolist()
    [1.0, 1.5, 2.5, 3.0]
    """
    if method not in _KERNELS:
        raise ValueError(
            f"scale_and_translate: method must be one of {tuple(_KERNELS)}, got {method!r}.{near(method, _KERNELS)}"
        )
    if (
        len(output_shape) != images.ndim
        or scale.shape != (len(spatial_dims),)
        or translation.shape != (len(spatial_dims),)
    ):
        raise ValueError(
            f"scale_and_translate: output_shape must have {images.ndim} entries, scale and translation one for each of "
            f"spatial_dims {tuple(spatial_dims)}; got {tuple(output_shape)}, {tuple(scale.shape)}, {tuple(translation.shape)}."
        )
    exact = "float64" if standardize_dtype(scale.dtype) == "float64" else "float32"
    scale, translation = xp.astype(scale, exact), xp.astype(translation, exact)
    for i, axis in enumerate(spatial_dims):
        weights = _weights(xp, images.shape[axis], output_shape[axis], scale[i], translation[i], method, antialias)
        images = _apply(xp, images, weights, axis % images.ndim)
    return images
