"""Functions that pick, order and place elements."""

import math
import operator

from keraunos.backend import dtypes
from keraunos.ops import checks
from keraunos.ops.op import op
from keraunos.util.errors import describe


def _known_in_range(who):
    """A check for an op over (x, indices, axis)."""

    def check(engine, x, indices, axis):
        if axis is None:
            checks.in_range(who, engine, indices, math.prod(x.shape))
        else:
            checks.in_range(who, engine, indices, x.shape[checks.axis(who, x, axis)])

    return check


@op("x indices", promote=None, check=_known_in_range("take"))
def take(xp, x, indices, axis=None):
    """Elements of x at ``indices`` along an axis; None: of the flattened x. Negative indices count from the end.

    **Shape:** dimension ``axis`` is replaced by the shape of indices.

    >>> from keraunos import ops
    >>> ops.take([5, 6, 7], [2, 0]).tolist()
    [7, 5]
    """
    indices = _indices(xp, "take", indices)
    if axis is None:
        x, axis = xp.reshape(x, (-1,)), 0
    return xp.take(x, indices, axis=checks.axis("take", x, axis))


@op("x indices", promote=None, check=_known_in_range("take_along_axis"))
def take_along_axis(xp, x, indices, axis=None):
    """For each place of ``indices`` the element of x with that index along ``axis`` (as ``argsort`` returns them).

    **Shape:** that of indices, which broadcasts with x except on ``axis``; axis None: x is flattened.

    >>> from keraunos import ops
    >>> ops.take_along_axis([[5, 6], [7, 8]], [[1], [0]], axis=1).tolist()
    [[6], [7]]
    """
    indices = _indices(xp, "take_along_axis", indices)
    if axis is None:
        x, axis = xp.reshape(x, (-1,)), 0
        indices = xp.reshape(indices, (-1,))
    if indices.ndim != x.ndim:
        raise ValueError(
            f"take_along_axis: indices must have as many dimensions as x, got shapes {tuple(indices.shape)} and {tuple(x.shape)}."
        )
    return xp.take_along_axis(x, indices, axis=checks.axis("take_along_axis", x, axis))


def _indices(xp, who, indices):
    """Integer indices; floats and booleans are no indices."""
    if not dtypes.is_int_dtype(indices.dtype):
        if 0 not in indices.shape:
            raise TypeError(f"{who}: indices must be integers, got {describe(indices)}.")
        return xp.astype(indices, "int32")
    return indices


