"""Labels and vectors."""

import numpy as np

from keraunos.backend import dispatch
from keraunos.util.errors import describe


def _host_and_back(x):
    """x as a NumPy array, and what makes an array of x's own engine of a result."""
    kind = dispatch.kind_of.get(type(x)) or dispatch.classify(x)
    if kind is dispatch.HANDLE:
        return x.numpy(), lambda result: result
    if kind is dispatch.HOST or kind is None:
        return np.asarray(x), lambda result: result
    if kind is dispatch.SYMBOLIC:
        raise ValueError(f"x must be an array of values, got {describe(x)}.")
    return kind.to_numpy(x), kind.asarray


def to_categorical(x, num_classes=None):
    """Class indices as one-hot rows (float), an array of the engine that x is of.

    **Shape:** ``(...,)`` to ``(..., num_classes)``; a last dimension of size 1 is replaced.

    Raises:
        ValueError: an index is negative, not less than ``num_classes``, or no integer.

    >>> import keraunos as keras
    >>> keras.utils.to_categorical([0, 2], num_classes=3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    x, back = _host_and_back(x)
    if x.dtype.kind not in "biuf" or (x.dtype.kind == "f" and np.any(x != np.rint(x))):
        raise ValueError(f"to_categorical: x must hold class indices (integers), got {describe(x)}.")
    indices = x.astype(np.int64)
    shape = indices.shape[:-1] if indices.ndim > 1 and indices.shape[-1] == 1 else indices.shape
    indices = indices.reshape(-1)
    if not indices.size and num_classes is None:
        raise ValueError("to_categorical: x is empty, so num_classes must be given.")
    n = int(indices.max()) + 1 if num_classes is None else int(num_classes)
    outside = (indices < 0) | (indices >= n)
    if outside.any():
        at = int(outside.argmax())
        raise ValueError(
            f"to_categorical: every index must be in [0, {max(n, 0)}), got {indices[at]} at position {at}."
        )
    out = np.zeros((indices.size, n))
    out[np.arange(indices.size), indices] = 1
    return back(out.reshape(*shape, n))


def normalize(x, axis=-1, order=2):
    """x scaled to norm 1 along an axis; what is all zeros stays so.

    Args:
        x: array; the result is of the same engine.
        axis: along which.
        order: of the norm; 2 is the Euclidean one.

    **Shape:** that of x; a vector becomes a matrix of one row.

    >>> import keraunos as keras
    >>> keras.utils.normalize([[3.0, 4.0]]).tolist()
    [[0.6, 0.8]]
    """
    x, back = _host_and_back(x)
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return back(x / np.expand_dims(norm, axis))
