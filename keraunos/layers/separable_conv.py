"""A convolution of each channel by itself, and then one that mixes the channels of each position."""

from keraunos import activations, constraints, initializers, ops, regularizers
from keraunos.layers.conv_base import Windowed, check_filters
from keraunos.layers.depthwise_conv import check_multiplier
from keraunos.layers.spatial import with_defaults
from keraunos.util import registry


class BaseSeparableConv(Windowed):
    """Base of SeparableConv1D and SeparableConv2D."""

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        pointwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        pointwise_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = check_filters(self, filters)
        self.depth_multiplier = check_multiplier(self, depth_multiplier)
        self._init_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self.activation = activations.get(activation)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self._init_bias(use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape):
        channels = self._built_for(input_shape)
        self.depthwise_kernel = self._add_kernel(
            "depthwise", (*self.kernel_size, channels, self.depth_multiplier), name="depthwise_kernel"
        )
        self.pointwise_kernel = self._add_kernel(
            "pointwise", (*(1,) * self.rank, channels * self.depth_multiplier, self.filters), name="pointwise_kernel"
        )
        self.bias = self._add_kernel("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs):
        x = ops.separable_conv(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
        )
        return self._finish(x)

    def compute_output_shape(self, input_shape):
        return self._window_shape(input_shape, self.filters)


@registry.builtin("keras.layers")
class SeparableConv1D(BaseSeparableConv):
    """Depthwise convolution of sequences followed by a mixing of the channels: fewer weights than ``Conv1D``.

    Args:
        filters: number of output channels.
        kernel_size: width of the window.
        strides: by how much the window moves.
        padding: "valid" (none) or "same" (the output is as long as the input where strides is 1).
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.
        dilation_rate: distance of the inputs that a window sees.
        depth_multiplier: number of depthwise outputs for each channel.
        activation: name or function; None: linear.
        use_bias: whether there is a bias.
        depthwise_initializer, pointwise_initializer, bias_initializer: how the weights begin.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer: penalties.
        depthwise_constraint, pointwise_constraint, bias_constraint: projections applied after each update.

    **Shape:** ``(batch, steps, channels)`` to ``(batch, new steps, filters)``; with "channels_first" channels and filters come
    second. Source: Chollet, 2016, https://arxiv.org/abs/1610.02357.

    >>> import keraunos as keras
    >>> keras.layers.SeparableConv1D(8, 3)(keras.ops.ones((1, 5, 4))).shape
    (1, 3, 8)
    """

    rank = 1


@registry.builtin("keras.layers")
class SeparableConv2D(BaseSeparableConv):
    """Depthwise convolution of images followed by a mixing of the channels: fewer weights than ``Conv2D``.

    Args:
        filters: number of output channels.
        kernel_size, strides, dilation_rate: an int, or two; see ``SeparableConv1D`` for them and the rest.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, new height, new width, filters)``; with "channels_first" channels
    and filters come second. Source: Chollet, 2016, https://arxiv.org/abs/1610.02357.

    >>> import keraunos as keras
    >>> keras.layers.SeparableConv2D(8, 3, padding="same")(keras.ops.ones((1, 5, 5, 4))).shape
    (1, 5, 5, 8)
    """

    rank = 2
    __init__ = with_defaults(BaseSeparableConv.__init__, strides=(1, 1), dilation_rate=(1, 1))


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
