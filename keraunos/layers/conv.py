"""Convolutions over one, two and three dimensions."""

from keraunos.layers.conv_base import BaseConv
from keraunos.layers.spatial import with_defaults
from keraunos.util import registry


@registry.builtin("keras.layers")
class Conv1D(BaseConv):
    """Convolution of sequences: ``activation(conv(x, kernel) + bias)``.

    Args:
        filters: number of output channels.
        kernel_size: width of the window.
        strides: by how much the window moves.
        padding: "valid" (none), "same" (the output is as long as the input), or "causal" (output t sees inputs up to t).
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.
        dilation_rate: distance of the inputs that a window sees.
        groups: into how many groups the channels are split, each with filters of its own.
        activation: name or function; None: linear.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how the weights begin.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections applied after each update.

    **Shape:** ``(batch, steps, channels)`` to ``(batch, new steps, filters)``; with "channels_first" ``(batch, channels, steps)``
    to ``(batch, filters, new steps)``.

    Raises:
        ValueError: an argument is out of its range; the kernel does not fit into the input; groups does not divide the channels.

    >>> import keraunos as keras
    >>> keras.layers.Conv1D(3, 2, padding="causal")(keras.ops.ones((1, 5, 2))).shape
    (1, 5, 3)
    """

    rank = 1
    _paddings = ("valid", "same", "causal")


@registry.builtin("keras.layers")
class Conv2D(BaseConv):
    """Convolution of images: ``activation(conv(x, kernel) + bias)``.

    Args:
        filters: number of output channels.
        kernel_size: an int, or (height, width) of the window.
        strides: an int, or two: by how much the window moves.
        padding: "valid" (none) or "same" (the output is as large as the input where strides are 1).
        data_format, dilation_rate, groups, activation, use_bias and the rest: see ``Conv1D``.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, new height, new width, filters)``; with "channels_first" the
    channels and filters come second.

    Raises:
        ValueError: an argument is out of its range; the kernel does not fit into the input; groups does not divide the channels.

    >>> import keraunos as keras
    >>> keras.layers.Conv2D(8, 3, activation="relu")(keras.ops.ones((1, 28, 28, 1))).shape
    (1, 26, 26, 8)
    """

    rank = 2
    __init__ = with_defaults(BaseConv.__init__, strides=(1, 1), dilation_rate=(1, 1))


@registry.builtin("keras.layers")
class Conv3D(BaseConv):
    """Convolution of volumes or videos: ``activation(conv(x, kernel) + bias)``.

    Args:
        filters: number of output channels.
        kernel_size: an int, or three: the window.
        strides: an int, or three: by how much the window moves.
        padding: "valid" (none) or "same" (the output is as large as the input where strides are 1).
        data_format, dilation_rate, groups, activation, use_bias and the rest: see ``Conv1D``.

    **Shape:** ``(batch, d1, d2, d3, channels)`` to ``(batch, new d1, new d2, new d3, filters)``; with "channels_first" the
    channels and filters come second.

    Raises:
        ValueError: an argument is out of its range; the kernel does not fit into the input; groups does not divide the channels.

    >>> import keraunos as keras
    >>> keras.layers.Conv3D(2, 3, strides=2, padding="same")(keras.ops.ones((1, 8, 8, 8, 1))).shape
    (1, 4, 4, 4, 2)
    """

    rank = 3
    __init__ = with_defaults(BaseConv.__init__, strides=(1, 1, 1), dilation_rate=(1, 1, 1))


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
