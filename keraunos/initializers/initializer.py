"""The base of all initializers."""

from keraunos.backend import dispatch
from keraunos.backend.dtypes import standardize_dtype
from keraunos.core.variable import check_shape
from keraunos.util import registry
from keraunos.util.objects import Configured


@registry.builtin("keras.initializers")
class Initializer(Configured):
    """A rule for first values: a subclass defines ``__call__(shape, dtype=None)`` and returns an array.

    >>> import keraunos as keras
    >>> class Sevens(keras.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return 7 * keras.ops.ones(shape, dtype)
    >>> Sevens()((2,)).tolist()
    [7.0, 7.0]
    """

    def __call__(self, shape, dtype=None):
        """An array of the shape."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype=None).")

    def clone(self):
        """An initializer made with the same arguments (one without a seed draws another)."""
        return type(self).from_config(self.get_config())

    def _checked(self, shape, dtype):
        """(tuple of ints, dtype name)."""
        return check_shape(shape, type(self).__name__), standardize_dtype(dtype)


def from_host(value, dtype):
    """A NumPy array as one of the default engine."""
    return dispatch.current().asarray(value, dtype)
