"""What the convolution layers have in common."""

from keraunos import activations, constraints, initializers, ops, regularizers
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.layer import Layer
from keraunos.layers.spatial import PADDINGS, channel_axis, channels_of, ints, one_of, spatial_shape, window_length
from keraunos.ops.conv import biased_conv
from keraunos.util.settings import standardize_data_format


class Windowed(Layer):
    """Base of all layers that convolve: windows, a bias and an activation.

    A subclass sets ``rank``, the number of spatial dimensions, and defines ``build`` and ``call``.
    """

    _row_wise = True
    rank = None
    _paddings = PADDINGS

    def _init_windows(self, kernel_size, strides, padding, data_format, dilation_rate):
        self.kernel_size = ints(self, "kernel_size", kernel_size, self.rank)
        self.strides = ints(self, "strides", strides, self.rank)
        self.dilation_rate = ints(self, "dilation_rate", dilation_rate, self.rank)
        self.padding = one_of(self, "padding", padding, self._paddings)
        self.data_format = standardize_data_format(data_format, who(self))
        self.input_spec = InputSpec(min_ndim=self.rank + 2, max_ndim=self.rank + 2)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{who(self)}: strides and dilation_rate can't both be greater than 1, got {self.strides} and {self.dilation_rate}."
            )

    def _init_bias(self, use_bias, initializer, regularizer, constraint):
        self.use_bias = use_bias
        self.bias_initializer = initializers.get(initializer)
        self.bias_regularizer = regularizers.get(regularizer)
        self.bias_constraint = constraints.get(constraint)

    def _add_kernel(self, which, shape, name=None):
        """A weight whose initializer, regularizer and constraint are the attributes ``<which>_initializer``, ..."""
        return self.add_weight(
            shape=shape,
            initializer=getattr(self, f"{which}_initializer"),
            regularizer=getattr(self, f"{which}_regularizer"),
            constraint=getattr(self, f"{which}_constraint"),
            name=name or which,
        )

    def _built_for(self, input_shape):
        """The number of channels, which inputs have from now on."""
        if len(input_shape) != self.rank + 2:
            raise ValueError(
                f"{who(self)}: expected inputs with {self.rank + 2} dimensions (batch, {self.rank} spatial, channels), got shape "
                f"{tuple(input_shape)}."
            )
        n = channels_of(self, input_shape, self.data_format)
        self.input_spec = InputSpec(
            min_ndim=self.rank + 2, max_ndim=self.rank + 2, axes={channel_axis(self.data_format): n}
        )
        return n

    def _finish(self, x):
        """Bias and activation."""
        if self.bias is not None:
            bias = self.bias
            if self.data_format == "channels_first":
                bias = ops.reshape(bias, (-1, *(1,) * self.rank))
            x = ops.add(x, bias)
        return self._activated(x)

    def _activated(self, x):
        return x if self.activation is activations.linear else self.activation(x)

    def _window_shape(self, input_shape, channels):
        def places(i, n):
            found = window_length(n, self.kernel_size[i], self.strides[i], self.padding, self.dilation_rate[i])
            if found is not None and found < 1:
                raise ValueError(
                    f"{who(self)}: the kernel {self.kernel_size} with dilation {self.dilation_rate} does not fit into an input of "
                    f"shape {tuple(input_shape)} ({self.data_format}). Use padding='same', a smaller kernel or larger inputs."
                )
            return found

        return spatial_shape(input_shape, self.data_format, places, channels)

    def get_config(self):
        return {**super().get_config(), "activity_regularizer": regularizers.serialize(self.activity_regularizer)}


def check_filters(layer, filters, groups=1):
    """filters, when it is a positive integer that groups divides."""
    if not isinstance(filters, int) or filters < 1:
        raise ValueError(f"{who(layer)}: filters must be a positive integer, got {filters!r}.")
    if not isinstance(groups, int) or groups < 1 or filters % groups:
        raise ValueError(
            f"{who(layer)}: groups must be a positive integer that divides filters ({filters}), got {groups!r}."
        )
    return filters


class BaseConv(Windowed):
    """Base of Conv1D, Conv2D and Conv3D."""

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        groups=1,
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
        self.filters = check_filters(self, filters, groups)
        self.groups = groups
        self._init_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self._init_bias(use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def build(self, input_shape):
        channels = self._built_for(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{who(self)}: groups ({self.groups}) must divide the number of channels, got {channels} (input shape "
                f"{tuple(input_shape)}, {self.data_format})."
            )
        self.compute_output_shape(input_shape)
        self.kernel = self._add_kernel("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.bias = self._add_kernel("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs):
        where = self.strides, self.padding, self.data_format, self.dilation_rate
        if self.bias is None:
            return self._activated(ops.conv(inputs, self.kernel, *where))
        return self._activated(biased_conv(inputs, self.kernel, self.bias, *where))

    def compute_output_shape(self, input_shape):
        return self._window_shape(input_shape, self.filters)
