"""Functions that arrange elements anew: reshape, transpose, join, split, repeat, pad."""

import math
import operator

import numpy as np

from keraunos.ops import checks
from keraunos.ops.op import op
from keraunos.ops.symbolic import KerasTensor
from keraunos.util.errors import describe


@op
def reshape(xp, x, newshape):
    """The elements of x, in their order, in another shape; -1 (or None) is the dimension that follows from the others.

    **Shape:** x.shape → newshape.

    >>> from keraunos import ops
    >>> ops.reshape([[1, 2], [3, 4]], (-1,)).tolist()
    [1, 2, 3, 4]
    """
    if hasattr(newshape, "__len__"):
        newshape = tuple(-1 if d is None else d for d in newshape)
    else:
        newshape = (newshape,)
    try:
        return xp.reshape(x, newshape)
    except (TypeError, ValueError) as e:
        error = ValueError if all(hasattr(d, "__index__") for d in newshape) else TypeError  # JAX: always TypeError
        raise error(
            f"reshape: newshape {newshape} doesn't hold the elements of an array of shape {tuple(x.shape)}."
        ) from e


@op
def ravel(xp, x):
    """x as a vector.

    **Shape:** any → (size,).

    >>> from keraunos import ops
    >>> ops.ravel([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    return xp.reshape(x, (-1,))


@op
def transpose(xp, x, axes=None):
    """x with its axes in another order; without ``axes`` reversed.

    **Shape:** dimension i of the result is dimension axes[i] of x.

    >>> from keraunos import ops
    >>> ops.transpose([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    if axes is None:
        return xp.permute_dims(x, tuple(range(x.ndim))[::-1])
    found = checks.axes("transpose", x, tuple(axes), "axes")
    if len(found) != x.ndim:
        raise ValueError(f"transpose: axes must name all {x.ndim} axes of shape {tuple(x.shape)}, got {tuple(axes)}.")
    return xp.permute_dims(x, found)


@op
def swapaxes(xp, x, axis1, axis2):
    """x with two axes exchanged.

    **Shape:** that of x with the two dimensions exchanged.

    >>> from keraunos import ops
    >>> ops.swapaxes([[1, 2], [3, 4]], 0, 1).tolist()
    [[1, 3], [2, 4]]
    """
    order = list(range(x.ndim))
    a, b = checks.axis("swapaxes", x, axis1, "axis1"), checks.axis("swapaxes", x, axis2, "axis2")
    order[a], order[b] = b, a
    return xp.permute_dims(x, tuple(order))


@op
def moveaxis(xp, x, source, destination):
    """x with the axes ``source`` moved to the places ``destination``; the others keep their order.

    **Shape:** that of x, permuted.

    >>> from keraunos import ops
    >>> ops.moveaxis(ops.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    sources = source if isinstance(source, (list, tuple)) else (source,)
    places = destination if isinstance(destination, (list, tuple)) else (destination,)
    if len(sources) != len(places):
        raise ValueError(
            f"moveaxis: source and destination must name equally many axes, got {source} and {destination}."
        )
    sources = checks.axes("moveaxis", x, tuple(sources), "source")
    places = checks.axes("moveaxis", x, tuple(places), "destination")
    order = [a for a in range(x.ndim) if a not in sources]
    for place, a in sorted(zip(places, sources)):
        order.insert(place, a)
    return xp.permute_dims(x, tuple(order))


@op
def expand_dims(xp, x, axis):
    """x with dimensions of size 1 inserted at ``axis``, an int or several.

    **Shape:** (..., ...) → (..., 1, ...).

    >>> from keraunos import ops
    >>> ops.expand_dims([1, 2], -1).tolist()
    [[1], [2]]
    """
    given = axis if isinstance(axis, (list, tuple)) else (axis,)
    places = {checks.new_axis("expand_dims", x, a, len(given)) for a in given}
    if len(places) != len(given):
        raise ValueError(f"expand_dims: axis names a place twice: {axis}.")
    sizes = iter(x.shape)
    return xp.reshape(x, tuple(1 if i in places else next(sizes) for i in range(x.ndim + len(places))))


@op
def squeeze(xp, x, axis=None):
    """x without dimensions of size 1: all of them, or those at ``axis``.

    **Shape:** (..., 1, ...) → (..., ...).

    >>> from keraunos import ops
    >>> ops.squeeze([[1], [2]], -1).tolist()
    [1, 2]
    """
    if axis is None:
        return xp.reshape(x, tuple(d for d in x.shape if d != 1))
    found = checks.axes("squeeze", x, axis)
    found = (found,) if isinstance(found, int) else found
    for a in found:
        if x.shape[a] != 1:
            raise ValueError(f"squeeze: axis {axis} must have size 1, but the shape of x is {tuple(x.shape)}.")
    return xp.reshape(x, tuple(d for i, d in enumerate(x.shape) if i not in found))


@op
def broadcast_to(xp, x, shape):
    """x repeated along new dimensions, and along those of size 1, to fill ``shape``.

    **Shape:** x.shape → shape.

    >>> from keraunos import ops
    >>> ops.broadcast_to([1, 2], (2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    shape = checks.shape("broadcast_to", shape)
    lead = len(shape) - x.ndim
    if lead < 0 or any(d != 1 and d != s for d, s in zip(x.shape, shape[lead:])):
        raise ValueError(f"broadcast_to: an array of shape {tuple(x.shape)} can't be broadcast to shape {shape}.")
    return xp.broadcast_to(x, shape)


@op
def flip(xp, x, axis=None):
    """x with the elements in reverse order along ``axis`` (None: all axes).

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.flip([1, 2, 3]).tolist()
    [3, 2, 1]
    """
    return xp.flip(x, axis=checks.axes("flip", x, axis))


@op
def fliplr(xp, x):
    """x with its columns (axis 1) in reverse order.

    **Shape:** that of x, at least 2 dimensions.

    >>> from keraunos import ops
    >>> ops.fliplr([[1, 2], [3, 4]]).tolist()
    [[2, 1], [4, 3]]
    """
    checks.min_rank("fliplr", x, 2)
    return xp.flip(x, axis=1)


@op
def flipud(xp, x):
    """x with its rows (axis 0) in reverse order.

    **Shape:** that of x, at least 1 dimension.

    >>> from keraunos import ops
    >>> ops.flipud([[1, 2], [3, 4]]).tolist()
    [[3, 4], [1, 2]]
    """
    checks.min_rank("flipud", x, 1)
    return xp.flip(x, axis=0)


@op
def roll(xp, x, shift, axis=None):
    """x with its elements moved ``shift`` places along ``axis``; what leaves at the end comes in at the start.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.roll([1, 2, 3], 1).tolist()
    [3, 1, 2]
    """
    return xp.roll(x, shift, axis=checks.axes("roll", x, axis))


@op
def rot90(xp, array, k=1, axes=(0, 1)):
    """The plane of two axes turned by k quarter turns, from the first axis towards the second.

    **Shape:** that of array, the two dimensions exchanged for odd k.

    >>> from keraunos import ops
    >>> ops.rot90([[1, 2], [3, 4]]).tolist()
    [[2, 4], [1, 3]]
    """
    checks.min_rank("rot90", array, 2, "array")
    if len(axes) != 2:
        raise ValueError(f"rot90: axes must be two axes, got {axes}.")
    return xp.rot90(array, k, axes=checks.axes("rot90", array, tuple(axes), "axes"))


@op
def repeat(xp, x, repeats, axis=None):
    """Each element repeated ``repeats`` times (one number, or one for each) along ``axis``; None: of the flattened x.

    **Shape:** dimension ``axis`` becomes the sum of the repeats.

    >>> from keraunos import ops
    >>> ops.repeat([1, 2], 2).tolist()
    [1, 1, 2, 2]
    """
    if isinstance(repeats, (list, tuple)):
        repeats = np.asarray(repeats)
    if axis is not None:
        return xp.repeat(x, repeats, axis=checks.axis("repeat", x, axis))
    return xp.repeat(xp.reshape(x, (-1,)), repeats, axis=0)


@op
def tile(xp, x, repeats):
    """x laid side by side ``repeats`` times along each axis.

    **Shape:** dimension i becomes repeats[i] times as large.

    >>> from keraunos import ops
    >>> ops.tile([1, 2], 2).tolist()
    [1, 2, 1, 2]
    """
    return xp.tile(x, checks.shape("tile", repeats, "repeats"))


_PAD_MODES = (
    "constant",
    "edge",
    "linear_ramp",
    "maximum",
    "mean",
    "median",
    "minimum",
    "reflect",
    "symmetric",
    "wrap",
    "empty",
)


@op
def pad(xp, x, pad_width, mode="constant", constant_values=None):
    """x with a border: constant (0, or ``constant_values``), or made of x ("edge", "reflect", "symmetric", "wrap", ...).

    ``pad_width``: ((before, after), ...) for each axis, or (before, after) or one number for all axes.

    **Shape:** dimension i grows by before + after.

    >>> from keraunos import ops
    >>> ops.pad([1, 2], (1, 2)).tolist()
    [0, 1, 2, 0, 0]
    """
    checks.choice("pad", mode, _PAD_MODES, "mode")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"pad: constant_values goes with mode='constant' only, got mode={mode!r}.")
    widths = _pad_width(x, pad_width)
    if any(w < 0 for pair in widths for w in pair):
        raise ValueError(f"pad: pad_width must not be negative, got {pad_width}.")
    if mode == "constant":
        return xp.pad(x, widths, mode=mode, constant_values=0 if constant_values is None else constant_values)
    return xp.pad(x, widths, mode=mode)


def _pad_width(x, given):
    """((before, after), ...) for each axis of x."""
    n = x.ndim
    if not hasattr(given, "__len__"):
        return ((operator.index(given),) * 2,) * n
    rows = [tuple(map(int, r)) if hasattr(r, "__len__") else operator.index(r) for r in given]
    if rows and all(isinstance(r, int) for r in rows) and len(rows) <= 2:
        return ((rows[0], rows[-1]),) * n
    if not all(isinstance(r, tuple) and 1 <= len(r) <= 2 for r in rows) or len(rows) not in (1, n):
        raise ValueError(
            f"pad: pad_width must be an int, (before, after), or {n} such pairs for an array of shape {tuple(x.shape)}, got {given}."
        )
    pairs = tuple((r[0], r[-1]) for r in rows)
    return pairs * n if len(pairs) == 1 else pairs


@op("xs[]")
def concatenate(xp, xs, axis=0):
    """Arrays joined along an axis they have.

    **Shape:** (..., n, ...), (..., m, ...), ... → (..., n + m + ..., ...).

    >>> from keraunos import ops
    >>> ops.concatenate([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    return _concatenate(xp, "concatenate", xs, axis)


def _concatenate(xp, who, xs, axis):
    if not xs:
        raise ValueError(f"{who}: xs must hold at least one array, got none.")
    a = checks.axis(who, xs[0], axis)
    first = xs[0].shape
    for x in xs:
        s = x.shape
        if len(s) != len(first) or s[:a] != first[:a] or s[a + 1 :] != first[a + 1 :]:
            raise ValueError(
                f"{who}: the shapes of xs must be equal except on axis {axis}, got {', '.join(str(tuple(x.shape)) for x in xs)}."
            )
    return xp.concat(xs, axis=a)


@op("x[]")
def stack(xp, x, axis=0):
    """Arrays of one shape joined along a new axis.

    **Shape:** n arrays (...) → (..., n, ...).

    >>> from keraunos import ops
    >>> ops.stack([[1, 2], [3, 4]], axis=1).tolist()
    [[1, 3], [2, 4]]
    """
    if not x:
        raise ValueError("stack: x must hold at least one array, got none.")
    if any(a.shape != x[0].shape for a in x):
        raise ValueError(
            f"stack: the arrays in x must have one shape, got {', '.join(str(tuple(a.shape)) for a in x)}."
        )
    return xp.stack(x, axis=checks.new_axis("stack", x[0], axis))


@op("xs[]")
def hstack(xp, xs):
    """Arrays joined along axis 1 (vectors along axis 0).

    **Shape:** (n, a, ...), (n, b, ...) → (n, a + b, ...).

    >>> from keraunos import ops
    >>> ops.hstack([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    xs = [_at_least(xp, x, 1) for x in xs]
    return _concatenate(xp, "hstack", xs, 0 if xs and xs[0].ndim == 1 else 1)


@op("xs[]")
def vstack(xp, xs):
    """Arrays joined along axis 0, vectors as rows.

    **Shape:** (a, n, ...), (b, n, ...) → (a + b, n, ...); (n,) counts as (1, n).

    >>> from keraunos import ops
    >>> ops.vstack([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return _concatenate(xp, "vstack", [_at_least(xp, x, 2) for x in xs], 0)


@op("xs[]")
def dstack(xp, xs):
    """Arrays joined along axis 2; (n,) counts as (1, n, 1), (m, n) as (m, n, 1).

    **Shape:** (m, n, a, ...), (m, n, b, ...) → (m, n, a + b, ...).

    >>> from keraunos import ops
    >>> ops.dstack([[1, 2], [3, 4]]).tolist()
    [[[1, 3], [2, 4]]]
    """
    return _concatenate(xp, "dstack", [_at_least(xp, x, 3) for x in xs], 2)


def _at_least(xp, x, n):
    """x with at least n dimensions, as NumPy's atleast_1d, 2d, 3d add them."""
    if x.ndim >= n:
        return x
    if n < 3:
        return xp.reshape(x, (1,) * (n - x.ndim) + tuple(x.shape))
    return xp.reshape(x, ((1, 1, 1), (1, *x.shape, 1), (*x.shape, 1))[x.ndim])


@op("x1 x2")
def append(xp, x1, x2, axis=None):
    """x2 joined to the end of x1 along an axis; None: both flattened.

    **Shape:** as ``concatenate``; (size₁ + size₂,) when axis is None.

    >>> from keraunos import ops
    >>> ops.append([1, 2], [3]).tolist()
    [1, 2, 3]
    """
    if axis is None:
        return xp.concat([xp.reshape(x1, (-1,)), xp.reshape(x2, (-1,))])
    return _concatenate(xp, "append", [x1, x2], axis)


@op
def split(xp, x, indices_or_sections, axis=0):
    """x cut along an axis into equal sections (an int), or before each of the given indices; a list of arrays.

    **Shape:** (..., n, ...) → k arrays (..., n / k, ...).

    >>> from keraunos import ops
    >>> [p.tolist() for p in ops.split([1, 2, 3, 4], 2)]
    [[1, 2], [3, 4]]
    """
    return _split(xp, "split", x, indices_or_sections, axis)


@op
def array_split(xp, x, indices_or_sections, axis=0):
    """x cut along an axis into sections that differ by at most one in size (the first are the larger).

    **Shape:** (..., n, ...) → k arrays (..., ⌈n / k⌉ or ⌊n / k⌋, ...).

    >>> from keraunos import ops
    >>> [p.tolist() for p in ops.array_split([1, 2, 3], 2)]
    [[1, 2], [3]]
    """
    if not hasattr(indices_or_sections, "__len__"):
        n, k = x.shape[checks.axis("array_split", x, axis)], operator.index(indices_or_sections)
        if k <= 0:
            raise ValueError(f"array_split: indices_or_sections must be positive, got {k}.")
        indices_or_sections = [n // k * i + min(i, n % k) for i in range(1, k)]
    return _split(xp, "array_split", x, indices_or_sections, axis)


@op
def hsplit(xp, x, indices_or_sections):
    """``split`` along axis 1 (of a vector along axis 0).

    **Shape:** (n, m, ...) → k arrays (n, m / k, ...).

    >>> from keraunos import ops
    >>> [p.tolist() for p in ops.hsplit([[1, 2], [3, 4]], 2)]
    [[[1], [3]], [[2], [4]]]
    """
    checks.min_rank("hsplit", x, 1)
    return _split(xp, "hsplit", x, indices_or_sections, 0 if x.ndim == 1 else 1)


@op
def vsplit(xp, x, indices_or_sections):
    """``split`` along axis 0.

    **Shape:** (n, m, ...) → k arrays (n / k, m, ...).

    >>> from keraunos import ops
    >>> [p.tolist() for p in ops.vsplit([[1, 2], [3, 4]], 2)]
    [[[1, 2]], [[3, 4]]]
    """
    checks.min_rank("vsplit", x, 2)
    return _split(xp, "vsplit", x, indices_or_sections, 0)


@op
def dsplit(xp, x, indices_or_sections):
    """``split`` along axis 2.

    **Shape:** (n, m, d, ...) → k arrays (n, m, d / k, ...).

    >>> from keraunos import ops
    >>> [p.shape for p in ops.dsplit(ops.zeros((2, 3, 4)), 2)]
    [(2, 3, 2), (2, 3, 2)]
    """
    checks.min_rank("dsplit", x, 3)
    return _split(xp, "dsplit", x, indices_or_sections, 2)


def _split(xp, who, x, parts, axis):
    """Slices of x between the cuts."""
    a = checks.axis(who, x, axis)
    n = x.shape[a]
    if hasattr(parts, "__len__"):
        cuts = [operator.index(i) for i in parts]
    else:
        k = operator.index(parts)
        if k <= 0 or n % k:
            raise ValueError(
                f"{who}: indices_or_sections must divide the size of axis {axis}, got {k} sections of {n} elements; "
                "array_split cuts into unequal sections."
            )
        cuts = [n // k * i for i in range(1, k)]
    lead = (slice(None),) * a
    return [x[(*lead, slice(i, j))] for i, j in zip([0, *cuts], [*cuts, n])]


@op
def copy(xp, x):
    """A copy of x.

    **Shape:** that of x.

    >>> from keraunos import ops
    >>> ops.copy([1, 2]).tolist()
    [1, 2]
    """
    return xp.copy(x)


@op
def diff(xp, a, n=1, axis=-1):
    """Differences of neighbours, aᵢ₊₁ - aᵢ, taken n times.

    **Shape:** dimension ``axis`` becomes n smaller.

    >>> from keraunos import ops
    >>> ops.diff([1, 4, 9]).tolist()
    [3, 5]
    """
    if n < 0:
        raise ValueError(f"diff: n must not be negative, got {n}.")
    return xp.diff(a, n=n, axis=checks.axis("diff", a, axis))


@op(name="size")
def _size(xp, x):
    """The number of elements as an array, for shapes known only when data comes."""
    return xp.asarray(math.prod(x.shape), xp.to_dtype("int32"))


def size(x):
    """The number of elements: an int, or a symbolic number for a symbolic tensor.

    >>> from keraunos import ops
    >>> ops.size([[1, 2], [3, 4]])
    4
    """
    if isinstance(x, KerasTensor):
        return _size(x)
    n = 1
    for d in _shape("size", x):
        n *= d
    return n


def ndim(x):
    """The number of dimensions.

    >>> from keraunos import ops
    >>> ops.ndim([[1, 2], [3, 4]])
    2
    """
    return len(_shape("ndim", x))


def _shape(who, x):
    """The shape of an array, a symbolic tensor, a number or a nested list."""
    if hasattr(x, "shape"):
        return x.shape
    if isinstance(x, (bool, int, float, complex)):
        return ()
    if isinstance(x, (list, tuple)):
        return (len(x), *(_shape(who, x[0]) if x else ()))
    raise TypeError(f"{who}: x must be an array, got {describe(x)}.")
