"""Masks made from values."""

from keraunos import ops
from keraunos.layers.same_dtype import SameDtype
from keraunos.util import registry


@registry.builtin("keras.layers")
class Masking(SameDtype):
    """Mask time steps in which every feature equals a value; their features are set to 0.

    Args:
        mask_value: the value.

    **Shape:** ``(batch, time, features)`` to the same, with a mask ``(batch, time)``.

    >>> import keraunos as keras
    >>> layer = keras.layers.Masking(mask_value=-1.0)
    >>> layer.compute_mask(keras.ops.array([[[1.0, 2.0], [-1.0, -1.0]]]), None).tolist()
    [[True, False]]
    """

    def __init__(self, mask_value=0.0, **kwargs):
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True
        self.built = True

    def compute_mask(self, inputs, previous_mask):
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs):
        keep = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)  # (batch, time, 1)
        return ops.where(keep, inputs, ops.zeros_like(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape
