"""Blocks and entries of arrays read and written at positions that may be known at run time only; sums over segments."""

from keraunos.backend.dtypes import finite_range, is_float_dtype, is_int_dtype, standardize_dtype
from keraunos.ops import checks
from keraunos.ops.op import op
from keraunos.util.errors import describe

_REDUCTIONS = {None: "replace", "add": "add", "max": "max", "min": "min", "mul": "prod"}


def _check_ints(name, x, what):
    if not is_int_dtype(x.dtype) and 0 not in x.shape:
        raise TypeError(f"{name}: {what} must be integers, got {describe(x)}.")


def _starts(name, inputs, start_indices):
    _check_ints(name, start_indices, "start_indices")
    if tuple(start_indices.shape) != (inputs.ndim,):
        raise ValueError(
            f"{name}: start_indices must have one entry for each of the {inputs.ndim} dimensions of inputs "
            f"{tuple(inputs.shape)}, got shape {tuple(start_indices.shape)}."
        )
    return [start_indices[i] for i in range(inputs.ndim)]


@op("inputs start_indices", promote=None, compiled=False)
def slice(xp, inputs, start_indices, shape):
    """The block of ``shape`` that starts at ``start_indices``; it is moved inside where it would reach beyond inputs.

    **Shape:** inputs of rank r, start_indices ``(r,)`` of ints, shape r ints, where -1 with a known start means all the rest.

    >>> from keraunos import ops
    >>> ops.slice([[1, 2, 3], [4, 5, 6]], [1, 0], [1, 2]).tolist()
    [[4, 5]]
    """
    shape = tuple(shape)
    starts = _starts("slice", inputs, start_indices)
    if len(shape) != inputs.ndim:
        raise ValueError(f"slice: shape must have {inputs.ndim} entries for inputs {tuple(inputs.shape)}, got {shape}.")
    shape = tuple(n - int(a) if k == -1 else k for n, a, k in zip(inputs.shape, starts, shape, strict=True))
    if any(not 0 <= k <= n for k, n in zip(shape, inputs.shape, strict=True)):
        raise ValueError(f"slice: shape {shape} does not fit into inputs {tuple(inputs.shape)}.")
    return xp.dynamic_slice(inputs, starts, shape)


@op("inputs start_indices updates", promote=None)
def slice_update(xp, inputs, start_indices, updates):
    """inputs with ``updates`` written from ``start_indices`` on; the block is moved inside where it would reach beyond.

    **Shape:** inputs and updates of rank r, start_indices ``(r,)`` of ints; the result is like inputs.

    >>> from keraunos import ops
    >>> ops.slice_update([1, 2, 3, 4], [1], [8, 9]).tolist()
    [1, 8, 9, 4]
    """
    starts = _starts("slice_update", inputs, start_indices)
    if updates.ndim != inputs.ndim or any(k > n for k, n in zip(updates.shape, inputs.shape, strict=True)):
        raise ValueError(f"slice_update: updates {tuple(updates.shape)} don't fit into inputs {tuple(inputs.shape)}.")
    return xp.dynamic_update_slice(inputs, xp.astype(updates, inputs.dtype), starts)


def _check_values(name, engine, indices, shape):
    """Indices that lie in shape, where they are known."""
    checks.shape(name, shape)
    for k in range(min(indices.shape[-1], len(shape)) if indices.ndim else 0):
        checks.in_range(name, engine, indices[..., k], shape[k], f"indices[..., {k}]")


@op(
    "indices values",
    promote=None,
    check=lambda engine, indices, values, shape: _check_values("scatter", engine, indices, shape),
)
def scatter(xp, indices, values, shape):
    """Zeros of ``shape`` with each of ``values`` added at its index; those of equal indices add up.

    **Shape:** indices ``(..., k)`` address the first k dimensions of shape, values ``(..., *shape[k:])``.

    >>> from keraunos import ops
    >>> ops.scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,)).tolist()
    [1.0, 0.0, 5.0, 0.0]
    """
    _check_indices("scatter", indices, values, tuple(shape), "values")
    return xp.scatter_reduce(xp.zeros(tuple(shape), dtype=values.dtype), indices, values, "add")


@op(
    "inputs indices updates",
    promote=None,
    check=lambda engine, x, indices, *_: _check_values("scatter_update", engine, indices, x.shape),
)
def scatter_update(xp, inputs, indices, updates, reduction=None):
    """inputs with ``updates`` written at ``indices``, or combined with what is there by "add", "max", "min" or "mul".

    **Shape:** indices ``(..., k)`` address the first k dimensions of inputs, updates ``(..., *inputs.shape[k:])``.
    Raises ValueError for another reduction.

    >>> from keraunos import ops
    >>> ops.scatter_update([1, 2, 3], [[0], [2]], [8, 9]).tolist()
    [8, 2, 9]
    """
    if reduction not in _REDUCTIONS:
        raise ValueError(f"scatter_update: reduction must be one of {tuple(_REDUCTIONS)}, got {reduction!r}.")
    _check_indices("scatter_update", indices, updates, tuple(inputs.shape), "updates")
    return xp.scatter_reduce(inputs, indices, xp.astype(updates, inputs.dtype), _REDUCTIONS[reduction])


