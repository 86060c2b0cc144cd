"""The namespace that bodies of ops see on NumPy: numpy, and the primitives it lacks."""

import operator

import numpy as np
from scipy import special

from keraunos.backend.dtypes import numpy_dtype
from keraunos.backend.numpy import array_functions
from keraunos.backend.numpy.conv import conv, reduce_window
from keraunos.util import tree


def asarray(x, dtype=None):
    """An array from anything array-like; ``dtype`` is a NumPy dtype or None."""
    return np.asarray(x) if dtype is None else np.asarray(x, dtype)


def to_dtype(name):
    """The dtype object of a standard name."""
    return numpy_dtype(name)


def astype(x, dtype):
    """x converted; ``dtype`` may be a standard name."""
    return np.asarray(x).astype(numpy_dtype(dtype) if isinstance(dtype, str) else dtype, copy=False)


def bitcast(x, dtype):
    """The bits of x read as another dtype."""
    return np.asarray(x).view(numpy_dtype(dtype) if isinstance(dtype, str) else dtype)


def scatter_reduce(x, indices, values, mode):
    """x with ``values`` combined in at ``indices`` (last axis of ``indices`` addresses the leading axes of x)."""
    out = x.copy()
    where = tuple(np.moveaxis(indices, -1, 0))
    if mode == "replace":
        out[where] = values
        return out
    fn = {"add": np.add, "max": np.maximum, "min": np.minimum, "prod": np.multiply}[mode]
    fn.at(out, where, values)
    return out


def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    """A Python loop over the leading axis, results stacked."""
    if xs is not None:
        length = len(tree.flatten(xs)[0])
    steps = range(length - 1, -1, -1) if reverse else range(length)
    carry, found = init, [None] * length
    for i in steps:
        here = None if xs is None else tree.map_structure(lambda a, i=i: a[i], xs)
        carry, found[i] = f(carry, here)
    if length == 0 or found[0] is None:
        return carry, None
    return carry, tree.map_structure(lambda *a: np.stack(a), *found)


def recomputed(fn):
    """``fn``: without gradients there is nothing to keep."""
    return fn


def while_loop(cond, body, state):
    """A Python loop over a tuple of state."""
    while cond(state):
        state = body(state)
    return state


def cond(pred, true_fn, false_fn):
    """One of two branches."""
    return true_fn() if pred else false_fn()


def vmap(fn, in_axes=0, out_axes=0):
    """``fn`` over a leading axis, by a Python loop."""

    def mapped(*args):
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        n = next(a.shape[ax] for a, ax in zip(args, axes, strict=True) if ax is not None)
        rows = [
            fn(*(a if ax is None else np.take(a, i, ax) for a, ax in zip(args, axes, strict=True))) for i in range(n)
        ]
        if not isinstance(out_axes, tuple):
            return _gathered(rows, out_axes)
        return tuple(_gathered(part, axis) for part, axis in zip(zip(*rows, strict=True), out_axes, strict=True))

    return mapped


def _gathered(rows, axis):
    """Nests of the rows as one nest of stacked arrays; with axis None, the one that they all are."""
    if axis is not None:
        return tree.map_structure(lambda *r: np.stack(r, axis), *rows)
    for leaves in zip(*[tree.flatten(row) for row in rows], strict=True):
        if not all(np.array_equal(x, leaves[0]) for x in leaves):
            raise ValueError("vmap: an output without an axis must be the same in all rows.")
    return rows[0]


def stop_gradient(x):
    """x."""
    return x


def erf(x):
    """The error function."""
    return same_dtype(special.erf, x)


def erfinv(x):
    """The inverse error function."""
    return same_dtype(special.erfinv, x)


def erfc(x):
    """1 - erf(x), with all digits where that is small."""
    return same_dtype(special.erfc, x)


def make_complex(real, imag):
    """real + i imag, exact also for infinities."""
    out = np.empty(np.shape(real), np.result_type(real, np.complex64))
    out.real, out.imag = real, imag
    return out


def dynamic_slice(x, starts, sizes):
    """The block of these sizes at ``starts``, which are moved such that it lies inside."""
    return x[_block(x, starts, sizes)]


def dynamic_update_slice(x, update, starts):
    """x with ``update`` written at ``starts``, which are moved such that it lies inside."""
    out = x.copy()
    out[_block(x, starts, update.shape)] = update
    return out


def _block(x, starts, sizes):
    starts = [int(a) + n if a < 0 else int(a) for a, n in zip(starts, x.shape, strict=True)]
    starts = [min(max(a, 0), n - k) for a, n, k in zip(starts, x.shape, sizes, strict=True)]
    return tuple(slice(a, a + k) for a, k in zip(starts, sizes, strict=True))


def same_dtype(fn, x):
    """``fn`` of SciPy on x, which lacks the half-precision types: through float32 and back."""
    x = np.asarray(x)
    wide = x.astype(np.float32) if x.dtype.itemsize < 4 else x
    return fn(wide).astype(x.dtype)


def take_rows(x, rows):
    """x[rows]."""
    return x[rows]


class Namespace:
    """numpy with the primitives added; a name is looked up once and kept."""

    def __init__(self, added):
        self.__dict__.update(added)

    def __getattr__(self, name):
        value = getattr(np, name)
        self.__dict__[name] = value
        return value


_MORE = (recomputed, erfc, conv, reduce_window, make_complex, dynamic_slice, dynamic_update_slice)

XP = Namespace(
    array_functions.PRIMITIVES
    | {"get_item": operator.getitem}
    | {
        f.__name__: f
        for f in (
            asarray,
            to_dtype,
            astype,
            bitcast,
            scatter_reduce,
            scan,
            while_loop,
            cond,
            vmap,
            stop_gradient,
            take_rows,
            erf,
            erfinv,
            *_MORE,
        )
    }
)
