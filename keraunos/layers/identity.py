"""The layer that does nothing."""

from keraunos.layers.layer import Layer
from keraunos.ops.symbolic import KerasTensor
from keraunos.util import registry, tree


@registry.builtin("keras.layers")
class Identity(Layer):
    """Returns its input.

    **Shape:** any to the same.

    >>> import keraunos as keras
    >>> keras.layers.Identity()(keras.ops.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    """

    _row_wise = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, inputs):
        return inputs

    def compute_output_spec(self, inputs):
        return tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype), inputs)

    def compute_output_shape(self, input_shape):
        return input_shape
