"""Precision, recall, and counts of right and wrong predictions, at given thresholds."""

import numpy as np

from keraunos.metrics import confusion
from keraunos.metrics.metric import Metric
from keraunos.ops.arithmetic import divide_no_nan
from keraunos.ops.indexing import where
from keraunos.ops.reductions import max as reduce_max
from keraunos.util import registry


class AtThresholds(Metric):
    """What metrics at given thresholds share. ``_kept`` names the variables, each a property of ``Counts``."""

    _kept = ()

    def _keep(self, thresholds, default=0.5):
        self.init_thresholds = thresholds
        self.thresholds = confusion.check_thresholds(type(self).__name__, thresholds, default)
        self._limits = np.asarray(self.thresholds)

    def _one(self, values):
        return values[0] if len(self.thresholds) == 1 else values


class _Count(AtThresholds):
    """The weight of all samples of one outcome."""

    _row_wise = True

    def __init__(self, thresholds=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._keep(thresholds)
        self.accumulator = self.add_variable(shape=(len(self.thresholds),), name="accumulator")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account."""
        counts = confusion.count(
            type(self).__name__, y_true, y_pred, self._limits, self._dtype, sample_weight=sample_weight
        )
        self.accumulator.assign_add(getattr(counts, self._kept[0]))

    def result(self):
        """The count so far, one for each threshold when there are several."""
        return self._one(self.accumulator.value)


def _count_class(name, kept, words, example):
    doc = f"""The (weighted) number of {words}.

    Args:
        thresholds: number in [0, 1] or list of them; default 0.5.
        name, dtype: see ``Metric``.

    **Shape:** y_true (0 or 1) and y_pred equal; result ``()``, or ``(thresholds,)`` for a list.

    >>> import keraunos as keras
    >>> float(keras.metrics.{name}()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]))
    {example}
    """
    made = type(name, (_Count,), {"__doc__": doc, "__module__": __name__, "_kept": (kept,), "_row_wise": True})
    return registry.builtin("keras.metrics")(made)


TruePositives = _count_class("TruePositives", "true_positives", "positive samples that are predicted so", 2.0)
TrueNegatives = _count_class("TrueNegatives", "true_negatives", "negative samples that are predicted so", 0.0)
FalsePositives = _count_class("FalsePositives", "false_positives", "negative samples that are predicted positive", 1.0)
FalseNegatives = _count_class("FalseNegatives", "false_negatives", "positive samples that are predicted negative", 1.0)


class _Share(AtThresholds):
    """Right predictions as a share of something."""

    _row_wise = True

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._keep(thresholds, default=0.5)
        if top_k is not None and thresholds is None:
            self._limits = np.asarray([confusion.LOWEST])
        self.top_k = top_k
        self.class_id = class_id
        for name in self._kept:
            setattr(self, name, self.add_variable(shape=(len(self.thresholds),), name=name))

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account."""
        counts = confusion.count(
            type(self).__name__,
            y_true,
            y_pred,
            self._limits,
            self._dtype,
            sample_weight=sample_weight,
            top_k=self.top_k,
            class_id=self.class_id,
        )
        for name in self._kept:
            getattr(self, name).assign_add(getattr(counts, name))

    def result(self):
        """The share so far, one for each threshold when there are several; 0 where there is nothing to share."""
        right, wrong = (getattr(self, name).value for name in self._kept)
        return self._one(divide_no_nan(right, right + wrong))


@registry.builtin("keras.metrics")
class Precision(_Share):
    """TP / (TP + FP): how many of the samples that are predicted positive are so.

    Args:
        thresholds: number in [0, 1] or list of them; default 0.5, or none with ``top_k``.
        top_k: only the k highest predictions of each row count.
        class_id: only this class counts.
        name, dtype: see ``Metric``.

    **Shape:** y_true (0 or 1) and y_pred equal; result ``()``, or ``(thresholds,)`` for a list.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.Precision()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])), 4)
    0.6667
    """

    _row_wise = True
    _kept = ("true_positives", "false_positives")


@registry.builtin("keras.metrics")
class Recall(_Share):
    """TP / (TP + FN): how many of the positive samples are predicted so.

    Args:
        thresholds: number in [0, 1] or list of them; default 0.5, or none with ``top_k``.
        top_k: only the k highest predictions of each row count.
        class_id: only this class counts.
        name, dtype: see ``Metric``.

    **Shape:** y_true (0 or 1) and y_pred equal; result ``()``, or ``(thresholds,)`` for a list.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.Recall()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])), 4)
    0.6667
    """

    _row_wise = True
    _kept = ("true_positives", "false_negatives")


