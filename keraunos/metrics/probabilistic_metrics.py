"""Means of distances between distributions, and of cross entropies."""

from keraunos.losses.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from keraunos.losses.regression import kl_divergence, poisson
from keraunos.metrics.reduction_metrics import MeanMetricWrapper
from keraunos.util import registry


@registry.builtin("keras.metrics")
class KLDivergence(MeanMetricWrapper):
    """Mean of Σ y_true · log(y_true / y_pred); see ``keras.losses.kl_divergence``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]])), 4)
    0.0
    """

    _row_wise = True

    def __init__(self, name="kl_divergence", dtype=None):
        super().__init__(kl_divergence, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class Poisson(MeanMetricWrapper):
    """Mean of y_pred - y_true · log(y_pred); see ``keras.losses.poisson``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.Poisson()([[0.0, 0.0]], [[1.0, 2.0]])), 4)
    1.5
    """

    _row_wise = True

    def __init__(self, name="poisson", dtype=None):
        super().__init__(poisson, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class BinaryCrossentropy(MeanMetricWrapper):
    """Mean cross entropy; see ``keras.losses.binary_crossentropy``.

    Args:
        name, dtype: see ``Metric``.
        from_logits: whether y_pred are logits, not probabilities.
        label_smoothing: share by which targets move towards ½.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 1.0]])), 4)
    0.3466
    """

    _row_wise = True

    def __init__(self, name="binary_crossentropy", dtype=None, from_logits=False, label_smoothing=0):
        super().__init__(
            binary_crossentropy, name=name, dtype=dtype, from_logits=from_logits, label_smoothing=label_smoothing
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


@registry.builtin("keras.metrics")
class CategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross entropy; see ``keras.losses.categorical_crossentropy``.

    Args:
        name, dtype: see ``Metric``.
        from_logits: whether y_pred are logits, not probabilities.
        label_smoothing: share by which targets move towards the uniform distribution.
        axis: the dimension of the classes.

    **Shape:** y_true and y_pred equal, ``(n, ..., classes)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    _row_wise = True

    def __init__(self, name="categorical_crossentropy", dtype=None, from_logits=False, label_smoothing=0, axis=-1):
        super().__init__(
            categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


@registry.builtin("keras.metrics")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross entropy; see ``keras.losses.sparse_categorical_crossentropy``.

    Args:
        name, dtype: see ``Metric``.
        from_logits: whether y_pred are logits, not probabilities.
        ignore_class: an index whose samples are masked.
        axis: the dimension of the classes.

    **Shape:** y_true ``(n, ...)`` or ``(n, ..., 1)``, y_pred ``(n, ..., classes)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    _row_wise = True

    def __init__(
        self, name="sparse_categorical_crossentropy", dtype=None, from_logits=False, ignore_class=None, axis=-1
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
