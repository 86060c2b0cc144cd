"""Means of errors of numbers."""

from keraunos.backend import dispatch
from keraunos.core.scope import real_rows
from keraunos.losses.matching import as_array, pair, rank
from keraunos.losses.regression import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from keraunos.metrics.marking import metric_function
from keraunos.metrics.metric import Metric
from keraunos.metrics.reduction_metrics import Mean, MeanMetricWrapper
from keraunos.ops.arithmetic import divide_no_nan, maximum, sqrt, square
from keraunos.ops.indexing import where
from keraunos.ops.norm import normalize
from keraunos.ops.reductions import mean
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.ops.shapes import reshape
from keraunos.util import registry


@registry.builtin("keras.metrics")
class MeanSquaredError(MeanMetricWrapper):
    """Mean of (y_true - y_pred)²; see ``keras.losses.mean_squared_error``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]])), 4)
    0.5
    """

    _row_wise = True

    def __init__(self, name="mean_squared_error", dtype=None):
        super().__init__(mean_squared_error, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class MeanAbsoluteError(MeanMetricWrapper):
    """Mean of |y_true - y_pred|; see ``keras.losses.mean_absolute_error``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.MeanAbsoluteError()([[0.0, 1.0]], [[2.0, 1.0]])), 4)
    1.0
    """

    _row_wise = True

    def __init__(self, name="mean_absolute_error", dtype=None):
        super().__init__(mean_absolute_error, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """Mean of 100 · |y_true - y_pred| / |y_true|; see ``keras.losses.mean_absolute_percentage_error``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.MeanAbsolutePercentageError()([[1.0, 2.0]], [[2.0, 2.0]])), 4)
    50.0
    """

    _row_wise = True

    def __init__(self, name="mean_absolute_percentage_error", dtype=None):
        super().__init__(mean_absolute_percentage_error, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """Mean of (log(y_true + 1) - log(y_pred + 1))²; see ``keras.losses.mean_squared_logarithmic_error``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.MeanSquaredLogarithmicError()([[1.0]], [[1.0]])), 4)
    0.0
    """

    _row_wise = True

    def __init__(self, name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(mean_squared_logarithmic_error, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class LogCoshError(MeanMetricWrapper):
    """Mean of log(cosh(y_pred - y_true)); see ``keras.losses.log_cosh``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.LogCoshError()([[1.0]], [[1.0]])), 4)
    0.0
    """

    _row_wise = True

    def __init__(self, name="logcosh", dtype=None):
        super().__init__(log_cosh, name=name, dtype=dtype)


@metric_function(public=False)
def cosine(y_true, y_pred, axis=-1):
    """The cosine of the angle between y_true and y_pred (the loss of that name is its negative).

    **Shape:** both ``(..., n)``, to ``(...)``.
    """
    y_true, y_pred = pair("cosine_similarity", y_true, y_pred)
    return reduce_sum(normalize(y_true, axis=axis) * normalize(y_pred, axis=axis), axis=axis)


@registry.builtin("keras.metrics")
class CosineSimilarity(MeanMetricWrapper):
    """Mean cosine of the angle between y_true and y_pred: 1 for equal directions, -1 for opposite ones.

    Args:
        name, dtype: see ``Metric``.
        axis: the dimension of the vectors.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> float(keras.metrics.CosineSimilarity()([[0.0, 2.0]], [[0.0, 3.0]]))
    1.0
    """

    _row_wise = True

    def __init__(self, name="cosine_similarity", dtype=None, axis=-1):
        super().__init__(cosine, name=name, dtype=dtype, axis=axis)
        self.axis = axis


@registry.builtin("keras.metrics")
class RootMeanSquaredError(Mean):
    """√ of the mean of (y_true - y_pred)².

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> float(keras.metrics.RootMeanSquaredError()([[0.0, 0.0]], [[3.0, 3.0]]))
    3.0
    """

    _row_wise = True

    def __init__(self, name="root_mean_squared_error", dtype=None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account."""
        y_true, y_pred = pair("RootMeanSquaredError", y_true, y_pred)
        super().update_state(square(y_true - y_pred), sample_weight)

    def result(self):
        """The root so far."""
        return sqrt(super().result())


@registry.builtin("keras.metrics")
class R2Score(Metric):
    """1 - Σ (y_true - y_pred)² / Σ (y_true - mean(y_true))²: the share of variance that predictions explain.

    Args:
        class_aggregation: of several outputs: "uniform_average", "variance_weighted_average", or None for one score each.
        num_regressors: number of independent variables, for the adjusted score (0: not adjusted).
        name, dtype: see ``Metric``.

    **Shape:** y_true and y_pred ``(n, outputs)``; sample_weight ``(n,)`` or ``(n, 1)``.

    Raises ``ValueError`` for other arguments and shapes.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
    0.5714
    """

    _row_wise = True

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name="r2_score", dtype=None):
        super().__init__(name=name, dtype=dtype)
        allowed = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in allowed:
            raise ValueError(f"R2Score: class_aggregation must be one of {allowed}, got {class_aggregation!r}.")
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors must be at least 0, got {num_regressors}.")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable(shape=(), name="num_samples")
        self.built = False

    def _build(self, n):
        for attribute, name in (("squared_sum", None), ("sum", None), ("total_mse", "residual"), ("count", None)):
            setattr(self, attribute, self.add_variable(shape=(n,), name=name or attribute))
        self.built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account."""
        y_true, y_pred = pair("R2Score", y_true, y_pred)
        if rank(y_pred) != 2:
            raise ValueError(f"R2Score: y_true and y_pred must have shape (n, outputs), got {tuple(y_pred.shape)}.")
        if not self.built:
            self._build(y_pred.shape[1])
        engine = dispatch.engine_of(y_pred)
        y_true, y_pred = as_array(engine, y_true, self._dtype), as_array(engine, y_pred, self._dtype)
        weights = as_array(engine, 1.0 if sample_weight is None else sample_weight, self._dtype)
        if rank(weights) == 1:
            weights = reshape(weights, (-1, 1))
        weights = weights + 0.0 * y_true[:, :1]  # (n, 1)
        self.sum.assign_add(reduce_sum(weights * y_true, axis=0))
        self.squared_sum.assign_add(reduce_sum(weights * square(y_true), axis=0))
        self.total_mse.assign_add(reduce_sum(weights * square(y_true - y_pred), axis=0))
        self.count.assign_add(reduce_sum(weights, axis=0))
        rows = real_rows(y_true.shape[0])
        self.num_samples.assign_add((float(y_true.shape[0]) if rows is None else rows.count) * y_true.shape[1])

    def result(self):
        """The score so far."""
        centre = divide_no_nan(self.sum.value, self.count.value)
        spread = self.squared_sum.value - self.sum.value * centre
        score = where(spread == 0, 0.0, 1.0 - self.total_mse.value / where(spread == 0, 1.0, spread))
        if self.class_aggregation == "uniform_average":
            score = mean(score)
        elif self.class_aggregation == "variance_weighted_average":
            score = reduce_sum(spread * score) / reduce_sum(spread)
        if self.num_regressors:
            n = self.num_samples.value
            free = n - self.num_regressors - 1.0
            score = where(free > 0, 1.0 - (1.0 - score) * (n - 1.0) / maximum(free, 1.0), score)
        return score