def _check_indices(name, indices, values, shape, what):
    _check_ints(name, indices, "indices")
    k = indices.shape[-1] if indices.ndim else 0
    if not 1 <= k <= len(shape):
        raise ValueError(
            f"{name}: the last dimension of indices must be between 1 and {len(shape)}, the rank of {shape}, got indices "
            f"{tuple(indices.shape)}."
        )
    if values.ndim and tuple(values.shape) != (*indices.shape[:-1], *shape[k:]):
        raise ValueError(
            f"{name}: {what} must have shape {(*indices.shape[:-1], *shape[k:])} for indices {tuple(indices.shape)} into "
            f"{shape}, got {tuple(values.shape)}."
        )


@op(promote=None)
def unstack(xp, x, num=None, axis=0):
    """The slices of x along ``axis`` as a list.

    **Shape:** ``(..., n, ...)`` to n times ``(..., ...)``. Raises ValueError when num is given and is not n.

    >>> from keraunos import ops
    >>> [part.tolist() for part in ops.unstack([[1, 2], [3, 4]], axis=1)]
    [[1, 3], [2, 4]]
    """
    x = xp.moveaxis(x, checks.axis("unstack", x, axis), 0)
    if num is not None and num != x.shape[0]:
        raise ValueError(f"unstack: num must be the size of axis {axis}, {x.shape[0]}, got {num}.")
    return [x[i] for i in range(x.shape[0])]


def _segments(xp, name, data, segment_ids, num_segments, mode, start):
    """Combine the rows of data that have the same id; rows whose id is out of range fall out."""
    if segment_ids.ndim != 1 or data.ndim < 1 or data.shape[0] != segment_ids.shape[0]:
        raise ValueError(
            f"{name}: segment_ids must be one-dimensional, with an id for each row of data {tuple(data.shape)}; got shape "
            f"{tuple(segment_ids.shape)}."
        )
    if num_segments is None:
        num_segments = int(xp.max(segment_ids)) + 1 if segment_ids.shape[0] else 0
    checks.integer(name, num_segments, "num_segments", 0)
    ids = xp.astype(segment_ids, "int32")
    ids = xp.where((ids >= 0) & (ids < num_segments), ids, num_segments)  # the last row collects what falls out
    base = xp.full((num_segments + 1, *data.shape[1:]), start, dtype=data.dtype)
    return xp.scatter_reduce(base, ids[:, None], data, mode)[:num_segments]


def _greatest(dtype):
    name = standardize_dtype(dtype)
    return float("inf") if is_float_dtype(name) else name == "bool" or finite_range(name)[1]


def _least(dtype):
    name = standardize_dtype(dtype)
    return -float("inf") if is_float_dtype(name) else name != "bool" and finite_range(name)[0]


@op("data segment_ids", promote=None, compiled=False)
def segment_sum(xp, data, segment_ids, num_segments=None, sorted=False):
    """Sum of the rows of each segment; 0 for a segment without rows.

    **Shape:** data ``(n, ...)``, segment_ids ``(n,)``, result ``(num_segments, ...)``. Without ``num_segments`` the greatest
    id decides, which needs values: give it in compiled code. Rows with an id outside 0 .. num_segments - 1 fall out.

    >>> from keraunos import ops
    >>> ops.segment_sum([1, 2, 4], [0, 0, 2], num_segments=3).tolist()
    [3, 0, 4]
    """
    return _segments(xp, "segment_sum", data, segment_ids, num_segments, "add", 0)


@op("data segment_ids", promote=None, compiled=False)
def segment_prod(xp, data, segment_ids, num_segments=None, sorted=False):
    """Product of the rows of each segment; 1 for a segment without rows.

    **Shape:** as for ``segment_sum``.

    >>> from keraunos import ops
    >>> ops.segment_prod([3, 2, 4], [0, 0, 2], num_segments=3).tolist()
    [6, 1, 4]
    """
    return _segments(xp, "segment_prod", data, segment_ids, num_segments, "prod", 1)


@op("data segment_ids", promote=None, compiled=False)
def segment_max(xp, data, segment_ids, num_segments=None, sorted=False):
    """Maximum of the rows of each segment; the dtype's least value for a segment without rows.

    **Shape:** as for ``segment_sum``.

    >>> from keraunos import ops
    >>> ops.segment_max([1.0, 2.0, 4.0], [0, 0, 2], num_segments=3).tolist()
    [2.0, -inf, 4.0]
    """
    return _segments(xp, "segment_max", data, segment_ids, num_segments, "max", _least(data.dtype))


@op("data segment_ids", promote=None, compiled=False)
def segment_min(xp, data, segment_ids, num_segments=None, sorted=False):
    """Minimum of the rows of each segment; the dtype's greatest value for a segment without rows.

    **Shape:** as for ``segment_sum``.

    >>> from keraunos import ops
    >>> ops.segment_min([1.0, 2.0, 4.0], [0, 0, 2], num_segments=3).tolist()
    [1.0, inf, 4.0]
    """
    return _segments(xp, "segment_min", data, segment_ids, num_segments, "min", _greatest(data.dtype))