def where(condition, x1=None, x2=None):
    """x1 where the condition holds, else x2; without x1 and x2 the indices where it holds (``nonzero``).

    **Shape:** broadcast of the three.

    >>> from keraunos import ops
    >>> ops.where([True, False], [1, 2], [3, 4]).tolist()
    [1, 4]
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: x1 and x2 must be given both or none.")
    return _where(condition, x1, x2)


@op("condition! x1 x2", name="where")
def _where(xp, condition, x1, x2):
    return xp.where(xp.astype(condition, "bool"), x1, x2)


@op(compiled=False)
def nonzero(xp, x):
    """Indices of the elements that aren't 0, one vector for each axis. Not in compiled functions: the size depends on x.

    **Shape:** n dimensions → tuple of n vectors (count,).

    >>> from keraunos import ops
    >>> [i.tolist() for i in ops.nonzero([[1, 0], [0, 2]])]
    [[0, 1], [0, 1]]
    """
    return tuple(xp.astype(i, "int32") for i in xp.nonzero(x))


def _check_item(engine, x, key):
    """Indices that are known lie inside (some engines clamp or drop the others), and masks fit."""
    parts = [_key_part(engine.xp, k) for k in (key if isinstance(key, tuple) else (key,))]
    widths = [0 if p is None or p is Ellipsis else p.ndim if _is_mask(p) else 1 for p in parts]
    if sum(widths) > x.ndim:
        raise IndexError(f"get_item: key takes {sum(widths)} dimensions of an array of shape {tuple(x.shape)}.")
    axis = 0
    for k, (part, width) in enumerate(zip(parts, widths)):
        if part is Ellipsis:
            axis = x.ndim - sum(widths[k:])
        elif _is_mask(part) and tuple(part.shape) != tuple(x.shape[axis : axis + width]):
            raise IndexError(
                f"get_item: the mask of shape {tuple(part.shape)} doesn't fit axis {axis} of an array of shape {tuple(x.shape)}."
            )
        elif type(part) is int and not -x.shape[axis] <= part < x.shape[axis]:
            raise IndexError(
                f"get_item: index {part} is out of bounds for axis {axis} of an array of shape {tuple(x.shape)}."
            )
        elif hasattr(part, "dtype"):
            checks.in_range("get_item", engine, part, x.shape[axis], f"the indices of axis {axis}")
        axis += width


@op(compiled=False, check=_check_item)
def get_item(xp, x, key):
    """x[key]: ints, slices, None, Ellipsis and integer or boolean arrays.

    **Shape:** as in NumPy.

    >>> from keraunos import ops
    >>> ops.get_item([[1, 2], [3, 4]], (slice(None), 0)).tolist()
    [1, 3]
    """
    parts = key if isinstance(key, tuple) else (key,)
    parts = tuple(_key_part(xp, k) for k in parts)
    return xp.get_item(x, parts if isinstance(key, tuple) else parts[0])


def _key_part(xp, k):
    """One index: arrays and variables as arrays of the engine, numbers as they are."""
    if hasattr(k, "__keraunos_value__"):
        k = k.__keraunos_value__()
    if k is None or k is Ellipsis or isinstance(k, (int, slice)):
        return k
    if hasattr(k, "dtype"):
        return k
    if isinstance(k, (list, tuple)):
        return xp.asarray(k)
    try:
        return operator.index(k)
    except TypeError as e:
        raise TypeError(
            f"get_item: key must be made of ints, slices, None, Ellipsis and arrays, got {describe(k)}."
        ) from e


def _is_mask(k):
    return hasattr(k, "dtype") and dtypes.standardize_dtype(k.dtype) == "bool"


@op
def diagonal(xp, x, offset=0, axis1=0, axis2=1):
    """The diagonal of the plane of two axes.

    **Shape:** the two dimensions are left out, the diagonal's length comes last.

    >>> from keraunos import ops
    >>> ops.diagonal([[1, 2], [3, 4]]).tolist()
    [1, 4]
    """
    checks.min_rank("diagonal", x, 2)
    a, b = checks.axis("diagonal", x, axis1, "axis1"), checks.axis("diagonal", x, axis2, "axis2")
    return xp.diagonal(x, offset=offset, axis1=a, axis2=b)


@op
def trace(xp, x, offset=0, axis1=0, axis2=1):
    """The sum of the diagonal of the plane of two axes.

    **Shape:** the two dimensions are left out.

    >>> from keraunos import ops
    >>> int(ops.trace([[1, 2], [3, 4]]))
    5
    """
    checks.min_rank("trace", x, 2)
    a, b = checks.axis("trace", x, axis1, "axis1"), checks.axis("trace", x, axis2, "axis2")
    small = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}
    name = dtypes.standardize_dtype(x.dtype)
    return xp.sum(xp.diagonal(x, offset=offset, axis1=a, axis2=b), axis=-1, dtype=xp.to_dtype(small.get(name, name)))


@op
def diag(xp, x, k=0):
    """A matrix with the vector x on its diagonal k, or the diagonal k of the matrix x.

    **Shape:** (n,) → (n + |k|, n + |k|); (n, m) → (length of the diagonal,).

    >>> from keraunos import ops
    >>> ops.diag([1, 2]).tolist()
    [[1, 0], [0, 2]]
    """
    if x.ndim == 2:
        return xp.diagonal(x, offset=k)
    if x.ndim != 1:
        raise ValueError(f"diag: x must have 1 or 2 dimensions, got shape {tuple(x.shape)}.")
    return _on_diagonal(xp, x, k)


@op
def diagflat(xp, x, k=0):
    """A matrix with the flattened x on its diagonal k.

    **Shape:** size n → (n + |k|, n + |k|).

    >>> from keraunos import ops
    >>> ops.diagflat([[1], [2]]).tolist()
    [[1, 0], [0, 2]]
    """
    return _on_diagonal(xp, xp.reshape(x, (-1,)), k)


def _on_diagonal(xp, x, k):
    row = xp.pad(x, ((max(k, 0), max(-k, 0)),))  # the value that each column (k ≥ 0) or row has on the diagonal
    n = row.shape[0]
    values = row[None, :] if k >= 0 else xp.pad(x, ((-k, 0),))[:, None]
    return xp.where(xp.eye(n, k=k, dtype=bool), values, xp.zeros((), dtype=x.dtype))


@op
def tril(xp, x, k=0):
    """x with zeros above the diagonal k.

    **Shape:** that of x, (..., n, m).

    >>> from keraunos import ops
    >>> ops.tril([[1, 2], [3, 4]]).tolist()
    [[1, 0], [3, 4]]
    """
    checks.min_rank("tril", x, 2)
    return xp.tril(x, k=checks.integer("tril", k, "k"))


@op
def triu(xp, x, k=0):
    """x with zeros below the diagonal k.

    **Shape:** that of x, (..., n, m).

    >>> from keraunos import ops
    >>> ops.triu([[1, 2], [3, 4]]).tolist()
    [[1, 2], [0, 4]]
    """
    checks.min_rank("triu", x, 2)
    return xp.triu(x, k=checks.integer("triu", k, "k"))


@op
def sort(xp, x, axis=-1):
    """The elements in rising order along an axis; None: of the flattened x.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.sort([3, 1, 2]).tolist()
    [1, 2, 3]
    """
    if axis is None:
        x, axis = xp.reshape(x, (-1,)), 0
    return xp.sort(x, axis=checks.axis("sort", x, axis))


@op
def argsort(xp, x, axis=-1):
    """The indices that sort x along an axis; equal elements keep their order.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.argsort([3, 1, 2]).tolist()
    [1, 2, 0]
    """
    if axis is None or not x.ndim:
        x, axis = xp.reshape(x, (-1,)), 0
    return xp.astype(xp.argsort(x, axis=checks.axis("argsort", x, axis), stable=True), "int32")


@op
def argpartition(xp, x, kth, axis=-1):
    """Indices that bring the element of rank kth to its place, smaller ones before it, larger ones after.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> int(ops.argpartition([3, 1, 2], 0)[0])
    1
    """
    axis = checks.axis("argpartition", x, axis)
    n = x.shape[axis]
    if not -n <= kth < n:
        raise ValueError(f"argpartition: kth must be in [{-n}, {n - 1}], the size of axis {axis} being {n}; got {kth}.")
    if checks.is_bool(x):
        x = xp.astype(x, "int32")
    return xp.astype(xp.argpartition(x, kth, axis=axis), "int32")


@op
def top_k(xp, x, k, sorted=True):
    """The k largest elements of each row, largest first, and their indices; of equal ones the first comes first.

    **Shape:** (..., n) → (..., k) and (..., k).

    >>> from keraunos import ops
    >>> values, indices = ops.top_k([3, 1, 2], 2)
    >>> values.tolist(), indices.tolist()
    ([3, 2], [0, 2])
    """
    k = _k("top_k", x, k)
    n = x.shape[-1]
    order = xp.argsort(xp.flip(x, axis=-1), axis=-1, stable=True)
    order = (n - 1 - xp.flip(order, axis=-1))[..., :k]
    return xp.take_along_axis(x, order, axis=-1), xp.astype(order, "int32")


def _k(who, x, k):
    checks.min_rank(who, x, 1)
    k = checks.integer(who, k, "k")
    if not 0 <= k <= x.shape[-1]:
        raise ValueError(f"{who}: k must be in [0, {x.shape[-1]}], the size of the last dimension of x, got {k}.")
    return k


@op("targets predictions", promote=None)
def in_top_k(xp, targets, predictions, k):
    """Whether the target class is among the k classes predicted highest; classes that tie with the k-th count as in.

    **Shape:** targets (n,), predictions (n, classes) → (n,). A target outside the classes, or a prediction that isn't finite, is not in.

    >>> from keraunos import ops
    >>> ops.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1).tolist()
    [True, False]
    """
    checks.integer("in_top_k", k, "k", 1)
    n = predictions.shape[-1]
    at = xp.clip(targets, 0, max(n - 1, 0))
    mine = xp.take_along_axis(predictions, at[..., None], axis=-1)
    larger = xp.sum(xp.astype(predictions > mine, "int32"), axis=-1)
    return (larger < k) & xp.isfinite(mine[..., 0]) & (targets >= 0) & (targets < n)


@op(
    check=lambda engine, x, shape: checks.in_range(
        "unravel_index", engine, x, math.prod(checks.shape("unravel_index", shape))
    )
)
def unravel_index(xp, indices, shape):
    """The coordinates, in an array of that shape, of places counted along the flattened one.

    **Shape:** a tuple of len(shape) arrays, each as indices.

    >>> from keraunos import ops
    >>> [i.tolist() for i in ops.unravel_index([1, 5], (2, 3))]
    [[0, 1], [1, 2]]
    """
    shape = checks.shape("unravel_index", shape)
    size = 1
    for d in shape:
        size *= d
    rest = xp.where(xp.less(indices, 0), xp.add(indices, size), indices)
    found = []
    for d in reversed(shape):
        found.append(xp.remainder(rest, d))
        rest = xp.floor_divide(rest, d)
    return tuple(reversed(found))


def select(condlist, choicelist, default=0):
    """For each element the choice whose condition is the first to hold, else ``default``.

    **Shape:** broadcast of all.

    >>> from keraunos import ops
    >>> ops.select([[True, False], [True, True]], [[1, 2], [3, 4]]).tolist()
    [1, 4]
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"select: condlist and choicelist must have the same length, at least 1; got {len(condlist)} and {len(choicelist)}."
        )
    return _select(list(condlist), [*choicelist, default])


