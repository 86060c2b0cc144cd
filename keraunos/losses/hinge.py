"""Hinge losses: zero once a prediction is right by a margin."""

from keraunos.losses.loss import LossFunctionWrapper, loss_function
from keraunos.losses.matching import pair
from keraunos.ops.arithmetic import maximum, square
from keraunos.ops.indexing import where
from keraunos.ops.reductions import all as reduce_all
from keraunos.ops.reductions import max as reduce_max
from keraunos.ops.reductions import mean
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.util import registry


def _signs(y_true):
    """Targets as -1 and 1; when all of them are 0 or 1 they are taken as such."""
    binary = reduce_all((y_true == 0) | (y_true == 1))
    return where(binary, 2.0 * y_true - 1.0, y_true)


@loss_function(mean_of_last=True)
def hinge(y_true, y_pred):
    """mean(max(1 - y_true · y_pred, 0)) over the last dimension, for targets -1 and 1 (or 0 and 1).

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.losses.hinge([[-1.0, 1.0]], [[-2.0, 0.5]]).tolist()
    [0.25]
    """
    y_true, y_pred = pair("hinge", y_true, y_pred)
    return mean(maximum(1.0 - _signs(y_true) * y_pred, 0.0), axis=-1)


@loss_function(mean_of_last=True)
def squared_hinge(y_true, y_pred):
    """mean(max(1 - y_true · y_pred, 0)²) over the last dimension, for targets -1 and 1 (or 0 and 1).

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.losses.squared_hinge([[-1.0, 1.0]], [[-2.0, 0.5]]).tolist()
    [0.125]
    """
    y_true, y_pred = pair("squared_hinge", y_true, y_pred)
    return mean(square(maximum(1.0 - _signs(y_true) * y_pred, 0.0)), axis=-1)


@loss_function()
def categorical_hinge(y_true, y_pred):
    """max(the highest output of a wrong class - that of the right class + 1, 0), for one-hot targets.

    **Shape:** both ``(..., classes)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.losses.categorical_hinge([[0.0, 1.0]], [[0.5, 1.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("categorical_hinge", y_true, y_pred)
    right = reduce_sum(y_true * y_pred, axis=-1)
    wrong = reduce_max((1.0 - y_true) * y_pred, axis=-1)
    return maximum(wrong - right + 1.0, 0.0)


@registry.builtin("keras.losses")
class Hinge(LossFunctionWrapper):
    """mean(max(1 - y_true · y_pred, 0)); see ``keras.losses.hinge``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.Hinge()([[-1.0, 1.0]], [[-2.0, 0.5]]))
    0.25
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="hinge", dtype=None):
        super().__init__(hinge, name=name, reduction=reduction, dtype=dtype)


@registry.builtin("keras.losses")
class SquaredHinge(LossFunctionWrapper):
    """mean(max(1 - y_true · y_pred, 0)²); see ``keras.losses.squared_hinge``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.SquaredHinge()([[-1.0, 1.0]], [[-2.0, 0.5]]))
    0.125
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="squared_hinge", dtype=None):
        super().__init__(squared_hinge, name=name, reduction=reduction, dtype=dtype)


@registry.builtin("keras.losses")
class CategoricalHinge(LossFunctionWrapper):
    """max(highest wrong output - right output + 1, 0); see ``keras.losses.categorical_hinge``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]))
    0.5
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="categorical_hinge", dtype=None):
        super().__init__(categorical_hinge, name=name, reduction=reduction, dtype=dtype)
