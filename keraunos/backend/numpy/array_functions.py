"""Primitives of the array family on NumPy: matrices, unique elements, sums of 16-bit floats."""

import functools

import numpy as np
import scipy.linalg


def is_traced(x):
    """NumPy knows all values."""
    return False


def unique_sized(x, size, fill_value, axis=None, **options):
    """np.unique, cut or filled with ``fill_value`` (None: the smallest element) to ``size``."""
    found = np.unique(x, axis=axis, **options)
    if size is None:
        return found
    parts = found if isinstance(found, tuple) else (found,)
    at = 0 if axis is None else axis
    fill = parts[0].take([0], at) if fill_value is None else np.full_like(parts[0].take([0], at), fill_value)
    names = [n for n in ("return_index", "return_inverse", "return_counts") if options.get(n)]
    missing = size - parts[0].shape[at]
    out = [np.concatenate([parts[0], *[fill] * missing], axis=at) if missing > 0 else parts[0].take(range(size), at)]
    for name, part in zip(names, parts[1:], strict=True):
        if name == "return_inverse":
            out.append(part)
            continue
        pad = 0 if name == "return_counts" else part[0]
        out.append(np.concatenate([part, np.full(max(missing, 0), pad, part.dtype)])[:size])
    return tuple(out) if isinstance(found, tuple) else out[0]


def solve_triangular(a, b, lower):
    """The solution of a triangular system, columns in b (..., n, m); a and b broadcast."""
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, lead + a.shape[-2:]).reshape(-1, *a.shape[-2:])
    shape = lead + b.shape[-2:]
    b = np.broadcast_to(b, shape).reshape(-1, *b.shape[-2:])
    found = [scipy.linalg.solve_triangular(m, v, lower=lower) if v.size else v for m, v in zip(a, b, strict=True)]
    return np.asarray(found, b.dtype).reshape(shape)


def lu_factor(x):
    """LAPACK's factors and pivots of (..., n, n)."""
    flat = x.reshape(-1, *x.shape[-2:])
    found = [scipy.linalg.lu_factor(m) for m in flat]
    factors = np.asarray([f for f, _ in found], x.dtype).reshape(x.shape)
    pivots = np.asarray([p for _, p in found], np.int32).reshape(x.shape[:-1])
    return factors, pivots


def eig(x):
    """np.linalg.eig, always complex."""
    values, vectors = np.linalg.eig(x)
    kind = np.result_type(x.dtype, np.complex64)
    return values.astype(kind), vectors.astype(kind)


def jvp(fun, primals, tangents, has_aux=False):
    """NumPy differentiates nothing."""
    raise RuntimeError("jvp: the NumPy engine takes no derivatives; use set_backend('jax') for it.")


def view(x, dtype):
    """The bits of x as another dtype, the last dimension changed."""
    return np.ascontiguousarray(x).view(dtype)


def _in_float32(fn):
    """``fn`` of a 16-bit float array computed in 32 bits, as its sums would lose digits."""

    @functools.wraps(fn)
    def wide(x, *args, **kwargs):
        if x.dtype.itemsize != 2 or x.dtype.kind in "iu":
            return fn(x, *args, **kwargs)
        narrow = kwargs.pop("dtype", None) or x.dtype
        return np.asarray(fn(x.astype(np.float32), *args, **kwargs)).astype(narrow)

    return wide


PRIMITIVES = {f.__name__: f for f in (is_traced, unique_sized, solve_triangular, lu_factor, eig, jvp, view)}
PRIMITIVES |= {name: _in_float32(getattr(np, name)) for name in "sum mean var std prod cumsum cumprod".split()}
