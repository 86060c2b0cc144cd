"""Images convolved by fixed kernels: blur, edges, structural similarity."""

import numpy as np

from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.ops import checks
from keraunos.ops.core import saturate_cast
from keraunos.ops.image.color import check_images
from keraunos.ops.op import op


def _bell(size, sigma):
    """A Gaussian of ``size`` positions that sums to 1."""
    x = np.arange(size) - (size - 1) / 2
    found = np.exp(-(x**2) / (2 * sigma**2))
    return found / found.sum()


def _each_channel(xp, x, kernel, padding):
    """Convolve each channel of channels-last batches by the NumPy kernel ``(height, width, filters)``."""
    channels = x.shape[-1]
    w = np.tile(kernel[:, :, None, :], (1, 1, 1, channels))  # (height, width, 1, channels * filters)
    around = [((k - 1) // 2, k // 2) if padding == "same" else (0, 0) for k in kernel.shape[:2]]
    return xp.conv(x, xp.asarray(w, x.dtype), (1, 1), around, (1, 1), (1, 1), channels)


def _batch_last(xp, images, data_format):
    x = images if data_format == "channels_last" else xp.moveaxis(images, -3, -1)
    return x if x.ndim == 4 else xp.expand_dims(x, axis=0)


def blurred(xp, x, size, sigma):
    """Channels-last batches convolved by a Gaussian, zeros around."""
    kernel = np.outer(_bell(size[0], sigma[0]), _bell(size[1], sigma[1]))
    return _each_channel(xp, x, kernel[:, :, None], "same")


@op(promote=None)
def gaussian_blur(xp, images, kernel_size=(3, 3), sigma=(1.0, 1.0), data_format=None):
    """Images convolved by a Gaussian of ``kernel_size`` positions and standard deviations ``sigma``, zeros around.

    **Shape:** ``(..., height, width, channels)``, or with the channels first, kept; dtype kept, ints rounded.

    >>> from keraunos import ops
    >>> round(float(ops.image.gaussian_blur(ops.ones((3, 3, 1)))[1, 1, 0]), 3)
    1.0
    """
    data_format = check_images("gaussian_blur", images, data_format)
    name = standardize_dtype(images.dtype)
    x = _batch_last(xp, images if is_float_dtype(name) else xp.astype(images, "float32"), data_format)
    x = blurred(xp, x, kernel_size, sigma)
    x = x if data_format == "channels_last" else xp.moveaxis(x, -1, -3)
    x = x if images.ndim == 4 else x[0]
    return x if is_float_dtype(name) else saturate_cast(xp.round(x), name)


_SOBEL = np.stack([np.outer([-1, 0, 1], [1, 2, 1]), np.outer([1, 2, 1], [-1, 0, 1])], axis=-1)


@op(promote="float")
def sobel_edges(xp, images, data_format=None):
    """How the brightness changes downwards and to the right, by Sobel's kernels, zeros around.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, height, width, channels, 2)``, or with the channels first.

    >>> from keraunos import ops
    >>> ops.image.sobel_edges(ops.reshape(ops.arange(9.0), (1, 3, 3, 1)))[0, 1, 1, 0].tolist()
    [24.0, 8.0]
    """
    data_format = check_images("sobel_edges", images, data_format)
    if images.ndim != 4:
        raise ValueError(f"sobel_edges: images must have rank 4, got shape {tuple(images.shape)}.")
    x = _batch_last(xp, images, data_format)
    parts = [_each_channel(xp, x, _SOBEL[:, :, i : i + 1], "same") for i in range(2)]
    out = xp.stack(parts, axis=-1)
    return out if data_format == "channels_last" else xp.moveaxis(out, 3, 1)


@op("image1 image2", promote="float")
def ssim(xp, image1, image2, max_val=1.0, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03, data_format=None):
    """Structural similarity, between -1 and 1 (equal images).

    **Shape:** both ``(batch, height, width, channels)``, or with the channels first; result ``(batch,)``.
    Raises ValueError when the shapes differ or the images are smaller than the filter.
    Source: Wang et al., 2004, https://doi.org/10.1109/TIP.2003.819861.

    >>> from keraunos import ops
    >>> x = ops.ones((1, 16, 16, 1))
    >>> ops.image.ssim(x, x).tolist()
    [1.0]
    """
    data_format = check_images("ssim", image1, data_format)
    if tuple(image1.shape) != tuple(image2.shape):
        raise ValueError(
            f"ssim: image1 and image2 must have the same shape, got {tuple(image1.shape)} and {tuple(image2.shape)}."
        )
    checks.integer("ssim", filter_size, "filter_size", 1)
    x, y = _batch_last(xp, image1, data_format), _batch_last(xp, image2, data_format)
    if min(x.shape[1:3]) < filter_size:
        raise ValueError(
            f"ssim: images must be at least {filter_size} × {filter_size} (filter_size), got {tuple(x.shape[1:3])}."
        )
    bell = _bell(filter_size, filter_sigma)
    kernel = np.outer(bell, bell)[:, :, None]

    def mean(z):
        return _each_channel(xp, z, kernel, "valid")

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    found = (2 * mx * my + c1) * (2 * both + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    out = xp.mean(found, axis=(1, 2, 3))
    return out if image1.ndim == 4 else out[0]
