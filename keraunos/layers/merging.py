"""Layers that make one tensor of several, and the same as functions."""

import functools

from keraunos import ops
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.ops.symbolic import KerasTensor
from keraunos.util import registry


class Merge(Layer):
    """Base of the elementwise merges; a subclass defines ``_merge(a list of tensors of equal rank)``."""

    _row_wise = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        _check_shapes(self, input_shape)
        _broadcast(self, [s[1:] for s in input_shape])

    def call(self, inputs):
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(f"{who(self)}: expected a list of tensors, got {type(inputs).__name__}.")
        rank = max(len(x.shape) for x in inputs)
        return self._merge([_raise_rank(x, rank) for x in inputs])

    def _merge(self, inputs):
        raise NotImplementedError(f"{type(self).__name__} must define _merge.")

    def compute_output_shape(self, input_shape):
        batch = next((s[0] for s in input_shape if s[0] is not None), None)
        return (batch, *_broadcast(self, [s[1:] for s in input_shape]))

    def compute_output_spec(self, inputs):
        dtypes = {x.dtype for x in inputs}
        if len(dtypes) > 1 or not dtypes <= {self.compute_dtype}:
            return self._infer_spec(inputs)  # which knows how dtypes meet
        return KerasTensor(self.compute_output_shape([x.shape for x in inputs]), self.compute_dtype)

    def compute_mask(self, inputs, previous_mask):
        """A step is there where it is in any input; an input without a mask has all."""
        if previous_mask is None or any(m is None for m in previous_mask):
            return None
        return functools.reduce(ops.logical_or, previous_mask)


def _check_list(layer, shapes):
    if not isinstance(shapes, (list, tuple)) or not shapes or not isinstance(shapes[0], (list, tuple)):
        raise ValueError(f"{who(layer)}: expected a list of tensors, got one of shape {shapes}.")


def _check_shapes(layer, shapes):
    _check_list(layer, shapes)
    batches = {s[0] for s in shapes} - {None}
    if len(batches) > 1:
        raise ValueError(f"{who(layer)}: tensors have different batch sizes: {sorted(batches)}.")


