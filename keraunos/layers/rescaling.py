"""Numbers on another scale."""

from keraunos import ops
from keraunos.layers.layer import Layer
from keraunos.util import registry


@registry.builtin("keras.layers")
class Rescaling(Layer):
    """``x * scale + offset``, in the layer's compute dtype.

    Args:
        scale: factor, for example 1 / 255 for images.
        offset: added after it.

    **Shape:** any to the same.

    >>> import keraunos as keras
    >>> keras.layers.Rescaling(0.5, offset=1.0)(keras.ops.array([2, 4])).tolist()
    [2.0, 3.0]
    """

    _row_wise = True

    def __init__(self, scale, offset=0.0, **kwargs):
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self.supports_masking = True
        self.built = True

    def call(self, inputs):
        x = ops.cast(inputs, self.compute_dtype)
        scale = ops.cast(ops.convert_to_tensor(self.scale), self.compute_dtype)
        offset = ops.cast(ops.convert_to_tensor(self.offset), self.compute_dtype)
        return x * scale + offset

    def compute_output_shape(self, input_shape):
        return input_shape
