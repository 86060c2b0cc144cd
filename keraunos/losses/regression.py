"""Losses of numbers against numbers: errors, their logarithms and percentages, angles, and distributions."""

import math

from keraunos.losses.loss import LossFunctionWrapper, loss_function
from keraunos.losses.matching import pair
from keraunos.ops.arithmetic import absolute, clip, logaddexp, maximum, square
from keraunos.ops.elementwise import log
from keraunos.ops.indexing import where
from keraunos.ops.norm import normalize
from keraunos.ops.reductions import mean
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.util import registry, settings


@loss_function(mean_of_last=True)
def mean_squared_error(y_true, y_pred):
    """mean((y_true - y_pred)²) over the last dimension.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist()
    [0.5]
    """
    y_true, y_pred = pair("mean_squared_error", y_true, y_pred)
    return mean(square(y_true - y_pred), axis=-1)


@loss_function(mean_of_last=True)
def mean_absolute_error(y_true, y_pred):
    """mean(|y_true - y_pred|) over the last dimension.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.losses.mean_absolute_error([[0.0, 1.0]], [[2.0, 1.0]]).tolist()
    [1.0]
    """
    y_true, y_pred = pair("mean_absolute_error", y_true, y_pred)
    return mean(absolute(y_true - y_pred), axis=-1)


@loss_function(mean_of_last=True)
def mean_absolute_percentage_error(y_true, y_pred):
    """100 · mean(|y_true - y_pred| / max(|y_true|, epsilon)) over the last dimension.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.losses.mean_absolute_percentage_error([[1.0, 2.0]], [[2.0, 2.0]]).tolist()
    [50.0]
    """
    y_true, y_pred = pair("mean_absolute_percentage_error", y_true, y_pred)
    share = absolute((y_true - y_pred) / maximum(absolute(y_true), settings.epsilon()))
    return 100.0 * mean(share, axis=-1)


@loss_function(mean_of_last=True)
def mean_squared_logarithmic_error(y_true, y_pred):
    """mean((log(y_true + 1) - log(y_pred + 1))²) over the last dimension, with values below epsilon raised to it.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.losses.mean_squared_logarithmic_error([[1.0]], [[1.0]]).tolist()
    [0.0]
    """
    y_true, y_pred = pair("mean_squared_logarithmic_error", y_true, y_pred)
    e = settings.epsilon()
    return mean(square(log(maximum(y_true, e) + 1.0) - log(maximum(y_pred, e) + 1.0)), axis=-1)


@loss_function()
def cosine_similarity(y_true, y_pred, axis=-1):
    """The negative cosine of the angle between y_true and y_pred: -1 for equal directions, 1 for opposite ones.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.losses.cosine_similarity([[0.0, 2.0]], [[0.0, 3.0]]).tolist()
    [-1.0]
    """
    y_true, y_pred = pair("cosine_similarity", y_true, y_pred)
    return -reduce_sum(normalize(y_true, axis=axis) * normalize(y_pred, axis=axis), axis=axis)


@loss_function(mean_of_last=True)
def huber(y_true, y_pred, delta=1.0):
    """mean(½e² where |e| <= delta, else delta·|e| - ½delta²) over the last dimension, with e = y_true - y_pred.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.
    Source: Huber, 1964, https://projecteuclid.org/euclid.aoms/1177703732.

    >>> import keraunos as keras
    >>> keras.losses.huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
    [1.5]
    """
    y_true, y_pred = pair("huber", y_true, y_pred)
    size = absolute(y_true - y_pred)
    return mean(where(size <= delta, 0.5 * square(size), delta * size - 0.5 * delta * delta), axis=-1)


@loss_function(mean_of_last=True)
def log_cosh(y_true, y_pred):
    """mean(log(cosh(y_pred - y_true))) over the last dimension: about ½e² for small errors, |e| - log 2 for large ones.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.losses.log_cosh([[0.0, 0.0]], [[0.0, 1.0]]).tolist()]
    [0.2169]
    """
    y_true, y_pred = pair("log_cosh", y_true, y_pred)
    e = y_pred - y_true
    return mean(logaddexp(e, -e) - math.log(2.0), axis=-1)


@loss_function(mean_of_last=True)
def poisson(y_true, y_pred):
    """mean(y_pred - y_true · log(y_pred + epsilon)) over the last dimension: Poisson regression, up to a constant.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.losses.poisson([[0.0, 0.0]], [[1.0, 2.0]]).tolist()
    [1.5]
    """
    y_true, y_pred = pair("poisson", y_true, y_pred)
    return mean(y_pred - y_true * log(y_pred + settings.epsilon()), axis=-1)


