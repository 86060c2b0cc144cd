"""Constraints: projections applied to a weight after each update."""

from keraunos.ops.arithmetic import clip, maximum, sqrt, square
from keraunos.ops.core import convert_to_tensor
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.util import registry, settings
from keraunos.util.objects import Configured, Family


@registry.builtin("keras.constraints")
class Constraint(Configured):
    """The base of all constraints: a subclass defines ``__call__(w)`` and returns a projected weight of the same shape.

    >>> import keraunos as keras
    >>> class Centered(keras.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return w - keras.ops.mean(w, axis=0, keepdims=True)
    >>> Centered()(keras.ops.array([1.0, 3.0])).tolist()
    [-1.0, 1.0]
    """

    def __call__(self, w):
        """The weight, unchanged."""
        return w


def _norm(w, axis):
    return sqrt(reduce_sum(square(w), axis=axis, keepdims=True))


@registry.builtin("keras.constraints")
class MaxNorm(Constraint):
    """Norms are at most ``max_value``: w · min(‖w‖, max_value) / ‖w‖.

    **Shape:** any, kept.

    Args:
        max_value: the largest norm.
        axis: the axis or axes that a norm is taken over: 0 for the incoming weights of each unit of ``Dense``, ``[0, 1, 2]``
            for those of each filter of ``Conv2D``.

    Source: Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html.

    >>> import keraunos as keras
    >>> float(keras.ops.norm(keras.constraints.MaxNorm(1.0)([[3.0], [4.0]])).round(4))
    1.0
    """

    def __init__(self, max_value=2, axis=0):
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w):
        w = convert_to_tensor(w)
        norm = _norm(w, self.axis)
        return w * (clip(norm, 0, self.max_value) / (norm + settings.epsilon()))


@registry.builtin("keras.constraints")
class NonNeg(Constraint):
    """No value is negative: max(w, 0).

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> keras.constraints.NonNeg()([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w):
        return maximum(w, 0)


@registry.builtin("keras.constraints")
class UnitNorm(Constraint):
    """Norms are 1: w / ‖w‖.

    **Shape:** any, kept.

    Args:
        axis: the axis or axes that a norm is taken over.

    >>> import keraunos as keras
    >>> float(keras.ops.norm(keras.constraints.UnitNorm()([[3.0], [4.0]])).round(4))
    1.0
    """

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        w = convert_to_tensor(w)
        return w / (_norm(w, self.axis) + settings.epsilon())


@registry.builtin("keras.constraints")
class MinMaxNorm(Constraint):
    """Norms are moved into [min_value, max_value]: w · (rate · clip(‖w‖) + (1 - rate) · ‖w‖) / ‖w‖.

    **Shape:** any, kept.

    Args:
        min_value, max_value: the smallest and the largest norm.
        rate: how much of the way a norm is moved at each update; 1 enforces the bounds.
        axis: the axis or axes that a norm is taken over.

    >>> import keraunos as keras
    >>> float(keras.ops.norm(keras.constraints.MinMaxNorm(10.0, 20.0)([[3.0], [4.0]])).round(4))
    10.0
    """

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w):
        w = convert_to_tensor(w)
        norm = _norm(w, self.axis)
        wanted = self.rate * clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return w * (wanted / (norm + settings.epsilon()))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
_FAMILY = Family("keras.constraints", "constraint", {})


def get(identifier):
    """A constraint from its name, configuration, class, or itself; any callable is taken as it is, None is None.

    Raises ``ValueError`` for an unknown name and for anything else.

    >>> import keraunos as keras
    >>> keras.constraints.get("max_norm").max_value
    2
    """
    return _FAMILY.get(identifier)


def serialize(constraint):
    """The configuration of a constraint."""
    return _FAMILY.serialize(constraint)


def deserialize(config, custom_objects=None):
    """A constraint from its configuration."""
    return _FAMILY.deserialize(config, custom_objects)
