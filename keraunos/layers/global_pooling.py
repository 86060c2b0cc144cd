"""Maxima and means over all positions."""

from keraunos import ops
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.layer import Layer
from keraunos.util import registry
from keraunos.util.settings import standardize_data_format


class GlobalPooling(Layer):
    """Base of the layers that pool all positions; a subclass sets ``rank`` and ``_pool``, a function of ``keras.ops``."""

    _row_wise = True
    rank = None
    _pool = None

    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, who(self))
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _axes(self):
        first = 2 if self.data_format == "channels_first" else 1
        return tuple(range(first, first + self.rank))

    def call(self, inputs):
        return type(self)._pool(inputs, axis=self._axes(), keepdims=self.keepdims)

    def compute_output_shape(self, input_shape):
        axes = self._axes()
        if self.keepdims:
            return tuple(1 if i in axes else n for i, n in enumerate(input_shape))
        return tuple(n for i, n in enumerate(input_shape) if i not in axes)


@registry.builtin("keras.layers")
class GlobalMaxPooling1D(GlobalPooling):
    """The maximum of each feature over all steps.

    Args:
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.
        keepdims: whether the steps stay as a dimension of size 1.

    **Shape:** ``(batch, steps, features)`` to ``(batch, features)``; with "channels_first" the features come second.

    >>> import keraunos as keras
    >>> keras.layers.GlobalMaxPooling1D()(keras.ops.array([[[1.0, 5.0], [3.0, 4.0]]])).tolist()
    [[3.0, 5.0]]
    """

    rank = 1
    _pool = staticmethod(ops.max)


@registry.builtin("keras.layers")
class GlobalMaxPooling2D(GlobalPooling):
    """The maximum of each channel over all positions of an image.

    Args:
        data_format, keepdims: see ``GlobalMaxPooling1D``.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, channels)``; with "channels_first" the channels come second.

    >>> import keraunos as keras
    >>> keras.layers.GlobalMaxPooling2D(keepdims=True)(keras.ops.ones((2, 4, 5, 3))).shape
    (2, 1, 1, 3)
    """

    rank = 2
    _pool = staticmethod(ops.max)


@registry.builtin("keras.layers")
class GlobalMaxPooling3D(GlobalPooling):
    """The maximum of each channel over all positions of a volume.

    Args:
        data_format, keepdims: see ``GlobalMaxPooling1D``.

    **Shape:** ``(batch, d1, d2, d3, channels)`` to ``(batch, channels)``; with "channels_first" the channels come second.

    >>> import keraunos as keras
    >>> keras.layers.GlobalMaxPooling3D()(keras.ops.ones((2, 4, 5, 6, 3))).shape
    (2, 3)
    """

    rank = 3
    _pool = staticmethod(ops.max)


@registry.builtin("keras.layers")
class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each feature over all steps.

    Args:
        data_format, keepdims: see ``GlobalMaxPooling1D``.

    Call arguments: ``mask`` of shape ``(batch, steps)``: steps where it is False don't count.

    **Shape:** ``(batch, steps, features)`` to ``(batch, features)``; with "channels_first" the features come second.

    >>> import keraunos as keras
    >>> x = keras.ops.array([[[1.0], [3.0], [50.0]]])
    >>> keras.layers.GlobalAveragePooling1D()(x, mask=keras.ops.array([[True, True, False]])).tolist()
    [[2.0]]
    """

    rank = 1
    _pool = staticmethod(ops.mean)

    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        (steps,) = self._axes()
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), 3 - steps)  # (batch, steps, 1) or (batch, 1, steps)
        total = ops.sum(inputs * weights, axis=steps, keepdims=self.keepdims)
        return total / ops.sum(weights, axis=steps, keepdims=self.keepdims)

    def compute_mask(self, inputs, mask=None):
        return None


@registry.builtin("keras.layers")
class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel over all positions of an image.

    Args:
        data_format, keepdims: see ``GlobalMaxPooling1D``.

    **Shape:** ``(batch, height, width, channels)`` to ``(batch, channels)``; with "channels_first" the channels come second.

    >>> import keraunos as keras
    >>> keras.layers.GlobalAveragePooling2D()(keras.ops.ones((2, 4, 5, 3))).shape
    (2, 3)
    """

    rank = 2
    _pool = staticmethod(ops.mean)


@registry.builtin("keras.layers")
class GlobalAveragePooling3D(GlobalPooling):
    """The mean of each channel over all positions of a volume.

    Args:
        data_format, keepdims: see ``GlobalMaxPooling1D``.

    **Shape:** ``(batch, d1, d2, d3, channels)`` to ``(batch, channels)``; with "channels_first" the channels come second.

    >>> import keraunos as keras
    >>> keras.layers.GlobalAveragePooling3D()(keras.ops.ones((2, 4, 5, 6, 3))).shape
    (2, 3)
    """

    rank = 3
    _pool = staticmethod(ops.mean)


GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
