"""F scores: harmonic means of precision and recall."""

from keraunos.backend import dispatch
from keraunos.losses.matching import as_array, pair, rank
from keraunos.metrics.metric import Metric
from keraunos.ops.arithmetic import absolute, divide_no_nan
from keraunos.ops.core import cast
from keraunos.ops.reductions import max as reduce_max
from keraunos.ops.reductions import mean
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.ops.shapes import reshape
from keraunos.util import registry

_AVERAGES = (None, "micro", "macro", "weighted")
_NAMES = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")


@registry.builtin("keras.metrics")
class FBetaScore(Metric):
    """(1 + β²) · precision · recall / (β² · precision + recall), for each class or averaged.

    Args:
        average: None (a score for each class), "micro" (over all values), "macro" (the mean of the classes'), "weighted" (that mean
            weighted by how often classes are true).
        beta: how much more recall counts than precision, above 0.
        threshold: above it a prediction is positive; None: the highest of a row is.
        name, dtype: see ``Metric``.

    **Shape:** y_true (0 or 1) and y_pred ``(n, classes)``; sample_weight ``(n,)``; result ``(classes,)`` or a scalar.

    Raises ``ValueError`` for other arguments and shapes.

    >>> import keraunos as keras
    >>> m = keras.metrics.FBetaScore(beta=2.0, threshold=0.5)
    >>> [round(v, 4) for v in m([[1, 1], [1, 0], [1, 1]], [[0.2, 0.6], [0.2, 0.6], [0.6, 0.8]]).tolist()]
    [0.3846, 0.9091]
    """

    _row_wise = True

    def __init__(self, average=None, beta=1.0, threshold=None, name="fbeta_score", dtype=None):
        super().__init__(name=name, dtype=dtype)
        who = type(self).__name__
        if average not in _AVERAGES:
            raise ValueError(f"{who}: average must be one of {_AVERAGES}, got {average!r}.")
        if not isinstance(beta, float) or beta <= 0:
            raise ValueError(f"{who}: beta must be a float above 0, got {beta!r}.")
        if threshold is not None and (not isinstance(threshold, float) or not 0 < threshold <= 1):
            raise ValueError(f"{who}: threshold must be a float in (0, 1], got {threshold!r}.")
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self.built = False

    def _build(self, classes):
        for name in _NAMES:
            shape = () if self.average == "micro" else (classes,)
            setattr(self, name, self.add_variable(shape=shape, name=name))
        self.built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account."""
        who = type(self).__name__
        y_true, y_pred = pair(who, y_true, y_pred)
        if rank(y_pred) != 2:
            raise ValueError(f"{who}: y_true and y_pred must have shape (n, classes), got {tuple(y_pred.shape)}.")
        if not self.built:
            self._build(y_pred.shape[1])
        if self.threshold is None:
            chosen = (y_pred >= reduce_max(y_pred, axis=-1, keepdims=True)) & (absolute(y_pred) > 1e-9)
        else:
            chosen = y_pred > self.threshold
        true, chosen = cast(y_true, self._dtype), cast(chosen, self._dtype)
        weights = 1.0
        if sample_weight is not None:
            weights = as_array(dispatch.engine_of(true), sample_weight, self._dtype)
            weights = reshape(weights, (-1, 1)) if rank(weights) == 1 else weights
        axis = None if self.average == "micro" else 0
        sums = (chosen * true, chosen * (1.0 - true), (1.0 - chosen) * true, true)
        for name, values in zip(_NAMES, sums, strict=True):
            getattr(self, name).assign_add(reduce_sum(values * weights, axis=axis))

    def result(self):
        """The score so far."""
        tp, fp, fn, often = (getattr(self, name).value for name in _NAMES)
        more = self.beta**2
        score = divide_no_nan((1.0 + more) * tp, (1.0 + more) * tp + more * fn + fp)
        if self.average == "weighted":
            return reduce_sum(score * divide_no_nan(often, reduce_sum(often)))
        return mean(score) if self.average is not None else score


@registry.builtin("keras.metrics")
class F1Score(FBetaScore):
    """2 · precision · recall / (precision + recall), for each class or averaged.

    Args:
        average: None, "micro", "macro" or "weighted", see ``FBetaScore``.
        threshold: above it a prediction is positive; None: the highest of a row is.
        name, dtype: see ``Metric``.

    **Shape:** y_true (0 or 1) and y_pred ``(n, classes)``; sample_weight ``(n,)``; result ``(classes,)`` or a scalar.

    >>> import keraunos as keras
    >>> m = keras.metrics.F1Score(threshold=0.5)
    >>> [round(v, 4) for v in m([[1, 1], [1, 0], [1, 1]], [[0.2, 0.6], [0.2, 0.6], [0.6, 0.8]]).tolist()]
    [0.5, 0.8]
    """

    _row_wise = True

    def __init__(self, average=None, threshold=None, name="f1_score", dtype=None):
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)
