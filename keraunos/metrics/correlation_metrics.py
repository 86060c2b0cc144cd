"""Correlations between targets and predictions."""

from keraunos.losses.matching import pair
from keraunos.metrics.marking import metric_function
from keraunos.metrics.reduction_metrics import MeanMetricWrapper
from keraunos.ops.arithmetic import divide_no_nan, sqrt, square
from keraunos.ops.reductions import mean
from keraunos.util import registry


def _moments(who, y_true, y_pred, axis):
    """Both centred along ``axis``, and the difference of their means."""
    y_true, y_pred = pair(who, y_true, y_pred)
    true_mean, pred_mean = mean(y_true, axis=axis, keepdims=True), mean(y_pred, axis=axis, keepdims=True)
    return y_true - true_mean, y_pred - pred_mean, mean(true_mean - pred_mean, axis=axis)


@metric_function()
def pearson_correlation(y_true, y_pred, axis=-1):
    """Covariance / (standard deviations of y_true and y_pred) along ``axis``: -1 to 1; 0 where one of them is constant.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.metrics.pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).tolist()]
    [1.0]
    """
    t, p, _ = _moments("pearson_correlation", y_true, y_pred, axis)
    return divide_no_nan(mean(t * p, axis=axis), sqrt(mean(square(t), axis=axis) * mean(square(p), axis=axis)))


@metric_function()
def concordance_correlation(y_true, y_pred, axis=-1):
    """2 · covariance / (variances + (difference of the means)²) along ``axis``: 1 only for equal values.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.
    Source: Lin, 1989, https://doi.org/10.2307/2532051.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.metrics.concordance_correlation([[0.0, 2.0]], [[1.0, 3.0]]).tolist()]
    [0.6667]
    """
    t, p, gap = _moments("concordance_correlation", y_true, y_pred, axis)
    spread = mean(square(t), axis=axis) + mean(square(p), axis=axis) + square(gap)
    return divide_no_nan(2.0 * mean(t * p, axis=axis), spread)


@registry.builtin("keras.metrics")
class PearsonCorrelation(MeanMetricWrapper):
    """Mean Pearson correlation; see ``keras.metrics.pearson_correlation``.

    Args:
        name, dtype: see ``Metric``.
        axis: the dimension along which to correlate.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.PearsonCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]])), 4)
    1.0
    """

    _row_wise = True

    def __init__(self, name="pearson_correlation", dtype=None, axis=-1):
        super().__init__(pearson_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis


@registry.builtin("keras.metrics")
class ConcordanceCorrelation(MeanMetricWrapper):
    """Mean concordance correlation; see ``keras.metrics.concordance_correlation``.

    Args:
        name, dtype: see ``Metric``.
        axis: the dimension along which to correlate.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.ConcordanceCorrelation()([[0.0, 2.0]], [[1.0, 3.0]])), 4)
    0.6667
    """

    _row_wise = True

    def __init__(self, name="concordance_correlation", dtype=None, axis=-1):
        super().__init__(concordance_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis
