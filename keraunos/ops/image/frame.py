"""Borders cut off and added, and patches taken."""

import math

from keraunos.ops.conv import channels_back, channels_last, check_padding, pads, per_dimension
from keraunos.ops.image.color import check_images
from keraunos.ops.op import op
from keraunos.util.settings import standardize_data_format


def _two_of_three(name, first, second, target, size, keys, sign):
    """Complete (first, second), given two of: before, after, target size. sign is 1 for padding, -1 for cropping."""
    if sum(v is None for v in (first, second, target)) != 1:
        raise ValueError(
            f"{name}: exactly two of {', '.join(keys)} must be given, got {dict(zip(keys, (first, second, target), strict=True))}."
        )
    if target is not None:
        rest = sign * (target - size)
        first = rest - second if first is None else first
        second = rest - first if second is None else second
    if first < 0 or second < 0:
        raise ValueError(
            f"{name}: {keys[0]} and {keys[1]} must not be negative, got {first} and {second} for size {size}."
        )
    return first, second


@op(promote=None)
def pad_images(
    xp, images, top_padding=None, left_padding=None, bottom_padding=None, right_padding=None, target_height=None,
    target_width=None, data_format=None,
):  # fmt: skip
    """Images with zeros around; for each direction two of the paddings and the target size are given.

    **Shape:** ``(..., height, width, channels)``, or with the channels first, to the larger size.
    Raises ValueError when not exactly two are given, or one comes out negative.

    >>> from keraunos import ops
    >>> ops.image.pad_images([[[5]]], top_padding=0, bottom_padding=0, left_padding=1, target_width=3)[0, :, 0].tolist()
    [0, 5, 0]
    """
    data_format = check_images("pad_images", images, data_format)
    h = images.ndim - (3 if data_format == "channels_last" else 2)
    around = [(0, 0)] * images.ndim
    keys = ("top_padding", "bottom_padding", "target_height")
    around[h] = _two_of_three("pad_images", top_padding, bottom_padding, target_height, images.shape[h], keys, 1)
    keys = ("left_padding", "right_padding", "target_width")
    around[h + 1] = _two_of_three("pad_images", left_padding, right_padding, target_width, images.shape[h + 1], keys, 1)
    return xp.pad(images, around)


@op(promote=None)
def crop_images(
    xp, images, top_cropping=None, left_cropping=None, bottom_cropping=None, right_cropping=None, target_height=None,
    target_width=None, data_format=None,
):  # fmt: skip
    """Images with borders cut off; for each direction two of the croppings and the target size are given.

    **Shape:** ``(..., height, width, channels)``, or with the channels first, to the smaller size.
    Raises ValueError when not exactly two are given, or nothing would be left.

    >>> from keraunos import ops
    >>> x = [[[1], [2], [3]]]
    >>> ops.image.crop_images(x, top_cropping=0, bottom_cropping=0, left_cropping=1, target_width=1).tolist()
    [[[2]]]
    """
    data_format = check_images("crop_images", images, data_format)
    h = images.ndim - (3 if data_format == "channels_last" else 2)
    height, width = images.shape[h], images.shape[h + 1]
    keys = ("top_cropping", "bottom_cropping", "target_height")
    top, bottom = _two_of_three("crop_images", top_cropping, bottom_cropping, target_height, height, keys, -1)
    keys = ("left_cropping", "right_cropping", "target_width")
    left, right = _two_of_three("crop_images", left_cropping, right_cropping, target_width, width, keys, -1)
    if top + bottom >= height or left + right >= width:
        raise ValueError(f"crop_images: the cropping leaves nothing of images of size {(height, width)}.")
    return images[(slice(None),) * h + (slice(top, height - bottom), slice(left, width - right))]


def _patches(xp, name, x, size, strides, dilation, padding):
    """Patches of channels-last x, as channels in the order (positions of the patch, channel)."""
    rank = x.ndim - 2
    size = per_dimension(size, rank, name, "size")
    strides = size if strides is None else per_dimension(strides, rank, name, "strides")
    dilation = per_dimension(dilation, rank, name, "dilation_rate")
    windows = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    around = pads(check_padding(padding, name), x.shape[1:-1], windows, strides)
    x = xp.pad(x, ((0, 0), *around, (0, 0)))
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], windows, strides, strict=True)]
    if min(counts) < 1:
        raise ValueError(f"{name}: patches of size {size} don't fit into {tuple(x.shape[1:-1])}.")
    parts = []
    for number in range(math.prod(size)):
        place = []
        for k in reversed(size):
            number, i = divmod(number, k)
            place.insert(0, i)
        starts = [i * d for i, d in zip(place, dilation, strict=True)]
        here = [slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, counts, strides, strict=True)]
        parts.append(x[(slice(None), *here)])
    return xp.concat(parts, axis=-1)


def _extract(xp, name, what, images, rank, size, strides, dilation_rate, padding, data_format):
    data_format = standardize_data_format(data_format, name)
    if images.ndim not in (rank + 1, rank + 2):
        raise ValueError(f"{name}: {what} must have rank {rank + 1} or {rank + 2}, got shape {tuple(images.shape)}.")
    single = images.ndim == rank + 1
    x = channels_last(xp, xp.expand_dims(images, axis=0) if single else images, data_format)
    out = channels_back(xp, _patches(xp, name, x, size, strides, dilation_rate, padding), data_format)
    return out[0] if single else out


@op(promote=None)
def extract_patches(xp, images, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """Patches of images, each made a vector of its positions' channels.

    **Shape:** ``(..., height, width, channels)`` to ``(..., rows, columns, size * size * channels)``, or with the channels
    first. strides are size unless given. Raises ValueError when no patch fits.

    >>> from keraunos import ops
    >>> ops.image.extract_patches([[[1], [2], [3], [4]]], (1, 2)).tolist()
    [[[1, 2], [3, 4]]]
    """
    return _extract(xp, "extract_patches", "images", images, 2, size, strides, dilation_rate, padding, data_format)


@op(promote=None)
def extract_patches_3d(xp, volumes, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """Patches of volumes, each made a vector of its positions' channels.

    **Shape:** ``(..., depth, height, width, channels)`` to ``(..., *patches, size³ * channels)``, or with the channels first.
    strides are size unless given. Raises ValueError when no patch fits.

    >>> from keraunos import ops
    >>> ops.image.extract_patches_3d([[[[1], [2], [3], [4]]]], (1, 1, 2)).tolist()
    [[[[1, 2], [3, 4]]]]
    """
    return _extract(xp, "extract_patches_3d", "volumes", volumes, 3, size, strides, dilation_rate, padding, data_format)