@op("choices[]", name="select")
def _select(xp, conditions, choices):
    found = choices[-1]
    for condition, choice in zip(conditions[::-1], choices[-2::-1]):
        found = xp.where(xp.asarray(condition), choice, found)
    return found


@op("x1 x2")
def isin(xp, x1, x2, assume_unique=False, invert=False):
    """Whether each element of x1 occurs in x2 (does not occur, when ``invert``).

    **Shape:** that of x1.

    >>> from keraunos import ops
    >>> ops.isin([1, 2, 3], [3, 1]).tolist()
    [True, False, True]
    """
    found = xp.any(x1[..., None] == xp.reshape(x2, (-1,)), axis=-1)
    return ~found if invert else found


@op(compiled=False)
def unique(
    xp,
    x,
    sorted=True,
    return_index=False,
    return_inverse=False,
    return_counts=False,
    axis=None,
    size=None,
    fill_value=None,
):
    """The different elements in rising order (along ``axis``: the different slices), and what else is asked for, as a tuple.

    ``return_index``: where each occurs first; ``return_inverse``: which of them each element is; ``return_counts``: how often
    each occurs. With ``size`` the result has that many, cut or filled with ``fill_value`` (None: the smallest), as compiled
    functions need it.

    **Shape:** any → (count,); inverse as x (along an axis: (n,)).

    >>> from keraunos import ops
    >>> ops.unique([3, 1, 3]).tolist()
    [1, 3]
    """
    if axis is not None:
        axis = checks.axis("unique", x, axis)
    if size is not None:
        size = checks.integer("unique", size, "size", 0)
    found = xp.unique_sized(
        x,
        return_index=return_index,
        return_inverse=return_inverse,
        return_counts=return_counts,
        axis=axis,
        size=size,
        fill_value=fill_value,
    )
    if not isinstance(found, tuple):
        return found
    return (found[0], *(xp.astype(f, "int32") for f in found[1:]))
