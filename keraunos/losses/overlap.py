"""Losses of segmentations: how little predicted and true regions overlap."""

from keraunos.losses.loss import LossFunctionWrapper, loss_function
from keraunos.losses.matching import pair
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.util import registry, settings


@loss_function()
def dice(y_true, y_pred, axis=None):
    """1 - 2·Σ t·p / (Σ t + Σ p), sums over ``axis`` (None: over everything, samples too).

    **Shape:** both equal, to their shape without ``axis``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> round(float(keras.losses.dice([[1.0, 1.0]], [[1.0, 0.0]])), 4)
    0.3333
    """
    y_true, y_pred = pair("dice", y_true, y_pred)
    both = reduce_sum(y_true * y_pred, axis=axis)
    return 1.0 - 2.0 * both / (reduce_sum(y_true, axis=axis) + reduce_sum(y_pred, axis=axis) + settings.epsilon())


@loss_function()
def tversky(y_true, y_pred, alpha=0.5, beta=0.5, axis=None):
    """1 - Σ t·p / (Σ t·p + alpha·Σ t·(1 - p) + beta·Σ (1 - t)·p), sums over ``axis`` (None: over everything, samples too).

    alpha weighs what is missed and beta what is too much, as in Keras's numbers (its text says it the other way round).

    **Shape:** both equal, to their shape without ``axis``. Raises ``ValueError`` for other shapes.
    Source: Salehi et al., 2017, https://arxiv.org/abs/1706.05721.

    >>> import keraunos as keras
    >>> round(float(keras.losses.tversky([[1.0, 1.0]], [[1.0, 0.0]], alpha=0.2, beta=1.0)), 4)
    0.1667
    """
    y_true, y_pred = pair("tversky", y_true, y_pred)
    both = reduce_sum(y_true * y_pred, axis=axis)
    extra = reduce_sum((1.0 - y_true) * y_pred, axis=axis)
    missed = reduce_sum(y_true * (1.0 - y_pred), axis=axis)
    return 1.0 - both / (both + alpha * missed + beta * extra + settings.epsilon())


@registry.builtin("keras.losses")
class Dice(LossFunctionWrapper):
    """1 - 2·Σ t·p / (Σ t + Σ p); see ``keras.losses.dice``.

    Args:
        reduction, name, dtype: see ``Loss``.
        axis: dimensions to sum over; None: all of them, samples too.

    **Shape:** y_true and y_pred equal; values: their shape without ``axis``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.Dice()([[1.0, 1.0]], [[1.0, 0.0]])), 4)
    0.3333
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="dice", axis=None, dtype=None):
        super().__init__(dice, name=name, reduction=reduction, dtype=dtype, axis=axis)


@registry.builtin("keras.losses")
class Tversky(LossFunctionWrapper):
    """1 - Σ t·p / (Σ t·p + alpha·Σ t·(1 - p) + beta·Σ (1 - t)·p); see ``keras.losses.tversky``.

    Args:
        alpha: weight of what is missed.
        beta: weight of what is predicted too much.
        reduction, name, dtype: see ``Loss``.
        axis: dimensions to sum over; None: all of them, samples too.

    **Shape:** y_true and y_pred equal; values: their shape without ``axis``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.Tversky(alpha=0.2, beta=1.0)([[1.0, 1.0]], [[1.0, 0.0]])), 4)
    0.1667
    """

    _row_wise = True

    def __init__(self, alpha=0.5, beta=0.5, reduction="sum_over_batch_size", name="tversky", axis=None, dtype=None):
        super().__init__(tversky, name=name, reduction=reduction, dtype=dtype, alpha=alpha, beta=beta, axis=axis)
