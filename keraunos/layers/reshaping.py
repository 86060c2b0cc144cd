"""Layers that give a tensor another shape."""

import math

from keraunos import ops
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.same_dtype import SameDtype
from keraunos.util import registry
from keraunos.util.settings import standardize_data_format


@registry.builtin("keras.layers")
class Flatten(SameDtype):
    """Each sample as one vector.

    Args:
        data_format: "channels_last" or "channels_first"; of the latter the channels are moved to the end first.

    **Shape:** ``(batch, ...)`` to ``(batch, product of the rest)``; ``(batch,)`` to ``(batch, 1)``.

    >>> import keraunos as keras
    >>> keras.layers.Flatten()(keras.ops.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, who(self))
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs):
        if self.data_format == "channels_first" and len(inputs.shape) > 2:
            inputs = ops.moveaxis(inputs, 1, -1)
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape):
        rest = input_shape[1:]
        return input_shape[0], None if None in rest else math.prod(rest)


@registry.builtin("keras.layers")
class Reshape(SameDtype):
    """Each sample in another shape.

    Args:
        target_shape: tuple without the batch; one dimension may be -1, which follows from the size.

    **Shape:** ``(batch, ...)`` to ``(batch, *target_shape)``.

    Raises:
        ValueError: the sizes differ; more than one dimension is -1.

    >>> import keraunos as keras
    >>> keras.layers.Reshape((-1, 2))(keras.ops.ones((5, 12))).shape
    (5, 6, 2)
    """

    def __init__(self, target_shape, **kwargs):
        super().__init__(**kwargs)
        target = (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)
        unknown = [d for d in target if d in (-1, None)]
        if len(unknown) > 1 or any(d is not None and (not isinstance(d, int) or d < -1) for d in target):
            raise ValueError(
                f"{who(self)}: target_shape must be non-negative integers, without the batch and with at most one -1, got {target_shape!r}."
            )
        self.target_shape = target

    def _resolved(self, sample):
        """The target for samples of a shape, in which the unknown dimension is found, or None if it can't be."""
        target = self.target_shape
        known = math.prod(d for d in target if d not in (-1, None))
        if None in sample:
            return tuple(None if d == -1 else d for d in target)
        size = math.prod(sample)
        free = any(d in (-1, None) for d in target)
        if (size % known if known else size) if free else size != known:
            raise ValueError(
                f"{who(self)}: samples of shape {tuple(sample)} ({size} elements) can't take the target_shape {target} "
                f"({'a multiple of ' if free else ''}{known})."
            )
        return tuple(size // max(known, 1) if d in (-1, None) else d for d in target)

    def call(self, inputs):
        return ops.reshape(inputs, (inputs.shape[0], *self._resolved(inputs.shape[1:])))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self._resolved(input_shape[1:]))


@registry.builtin("keras.layers")
class Permute(SameDtype):
    """Each sample with its dimensions in another order.

    Args:
        dims: a permutation of 1, 2, ...: which dimension of the input comes first, second, ... (0 is the batch).

    **Shape:** ``(batch, d1, d2, ...)`` to ``(batch, *those of dims)``.

    Raises:
        ValueError: ``dims`` is no permutation of 1, 2, ...

    >>> import keraunos as keras
    >>> keras.layers.Permute((2, 1))(keras.ops.ones((5, 2, 3))).shape
    (5, 3, 2)
    """

    def __init__(self, dims, **kwargs):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"{who(self)}: dims must be a permutation of 1 to {len(self.dims)}, got {dims!r}.")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs):
        return ops.transpose(inputs, axes=(0, *self.dims))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *(input_shape[d] for d in self.dims))


@registry.builtin("keras.layers")
class RepeatVector(SameDtype):
    """Each vector n times.

    Args:
        n: how often.

    **Shape:** ``(batch, features)`` to ``(batch, n, features)``.

    >>> import keraunos as keras
    >>> keras.layers.RepeatVector(2)(keras.ops.array([[1.0, 2.0]])).tolist()
    [[[1.0, 2.0], [1.0, 2.0]]]
    """

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise TypeError(f"{who(self)}: n must be an integer, got {n!r}.")
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs):
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.n, input_shape[1]
