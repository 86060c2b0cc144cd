"""Labels and vectors."""

import numpy as np

from keraunos.backend import dispatch
from keraunos.util.errors import describe


def to_categorical(x, num_classes=None):
    """Class indices as one-hot rows (float).

    **Shape:** ``(...,)`` to ``(..., num_classes)``; a last dimension of size 1 is replaced.

    Raises:
        ValueError: an index is negative or not less than ``num_classes``.

    >>> import keraunos as keras
    >>> keras.utils.to_categorical([0, 2], num_classes=3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    kind = dispatch.kind_of.get(type(x)) or dispatch.classify(x)
    x = np.asarray(x if kind in (dispatch.HOST, None) else np.asarray(x))
    if x.dtype.kind == "f" and np.any(x != np.rint(x)):
        raise ValueError(f"to_categorical: x must hold class indices (integers), got {describe(x)}.")
    indices = x.astype(np.int64)
    shape = indices.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    indices = indices.reshape(-1)
    least, greatest = (int(indices.min()), int(indices.max())) if indices.size else (0, -1)
    n = greatest + 1 if num_classes is None else int(num_classes)
    if least < 0 or greatest >= n:
        bad = least if least < 0 else greatest
        raise ValueError(
            f"to_categorical: every index must be in [0, {n}), got {bad} at position {int(np.argmax(indices == bad))}."
        )
    out = np.zeros((indices.size, n))
    out[np.arange(indices.size), indices] = 1
    return out.reshape(*shape, n)


def normalize(x, axis=-1, order=2):
    """x scaled to norm 1 along an axis.

    Args:
        x: array.
        axis: along which.
        order: of the norm; 2 is the Euclidean one.

    >>> import keraunos as keras
    >>> keras.utils.normalize([[3.0, 4.0]]).tolist()
    [[0.6, 0.8]]
    """
    x = np.asarray(x)
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return x / np.expand_dims(norm, axis)