class _BestAt(Metric):
    """The best value of one rate where another is at least as high as wanted."""

    _row_wise = True
    _names = ("true_positives", "false_positives", "true_negatives", "false_negatives")

    def _keep(self, wanted, what, num_thresholds, class_id):
        who = type(self).__name__
        if not 0 <= wanted <= 1:
            raise ValueError(f"{who}: {what} must be between 0 and 1, got {wanted}.")
        if num_thresholds < 1:
            raise ValueError(f"{who}: num_thresholds must be at least 1, got {num_thresholds}.")
        self._wanted = wanted
        self.class_id = class_id
        self.num_thresholds = num_thresholds
        self._limits = np.asarray([0.5]) if num_thresholds == 1 else confusion.even_thresholds(num_thresholds)
        self.thresholds = self._limits.tolist()
        self._even = confusion.are_even(self._limits)
        for name in self._names:
            setattr(self, name, self.add_variable(shape=(num_thresholds,), name=name))

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account."""
        counts = confusion.count(
            type(self).__name__,
            y_true,
            y_pred,
            self._limits,
            self._dtype,
            even=self._even,
            sample_weight=sample_weight,
            class_id=self.class_id,
        )
        for name in self._names:
            getattr(self, name).assign_add(getattr(counts, name))

    def _best(self, value, of):
        return reduce_max(where(of >= self._wanted, value, 0.0))

    def _rates(self):
        tp, fp, tn, fn = (getattr(self, name).value for name in self._names)
        sensitivity, specificity = divide_no_nan(tp, tp + fn), divide_no_nan(tn, tn + fp)
        return sensitivity, specificity, divide_no_nan(tp, tp + fp)


@registry.builtin("keras.metrics")
class SensitivityAtSpecificity(_BestAt):
    """The highest TP / (TP + FN) where TN / (TN + FP) is at least ``specificity``.

    Args:
        specificity: the least value wanted, between 0 and 1.
        num_thresholds: how many thresholds to try.
        class_id: only this class counts.
        name, dtype: see ``Metric``.

    **Shape:** y_true (0 or 1) and y_pred equal; result a scalar, 0 when no threshold reaches what is wanted.

    >>> import keraunos as keras
    >>> float(keras.metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    _row_wise = True

    def __init__(self, specificity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.specificity = specificity
        self._keep(specificity, "specificity", num_thresholds, class_id)

    def result(self):
        """The best sensitivity so far."""
        sensitivity, specificity, _ = self._rates()
        return self._best(sensitivity, of=specificity)


@registry.builtin("keras.metrics")
class SpecificityAtSensitivity(_BestAt):
    """The highest TN / (TN + FP) where TP / (TP + FN) is at least ``sensitivity``.

    Args:
        sensitivity: the least value wanted, between 0 and 1.
        num_thresholds: how many thresholds to try.
        class_id: only this class counts.
        name, dtype: see ``Metric``.

    **Shape:** y_true (0 or 1) and y_pred equal; result a scalar, 0 when no threshold reaches what is wanted.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])), 4)
    0.6667
    """

    _row_wise = True

    def __init__(self, sensitivity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.sensitivity = sensitivity
        self._keep(sensitivity, "sensitivity", num_thresholds, class_id)

    def result(self):
        """The best specificity so far."""
        sensitivity, specificity, _ = self._rates()
        return self._best(specificity, of=sensitivity)


@registry.builtin("keras.metrics")
class PrecisionAtRecall(_BestAt):
    """The highest TP / (TP + FP) where TP / (TP + FN) is at least ``recall``.

    Args:
        recall: the least value wanted, between 0 and 1.
        num_thresholds: how many thresholds to try.
        class_id: only this class counts.
        name, dtype: see ``Metric``.

    **Shape:** y_true (0 or 1) and y_pred equal; result a scalar, 0 when no threshold reaches what is wanted.

    >>> import keraunos as keras
    >>> float(keras.metrics.PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    _row_wise = True

    def __init__(self, recall, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.recall = recall
        self._keep(recall, "recall", num_thresholds, class_id)

    def result(self):
        """The best precision so far."""
        recall, _, precision = self._rates()
        return self._best(precision, of=recall)


@registry.builtin("keras.metrics")
class RecallAtPrecision(_BestAt):
    """The highest TP / (TP + FN) where TP / (TP + FP) is at least ``precision``.

    Args:
        precision: the least value wanted, between 0 and 1.
        num_thresholds: how many thresholds to try.
        class_id: only this class counts.
        name, dtype: see ``Metric``.

    **Shape:** y_true (0 or 1) and y_pred equal; result a scalar, 0 when no threshold reaches what is wanted.

    >>> import keraunos as keras
    >>> float(keras.metrics.RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
    0.5
    """

    _row_wise = True

    def __init__(self, precision, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.precision = precision
        self._keep(precision, "precision", num_thresholds, class_id)

    def result(self):
        """The best recall so far."""
        recall, _, precision = self._rates()
        return self._best(recall, of=precision)
