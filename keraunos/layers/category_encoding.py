"""Integers as vectors."""

import math

from keraunos import ops
from keraunos.backend import dispatch
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.util import registry

_MODES = ("one_hot", "multi_hot", "count")


@registry.builtin("keras.layers")
class CategoryEncoding(Layer):
    """Encode integer categories.

    Args:
        num_tokens: number of categories.
        output_mode: "one_hot" (each integer its vector), "multi_hot" (one vector per sample, 1 where a category occurs) or "count" (how
            often it occurs).
        sparse: not supported.

    **Shape:** "one_hot": ``(...,)`` to ``(..., num_tokens)``, a last dimension of size 1 being replaced; otherwise ``(..., n)`` to
    ``(..., num_tokens)``.

    Raises:
        ValueError: a category out of range, where values are known; an unknown mode.

    >>> import keraunos as keras
    >>> keras.layers.CategoryEncoding(3, output_mode="count")(keras.ops.array([[0, 1, 1]])).tolist()
    [[1.0, 2.0, 0.0]]
    """

    _row_wise = True

    def __init__(self, num_tokens=None, output_mode="multi_hot", sparse=False, **kwargs):
        super().__init__(**kwargs)
        if output_mode not in _MODES:
            raise ValueError(f"{who(self)}: output_mode must be one of {_MODES}, got {output_mode!r}.")
        if num_tokens is None or num_tokens < 1:
            raise ValueError(f"{who(self)}: num_tokens must be a positive integer, got {num_tokens!r}.")
        if sparse:
            raise ValueError(f"{who(self)}: sparse outputs are not supported.")
        self.num_tokens, self.output_mode, self.sparse = num_tokens, output_mode, sparse

    def build(self, input_shape):
        self._row_wise = self.output_mode == "one_hot" or len(input_shape) > 1

    def call(self, inputs, count_weights=None):
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"{who(self)}: count_weights needs output_mode='count', got {self.output_mode!r}.")
        x = ops.cast(inputs, "int32")
        self._check_range(x)
        if self.output_mode == "one_hot":
            if len(x.shape) > 1 and x.shape[-1] == 1:
                x = ops.squeeze(x, axis=-1)
            return ops.one_hot(x, self.num_tokens, dtype=self.compute_dtype)
        x = ops.expand_dims(x, -1) if len(x.shape) == 0 else x
        hot = ops.one_hot(x, self.num_tokens, dtype=self.compute_dtype)  # (..., n, num_tokens)
        if self.output_mode == "multi_hot":
            return ops.max(hot, axis=-2)
        if count_weights is not None:
            hot = hot * ops.expand_dims(ops.cast(count_weights, self.compute_dtype), -1)
        return ops.sum(hot, axis=-2)

    def _check_range(self, x):
        """Raise for categories that there are not; inside a compiled program they count for none."""
        if dispatch.engine_of(x).is_tracer(x) or math.prod(x.shape) == 0:
            return
        low, high = int(ops.min(x)), int(ops.max(x))
        if low < 0 or high >= self.num_tokens:
            raise ValueError(
                f"{who(self)}: categories must be from 0 to num_tokens - 1 = {self.num_tokens - 1}, got values from {low} to {high}."
            )
