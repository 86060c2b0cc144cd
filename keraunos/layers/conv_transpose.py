"""Transposed convolutions over one, two and three dimensions."""

from keraunos import activations, constraints, initializers, ops, regularizers
from keraunos.layers.conv_base import Windowed, check_filters
from keraunos.layers.input_spec import who
from keraunos.layers.spatial import ints, spatial_shape, with_defaults
from keraunos.util import registry


class BaseConvTranspose(Windowed):
    """Base of Conv1DTranspose, Conv2DTranspose and Conv3DTranspose."""

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        output_padding=None,
        data_format=None,
        dilation_rate=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = check_filters(self, filters)
        self._init_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = ints(self, "output_padding", output_padding, self.rank, least=0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"{who(self)}: output_padding must be less than strides {self.strides} in each dimension, got {output_padding!r}."
                )
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self._init_bias(use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def build(self, input_shape):
        channels = self._built_for(input_shape)
        self.kernel = self._add_kernel("kernel", (*self.kernel_size, self.filters, channels))
        self.bias = self._add_kernel("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs):
        x = ops.conv_transpose(
            inputs,
            self.kernel,
            self.strides,
            self.padding,
            output_padding=self.output_padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self._finish(x)

    def compute_output_shape(self, input_shape):
        def length(i, n):
            if n is None:
                return None
            stride = self.strides[i]
            window = (self.kernel_size[i] - 1) * self.dilation_rate[i] + 1
            if self.output_padding is None:
                return n * stride if self.padding == "same" else n * stride + max(window - stride, 0)
            return (
                (n - 1) * stride
                + window
                - (2 * (window // 2) if self.padding == "same" else 0)
                + self.output_padding[i]
            )

        return spatial_shape(input_shape, self.data_format, length, self.filters)


@registry.builtin("keras.layers")
class Conv1DTranspose(BaseConvTranspose):
    """Transposed convolution of sequences: the output is longer than the input by the factor ``strides``.

    Args:
        filters: number of output channels.
        kernel_size: width of the window.
        strides: by how much the window moves in the output.
        padding: "valid" (all of the output) or "same" (input length times strides).
        output_padding: how many positions are added at the end of the output, less than strides; None: what padding says.
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.
        dilation_rate: distance of the outputs that a window reaches.
        activation: name or function; None: linear.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how the weights begin.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections applied after each update.

    **Shape:** ``(batch, steps, channels)`` to ``(batch, new steps, filters)``; new steps are ``steps * strides`` with "same",
    ``steps * strides + max(kernel_size - strides, 0)`` with "valid". With "channels_first" channels and filters come second.

    >>> import keraunos as keras
    >>> keras.layers.Conv1DTranspose(3, 2, strides=2)(keras.ops.ones((1, 5, 2))).shape
    (1, 10, 3)
    """

    rank = 1


@registry.builtin("keras.layers")
class Conv2DTranspose(BaseConvTranspose):
    """Transposed convolution of images: the output is larger than the input by the factors ``strides``.

    Args:
        filters: number of output channels.
        kernel_size, strides, output_padding, dilation_rate: an int, or two; see ``Conv1DTranspose`` for them and the rest.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, new height, new width, filters)``; with "channels_first" channels
    and filters come second.

    >>> import keraunos as keras
    >>> keras.layers.Conv2DTranspose(8, 3, strides=2, padding="same")(keras.ops.ones((1, 7, 7, 4))).shape
    (1, 14, 14, 8)
    """

    rank = 2
    __init__ = with_defaults(BaseConvTranspose.__init__, strides=(1, 1), dilation_rate=(1, 1))


@registry.builtin("keras.layers")
class Conv3DTranspose(BaseConvTranspose):
    """Transposed convolution of volumes: the output is larger than the input by the factors ``strides``.

    Args:
        filters: number of output channels.
        kernel_size, strides, output_padding, dilation_rate: an int, or three; see ``Conv1DTranspose`` for them and the rest.

    **Shape:** ``(batch, d1, d2, d3, channels)`` to ``(batch, new d1, new d2, new d3, filters)``; with "channels_first" channels
    and filters come second.

    >>> import keraunos as keras
    >>> keras.layers.Conv3DTranspose(2, 3, strides=2, padding="same")(keras.ops.ones((1, 3, 4, 5, 1))).shape
    (1, 6, 8, 10, 2)
    """

    rank = 3

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1, 1),
        padding="valid",
        data_format=None,
        output_padding=None,
        dilation_rate=(1, 1, 1),
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(  # data_format stands before output_padding here
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )


Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
