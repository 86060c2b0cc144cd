"""Cross entropies between targets and probabilities, or logits (which is the stable form)."""

from keraunos.backend.dtypes import is_float_dtype
from keraunos.ops import checks
from keraunos.ops.activation import log_softmax
from keraunos.ops.op import op
from keraunos.util import settings


def _same_shape(name, target, output):
    if tuple(target.shape) != tuple(output.shape):
        raise ValueError(
            f"{name}: target and output must have the same shape, got {tuple(target.shape)} and {tuple(output.shape)}."
        )


def _at_least_1d(name, output):
    if output.ndim < 1:
        raise ValueError(f"{name}: output must have at least one dimension, that of the classes; got a scalar.")


@op("target output", promote="float")
def binary_crossentropy(xp, target, output, from_logits=False):
    """-target * log(p) - (1 - target) * log(1 - p), elementwise, with p the output, or sigmoid(output) for logits.

    **Shape:** target and output equal, kept. Probabilities are limited to [epsilon, 1 - epsilon].
    Raises ValueError when the shapes differ.

    >>> from keraunos import ops
    >>> [round(v, 4) for v in ops.binary_crossentropy([0.0, 1.0], [0.5, 1.0]).tolist()]
    [0.6931, 0.0]
    """
    _same_shape("binary_crossentropy", target, output)
    if from_logits:
        # softplus(x) - x * target, written so that neither part overflows and targets outside [0, 1] are allowed
        zero = xp.zeros_like(output)
        return target * xp.logaddexp(-output, zero) + (1 - target) * xp.logaddexp(output, zero)
    e = settings.epsilon()
    p = xp.clip(output, e, 1 - e)
    return -(target * xp.log(p) + (1 - target) * xp.log(1 - p))


def _log_probabilities(xp, output, from_logits, axis):
    if from_logits:
        return log_softmax(output, axis=axis)
    e = settings.epsilon()
    return xp.log(xp.clip(output / xp.sum(output, axis=axis, keepdims=True), e, 1 - e))


@op("target output", promote="float")
def categorical_crossentropy(xp, target, output, from_logits=False, axis=-1):
    """-sum of target * log(p) over the classes at ``axis``, with p the output brought to sum 1, or softmax(output) for logits.

    **Shape:** target and output ``(..., classes)``, result ``(...)``. Probabilities are limited to [epsilon, 1 - epsilon].
    Raises ValueError when the shapes differ.

    >>> from keraunos import ops
    >>> ops.categorical_crossentropy([[0.0, 1.0]], [[0.0, 200.0]], from_logits=True).tolist()
    [0.0]
    """
    _same_shape("categorical_crossentropy", target, output)
    _at_least_1d("categorical_crossentropy", output)
    axis = checks.axis("categorical_crossentropy", output, axis)
    return xp.sum(-target * _log_probabilities(xp, output, from_logits, axis), axis=axis)


@op("target output", promote=None)
def sparse_categorical_crossentropy(xp, target, output, from_logits=False, axis=-1):
    """-log(p[target]), with p the output brought to sum 1 over ``axis``, or softmax(output) for logits.

    **Shape:** target ``(...)`` or ``(..., 1)`` of ints, output ``(..., classes)``, result ``(...)``. A target that is not
    one of 0 .. classes - 1 gives NaN. Raises ValueError when the shapes don't fit.

    >>> from keraunos import ops
    >>> ops.sparse_categorical_crossentropy([1], [[0.0, 200.0]], from_logits=True).tolist()
    [0.0]
    """
    _at_least_1d("sparse_categorical_crossentropy", output)
    if not is_float_dtype(output.dtype):
        output = xp.astype(output, settings.floatx())
    rank = output.ndim
    axis = checks.axis("sparse_categorical_crossentropy", output, axis)
    if target.ndim == rank and target.shape[axis] == 1:
        target = xp.squeeze(target, axis=axis)
    expected = (*output.shape[:axis], *output.shape[axis + 1 :])
    if tuple(target.shape) != expected:
        raise ValueError(
            f"sparse_categorical_crossentropy: target must have the shape of output without its axis {axis}, {expected}, got "
            f"{tuple(target.shape)} for output {tuple(output.shape)}. For one-hot targets use categorical_crossentropy."
        )
    n = output.shape[axis]
    target = xp.expand_dims(xp.astype(target, "int32"), axis=axis)
    classes = xp.reshape(xp.arange(n, dtype=target.dtype), (-1,) + (1,) * (rank - axis - 1))
    if from_logits:
        output = output - xp.stop_gradient(xp.max(output, axis=axis, keepdims=True))
        loss = xp.log(xp.sum(xp.exp(output), axis=axis)) - _pick(xp, output, target == classes, axis)
    else:
        e = settings.epsilon()
        p = _pick(xp, output, target == classes, axis) / xp.sum(output, axis=axis)
        loss = -xp.log(xp.clip(p, e, 1 - e))
    inside = xp.squeeze((target >= 0) & (target < n), axis=axis)
    return xp.where(inside, loss, float("nan"))


def _pick(xp, x, chosen, axis):
    """The one chosen entry along an axis; as a masked sum it fuses, and its gradient needs no scatter."""
    return xp.sum(xp.where(chosen, x, 0.0), axis=axis)