def _broadcast(layer, shapes):
    """The common shape of shapes without batch, missing leading dimensions being 1."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    common = []
    for sizes in zip(*padded, strict=True):
        known = {d for d in sizes if d not in (1, None)}
        if len(known) > 1:
            raise ValueError(
                f"{who(layer)}: tensors of shapes {[tuple(s) for s in shapes]} (without batch) can't be brought together."
            )
        common.append(known.pop() if known else None if None in sizes else 1)
    return tuple(common)


def _raise_rank(x, rank):
    """x with dimensions of size 1 put in after the batch."""
    missing = rank - len(x.shape)
    return ops.reshape(x, (x.shape[0], *(1,) * missing, *x.shape[1:])) if missing else x


@registry.builtin("keras.layers")
class Add(Merge):
    """The sum of the inputs.

    **Shape:** a list of tensors ``(batch, ...)`` to one of their common shape.

    >>> import keraunos as keras
    >>> keras.layers.Add()([keras.ops.ones((1, 2)), keras.ops.ones((1, 2))]).tolist()
    [[2.0, 2.0]]
    """

    def _merge(self, inputs):
        return functools.reduce(ops.add, inputs)


@registry.builtin("keras.layers")
class Subtract(Merge):
    """The first input minus the second.

    **Shape:** a list of two tensors ``(batch, ...)`` to one.

    >>> import keraunos as keras
    >>> keras.layers.Subtract()([keras.ops.ones((1, 2)), keras.ops.ones((1, 2))]).tolist()
    [[0.0, 0.0]]
    """

    def build(self, input_shape):
        super().build(input_shape)
        if len(input_shape) != 2:
            raise ValueError(f"{who(self)}: expected exactly 2 tensors, got {len(input_shape)}.")

    def _merge(self, inputs):
        if len(inputs) != 2:
            raise ValueError(f"{who(self)}: expected exactly 2 tensors, got {len(inputs)}.")
        return ops.subtract(inputs[0], inputs[1])


@registry.builtin("keras.layers")
class Multiply(Merge):
    """The product of the inputs.

    **Shape:** a list of tensors ``(batch, ...)`` to one of their common shape.

    >>> import keraunos as keras
    >>> keras.layers.Multiply()([3 * keras.ops.ones((1, 2)), keras.ops.ones((1, 2))]).tolist()
    [[3.0, 3.0]]
    """

    def _merge(self, inputs):
        return functools.reduce(ops.multiply, inputs)


@registry.builtin("keras.layers")
class Average(Merge):
    """The mean of the inputs.

    **Shape:** a list of tensors ``(batch, ...)`` to one of their common shape.

    >>> import keraunos as keras
    >>> keras.layers.Average()([3 * keras.ops.ones((1, 2)), keras.ops.ones((1, 2))]).tolist()
    [[2.0, 2.0]]
    """

    def _merge(self, inputs):
        return ops.divide(functools.reduce(ops.add, inputs), len(inputs))


@registry.builtin("keras.layers")
class Maximum(Merge):
    """The greatest of the inputs, elementwise.

    **Shape:** a list of tensors ``(batch, ...)`` to one of their common shape.

    >>> import keraunos as keras
    >>> keras.layers.Maximum()([3 * keras.ops.ones((1, 2)), keras.ops.ones((1, 2))]).tolist()
    [[3.0, 3.0]]
    """

    def _merge(self, inputs):
        return functools.reduce(ops.maximum, inputs)


@registry.builtin("keras.layers")
class Minimum(Merge):
    """The least of the inputs, elementwise.

    **Shape:** a list of tensors ``(batch, ...)`` to one of their common shape.

    >>> import keraunos as keras
    >>> keras.layers.Minimum()([3 * keras.ops.ones((1, 2)), keras.ops.ones((1, 2))]).tolist()
    [[1.0, 1.0]]
    """

    def _merge(self, inputs):
        return functools.reduce(ops.minimum, inputs)


@registry.builtin("keras.layers")
class Concatenate(Merge):
    """The inputs side by side.

    Args:
        axis: along which.

    **Shape:** tensors that agree in all dimensions but ``axis``, to one in which that dimension is their sum.

    >>> import keraunos as keras
    >>> keras.layers.Concatenate()([keras.ops.ones((1, 2)), keras.ops.ones((1, 3))]).shape
    (1, 5)
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape):
        _check_list(self, input_shape)
        self._output_shape(input_shape)
        self._row_wise = self.axis % len(input_shape[0]) != 0

    def _output_shape(self, shapes):
        ranks = {len(s) for s in shapes}
        if len(ranks) > 1:
            raise ValueError(
                f"{who(self)}: tensors must have the same number of dimensions, got shapes {[tuple(s) for s in shapes]}."
            )
        rank = ranks.pop()
        if not -rank <= self.axis < rank:
            raise ValueError(f"{who(self)}: axis {self.axis} is out of range for tensors of {rank} dimensions.")
        axis = self.axis % rank
        out = list(shapes[0])
        for i in range(rank):
            sizes = [s[i] for s in shapes]
            if i == axis:
                out[i] = None if None in sizes else sum(sizes)
                continue
            known = set(sizes) - {None}
            if len(known) > 1:
                raise ValueError(
                    f"{who(self)}: tensors must agree in all dimensions but axis {self.axis}, got shapes {[tuple(s) for s in shapes]}."
                )
            out[i] = known.pop() if known else None
        return tuple(out)

    def compute_output_shape(self, input_shape):
        return self._output_shape(input_shape)

    def call(self, inputs):
        return ops.concatenate(list(inputs), axis=self.axis)

    def compute_mask(self, inputs, previous_mask):
        if previous_mask is None or all(m is None for m in previous_mask):
            return None
        masks = []
        for x, mask in zip(inputs, previous_mask, strict=True):
            if mask is None:
                mask = ops.ones(x.shape[:-1], dtype="bool")
            while len(mask.shape) < len(x.shape):
                mask = ops.expand_dims(mask, -1)
            masks.append(ops.broadcast_to(mask, x.shape))
        joined = ops.concatenate(masks, axis=self.axis)
        return ops.any(joined, axis=-1) if self.axis % len(joined.shape) == len(joined.shape) - 1 else joined[..., 0]


