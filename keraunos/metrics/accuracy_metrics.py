"""How many predictions are right."""

from keraunos.backend import dispatch
from keraunos.losses.matching import as_array, check_same_shape, match_ranks, rank
from keraunos.metrics.marking import metric_function
from keraunos.metrics.reduction_metrics import MeanMetricWrapper
from keraunos.ops.core import cast
from keraunos.ops.indexing import in_top_k
from keraunos.ops.reductions import any as reduce_any
from keraunos.ops.reductions import argmax
from keraunos.ops.shapes import reshape, squeeze
from keraunos.util import registry, settings


def _arrays(who, y_true, y_pred, same=True):
    engine = dispatch.engine_of(y_true, y_pred, who=who)
    y_true, y_pred = match_ranks(as_array(engine, y_true), as_array(engine, y_pred))
    if same:
        check_same_shape(who, y_true, y_pred)
    return y_true, y_pred


@metric_function(mean_of_last=True, public=False)
def accuracy(y_true, y_pred):
    """1 where y_true equals y_pred, else 0.

    **Shape:** both equal, kept. Raises ``ValueError`` for other shapes.

    >>> from keraunos.metrics.accuracy_metrics import accuracy
    >>> accuracy([1, 2], [1, 3]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = _arrays("accuracy", y_true, y_pred)
    return cast(cast(y_true, str(y_pred.dtype)) == y_pred, settings.floatx())


@metric_function(mean_of_last=True)
def binary_accuracy(y_true, y_pred, threshold=0.5):
    """1 where y_pred lies on the same side of the threshold as y_true says (1: above it), else 0.

    **Shape:** both equal, kept. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.metrics.binary_accuracy([[1.0, 0.0]], [[0.7, 0.6]]).tolist()
    [[1.0, 0.0]]
    """
    y_true, y_pred = _arrays("binary_accuracy", y_true, y_pred)
    above = cast(y_pred > threshold, str(y_true.dtype))
    return cast(y_true == above, settings.floatx())


@metric_function()
def categorical_accuracy(y_true, y_pred):
    """1 where the class of the highest y_pred is that of the highest y_true, else 0.

    **Shape:** both ``(..., classes)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.metrics.categorical_accuracy([[0.0, 1.0]], [[0.3, 0.7]]).tolist()
    [1.0]
    """
    y_true, y_pred = _arrays("categorical_accuracy", y_true, y_pred)
    return cast(argmax(y_true, axis=-1) == argmax(y_pred, axis=-1), settings.floatx())


@metric_function(class_indices=True)
def sparse_categorical_accuracy(y_true, y_pred):
    """1 where the class of the highest y_pred is the class index y_true, else 0.

    **Shape:** y_true ``(...)`` or ``(..., 1)``, y_pred ``(..., classes)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.metrics.sparse_categorical_accuracy([1], [[0.3, 0.7]]).tolist()
    [1.0]
    """
    y_true, y_pred = indices("sparse_categorical_accuracy", y_true, y_pred)
    return cast(cast(y_true, "int32") == argmax(y_pred, axis=-1), settings.floatx())


def indices(who, y_true, y_pred):
    """(class indices of the shape of y_pred without its last dimension, y_pred)."""
    engine = dispatch.engine_of(y_true, y_pred, who=who)
    y_true, y_pred = as_array(engine, y_true), as_array(engine, y_pred)
    if rank(y_true) == rank(y_pred) and rank(y_true) and y_true.shape[-1] == 1:
        y_true = squeeze(y_true, -1)
    expected = tuple(y_pred.shape[:-1])
    fits = rank(y_true) == len(expected) and all(
        a is None or b is None or a == b for a, b in zip(y_true.shape, expected, strict=True)
    )
    if not fits:
        mend = (
            " For one-hot targets use the metric without 'sparse'."
            if tuple(y_true.shape) == tuple(y_pred.shape)
            else ""
        )
        raise ValueError(
            f"{who}: y_true must hold one class index per prediction, shape {expected} for y_pred {tuple(y_pred.shape)}, got "
            f"{tuple(y_true.shape)}.{mend}"
        )
    return y_true, y_pred


@metric_function()
def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """1 where the class of the highest y_true is among the k highest of y_pred, else 0.

    **Shape:** both ``(..., classes)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.metrics.top_k_categorical_accuracy([[0.0, 1.0, 0.0]], [[0.5, 0.4, 0.1]], k=2).tolist()
    [1.0]
    """
    y_true, y_pred = _arrays("top_k_categorical_accuracy", y_true, y_pred)
    return _among_top(argmax(y_true, axis=-1), y_pred, k)


@metric_function(class_indices=True)
def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5, from_sorted_ids=False):
    """1 where the class index y_true is among the k highest of y_pred, else 0.

    With ``from_sorted_ids`` y_pred holds class indices, best first, instead of scores.

    **Shape:** y_true ``(...)`` or ``(..., 1)``, y_pred ``(..., classes)``, to ``(...)``. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> keras.metrics.sparse_top_k_categorical_accuracy([1], [[0.5, 0.4, 0.1]], k=2).tolist()
    [1.0]
    """
    y_true, y_pred = indices("sparse_top_k_categorical_accuracy", y_true, y_pred)
    if from_sorted_ids:
        best = cast(y_pred[..., :k], "int32")
        found = reduce_any(cast(reshape(y_true, (*y_true.shape, 1)), "int32") == best, axis=-1)
        return cast(found, settings.floatx())
    return _among_top(cast(y_true, "int32"), y_pred, k)


def _among_top(classes, y_pred, k):
    shape = classes.shape
    found = in_top_k(reshape(classes, (-1,)), reshape(y_pred, (-1, y_pred.shape[-1])), k=k)
    return reshape(cast(found, settings.floatx()), shape)


@registry.builtin("keras.metrics")
class Accuracy(MeanMetricWrapper):
    """How often predictions equal targets.

    **Shape:** y_true and y_pred equal.

    >>> import keraunos as keras
    >>> float(keras.metrics.Accuracy()([1, 2], [1, 3]))
    0.5
    """

    _row_wise = True

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(accuracy, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class BinaryAccuracy(MeanMetricWrapper):
    """How often predictions lie on the side of the threshold that targets 0 and 1 say.

    Args:
        name, dtype: see ``Metric``.
        threshold: between 0 and 1 for probabilities.

    **Shape:** y_true and y_pred equal.

    Raises ``ValueError`` for a threshold outside (0, 1).

    >>> import keraunos as keras
    >>> float(keras.metrics.BinaryAccuracy()([[1.0], [0.0]], [[0.7], [0.6]]))
    0.5
    """

    _row_wise = True

    def __init__(self, name="binary_accuracy", dtype=None, threshold=0.5):
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(f"BinaryAccuracy: threshold must be between 0 and 1, got {threshold}.")
        super().__init__(binary_accuracy, name=name, dtype=dtype, threshold=threshold)
        self.threshold = threshold


@registry.builtin("keras.metrics")
class CategoricalAccuracy(MeanMetricWrapper):
    """How often the most likely class is that of one-hot targets.

    **Shape:** y_true and y_pred ``(..., classes)``.

    >>> import keraunos as keras
    >>> float(keras.metrics.CategoricalAccuracy()([[0.0, 1.0]], [[0.3, 0.7]]))
    1.0
    """

    _row_wise = True

    def __init__(self, name="categorical_accuracy", dtype=None):
        super().__init__(categorical_accuracy, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the most likely class is that of class-index targets.

    **Shape:** y_true ``(...)`` or ``(..., 1)``, y_pred ``(..., classes)``.

    >>> import keraunos as keras
    >>> float(keras.metrics.SparseCategoricalAccuracy()([1, 0], [[0.3, 0.7], [0.4, 0.6]]))
    0.5
    """

    _row_wise = True

    def __init__(self, name="sparse_categorical_accuracy", dtype=None):
        super().__init__(sparse_categorical_accuracy, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of one-hot targets is among the k most likely ones.

    Args:
        k: how many classes count.
        name, dtype: see ``Metric``.

    **Shape:** y_true and y_pred ``(..., classes)``.

    >>> import keraunos as keras
    >>> float(keras.metrics.TopKCategoricalAccuracy(k=2)([[0.0, 1.0, 0.0]], [[0.5, 0.4, 0.1]]))
    1.0
    """

    _row_wise = True

    def __init__(self, k=5, name="top_k_categorical_accuracy", dtype=None):
        super().__init__(top_k_categorical_accuracy, name=name, dtype=dtype, k=k)
        self.k = k


@registry.builtin("keras.metrics")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of class-index targets is among the k most likely ones.

    Args:
        k: how many classes count.
        name, dtype: see ``Metric``.
        from_sorted_ids: whether y_pred holds class indices, best first, instead of scores.

    **Shape:** y_true ``(...)`` or ``(..., 1)``, y_pred ``(..., classes)``.

    >>> import keraunos as keras
    >>> float(keras.metrics.SparseTopKCategoricalAccuracy(k=2)([1], [[0.5, 0.4, 0.1]]))
    1.0
    """

    _row_wise = True

    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None, from_sorted_ids=False):
        super().__init__(
            sparse_top_k_categorical_accuracy, name=name, dtype=dtype, k=k, from_sorted_ids=from_sorted_ids
        )
        self.k = k
        self.from_sorted_ids = from_sorted_ids
