"""Means of hinge losses."""

from keraunos.losses.hinge import categorical_hinge, hinge, squared_hinge
from keraunos.metrics.reduction_metrics import MeanMetricWrapper
from keraunos.util import registry


@registry.builtin("keras.metrics")
class Hinge(MeanMetricWrapper):
    """Mean of max(1 - y_true · y_pred, 0); see ``keras.losses.hinge``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.Hinge()([[-1.0, 1.0]], [[-2.0, 0.5]])), 4)
    0.25
    """

    _row_wise = True

    def __init__(self, name="hinge", dtype=None):
        super().__init__(hinge, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class SquaredHinge(MeanMetricWrapper):
    """Mean of max(1 - y_true · y_pred, 0)²; see ``keras.losses.squared_hinge``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.SquaredHinge()([[-1.0, 1.0]], [[-2.0, 0.5]])), 4)
    0.125
    """

    _row_wise = True

    def __init__(self, name="squared_hinge", dtype=None):
        super().__init__(squared_hinge, name=name, dtype=dtype)


@registry.builtin("keras.metrics")
class CategoricalHinge(MeanMetricWrapper):
    """Mean of max(highest wrong output - right output + 1, 0); see ``keras.losses.categorical_hinge``.

    **Shape:** y_true and y_pred equal, ``(n, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.metrics.CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]])), 4)
    0.5
    """

    _row_wise = True

    def __init__(self, name="categorical_hinge", dtype=None):
        super().__init__(categorical_hinge, name=name, dtype=dtype)
