"""Maxima and means over windows."""

from keraunos import ops
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.layer import Layer
from keraunos.layers.spatial import PADDINGS, ints, one_of, spatial_shape, window_length, with_defaults
from keraunos.util import registry
from keraunos.util.settings import standardize_data_format


class Pooling(Layer):
    """Base of the layers that pool windows; a subclass sets ``rank`` and ``_pool``, a function of ``keras.ops``."""

    _row_wise = True
    rank = None
    _pool = None

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.pool_size = ints(self, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else ints(self, "strides", strides, self.rank)
        self.padding = one_of(self, "padding", padding, PADDINGS)
        self.data_format = standardize_data_format(data_format, who(self))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs):
        return type(self)._pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)

    def compute_output_shape(self, input_shape):
        def places(i, n):
            found = window_length(n, self.pool_size[i], self.strides[i], self.padding)
            if found is not None and found < 1:
                raise ValueError(
                    f"{who(self)}: pool_size {self.pool_size} does not fit into an input of shape {tuple(input_shape)} "
                    f"({self.data_format}). Use padding='same', a smaller pool_size or larger inputs."
                )
            return found

        return spatial_shape(input_shape, self.data_format, places)


class BaseMaxPooling(Pooling):
    """Base of MaxPooling1D, MaxPooling2D and MaxPooling3D."""

    _pool = staticmethod(ops.max_pool)


class BaseAveragePooling(Pooling):
    """Base of AveragePooling1D, AveragePooling2D and AveragePooling3D."""

    _pool = staticmethod(ops.average_pool)

    def __init__(self, pool_size, strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


@registry.builtin("keras.layers")
class MaxPooling1D(BaseMaxPooling):
    """The maximum of each window of a sequence.

    Args:
        pool_size: width of the window.
        strides: by how much it moves; None: pool_size.
        padding: "valid" (windows lie inside) or "same" (ceil(steps / strides) windows).
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.

    **Shape:** ``(batch, steps, features)`` to ``(batch, new steps, features)``; with "channels_first" the features come second.

    Raises:
        ValueError: the window does not fit into the input; an argument is out of its range.

    >>> import keraunos as keras
    >>> keras.layers.MaxPooling1D(2)(keras.ops.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
    [[[3.0], [2.0]]]
    """

    rank = 1


@registry.builtin("keras.layers")
class MaxPooling2D(BaseMaxPooling):
    """The maximum of each window of an image.

    Args:
        pool_size: an int, or (height, width) of the window.
        strides: an int, or two: by how much it moves; None: pool_size.
        padding, data_format: see ``MaxPooling1D``.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, new height, new width, channels)``; with "channels_first" the
    channels come second.

    >>> import keraunos as keras
    >>> keras.layers.MaxPooling2D()(keras.ops.ones((1, 28, 28, 3))).shape
    (1, 14, 14, 3)
    """

    rank = 2
    __init__ = with_defaults(Pooling.__init__, pool_size=(2, 2))


@registry.builtin("keras.layers")
class MaxPooling3D(BaseMaxPooling):
    """The maximum of each window of a volume.

    Args:
        pool_size: an int, or three: the window.
        strides: an int, or three: by how much it moves; None: pool_size.
        padding, data_format: see ``MaxPooling1D``.

    **Shape:** ``(batch, d1, d2, d3, channels)`` to ``(batch, new d1, new d2, new d3, channels)``; with "channels_first" the
    channels come second.

    >>> import keraunos as keras
    >>> keras.layers.MaxPooling3D()(keras.ops.ones((1, 8, 8, 8, 3))).shape
    (1, 4, 4, 4, 3)
    """

    rank = 3
    __init__ = with_defaults(Pooling.__init__, pool_size=(2, 2, 2))


@registry.builtin("keras.layers")
class AveragePooling1D(BaseAveragePooling):
    """The mean of each window of a sequence; positions of padding don't count.

    Args:
        pool_size, strides, padding, data_format: see ``MaxPooling1D``.

    **Shape:** ``(batch, steps, features)`` to ``(batch, new steps, features)``; with "channels_first" the features come second.

    >>> import keraunos as keras
    >>> keras.layers.AveragePooling1D(2)(keras.ops.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
    [[[2.0], [1.0]]]
    """

    rank = 1


@registry.builtin("keras.layers")
class AveragePooling2D(BaseAveragePooling):
    """The mean of each window of an image; positions of padding don't count.

    Args:
        pool_size, strides, padding, data_format: see ``MaxPooling2D``.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, new height, new width, channels)``; with "channels_first" the
    channels come second.

    >>> import keraunos as keras
    >>> keras.layers.AveragePooling2D(2)(keras.ops.ones((1, 28, 28, 3))).shape
    (1, 14, 14, 3)
    """

    rank = 2


@registry.builtin("keras.layers")
class AveragePooling3D(BaseAveragePooling):
    """The mean of each window of a volume; positions of padding don't count.

    Args:
        pool_size, strides, padding, data_format: see ``MaxPooling3D``.

    **Shape:** ``(batch, d1, d2, d3, channels)`` to ``(batch, new d1, new d2, new d3, channels)``; with "channels_first" the
    channels come second.

    >>> import keraunos as keras
    >>> keras.layers.AveragePooling3D(2)(keras.ops.ones((1, 8, 8, 8, 3))).shape
    (1, 4, 4, 4, 3)
    """

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