@registry.builtin("keras.layers")
class Dot(Merge):
    """The product of two tensors summed over given axes.

    Args:
        axes: an int, or a pair of ints: which axis of each is summed over.
        normalize: whether both are scaled to length 1 first (cosine similarity).

    **Shape:** ``(batch, ..., n, ...)`` and ``(batch, ..., n, ...)`` to ``(batch, rest of the first, rest of the second)``.

    >>> import keraunos as keras
    >>> keras.layers.Dot(axes=1)([keras.ops.ones((2, 3)), keras.ops.ones((2, 3))]).tolist()
    [[3.0], [3.0]]
    """

    def __init__(self, axes, normalize=False, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(axes, int):
            if not isinstance(axes, (list, tuple)) or len(axes) != 2 or not all(isinstance(a, int) for a in axes):
                raise ValueError(f"{who(self)}: axes must be an int or a pair of ints, got {axes!r}.")
            axes = tuple(axes)
        self.axes = axes
        self.normalize = normalize

    def _axes(self, shapes):
        given = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        for axis, shape in zip(given, shapes, strict=True):
            if not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
                raise ValueError(
                    f"{who(self)}: axes must be dimensions other than the batch, got {axis} for shape {tuple(shape)}."
                )
        return tuple(axis % len(shape) for axis, shape in zip(given, shapes, strict=True))

    def build(self, input_shape):
        _check_shapes(self, input_shape)
        if len(input_shape) != 2:
            raise ValueError(f"{who(self)}: expected exactly 2 tensors, got {len(input_shape)}.")
        a, b = self._axes(input_shape)
        n, m = input_shape[0][a], input_shape[1][b]
        if n is not None and m is not None and n != m:
            raise ValueError(
                f"{who(self)}: the dimensions summed over must be equal, got {n} and {m} (axes {a} and {b} of shapes "
                f"{tuple(input_shape[0])} and {tuple(input_shape[1])})."
            )

    def call(self, inputs):
        x, y = inputs
        a, b = self._axes((x.shape, y.shape))
        if self.normalize:
            x, y = _unit(x, a), _unit(y, b)
        letters = "abcdefghijklmnopqrstuvwxyz"
        left = "z" + letters[: len(x.shape) - 1]
        right = "z" + letters[len(left) : len(left) + len(y.shape) - 1]
        right = right[:b] + left[a] + right[b + 1 :]
        kept = left.replace(left[a], "") + right.replace(left[a], "")[1:]
        out = ops.einsum(f"{left},{right}->{kept}", x, y)
        return ops.expand_dims(out, 1) if len(kept) == 1 else out

    def compute_output_shape(self, input_shape):
        a, b = self._axes(input_shape)
        first, second = list(input_shape[0]), list(input_shape[1])
        del first[a], second[b], second[0]
        return (*first, *second) if len(first) + len(second) > 1 else (*first, 1)

    def compute_mask(self, inputs, previous_mask):
        return None


def _unit(x, axis):
    """x scaled to length 1 along an axis, as ``keras.utils.normalize`` does."""
    length = ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))
    return x / length


def _function(cls):
    def merged(inputs, **kwargs):
        return cls(**kwargs)(inputs)

    merged.__name__ = merged.__qualname__ = cls.__name__.lower()
    merged.__doc__ = f"``keras.layers.{cls.__name__}`` as a function of a list of tensors."
    return merged


add, subtract, multiply, average, maximum, minimum = map(
    _function, (Add, Subtract, Multiply, Average, Maximum, Minimum)
)


def concatenate(inputs, axis=-1, **kwargs):
    """``keras.layers.Concatenate`` as a function of a list of tensors."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs, axes=-1, **kwargs):
    """``keras.layers.Dot`` as a function of a list of two tensors."""
    return Dot(axes=axes, **kwargs)(inputs)
