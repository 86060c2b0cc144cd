"""Class indices as vectors of zeros and ones."""

from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.ops import checks
from keraunos.ops.op import op


def _compare(xp, x, num_classes, axis, name):
    """Whether x equals each class, the classes along a new ``axis``."""
    num_classes = checks.integer(name, num_classes, "num_classes", 0)
    axis = checks.new_axis(name, x, axis)
    rank = x.ndim + 1
    if is_float_dtype(x.dtype) or standardize_dtype(x.dtype) == "bool":
        x = xp.astype(x, "int32")
    classes = xp.arange(num_classes, dtype=x.dtype)
    classes = xp.reshape(classes, (1,) * axis + (-1,) + (1,) * (rank - axis - 1))
    return xp.expand_dims(x, axis=axis) == classes


def _no_sparse(sparse, name):
    if sparse:
        raise ValueError(f"{name}: sparse=True is not supported; leave it False for a dense array.")


@op(promote=None)
def one_hot(xp, x, num_classes, axis=-1, dtype=None, sparse=False):
    """1 at the position of the class along a new axis, 0 elsewhere; an index outside 0 .. num_classes - 1 gives zeros only.

    **Shape:** ``(...)`` of ints to ``(..., num_classes)``, or with the classes at ``axis``.

    >>> from keraunos import ops
    >>> ops.one_hot([0, 2], num_classes=3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    _no_sparse(sparse, "one_hot")
    return xp.astype(_compare(xp, x, num_classes, axis, "one_hot"), standardize_dtype(dtype))


@op(promote=None, name="multi_hot")
def _multi_hot(xp, inputs, num_classes, axis=-1, dtype=None):
    labels = 1 if inputs.ndim > 1 else 0  # the axis of the several labels of one sample
    found = _compare(xp, inputs, num_classes, -1, "multi_hot")
    found = xp.any(found, axis=labels)
    found = xp.moveaxis(found, -1, checks.axis("multi_hot", found, axis))
    return xp.astype(found, standardize_dtype(dtype))


def multi_hot(inputs, num_classes=None, axis=-1, dtype=None, sparse=False, **kwargs):
    """1 at the positions of all the classes of a sample, 0 elsewhere; an index outside 0 .. num_classes - 1 marks nothing.

    **Shape:** ``(n,)`` to ``(num_classes,)``; ``(batch, n, ...)`` to ``(batch, ..., num_classes)``, or with the classes at
    ``axis``. ``num_tokens`` is an older name of num_classes. Raises ValueError when num_classes is missing.

    >>> from keraunos import ops
    >>> ops.multi_hot([[0, 2], [1, 1]], num_classes=3).tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    num_classes = kwargs.pop("num_tokens", num_classes) if num_classes is None else num_classes
    if kwargs:
        raise TypeError(f"multi_hot: unknown arguments {sorted(kwargs)}.")
    if num_classes is None:
        raise ValueError("multi_hot: num_classes must be given.")
    _no_sparse(sparse, "multi_hot")
    return _multi_hot(inputs, num_classes, axis, dtype)
