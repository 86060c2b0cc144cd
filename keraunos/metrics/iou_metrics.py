"""Intersection over union of predicted and true regions, by a confusion matrix."""

from keraunos.backend import dispatch
from keraunos.losses.matching import as_array, match_weights, rank
from keraunos.metrics.metric import Metric
from keraunos.ops.arithmetic import divide_no_nan
from keraunos.ops.core import cast
from keraunos.ops.indexing import diagonal, where
from keraunos.ops.reductions import argmax
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.ops.scatter import segment_sum
from keraunos.ops.shapes import broadcast_to, reshape
from keraunos.util import registry


class _ConfusionMatrix(Metric):
    """A confusion matrix, rows true classes, columns predicted ones, and a mean over its classes."""

    _row_wise = True

    def _keep(self, num_classes, target_class_ids, ignore_class, sparse_y_true, sparse_y_pred, axis):
        who = type(self).__name__
        outside = [c for c in target_class_ids if not 0 <= c < num_classes]
        if outside:
            raise ValueError(f"{who}: target_class_ids must be in [0, {num_classes}), got {outside[0]}.")
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable(shape=(num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account. Weights that are no whole numbers need a float dtype of the metric."""
        who = type(self).__name__
        engine = dispatch.engine_of(y_true, y_pred, who=who)
        y_true, y_pred = self._classes(as_array(engine, y_true), as_array(engine, y_pred))
        if rank(y_true) == rank(y_pred) + 1 and y_true.shape[-1] == 1:
            y_true = reshape(y_true, y_pred.shape)
        if tuple(y_true.shape) != tuple(y_pred.shape):
            raise ValueError(
                f"{who}: classes of y_true and y_pred must have equal shapes, got {tuple(y_true.shape)} and {tuple(y_pred.shape)}."
            )
        weights = as_array(engine, 1.0 if sample_weight is None else sample_weight, "float32")
        if rank(weights):
            weights, _ = match_weights(who, weights, y_pred)
        weights = broadcast_to(weights, y_pred.shape)
        y_true, y_pred = cast(y_true, "int32"), cast(y_pred, "int32")
        n = self.num_classes
        counted = (y_true >= 0) & (y_true < n) & (y_pred >= 0) & (y_pred < n)
        if self.ignore_class is not None:
            counted = counted & (y_true != self.ignore_class)
        cell = where(counted, y_true * n + y_pred, 0)
        weights = where(counted, weights, 0.0)
        cells = segment_sum(reshape(weights, (-1,)), reshape(cell, (-1,)), num_segments=n * n)
        self.total_cm.assign_add(cast(reshape(cells, (n, n)), self._dtype))

    def _classes(self, y_true, y_pred):
        if not self.sparse_y_true:
            y_true = argmax(y_true, axis=self.axis)
        if not self.sparse_y_pred:
            y_pred = argmax(y_pred, axis=self.axis)
        return y_true, y_pred

    def result(self):
        """The mean of the wanted classes' intersection / union, those that never occurred left out."""
        matrix = cast(self.total_cm.value, "float32" if "int" in self._dtype else self._dtype)
        right = diagonal(matrix)
        union = reduce_sum(matrix, axis=0) + reduce_sum(matrix, axis=1) - right
        ids = self.target_class_ids
        right, union = (reshape(entries(x, ids), (-1,)) for x in (right, union))
        return divide_no_nan(reduce_sum(divide_no_nan(right, union)), reduce_sum(cast(union > 0, str(matrix.dtype))))

    def get_config(self):
        """Arguments that make an equal metric."""
        config = super().get_config()
        return config | {"target_class_ids": self.target_class_ids} if "target_class_ids" in config else config


def entries(x, places):
    """The entries of x at the given places."""
    return x[as_array(dispatch.engine_of(x), list(places), "int32")]


@registry.builtin("keras.metrics")
class IoU(_ConfusionMatrix):
    """TP / (TP + FP + FN) of the wanted classes, averaged.

    Args:
        num_classes: number of classes.
        target_class_ids: the classes wanted.
        name: see ``Metric``.
        dtype: of the confusion matrix; default int32.
        ignore_class: true class that is left out.
        sparse_y_true, sparse_y_pred: whether these hold class indices, not a value per class.
        axis: the dimension of the classes where they are not sparse.

    **Shape:** y_true and y_pred equal, but for the dimension of the classes; result a scalar.

    Raises ``ValueError`` for class ids out of range.

    >>> import keraunos as keras
    >>> m = keras.metrics.IoU(num_classes=2, target_class_ids=[0])
    >>> round(float(m([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    _row_wise = True

    def __init__(
        self,
        num_classes,
        target_class_ids,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_true=True,
        sparse_y_pred=True,
        axis=-1,
    ):
        super().__init__(name=name, dtype=dtype or "int32")
        self._keep(num_classes, target_class_ids, ignore_class, sparse_y_true, sparse_y_pred, axis)


@registry.builtin("keras.metrics")
class BinaryIoU(_ConfusionMatrix):
    """TP / (TP + FP + FN) of two classes, 1 being predicted at and above a threshold.

    Args:
        target_class_ids: the classes wanted, of 0 and 1.
        threshold: predictions below it are class 0; None: y_pred holds class indices.
        name: see ``Metric``.
        dtype: of the confusion matrix; default int32.

    **Shape:** y_true and y_pred equal; result a scalar.

    >>> import keraunos as keras
    >>> m = keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.3)
    >>> round(float(m([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
    0.3333
    """

    _row_wise = True

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype or "int32")
        self._keep(2, target_class_ids, None, True, True, -1)
        self.threshold = threshold

    def _classes(self, y_true, y_pred):
        return y_true, y_pred if self.threshold is None else cast(y_pred >= self.threshold, "int32")


@registry.builtin("keras.metrics")
class MeanIoU(_ConfusionMatrix):
    """The mean over all classes of TP / (TP + FP + FN).

    Args:
        num_classes: number of classes.
        name: see ``Metric``.
        dtype: of the confusion matrix; default int32.
        ignore_class: true class that is left out.
        sparse_y_true, sparse_y_pred: whether these hold class indices, not a value per class.
        axis: the dimension of the classes where they are not sparse.

    **Shape:** y_true and y_pred equal, but for the dimension of the classes; result a scalar.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    _row_wise = True

    def __init__(
        self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_true=True, sparse_y_pred=True, axis=-1
    ):
        super().__init__(name=name, dtype=dtype or "int32")
        self._keep(num_classes, range(num_classes), ignore_class, sparse_y_true, sparse_y_pred, axis)


@registry.builtin("keras.metrics")
class OneHotIoU(_ConfusionMatrix):
    """``IoU`` for one-hot targets.

    Args:
        num_classes: number of classes.
        target_class_ids: the classes wanted.
        name: see ``Metric``.
        dtype: of the confusion matrix; default int32.
        ignore_class: true class that is left out.
        sparse_y_pred: whether y_pred holds class indices, not a value per class.
        axis: the dimension of the classes.

    **Shape:** y_true ``(..., classes)``, y_pred the same or ``(...)``; result a scalar.

    >>> import keraunos as keras
    >>> m = keras.metrics.OneHotIoU(num_classes=2, target_class_ids=[0])
    >>> float(m([[1, 0], [0, 1]], [[0.8, 0.2], [0.6, 0.4]]))
    0.5
    """

    _row_wise = True

    def __init__(
        self,
        num_classes,
        target_class_ids,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_pred=False,
        axis=-1,
    ):
        super().__init__(name=name, dtype=dtype or "int32")
        self._keep(num_classes, target_class_ids, ignore_class, False, sparse_y_pred, axis)


@registry.builtin("keras.metrics")
class OneHotMeanIoU(_ConfusionMatrix):
    """``MeanIoU`` for one-hot targets.

    Args:
        num_classes: number of classes.
        name: see ``Metric``.
        dtype: of the confusion matrix; default int32.
        ignore_class: true class that is left out.
        sparse_y_pred: whether y_pred holds class indices, not a value per class.
        axis: the dimension of the classes.

    **Shape:** y_true ``(..., classes)``, y_pred the same or ``(...)``; result a scalar.

    >>> import keraunos as keras
    >>> m = keras.metrics.OneHotMeanIoU(num_classes=2)
    >>> float(m([[1, 0], [0, 1]], [[0.8, 0.2], [0.6, 0.4]]))
    0.25
    """

    _row_wise = True

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(name=name, dtype=dtype or "int32")
        self._keep(num_classes, range(num_classes), ignore_class, False, sparse_y_pred, axis)
