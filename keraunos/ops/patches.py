"""Images as columns of patches and back, and positions exchanged for channels. And how near two images are."""

import itertools
import math

from keraunos.ops.op import op
from keraunos.util.settings import standardize_data_format


def _pair(value, name, argument, least=1):
    values = (value, value) if isinstance(value, int) else tuple(value)
    if len(values) != 2 or any(v < least for v in values):
        raise ValueError(f"{name}: {argument} must be an int of at least {least}, or two of them, got {value!r}.")
    return values


def _geometry(name, size, kernel_size, dilation, padding, stride):
    """Kernel, dilation, padding and stride as pairs, and how many patches fit in each direction."""
    k, d = _pair(kernel_size, name, "kernel_size"), _pair(dilation, name, "dilation")
    p, s = _pair(padding, name, "padding", 0), _pair(stride, name, "stride")
    counts = [(size[i] + 2 * p[i] - d[i] * (k[i] - 1) - 1) // s[i] + 1 for i in range(2)]
    if min(counts) < 1:
        raise ValueError(
            f"{name}: a patch of kernel_size {k}, dilated by {d}, does not fit into {tuple(size)} padded by {p}."
        )
    return k, d, p, s, counts


@op
def unfold(xp, x, kernel_size, dilation=1, padding=0, stride=1):
    """The patches of an image as columns.

    **Shape:** ``(batch, channels, height, width)`` to ``(batch, channels * kernel height * kernel width, patches)``.
    Raises ValueError when x has another rank or no patch fits.

    >>> from keraunos import ops
    >>> ops.unfold(ops.convert_to_tensor([[[[1, 2, 3]]]]), (1, 2)).tolist()
    [[[1, 2], [2, 3]]]
    """
    if x.ndim != 4:
        raise ValueError(f"unfold: x must have rank 4, (batch, channels, height, width), got shape {tuple(x.shape)}.")
    k, d, p, s, (h, w) = _geometry("unfold", x.shape[2:], kernel_size, dilation, padding, stride)
    if max(p):
        x = xp.pad(x, ((0, 0), (0, 0), (p[0], p[0]), (p[1], p[1])))
    parts = [
        x[:, :, i * d[0] : i * d[0] + (h - 1) * s[0] + 1 : s[0], j * d[1] : j * d[1] + (w - 1) * s[1] + 1 : s[1]]
        for i, j in itertools.product(range(k[0]), range(k[1]))
    ]
    return xp.reshape(xp.stack(parts, axis=2), (x.shape[0], x.shape[1] * k[0] * k[1], h * w))


@op
def fold(xp, x, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """An image from columns of patches; where patches overlap they are added.

    **Shape:** ``(batch, channels * kernel height * kernel width, patches)`` to ``(batch, channels, *output_size)``.
    Raises ValueError when the numbers of rows or of patches don't fit.

    >>> from keraunos import ops
    >>> ops.fold(ops.convert_to_tensor([[[1, 2], [2, 3]]]), (1, 3), (1, 2)).tolist()
    [[[[1, 4, 3]]]]
    """
    size = _pair(output_size, "fold", "output_size")
    k, d, p, s, (h, w) = _geometry("fold", size, kernel_size, dilation, padding, stride)
    if x.ndim != 3 or x.shape[1] % (k[0] * k[1]) or x.shape[2] != h * w:
        raise ValueError(
            f"fold: x must have shape (batch, channels * {k[0] * k[1]}, {h * w}) for output_size {size}, got {tuple(x.shape)}."
        )
    channels = x.shape[1] // (k[0] * k[1])
    x = xp.reshape(x, (x.shape[0], channels, k[0] * k[1], h, 1, w, 1))
    x = xp.pad(
        x, ((0, 0),) * 4 + ((0, s[0] - 1), (0, 0), (0, s[1] - 1))
    )  # zeros between the positions of a patch's entry
    x = xp.reshape(x, (x.shape[0], channels, k[0] * k[1], h * s[0], w * s[1]))
    x = x[..., : (h - 1) * s[0] + 1, : (w - 1) * s[1] + 1]
    total = 0
    for n, place in enumerate(itertools.product(range(k[0]), range(k[1]))):
        before = [i * step for i, step in zip(place, d, strict=True)]
        after = [size[i] + 2 * p[i] - before[i] - x.shape[3 + i] for i in range(2)]
        total = total + xp.pad(x[:, :, n], ((0, 0), (0, 0), *zip(before, after, strict=True)))
    return total[:, :, p[0] : p[0] + size[0], p[1] : p[1] + size[1]]


def _rank4(name, x, block_size):
    if x.ndim != 4:
        raise ValueError(f"{name}: x must have rank 4, got shape {tuple(x.shape)}.")
    if not isinstance(block_size, int) or block_size < 1:
        raise ValueError(f"{name}: block_size must be a positive int, got {block_size!r}.")


@op(promote=None)
def space_to_depth(xp, x, block_size, data_format="channels_last"):
    """Blocks of positions moved into the channels.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, height / b, width / b, b * b * channels)``, with
    "channels_first" likewise. Raises ValueError when block_size b does not divide height and width.

    >>> from keraunos import ops
    >>> ops.space_to_depth(ops.convert_to_tensor([[[[1], [2]], [[3], [4]]]]), 2).tolist()
    [[[[1, 2, 3, 4]]]]
    """
    _rank4("space_to_depth", x, block_size)
    b = block_size
    first = standardize_data_format(data_format, "space_to_depth") == "channels_first"
    n, h, w, c = (x.shape[0], *x.shape[2:], x.shape[1]) if first else x.shape
    if h % b or w % b:
        raise ValueError(f"space_to_depth: block_size must divide height and width, {h} and {w}, got {b}.")
    if first:
        x = xp.reshape(x, (n, c, h // b, b, w // b, b))
        return xp.reshape(xp.permute_dims(x, (0, 1, 3, 5, 2, 4)), (n, c * b * b, h // b, w // b))
    x = xp.reshape(x, (n, h // b, b, w // b, b, c))
    return xp.reshape(xp.permute_dims(x, (0, 1, 3, 2, 4, 5)), (n, h // b, w // b, b * b * c))


@op(promote=None)
def depth_to_space(xp, x, block_size, data_format="channels_last"):
    """Channels moved into blocks of positions: the inverse of ``space_to_depth``.

    **Shape:** ``(batch, height, width, b * b * channels)`` to ``(batch, height * b, width * b, channels)``, with
    "channels_first" likewise. Raises ValueError when the square of block_size b does not divide the channels.

    >>> from keraunos import ops
    >>> ops.depth_to_space(ops.convert_to_tensor([[[[1, 2, 3, 4]]]]), 2).tolist()
    [[[[1], [2]], [[3], [4]]]]
    """
    _rank4("depth_to_space", x, block_size)
    b = block_size
    first = standardize_data_format(data_format, "depth_to_space") == "channels_first"
    n, h, w, c = (x.shape[0], *x.shape[2:], x.shape[1]) if first else x.shape
    if c % (b * b):
        raise ValueError(f"depth_to_space: the {c} channels must be a multiple of block_size², {b * b}.")
    c = c // (b * b)
    if first:
        x = xp.reshape(x, (n, c, b, b, h, w))
        return xp.reshape(xp.permute_dims(x, (0, 1, 4, 2, 5, 3)), (n, c, h * b, w * b))
    x = xp.reshape(x, (n, h, w, b, b, c))
    return xp.reshape(xp.permute_dims(x, (0, 1, 3, 2, 4, 5)), (n, h * b, w * b, c))


@op("x1 x2", promote="float")
def psnr(xp, x1, x2, max_val):
    """Peak signal-to-noise ratio in decibels, 20 log10(max_val) - 10 log10(mean of (x1 - x2)²).

    **Shape:** x1 and x2 equal; the result is a scalar, infinite for equal inputs. Raises ValueError when the shapes differ.

    >>> from keraunos import ops
    >>> round(float(ops.psnr([0.0, 0.0], [1.0, 1.0], 10.0)), 3)
    20.0
    """
    if tuple(x1.shape) != tuple(x2.shape):
        raise ValueError(f"psnr: x1 and x2 must have the same shape, got {tuple(x1.shape)} and {tuple(x2.shape)}.")
    away = x1 - x2
    return 20 * math.log10(max_val) - 10 * xp.log10(xp.mean(away * away))
