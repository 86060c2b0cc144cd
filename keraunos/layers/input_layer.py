"""Where data comes in."""

from keraunos.backend.dtypes import standardize_dtype
from keraunos.layers.layer import Layer
from keraunos.ops.symbolic import KerasTensor, Node
from keraunos.util import registry, settings


@registry.builtin("keras.layers")
class InputLayer(Layer):
    """The layer behind ``keras.Input``.

    Args:
        shape: without the batch dimension.
        batch_size: fixed size of batches, if any.
        dtype: default floatx.
        batch_shape: shape with the batch dimension, instead of ``shape``.
        input_tensor: a symbolic tensor to stand for the input.
        optional: whether ``None`` may be passed.

    **Shape:** any.

    >>> import keraunos as keras
    >>> keras.layers.InputLayer((3,)).output.shape
    (None, 3)
    """

    _row_wise = True
    _is_input = True

    def __init__(
        self,
        shape=None,
        batch_size=None,
        dtype=None,
        sparse=None,
        ragged=None,
        batch_shape=None,
        input_tensor=None,
        optional=False,
        name=None,
        **kwargs,
    ):
        shape = kwargs.pop("input_shape", shape)
        super().__init__(name=name, **kwargs)
        if sparse or ragged:
            raise ValueError(f"Input {self.name!r}: sparse and ragged inputs are not supported.")
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype
        elif shape is not None and batch_shape is not None:
            raise ValueError(f"Input {self.name!r}: give shape or batch_shape, not both.")
        elif batch_shape is None:
            if shape is None:
                raise ValueError(
                    f"Input {self.name!r}: shape is required (without the batch dimension), for example (784,)."
                )
            shape = (shape,) if isinstance(shape, int) else shape
            batch_shape = (batch_size, *shape)
        self.batch_shape = tuple(batch_shape)
        self.sparse = self.ragged = False
        self.optional = optional
        self._input_dtype = settings.floatx() if dtype is None else standardize_dtype(dtype)
        if input_tensor is None:
            input_tensor = KerasTensor(self.batch_shape, self._input_dtype, name=self.name)
        self.built = True
        Node(self, (), {}, input_tensor)

    @property
    def dtype(self):
        """Name of the dtype of the data."""
        return self._input_dtype

    def call(self):
        """Inputs are filled in by the graph."""
        raise RuntimeError(f"Input {self.name!r} can't be called.")

    def get_config(self):
        return {
            "batch_shape": self.batch_shape,
            "dtype": self._input_dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def Input(
    shape=None,
    batch_size=None,
    dtype=None,
    sparse=None,
    ragged=None,
    batch_shape=None,
    name=None,
    tensor=None,
    optional=False,
):
    """A symbolic tensor: the beginning of a functional model.

    Args:
        shape: tuple without the batch dimension; ``None`` where free.

    Returns:
        A ``KerasTensor`` of shape ``(batch_size, *shape)``.

    >>> import keraunos as keras
    >>> keras.Input((28, 28, 1)).shape
    (None, 28, 28, 1)
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        name=name,
        input_tensor=tensor,
        optional=optional,
    )
    return layer.output
