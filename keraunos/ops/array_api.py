"""The Python array API standard (2024.12) under ``keraunos.ops``: its names that Keras lacks, its keywords on those that both have.

Each is made of functions of ``keras.ops``. Where the two contracts disagree, Keras's holds: tests/ops/test_array_api.py lists the cases.
Dtypes are in ``array_api_dtypes``.
"""

import contextlib
import functools
import inspect
import math
from typing import NamedTuple

import numpy as np

from keraunos.backend import dispatch
from keraunos.ops import (
    arithmetic,
    checks,
    core,
    creation,
    elementwise,
    indexing,
    logic,
    reductions,
    shapes,
    statistics,
)
from keraunos.ops.arithmetic import mod as remainder  # noqa: F401
from keraunos.ops.arithmetic import power as pow  # noqa: F401
from keraunos.ops.elementwise import arccos as acos  # noqa: F401
from keraunos.ops.elementwise import arccosh as acosh  # noqa: F401
from keraunos.ops.elementwise import arcsin as asin  # noqa: F401
from keraunos.ops.elementwise import arcsinh as asinh  # noqa: F401
from keraunos.ops.elementwise import arctan as atan  # noqa: F401
from keraunos.ops.elementwise import arctan2 as atan2  # noqa: F401
from keraunos.ops.elementwise import arctanh as atanh  # noqa: F401
from keraunos.ops.op import op
from keraunos.util.errors import describe

__array_api_version__ = "2024.12"

pi, e, inf, nan, newaxis = math.pi, math.e, math.inf, math.nan, None

# -- creation ------------------------------------------------------------------------------------------------------


def _on(device):
    """A context in which new arrays go to a device, given by name or as an engine's own object."""
    if device is None:
        return contextlib.nullcontext()
    name = f"{device.platform}:{device.id}" if hasattr(device, "platform") else str(device)
    return dispatch.current().device_scope(name)


def _placed(fn):
    """``fn`` with the keyword ``device``."""
    signature = inspect.signature(fn)

    @functools.wraps(fn)
    def made(*args, device=None, **kwargs):
        if device is None:
            return fn(*args, **kwargs)
        with _on(device):
            return fn(*args, **kwargs)

    last = inspect.Parameter("device", inspect.Parameter.KEYWORD_ONLY, default=None)
    made.__signature__ = signature.replace(parameters=[*signature.parameters.values(), last])
    return made


arange = _placed(creation.arange)
empty = _placed(creation.empty)
empty_like = _placed(creation.empty_like)
eye = _placed(creation.eye)
full = _placed(creation.full)
full_like = _placed(creation.full_like)
linspace = _placed(creation.linspace)
ones = _placed(creation.ones)
ones_like = _placed(creation.ones_like)
zeros = _placed(creation.zeros)
zeros_like = _placed(creation.zeros_like)


def asarray(obj, dtype=None, device=None, copy=None):
    """An array of numbers, of nested lists or of another array; ``copy``: True always, False never (ValueError where it must be one).

    >>> from keraunos import ops
    >>> ops.asarray([1, 2], dtype="float32").tolist()
    [1.0, 2.0]
    """
    with _on(device):
        found = core.convert_to_tensor(obj, dtype)
        if copy is False and found is not obj:
            raise ValueError(f"asarray: copy is False, but {describe(obj)} can't be had as an array without one.")
        return shapes.copy(found) if copy and found is obj else found


def from_dlpack(x, device=None, copy=None):
    """An array of the default engine with the values of one of another framework.

    >>> from keraunos import ops
    >>> import numpy as np
    >>> ops.from_dlpack(np.ones(2, "float32")).tolist()
    [1.0, 1.0]
    """
    return asarray(np.from_dlpack(x), device=device, copy=copy)


