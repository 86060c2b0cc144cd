"""A layer applied to each time step."""

import contextlib

from keraunos import ops
from keraunos.core.scope import RealRows, real_rows
from keraunos.layers.input_spec import who
from keraunos.layers.wrapper import Wrapper
from keraunos.util import registry, tree


@registry.builtin("keras.layers")
class TimeDistributed(Wrapper):
    """A layer applied to each time step by itself, with the same weights: the steps are rows of one large batch.

    Args:
        layer: the layer.

    **Shape:** ``(batch, time, ...)`` to ``(batch, time, ...)``, what follows as the layer makes it.

    Raises:
        ValueError: the input has no time dimension.

    >>> import keraunos as keras
    >>> keras.layers.TimeDistributed(keras.layers.Dense(8))(keras.ops.ones((32, 10, 16))).shape
    (32, 10, 8)
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True
        self._row_wise = layer._row_wise

    def _step_shape(self, input_shape):
        if len(input_shape) < 3:
            raise ValueError(
                f"{who(self)}: expected an input (batch, time, ...) with at least 3 dimensions, got shape {tuple(input_shape)}."
            )
        return (input_shape[0], *input_shape[2:])

    def build(self, input_shape):
        self._build_layer(self._step_shape(input_shape))

    def compute_output_shape(self, input_shape):
        shapes = self.layer.compute_output_shape(self._step_shape(input_shape))
        return _each_shape(lambda s: (s[0], input_shape[1], *s[1:]), shapes)

    def call(self, inputs, training=None, mask=None):
        batch, time = inputs.shape[:2]
        kwargs = {"training": training} if self.layer._signature.has_training else {}
        if mask is not None and len(mask.shape) > 2 and "mask" in self.layer._signature.names:
            kwargs["mask"] = _steps_as_rows(mask)
        with _real_steps(batch, time):
            outputs = self.layer(_steps_as_rows(inputs), **kwargs)
        return tree.map_structure(lambda y: ops.reshape(y, (batch, time, *y.shape[1:])), outputs)

    def compute_mask(self, inputs, previous_mask):
        """A mask of the steps goes on; one of what is inside the steps becomes what the layer makes of it."""
        if previous_mask is None or len(previous_mask.shape) <= 2:
            return previous_mask
        inner = self.layer.compute_mask(_steps_as_rows(inputs), _steps_as_rows(previous_mask))
        if inner is None:
            return ops.any(ops.cast(previous_mask, "bool"), axis=tuple(range(2, len(previous_mask.shape))))
        return ops.reshape(inner, (*previous_mask.shape[:2], *inner.shape[1:]))


def _steps_as_rows(x):
    return ops.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


def _real_steps(batch, time):
    """Rows that pad the batch pad it at each step."""
    rows = real_rows(batch)
    if rows is None:
        return contextlib.nullcontext()
    return RealRows(ops.repeat(rows.mask, time), rows.count * time, batch * time)


def _each_shape(fn, shapes):
    if isinstance(shapes, dict):
        return {k: _each_shape(fn, s) for k, s in shapes.items()}
    if any(isinstance(s, (list, tuple)) for s in shapes):
        return type(shapes)(_each_shape(fn, s) for s in shapes)
    return fn(shapes)
