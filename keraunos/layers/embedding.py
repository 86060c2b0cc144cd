"""Vectors for indices."""

import warnings

from keraunos import constraints, initializers, ops, regularizers
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.util import registry


@registry.builtin("keras.layers")
class Embedding(Layer):
    """A trained vector for each index from 0 to ``input_dim - 1``.

    Args:
        input_dim: number of indices (the largest one + 1).
        output_dim: length of the vectors.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: for the table of vectors.
        mask_zero: whether index 0 is padding, to be masked in the layers that follow; it stays in the table.
        weights: a list with the first table.

    **Shape:** ``(batch, ...)`` integers to ``(batch, ..., output_dim)``.

    Raises:
        ValueError: ``input_dim`` or ``output_dim`` is not a positive integer.

    >>> import keraunos as keras
    >>> keras.layers.Embedding(10, 4)(keras.ops.array([[1, 2, 3]])).shape
    (1, 3, 4)
    """

    _row_wise = True
    _outside_config = ("weights", "lora_rank", "lora_alpha", "input_length")

    def __init__(
        self,
        input_dim,
        output_dim,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        mask_zero=False,
        weights=None,
        lora_rank=None,
        lora_alpha=None,
        quantization_config=None,
        **kwargs,
    ):
        if kwargs.pop("input_length", None) is not None:
            warnings.warn(f"{type(self).__name__}: input_length has no effect; leave it out.", stacklevel=2)
        super().__init__(**kwargs)
        for argument, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{who(self)}: {argument} must be a positive integer, got {value!r}.")
        if lora_rank is not None or quantization_config is not None:
            raise ValueError(
                f"{who(self)}: LoRA and quantization are not available yet; leave lora_rank and quantization_config out."
            )
        self.input_dim, self.output_dim = input_dim, output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False  # indices that came as floats would lose digits
        self.quantization_config = None
        self._first_weights = weights

    def build(self, input_shape=None):
        self._embeddings = self.add_weight(
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )
        if self._first_weights:
            self.set_weights(self._first_weights)

    @property
    def embeddings(self):
        """The table of vectors, ``(input_dim, output_dim)``."""
        return self._embeddings

    def call(self, inputs):
        if "int" not in ops.dtype(inputs):
            inputs = ops.cast(inputs, "int32")
        return ops.cast(ops.take(self._embeddings, inputs, axis=0), self.compute_dtype)

    def compute_mask(self, inputs, mask=None):
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.output_dim)

    def get_config(self):
        return {**super().get_config(), "activity_regularizer": regularizers.serialize(self.activity_regularizer)}
