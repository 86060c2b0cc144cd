"""Regularizers: penalties on weights or outputs, added to the loss."""

import math

import numpy as np

from keraunos.ops.arithmetic import absolute, multiply, sqrt, square
from keraunos.ops.core import convert_to_tensor
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.util import registry
from keraunos.util.errors import describe
from keraunos.util.objects import Configured, Family


@registry.builtin("keras.regularizers")
class Regularizer(Configured):
    """The base of all regularizers: a subclass defines ``__call__(x)`` and returns a scalar.

    >>> import keraunos as keras
    >>> class Largest(keras.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return keras.ops.max(keras.ops.abs(x))
    >>> float(Largest()([1.0, -3.0]))
    3.0
    """

    def __call__(self, x):
        """No penalty."""
        return 0.0


def _strength(value, name, who):
    """A factor as a Python float; None counts as 0."""
    if value is None:
        return 0.0
    try:
        factor = float(value)
    except (TypeError, ValueError):
        factor = math.nan
    if not math.isfinite(factor) or factor < 0 or isinstance(value, (str, bool)):
        raise ValueError(f"{who}: {name} must be a finite number of at least 0, got {describe(value)}.")
    return factor


@registry.builtin("keras.regularizers")
class L1L2(Regularizer):
    """l1 · Σ|x| + l2 · Σx².

    **Shape:** any, to a scalar.

    Args:
        l1, l2: factors of the two penalties. Raises ``ValueError`` when negative or not finite.

    >>> import keraunos as keras
    >>> float(keras.regularizers.L1L2(l1=1.0, l2=0.5)([1.0, -2.0]))
    5.5
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = _strength(l1, "l1", "L1L2")
        self.l2 = _strength(l2, "l2", "L1L2")

    def __call__(self, x):
        x = convert_to_tensor(x)
        first = self.l1 * reduce_sum(absolute(x)) if self.l1 else 0.0
        second = self.l2 * reduce_sum(square(x)) if self.l2 else 0.0
        return first + second


@registry.builtin("keras.regularizers")
class L1(Regularizer):
    """l1 · Σ|x|: drives values to 0.

    **Shape:** any, to a scalar.

    Args:
        l1: factor. Raises ``ValueError`` when negative or not finite.

    >>> import keraunos as keras
    >>> float(keras.regularizers.L1(0.5)([1.0, -2.0]))
    1.5
    """

    def __init__(self, l1=0.01):
        self.l1 = _strength(l1, "l1", "L1")

    def __call__(self, x):
        return self.l1 * reduce_sum(absolute(x))


@registry.builtin("keras.regularizers")
class L2(Regularizer):
    """l2 · Σx²: keeps values small.

    **Shape:** any, to a scalar.

    Args:
        l2: factor. Raises ``ValueError`` when negative or not finite.

    >>> import keraunos as keras
    >>> float(keras.regularizers.L2(0.5)([1.0, -2.0]))
    2.5
    """

    def __init__(self, l2=0.01):
        self.l2 = _strength(l2, "l2", "L2")

    def __call__(self, x):
        return self.l2 * reduce_sum(square(x))


@registry.builtin("keras.regularizers")
class OrthogonalRegularizer(Regularizer):
    """factor times the mean |cosine| between different rows (or columns) of a matrix: 0 when they are orthogonal.

    **Shape:** (rows, columns), to a scalar.

    Args:
        factor: factor of the penalty.
        mode: "rows" or "columns".

    Raises ``ValueError`` for another mode, and for an input that isn't a matrix.

    >>> import keraunos as keras
    >>> penalty = keras.regularizers.OrthogonalRegularizer(factor=1.0)
    >>> float(penalty([[1.0, 0.0], [0.0, 2.0]])), float(penalty([[2.0, 0.0], [1.0, 0.0]]))
    (0.0, 1.0)
    """

    def __init__(self, factor=0.01, mode="rows"):
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode must be 'rows' or 'columns', got {mode!r}.")
        self.factor = _strength(factor, "factor", "OrthogonalRegularizer")
        self.mode = mode

    def __call__(self, inputs):
        x = convert_to_tensor(inputs)
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix (2 dimensions), got {describe(x)}.")
        if self.mode == "columns":
            x = x.T
        n = x.shape[0]
        sizes = reduce_sum(square(x), axis=1, keepdims=True)  # (n, 1)
        x = x / sqrt(sizes + (sizes == 0))  # a zero row stays one, and has a gradient
        cosines = multiply(x @ x.T, ~np.eye(n, dtype=bool))  # (n, n), 0 on the diagonal
        return self.factor * reduce_sum(absolute(cosines)) / max(n * (n - 1), 1)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
_FAMILY = Family("keras.regularizers", "regularizer", {"l1l2": L1L2})


def get(identifier):
    """A regularizer from its name, configuration, class, or itself; any callable is taken as it is, None is None.

    Raises ``ValueError`` for an unknown name and for anything else.

    >>> import keraunos as keras
    >>> keras.regularizers.get("l2").l2
    0.01
    """
    return _FAMILY.get(identifier)


def serialize(regularizer):
    """The configuration of a regularizer."""
    return _FAMILY.serialize(regularizer)


def deserialize(config, custom_objects=None):
    """A regularizer from its configuration."""
    return _FAMILY.deserialize(config, custom_objects)
