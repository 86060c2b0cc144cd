"""Maxima and means over windows that are chosen such that the output has a given size."""

from keraunos import ops
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.layer import Layer
from keraunos.layers.spatial import ints, spatial_shape
from keraunos.util import registry
from keraunos.util.settings import standardize_data_format


class AdaptivePooling(Layer):
    """Base of the adaptive pooling layers; a subclass sets ``rank`` and ``_pool``, a function of ``keras.ops``."""

    _row_wise = True
    rank = None
    _pool = None

    def __init__(self, output_size, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.output_size = ints(self, "output_size", output_size, self.rank)
        self.data_format = standardize_data_format(data_format, who(self))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs):
        return type(self)._pool(inputs, self.output_size, self.data_format)

    def compute_output_shape(self, input_shape):
        return spatial_shape(input_shape, self.data_format, lambda i, n: self.output_size[i])


@registry.builtin("keras.layers")
class AdaptiveAveragePooling1D(AdaptivePooling):
    """Means of a sequence over ``output_size`` windows; window i of m covers steps floor(i n / m) to ceil((i + 1) n / m).

    Args:
        output_size: number of windows.
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.

    **Shape:** ``(batch, steps, features)`` to ``(batch, output_size, features)``; with "channels_first" the features come
    second.

    >>> import keraunos as keras
    >>> keras.layers.AdaptiveAveragePooling1D(2)(keras.ops.array([[[1.0], [3.0], [2.0]]])).tolist()
    [[[2.0], [2.5]]]
    """

    rank = 1
    _pool = staticmethod(ops.adaptive_average_pool)


@registry.builtin("keras.layers")
class AdaptiveAveragePooling2D(AdaptivePooling):
    """Means of an image over windows such that the output has ``output_size`` (see ``AdaptiveAveragePooling1D``).

    Args:
        output_size: an int, or (height, width).
        data_format: see ``AdaptiveAveragePooling1D``.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, *output_size, channels)``; with "channels_first" the channels
    come second.

    >>> import keraunos as keras
    >>> keras.layers.AdaptiveAveragePooling2D((2, 3))(keras.ops.ones((1, 5, 7, 4))).shape
    (1, 2, 3, 4)
    """

    rank = 2
    _pool = staticmethod(ops.adaptive_average_pool)


@registry.builtin("keras.layers")
class AdaptiveAveragePooling3D(AdaptivePooling):
    """Means of a volume over windows such that the output has ``output_size`` (see ``AdaptiveAveragePooling1D``).

    Args:
        output_size: an int, or three.
        data_format: see ``AdaptiveAveragePooling1D``.

    **Shape:** ``(batch, d1, d2, d3, channels)`` to ``(batch, *output_size, channels)``; with "channels_first" the channels come
    second.

    >>> import keraunos as keras
    >>> keras.layers.AdaptiveAveragePooling3D(2)(keras.ops.ones((1, 5, 7, 6, 4))).shape
    (1, 2, 2, 2, 4)
    """

    rank = 3
    _pool = staticmethod(ops.adaptive_average_pool)


@registry.builtin("keras.layers")
class AdaptiveMaxPooling1D(AdaptivePooling):
    """Maxima of a sequence over ``output_size`` windows (see ``AdaptiveAveragePooling1D``).

    Args:
        output_size, data_format: see ``AdaptiveAveragePooling1D``.

    **Shape:** ``(batch, steps, features)`` to ``(batch, output_size, features)``; with "channels_first" the features come
    second.

    >>> import keraunos as keras
    >>> keras.layers.AdaptiveMaxPooling1D(2)(keras.ops.array([[[1.0], [3.0], [2.0]]])).tolist()
    [[[3.0], [3.0]]]
    """

    rank = 1
    _pool = staticmethod(ops.adaptive_max_pool)


@registry.builtin("keras.layers")
class AdaptiveMaxPooling2D(AdaptivePooling):
    """Maxima of an image over windows such that the output has ``output_size`` (see ``AdaptiveAveragePooling1D``).

    Args:
        output_size, data_format: see ``AdaptiveAveragePooling2D``.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, *output_size, channels)``; with "channels_first" the channels
    come second.

    >>> import keraunos as keras
    >>> keras.layers.AdaptiveMaxPooling2D((2, 3))(keras.ops.ones((1, 5, 7, 4))).shape
    (1, 2, 3, 4)
    """

    rank = 2
    _pool = staticmethod(ops.adaptive_max_pool)


@registry.builtin("keras.layers")
class AdaptiveMaxPooling3D(AdaptivePooling):
    """Maxima of a volume over windows such that the output has ``output_size`` (see ``AdaptiveAveragePooling1D``).

    Args:
        output_size, data_format: see ``AdaptiveAveragePooling3D``.

    **Shape:** ``(batch, d1, d2, d3, channels)`` to ``(batch, *output_size, channels)``; with "channels_first" the channels come
    second.

    >>> import keraunos as keras
    >>> keras.layers.AdaptiveMaxPooling3D(2)(keras.ops.ones((1, 5, 7, 6, 4))).shape
    (1, 2, 2, 2, 4)
    """

    rank = 3
    _pool = staticmethod(ops.adaptive_max_pool)
