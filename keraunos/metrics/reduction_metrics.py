"""Means and sums over batches, of values or of a function of targets and predictions."""

import math

from keraunos.backend import dispatch
from keraunos.core.masks import get_mask, set_mask
from keraunos.losses.loss import both, mean_mask
from keraunos.losses.matching import as_array, is_nesting, match_ranks, match_weights, rank
from keraunos.metrics.metric import Metric
from keraunos.ops.arithmetic import divide_no_nan
from keraunos.ops.reductions import mean
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.ops.shapes import expand_dims
from keraunos.util import registry
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


def _size(shape):
    return float(math.prod(shape))


def values_and_weights(values, sample_weight, dtype, who):
    """(values as an array, weights or None), a mask of the values among the weights."""
    mask = None if isinstance(values, (list, tuple)) else get_mask(values)
    engine = dispatch.engine_of(values, sample_weight, who=who)
    values = as_array(engine, values, dtype)
    weights = None if sample_weight is None else as_array(engine, sample_weight, dtype)
    if mask is None:
        return values, weights
    mask = mean_mask(mask, dtype, None, normalize=False)
    if weights is None:
        return values, mask
    weights, mask = match_weights(who, weights, mask)
    return values, weights * mask


def weighted_total(values, sample_weight, dtype, who):
    """(Σ over samples of the weighted mean of their values, Σ over samples of their mean weight)."""
    values, weights = values_and_weights(values, sample_weight, dtype, who)
    inner = _size(values.shape[1:])
    if weights is None:
        total = reduce_sum(values)
        return (total / inner if inner > 1 else total), (float(values.shape[0]) if rank(values) else 1.0)
    if not rank(weights):  # one weight for the whole: its values are one value
        return (mean(values) if rank(values) else values) * weights, weights
    weights, values = match_weights(who, weights, values)
    total, inner = reduce_sum(values * weights), _size(values.shape[1:])
    share = _size(weights.shape[1:])  # weights of a sample, those that are shared counted once
    repeats = values.shape[0] / max(weights.shape[0], 1)
    count = reduce_sum(weights)
    if share != 1 or repeats != 1:
        count = count * (repeats / share)
    return (total / inner if inner > 1 else total), count


@registry.builtin("keras.metrics")
class Sum(Metric):
    """The (weighted) sum of all values.

    **Shape:** values ``(n, ...)`` or scalar; sample_weight that of their first dimensions, or scalar.

    >>> import keraunos as keras
    >>> m = keras.metrics.Sum()
    >>> m.update_state([1.0, 3.0])
    >>> float(m.result())
    4.0
    """

    _row_wise = True

    def __init__(self, name="sum", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")

    def update_state(self, values, sample_weight=None):
        """Add the values of a batch."""
        values, weights = values_and_weights(values, sample_weight, self._dtype, "Sum")
        if weights is not None:
            weights, values = match_weights("Sum", weights, values)
            values = values * weights
        self.total.assign_add(reduce_sum(values))

    def result(self):
        """The sum so far."""
        return self.total.value


@registry.builtin("keras.metrics")
class Mean(Metric):
    """The (weighted) mean of all values.

    **Shape:** values ``(n, ...)`` or scalar; sample_weight that of their first dimensions, or scalar.

    >>> import keraunos as keras
    >>> m = keras.metrics.Mean()
    >>> m.update_state([1.0, 3.0]), m.update_state([8.0], sample_weight=[2.0])
    (None, None)
    >>> float(m.result())
    5.0
    """

    _row_wise = True

    def __init__(self, name="mean", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, values, sample_weight=None):
        """Take the values of a batch into account."""
        total, count = weighted_total(values, sample_weight, self._dtype, type(self).__name__)
        self.total.assign_add(total)
        self.count.assign_add(count)

    def result(self):
        """The mean so far; 0 when nothing came."""
        return divide_no_nan(self.total.value, self.count.value)


@registry.builtin("keras.metrics")
class MeanMetricWrapper(Mean):
    """The (weighted) mean of ``fn(y_true, y_pred, **kwargs)`` over all samples.

    Args:
        fn: function that returns a value per sample.
        name: default: that of the function's name.
        dtype: dtype of the variables.

    >>> import keraunos as keras
    >>> m = keras.metrics.MeanMetricWrapper(keras.losses.mean_absolute_error, name="mae")
    >>> m.update_state([[0.0], [0.0]], [[1.0], [3.0]])
    >>> float(m.result())
    2.0
    """

    def __init__(self, fn, name=None, dtype=None, **kwargs):
        if not callable(fn):
            raise TypeError(f"{type(self).__name__}: fn must be a function of y_true and y_pred, got {describe(fn)}.")
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        axis = kwargs.get("axis", -1)
        known = type(self)._row_wise if type(self) is not MeanMetricWrapper else getattr(fn, "_row_wise", False)
        self._row_wise = known and axis is not None and (axis == -1 or axis > 0)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account; a mask of y_pred multiplies the weights."""
        mask = None if is_nesting(y_pred) else get_mask(y_pred)
        if getattr(self._fn, "_mean_of_last", False):
            y_true, y_pred = _columns(y_true, y_pred)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        mask = both(mask, get_mask(values))
        if mask is not None:
            set_mask(values, mask)
        super().update_state(values, sample_weight)

    def get_config(self):
        """Arguments that make an equal metric."""
        config = super().get_config()
        if type(self) is MeanMetricWrapper:
            config["fn"] = serialize_keras_object(self._fn)
        return config

    @classmethod
    def from_config(cls, config):
        """A metric from ``get_config()``'s dict."""
        if isinstance(config.get("fn"), dict):
            config = {**config, "fn": deserialize_keras_object(config["fn"])}
        return cls(**config)


def _columns(y_true, y_pred):
    """Vectors as columns, so that each of their elements is a sample."""
    engine = dispatch.engine_of(y_true, y_pred)
    y_true, y_pred = as_array(engine, y_true), as_array(engine, y_pred)
    if rank(y_true) == 1 and rank(y_pred) == 1:
        return expand_dims(y_true, -1), expand_dims(y_pred, -1)
    return match_ranks(y_true, y_pred)
