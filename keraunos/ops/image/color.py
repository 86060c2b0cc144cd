"""Colours: grey, and hue with saturation and value."""

from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.ops.op import op
from keraunos.util.settings import standardize_data_format


def check_images(name, images, data_format, channels=None):
    """The layout, after checking rank 3 or 4 and the number of channels."""
    data_format = standardize_data_format(data_format, name)
    if images.ndim not in (3, 4):
        raise ValueError(
            f"{name}: images must have rank 3 (one image) or 4 (a batch), got shape {tuple(images.shape)}."
        )
    axis = channel_axis(data_format)
    if channels is not None and images.shape[axis] != channels:
        raise ValueError(
            f"{name}: images must have {channels} channels at axis {axis} ({data_format}), got shape {tuple(images.shape)}."
        )
    return data_format


def channel_axis(data_format):
    """Place of the channels, from the end."""
    return -1 if data_format == "channels_last" else -3


def _three(xp, images, data_format):
    x = xp.moveaxis(images, channel_axis(data_format), -1)
    return x[..., 0], x[..., 1], x[..., 2]


def _float_only(name, images):
    if not is_float_dtype(images.dtype):
        raise ValueError(
            f"{name}: images must be floats in [0, 1], got dtype {standardize_dtype(images.dtype)}; divide by 255."
        )


@op(promote=None)
def rgb_to_grayscale(xp, images, data_format=None):
    """0.2989 red + 0.5870 green + 0.1140 blue.

    **Shape:** ``(..., height, width, 3)`` to ``(..., height, width, 1)``, or with the channels first; dtype kept.

    >>> from keraunos import ops
    >>> round(float(ops.image.rgb_to_grayscale([[[0.0, 1.0, 0.0]]])[0, 0, 0]), 3)
    0.587
    """
    data_format = check_images("rgb_to_grayscale", images, data_format, 3)
    name = standardize_dtype(images.dtype)
    x = images if is_float_dtype(name) else xp.astype(images, "float32")
    r, g, b = _three(xp, x, data_format)
    return xp.astype(xp.expand_dims(0.2989 * r + 0.5870 * g + 0.1140 * b, axis=channel_axis(data_format)), name)


@op(promote=None)
def rgb_to_hsv(xp, images, data_format=None):
    """Hue, saturation and value, each in [0, 1], of red, green and blue in [0, 1].

    **Shape:** ``(..., height, width, 3)``, or with the channels first, kept. Raises ValueError for ints.

    >>> from keraunos import ops
    >>> ops.image.rgb_to_hsv([[[0.0, 0.5, 0.0]]])[0, 0].tolist()[1:]
    [1.0, 0.5]
    """
    data_format = check_images("rgb_to_hsv", images, data_format, 3)
    _float_only("rgb_to_hsv", images)
    r, g, b = _three(xp, images, data_format)
    value = xp.maximum(xp.maximum(r, g), b)
    spread = value - xp.minimum(xp.minimum(r, g), b)
    grey, black = spread == 0, value == 0
    safe = xp.where(grey, 1.0, spread)
    hue = xp.where(value == g, (b - r) / safe + 2, (r - g) / safe + 4)
    hue = xp.where(value == r, (g - b) / safe, hue) / 6
    hue = xp.where(grey, 0.0, xp.where(hue < 0, hue + 1, hue))
    saturation = xp.where(black, 0.0, spread / xp.where(black, 1.0, value))
    return xp.astype(xp.stack([hue, saturation, value], axis=channel_axis(data_format)), images.dtype)


@op(promote=None)
def hsv_to_rgb(xp, images, data_format=None):
    """Red, green and blue of hue, saturation and value, all in [0, 1].

    **Shape:** ``(..., height, width, 3)``, or with the channels first, kept. Raises ValueError for ints.

    >>> from keraunos import ops
    >>> ops.image.hsv_to_rgb([[[0.0, 1.0, 0.5]]])[0, 0].tolist()
    [0.5, 0.0, 0.0]
    """
    data_format = check_images("hsv_to_rgb", images, data_format, 3)
    _float_only("hsv_to_rgb", images)
    hue, saturation, value = _three(xp, images, data_format)

    def channel(turn):
        """How bright a primary is: 1 near its own hue, 0 opposite, linear between."""
        away = (hue * 6 + turn) % 6
        dark = xp.clip(xp.minimum(away, 4 - away), 0.0, 1.0)
        return value - value * saturation * dark

    parts = [channel(turn) for turn in (5, 3, 1)]
    return xp.astype(xp.stack(parts, axis=channel_axis(data_format)), images.dtype)
