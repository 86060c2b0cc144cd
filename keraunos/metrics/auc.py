"""The area under the ROC curve, the precision-recall curve, and its gain form."""

import numpy as np

from keraunos.backend import dispatch
from keraunos.losses.matching import as_array
from keraunos.metrics import confusion
from keraunos.metrics.metric import Metric
from keraunos.ops.activation import sigmoid
from keraunos.ops.arithmetic import divide_no_nan, maximum, minimum
from keraunos.ops.elementwise import log
from keraunos.ops.indexing import where
from keraunos.ops.reductions import mean
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.util import registry, settings
from keraunos.util.errors import near

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "minoring", "majoring")
_NAMES = ("true_positives", "false_positives", "true_negatives", "false_negatives")


@registry.builtin("keras.metrics")
class AUC(Metric):
    """The area under a curve of rates over all thresholds.

    Args:
        num_thresholds: how many thresholds the curve has (more: finer).
        curve: "ROC" (recall over false positive rate), "PR" (precision over recall) or "PRGAIN" (precision gain over recall gain).
        summation_method: height between two thresholds: "interpolation" (for "PR": of true positives, not of precision),
            "minoring" (the lower one) or "majoring".
        name, dtype: see ``Metric``.
        thresholds: list of thresholds in [0, 1] instead of evenly spaced ones.
        multi_label: whether each column has its own area; the result is their mean.
        num_labels: number of columns, with ``multi_label``.
        label_weights: weights of the columns.
        from_logits: whether y_pred are logits.

    **Shape:** y_true (0 or 1) and y_pred equal, ``(n, labels)`` with ``multi_label``; result a scalar.

    Raises ``ValueError`` for other arguments.
    Sources: Davis and Goadrich, 2006, https://www.biostat.wisc.edu/~page/rocpr.pdf; Flach and Kull, 2015,
    https://papers.nips.cc/paper/5867-precision-recall-gain-curves-pr-analysis-done-right.

    >>> import keraunos as keras
    >>> float(keras.metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
    0.75
    """

    _row_wise = True

    def __init__(
        self,
        num_thresholds=200,
        curve="ROC",
        summation_method="interpolation",
        name=None,
        dtype=None,
        thresholds=None,
        multi_label=False,
        num_labels=None,
        label_weights=None,
        from_logits=False,
    ):
        super().__init__(name=name, dtype=dtype)
        self.curve = _choice("curve", str(curve).upper(), _CURVES)
        self.summation_method = _choice("summation_method", str(summation_method).lower(), _METHODS)
        if num_labels is not None and not multi_label:
            raise ValueError("AUC: num_labels is for multi_label=True only.")
        self._set_thresholds(num_thresholds, thresholds)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, np.float64)
        if self.label_weights is not None and (self.label_weights < 0).any():
            raise ValueError(f"AUC: label_weights must not be negative, got {self.label_weights.tolist()}.")
        self._from_logits = from_logits
        self.built = False
        if not multi_label or num_labels is not None:
            self._build(num_labels)

    def _set_thresholds(self, num_thresholds, thresholds):
        self._given_thresholds = thresholds is not None
        if thresholds is not None:
            inner = np.sort(confusion.check_thresholds("AUC", thresholds))
            inner = inner[(inner > 0) & (inner < 1)]
        elif not isinstance(num_thresholds, int) or num_thresholds < 2:
            raise ValueError(f"AUC: num_thresholds must be an int of at least 2, got {num_thresholds!r}.")
        else:
            inner = confusion.even_thresholds(num_thresholds)[1:-1]
        e = settings.epsilon()
        self._limits = np.concatenate([[-e], inner, [1.0 + e]])  # below and above every probability
        self._even = confusion.are_even(self._limits)
        self.num_thresholds = len(self._limits)

    @property
    def thresholds(self):
        """The thresholds as a list."""
        return self._limits.tolist()

    def _build(self, labels):
        shape = (self.num_thresholds, labels) if self.multi_label else (self.num_thresholds,)
        if self.label_weights is not None and self.multi_label and self.label_weights.shape != (labels,):
            raise ValueError(f"AUC: label_weights must have shape ({labels},), got {self.label_weights.shape}.")
        self._labels = labels
        for name in _NAMES:
            setattr(self, name, self.add_variable(shape=shape, name=name))
        self.built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account."""
        y_pred = as_array(dispatch.engine_of(y_true, y_pred, who="AUC"), y_pred, self._dtype)
        if self.multi_label and len(y_pred.shape) != 2:
            raise ValueError(
                f"AUC: y_pred must have shape (n, labels) with multi_label=True, got {tuple(y_pred.shape)}."
            )
        if not self.built:
            self._build(y_pred.shape[1])
        if self.multi_label and y_pred.shape[1] != self._labels:
            raise ValueError(f"AUC: y_pred must have {self._labels} labels, got shape {tuple(y_pred.shape)}.")
        counts = confusion.count(
            "AUC",
            y_true,
            sigmoid(y_pred) if self._from_logits else y_pred,
            self._limits,
            self._dtype,
            even=self._even,
            sample_weight=sample_weight,
            by_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )
        for name in _NAMES:
            getattr(self, name).assign_add(getattr(counts, name))

    def result(self):
        """The area so far."""
        tp, fp, tn, fn = (getattr(self, name).value for name in _NAMES)
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated_pr(tp, fp, fn)
        else:
            x, y = self._curve(tp, fp, tn, fn)
            if self.summation_method == "interpolation":
                heights = (y[:-1] + y[1:]) / 2.0
            else:
                heights = (minimum if self.summation_method == "minoring" else maximum)(y[:-1], y[1:])
            areas = (x[:-1] - x[1:]) * heights
        areas = reduce_sum(areas, axis=0)  # () or (labels,)
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return mean(areas)
        weights = as_array(dispatch.engine_of(areas), self.label_weights, self._dtype)
        return divide_no_nan(reduce_sum(areas * weights), reduce_sum(weights))

    def _curve(self, tp, fp, tn, fn):
        recall = divide_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            return divide_no_nan(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, divide_no_nan(tp, tp + fp)
        odds = divide_no_nan(tp + fn, fp + tn)  # of a positive sample
        recall_gain = where(tp > 0, maximum(1.0 - odds * divide_no_nan(fn, tp), 0.0), 0.0)
        return recall_gain, 1.0 - odds * divide_no_nan(fp, tp)

    def get_config(self):
        """Arguments that make an equal metric."""
        config = super().get_config()
        config["label_weights"] = None if self.label_weights is None else self.label_weights.tolist()
        config["num_thresholds"] = self.num_thresholds
        config.pop("thresholds", None)
        if self._given_thresholds:
            config["thresholds"] = self.thresholds[1:-1]
        return config


def _choice(name, value, allowed):
    if value not in allowed:
        raise ValueError(f"AUC: {name} must be one of {allowed}, got {value!r}.{near(value, allowed)}")
    return value


def _interpolated_pr(tp, fp, fn):
    """Areas between thresholds under the precision-recall curve, true positives taken as linear in predicted positives."""
    predicted = tp + fp
    slope = divide_no_nan(tp[:-1] - tp[1:], maximum(predicted[:-1] - predicted[1:], 0.0))
    start = tp[1:] - slope * predicted[1:]
    both = (predicted[:-1] > 0) & (predicted[1:] > 0)
    ratio = where(both, divide_no_nan(predicted[:-1], maximum(predicted[1:], 0.0)), 1.0)
    area = slope * (tp[:-1] - tp[1:] + start * log(ratio))
    return divide_no_nan(area, maximum(tp[1:] + fn[1:], 0.0))
