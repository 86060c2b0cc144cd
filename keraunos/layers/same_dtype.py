"""The base of layers that move values about without computing."""

from keraunos.layers.layer import Layer
from keraunos.ops.symbolic import KerasTensor


class SameDtype(Layer):
    """Base of layers whose output has the dtype of the input, integers included; a subclass defines ``compute_output_shape``."""

    _row_wise = True

    def compute_output_spec(self, inputs, *args, **kwargs):
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)