@loss_function()
def kl_divergence(y_true, y_pred):
    """Σ y_true · log(y_true / y_pred) over the last dimension, with both limited to [epsilon, 1].

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.losses.kl_divergence([[0.0, 1.0]], [[0.5, 0.5]]).tolist()]
    [0.6931]
    """
    y_true, y_pred = pair("kl_divergence", y_true, y_pred)
    e = settings.epsilon()
    y_true, y_pred = clip(y_true, e, 1.0), clip(y_pred, e, 1.0)
    return reduce_sum(y_true * log(y_true / y_pred), axis=-1)


@registry.builtin("keras.losses")
class MeanSquaredError(LossFunctionWrapper):
    """mean((y_true - y_pred)²); see ``keras.losses.mean_squared_error``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]]))
    0.5
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="mean_squared_error", dtype=None):
        super().__init__(mean_squared_error, name=name, reduction=reduction, dtype=dtype)


@registry.builtin("keras.losses")
class MeanAbsoluteError(LossFunctionWrapper):
    """mean(|y_true - y_pred|); see ``keras.losses.mean_absolute_error``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.MeanAbsoluteError()([[0.0, 1.0]], [[2.0, 1.0]]))
    1.0
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="mean_absolute_error", dtype=None):
        super().__init__(mean_absolute_error, name=name, reduction=reduction, dtype=dtype)


@registry.builtin("keras.losses")
class MeanAbsolutePercentageError(LossFunctionWrapper):
    """100 · mean(|y_true - y_pred| / |y_true|); see ``keras.losses.mean_absolute_percentage_error``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.MeanAbsolutePercentageError()([[1.0, 2.0]], [[2.0, 2.0]]))
    50.0
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="mean_absolute_percentage_error", dtype=None):
        super().__init__(mean_absolute_percentage_error, name=name, reduction=reduction, dtype=dtype)


@registry.builtin("keras.losses")
class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """mean((log(y_true + 1) - log(y_pred + 1))²); see ``keras.losses.mean_squared_logarithmic_error``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.MeanSquaredLogarithmicError()([[1.0, 2.0]], [[1.0, 2.0]]))
    0.0
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(mean_squared_logarithmic_error, name=name, reduction=reduction, dtype=dtype)


@registry.builtin("keras.losses")
class CosineSimilarity(LossFunctionWrapper):
    """The negative cosine of the angle between y_true and y_pred; see ``keras.losses.cosine_similarity``.

    Args:
        axis: the dimension of the vectors.
        reduction, name, dtype: see ``Loss``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.CosineSimilarity()([[0.0, 2.0]], [[0.0, 3.0]]))
    -1.0
    """

    _row_wise = True

    def __init__(self, axis=-1, reduction="sum_over_batch_size", name="cosine_similarity", dtype=None):
        super().__init__(cosine_similarity, name=name, reduction=reduction, dtype=dtype, axis=axis)


@registry.builtin("keras.losses")
class Huber(LossFunctionWrapper):
    """½e² for errors up to delta, linear from there on; see ``keras.losses.huber``.

    Args:
        delta: error from which on the loss grows linearly.
        reduction, name, dtype: see ``Loss``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
    1.5
    """

    _row_wise = True

    def __init__(self, delta=1.0, reduction="sum_over_batch_size", name="huber_loss", dtype=None):
        super().__init__(huber, name=name, reduction=reduction, dtype=dtype, delta=delta)


@registry.builtin("keras.losses")
class LogCosh(LossFunctionWrapper):
    """mean(log(cosh(y_pred - y_true))); see ``keras.losses.log_cosh``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.LogCosh()([[1.0]], [[1.0]]))
    0.0
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="log_cosh", dtype=None):
        super().__init__(log_cosh, name=name, reduction=reduction, dtype=dtype)


@registry.builtin("keras.losses")
class Poisson(LossFunctionWrapper):
    """mean(y_pred - y_true · log(y_pred)); see ``keras.losses.poisson``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.Poisson()([[0.0, 0.0]], [[1.0, 2.0]]))
    1.5
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="poisson", dtype=None):
        super().__init__(poisson, name=name, reduction=reduction, dtype=dtype)


@registry.builtin("keras.losses")
class KLDivergence(LossFunctionWrapper):
    """Σ y_true · log(y_true / y_pred); see ``keras.losses.kl_divergence``.

    **Shape:** y_true and y_pred equal, ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> float(keras.losses.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
    0.0
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="kl_divergence", dtype=None):
        super().__init__(kl_divergence, name=name, reduction=reduction, dtype=dtype)