def astype(x, dtype, *, copy=True, device=None):
    """x converted to a dtype, in any case as a new array unless ``copy`` is False.

    >>> from keraunos import ops
    >>> ops.astype([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    with _on(device):
        found = core.cast(x, dtype)
        return shapes.copy(found) if copy and found is x else found


# -- functions that Keras has too, with the standard's keywords ----------------------------------------------------


def _extends(fn):
    """A function in the place of ``fn``, whose documentation it keeps."""

    def extended(more):
        more.__doc__, more.op = fn.__doc__, fn.op
        return more

    return extended


@_extends(reductions.sum)
def sum(x, axis=None, keepdims=False, *, dtype=None):
    if dtype is None:
        return reductions.sum(x, axis, keepdims)
    return core.cast(reductions.sum(core.cast(x, dtype), axis, keepdims), dtype)


@_extends(reductions.var)
def var(x, axis=None, keepdims=False, *, correction=0.0):
    found = reductions.var(x, axis, keepdims)
    return arithmetic.multiply(found, _corrected("var", x, axis, correction)) if correction else found


@_extends(reductions.std)
def std(x, axis=None, keepdims=False, *, correction=0.0):
    found = reductions.std(x, axis, keepdims)
    return arithmetic.multiply(found, _corrected("std", x, axis, correction) ** 0.5) if correction else found


def _corrected(who, x, axis, correction):
    """n / (n - correction) for the n elements that are reduced."""
    x = x if hasattr(x, "shape") else asarray(x)
    axis = checks.axes(who, x, axis)
    reduced = range(len(x.shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    n = math.prod(x.shape[a] for a in reduced)
    return n / (n - correction) if n > correction else nan


@_extends(reductions.count_nonzero)
def count_nonzero(x, axis=None, *, keepdims=False):
    return reductions.sum(logic.not_equal(x, 0), axis, True) if keepdims else reductions.count_nonzero(x, axis)


@_extends(indexing.sort)
def sort(x, axis=-1, *, descending=False, stable=True):
    found = indexing.sort(x, axis)
    return shapes.flip(found, 0 if axis is None else axis) if descending else found


@_extends(indexing.argsort)
def argsort(x, axis=-1, *, descending=False, stable=True):
    if not descending:
        return indexing.argsort(x, axis)
    if axis is None:
        x, axis = shapes.ravel(x), 0
    order = shapes.flip(indexing.argsort(shapes.flip(x, axis), axis), axis)  # equal ones keep their order so
    return arithmetic.subtract(order.shape[axis] - 1, order)


@_extends(statistics.searchsorted)
def searchsorted(sorted_sequence, values, side="left", *, sorter=None):
    if sorter is not None:
        sorted_sequence = indexing.take(sorted_sequence, sorter, axis=0)
    return statistics.searchsorted(sorted_sequence, values, side)


@_extends(shapes.reshape)
def reshape(x, newshape, *, copy=None):
    found = shapes.reshape(x, newshape)
    return shapes.copy(found) if copy else found


@_extends(shapes.diff)
def diff(a, n=1, axis=-1, *, prepend=None, append=None):
    parts = [part for part in (prepend, a, append) if part is not None]
    return shapes.diff(a if len(parts) == 1 else concat(parts, axis), n, axis)


def concat(arrays, axis=0):
    """Arrays joined along an axis, or flattened and joined when it is None.

    >>> from keraunos import ops
    >>> ops.concat([[[1, 2], [3, 4]], [5]], axis=None).tolist()
    [1, 2, 3, 4, 5]
    """
    if axis is None:
        arrays, axis = [shapes.ravel(x) for x in arrays], 0
    return shapes.concatenate(arrays, axis)


# -- functions that Keras lacks ------------------------------------------------------------------------------------


def positive(x):
    """+x.

    >>> from keraunos import ops
    >>> ops.positive([1, -2]).tolist()
    [1, -2]
    """
    return shapes.copy(x)


def copysign(x1, x2):
    """|x1| with the sign of x2, also of -0.0 and NaN.

    >>> from keraunos import ops
    >>> ops.copysign([1.0, 2.0], -0.0).tolist()
    [-1.0, -2.0]
    """
    x1 = indexing.where(True, x1, x2)  # in the common dtype
    turned = logic.not_equal(elementwise.signbit(x1), elementwise.signbit(x2))
    return indexing.where(turned, arithmetic.negative(x1), x1)


def permute_dims(x, axes):
    """x with its axes in another order: ``transpose``.

    >>> from keraunos import ops
    >>> ops.permute_dims(ops.zeros((2, 3)), (1, 0)).shape
    (3, 2)
    """
    return shapes.transpose(x, axes)


def matrix_transpose(x):
    """Matrices with rows and columns exchanged.

    **Shape:** (..., n, m) → (..., m, n).

    >>> from keraunos import ops
    >>> ops.matrix_transpose([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    x = x if hasattr(x, "shape") else asarray(x)
    checks.min_rank("matrix_transpose", x, 2)
    return shapes.swapaxes(x, -2, -1)


def vecdot(x1, x2, *, axis=-1):
    """Σ x̄1·x2 along an axis that both have.

    **Shape:** broadcast, without the axis.

    >>> from keraunos import ops
    >>> ops.vecdot([[1, 2], [3, 4]], [1, 10]).tolist()
    [21, 43]
    """
    x1, x2 = (x if hasattr(x, "shape") else asarray(x) for x in (x1, x2))
    if not -min(len(x1.shape), len(x2.shape)) <= axis <= -1:
        raise ValueError(
            f"vecdot: axis must be negative and an axis of both, got {axis} for {tuple(x1.shape)}, {tuple(x2.shape)}."
        )
    if x1.shape[axis] != x2.shape[axis]:
        raise ValueError(
            f"vecdot: x1 and x2 must be equally long on axis {axis}, got {tuple(x1.shape)}, {tuple(x2.shape)}."
        )
    products = arithmetic.multiply(elementwise.conj(x1), x2)
    return core.cast(reductions.sum(products, axis), products.dtype)


def broadcast_arrays(*arrays):
    """The arrays repeated to their common shape, as a list.

    >>> from keraunos import ops
    >>> [x.shape for x in ops.broadcast_arrays([[1], [2]], [3, 4])]
    [(2, 2), (2, 2)]
    """
    arrays = [x if hasattr(x, "shape") else asarray(x) for x in arrays]
    shape = np.broadcast_shapes(*(tuple(x.shape) for x in arrays))
    return [shapes.broadcast_to(x, shape) for x in arrays]


def cumulative_sum(x, *, axis=None, dtype=None, include_initial=False):
    """Sums of all elements up to each one; with ``include_initial`` a 0 before them. ``axis`` may be left out for vectors.

    >>> from keraunos import ops
    >>> ops.cumulative_sum([1, 2, 3], include_initial=True).tolist()
    [0, 1, 3, 6]
    """
    return _cumulative("cumulative_sum", reductions.cumsum, x, axis, dtype, include_initial and creation.zeros)


def cumulative_prod(x, *, axis=None, dtype=None, include_initial=False):
    """Products of all elements up to each one; with ``include_initial`` a 1 before them. ``axis`` may be left out for vectors.

    >>> from keraunos import ops
    >>> ops.cumulative_prod([1, 2, 3], include_initial=True).tolist()
    [1, 1, 2, 6]
    """
    return _cumulative("cumulative_prod", reductions.cumprod, x, axis, dtype, include_initial and creation.ones)


def _cumulative(who, fn, x, axis, dtype, first):
    x = x if hasattr(x, "shape") else asarray(x)
    if axis is None and len(x.shape) != 1:
        raise ValueError(f"{who}: axis must be given for an array of shape {tuple(x.shape)}.")
    axis = checks.axis(who, x, 0 if axis is None else axis)
    found = fn(x, axis, reductions._sum_dtype(x) if dtype is None else dtype)
    if not first:
        return found
    start = first((*x.shape[:axis], 1, *x.shape[axis + 1 :]), found.dtype)
    return concat([start, found], axis)


class UniqueAll(NamedTuple):
    """The different elements; where each occurs first, which of them each element is, how often each occurs."""

    values: object
    indices: object
    inverse_indices: object
    counts: object


class UniqueCounts(NamedTuple):
    """The different elements, and how often each occurs."""

    values: object
    counts: object


class UniqueInverse(NamedTuple):
    """The different elements, and which of them each element is."""

    values: object
    inverse_indices: object


@op(compiled=False, name="unique_all")
def _unique_all(xp, x):
    """Values, first places, inverse, counts; each NaN is one by itself."""
    values, *places = xp.unique_sized(
        x, None, None, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    first, inverse, counts = (xp.astype(p, "int32") for p in places)
    return values, first, xp.reshape(inverse, x.shape), counts


def unique_all(x):
    """The different elements, rising, with first places, inverse and counts; each NaN is one by itself.

    >>> from keraunos import ops
    >>> ops.unique_all([3, 1, 3]).inverse_indices.tolist()
    [1, 0, 1]
    """
    return UniqueAll(*_unique_all(x))


def unique_counts(x):
    """The different elements, rising, and how often each occurs.

    >>> from keraunos import ops
    >>> ops.unique_counts([3, 1, 3]).counts.tolist()
    [1, 2]
    """
    values, _, _, counts = _unique_all(x)
    return UniqueCounts(values, counts)


def unique_inverse(x):
    """The different elements, rising, and which of them each element is.

    >>> from keraunos import ops
    >>> ops.unique_inverse([3, 1, 3]).inverse_indices.tolist()
    [1, 0, 1]
    """
    values, _, inverse, _ = _unique_all(x)
    return UniqueInverse(values, inverse)


def unique_values(x):
    """The different elements, rising; each NaN is one by itself.

    >>> from keraunos import ops
    >>> ops.unique_values([3, 1, 3]).tolist()
    [1, 3]
    """
    return _unique_all(x)[0]
