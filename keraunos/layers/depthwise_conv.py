"""Convolutions of each channel by itself."""

from keraunos import activations, constraints, initializers, ops, regularizers
from keraunos.layers.conv_base import Windowed
from keraunos.layers.input_spec import who
from keraunos.layers.spatial import channels_of, with_defaults
from keraunos.util import registry


class BaseDepthwiseConv(Windowed):
    """Base of DepthwiseConv1D and DepthwiseConv2D."""

    def __init__(
        self,
        kernel_size,
        strides=1,
        padding="valid",
        depth_multiplier=1,
        data_format=None,
        dilation_rate=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.depth_multiplier = check_multiplier(self, depth_multiplier)
        self._init_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self.activation = activations.get(activation)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self._init_bias(use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def build(self, input_shape):
        channels = self._built_for(input_shape)
        self.kernel = self._add_kernel("depthwise", (*self.kernel_size, channels, self.depth_multiplier), name="kernel")
        self.bias = self._add_kernel("bias", (channels * self.depth_multiplier,)) if self.use_bias else None

    def call(self, inputs):
        x = ops.depthwise_conv(inputs, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate)
        return self._finish(x)

    def compute_output_shape(self, input_shape):
        return self._window_shape(input_shape, channels_of(self, input_shape, self.data_format) * self.depth_multiplier)


def check_multiplier(layer, value):
    """depth_multiplier, when it is a positive integer."""
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{who(layer)}: depth_multiplier must be a positive integer, got {value!r}.")
    return value


@registry.builtin("keras.layers")
class DepthwiseConv1D(BaseDepthwiseConv):
    """Convolution of each channel of a sequence by kernels of its own: ``activation(depthwise_conv(x, kernel) + bias)``.

    Args:
        kernel_size: width of the window.
        strides: by how much the window moves.
        padding: "valid" (none) or "same" (the output is as long as the input where strides is 1).
        depth_multiplier: number of outputs for each channel.
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.
        dilation_rate: distance of the inputs that a window sees.
        activation: name or function; None: linear.
        use_bias: whether there is a bias.
        depthwise_initializer, bias_initializer: how the weights begin.
        depthwise_regularizer, bias_regularizer, activity_regularizer: penalties.
        depthwise_constraint, bias_constraint: projections applied after each update.

    **Shape:** ``(batch, steps, channels)`` to ``(batch, new steps, channels * depth_multiplier)``; with "channels_first" the
    channels come second.

    >>> import keraunos as keras
    >>> keras.layers.DepthwiseConv1D(3, depth_multiplier=2)(keras.ops.ones((1, 5, 4))).shape
    (1, 3, 8)
    """

    rank = 1


@registry.builtin("keras.layers")
class DepthwiseConv2D(BaseDepthwiseConv):
    """Convolution of each channel of an image by kernels of its own: ``activation(depthwise_conv(x, kernel) + bias)``.

    Args:
        kernel_size, strides, dilation_rate: an int, or two; see ``DepthwiseConv1D`` for them and the rest.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, new height, new width, channels * depth_multiplier)``; with
    "channels_first" the channels come second.

    >>> import keraunos as keras
    >>> keras.layers.DepthwiseConv2D(3, padding="same")(keras.ops.ones((1, 5, 5, 4))).shape
    (1, 5, 5, 4)
    """

    rank = 2
    __init__ = with_defaults(BaseDepthwiseConv.__init__, strides=(1, 1), dilation_rate=(1, 1))
