"""Gamma, beta and binomial random numbers on the host: drawn by rejection, with the numbers of ``jax.random``.

Binomial counts are equal to a JAX program's; gamma and beta numbers differ from it in the last places (mostly by less than
1e-6, by 2e-5 for shape parameters below 1), as XLA's square root, exp and power aren't rounded exactly. 16-bit floats are
drawn in float32 and rounded, which gives better numbers than JAX's.
"""

import math

import numpy as np

from keraunos.backend.threefry import cipher, elementary
from keraunos.backend.threefry import draws as threefry
from keraunos.backend.threefry.cipher import F32, F64

# Remainder of Stirling's series for log k!, k = 0 ... 9; from 10 on, the first terms at k = 9 as jax.random has it.
_STIRLING = np.array(
    [math.lgamma(k + 1) - (k + 0.5) * math.log(k + 1) + k + 1 - 0.5 * math.log(2 * math.pi) for k in range(10)]
    + [(1 / 12 - (1 / 360 - 1 / 1260 / 100) / 100) / 10]
)


def gamma(key, a, shape=None, dtype="float32") -> np.ndarray:
    """Gamma random floats of shape parameter a > 0 and scale 1.

    d·v with d = a - 1/3 and v = (1 + x / (3√d))³, x normal, accepted with a probability close to 1 (G. Marsaglia and
    W. Tsang, "A simple method for generating gamma variables", 2000); for a < 1 the draw for a + 1 times u^(1/a).

    **Shape:** key (2,); a broadcasts to ``shape``, which is a's own shape when None; out ``shape``.

    Raises ``ValueError`` for a dtype other than float16, bfloat16, float32 and float64.

    >>> gamma(np.array([7, 0], np.uint32), 2.0, (3,))
    array([0.2239576 , 2.1134958 , 0.49806634], dtype=float32)
    """
    a, shape, dtype = _parameter("gamma", a, shape, dtype)
    d, v, keys = _marsaglia_tsang(key, a)
    small = np.flatnonzero(~(a >= 1))
    u = 1 - cipher.unit_each(keys[small], a.dtype)
    with np.errstate(all="ignore"):
        out = d * v
        out[small] *= _flush(np.power(u.astype(F64), 1 / a[small]).astype(a.dtype))
    return _flush(out).reshape(shape).astype(dtype, copy=False)


def log_gamma(key, a, shape=None, dtype="float32") -> np.ndarray:
    """Logarithms of gamma random floats; for small a the floats themselves would be 0.

    **Shape:** key (2,); a broadcasts to ``shape``, which is a's own shape when None; out ``shape``.

    Raises ``ValueError`` for a dtype other than float16, bfloat16, float32 and float64.

    >>> log_gamma(np.array([7, 0], np.uint32), 0.001, (3,))
    array([-1355.2438 ,   -65.72591, -3081.3044 ], dtype=float32)
    """
    a, shape, dtype = _parameter("log_gamma", a, shape, dtype)
    d, v, keys = _marsaglia_tsang(key, a)
    small = np.flatnonzero(~(a >= 1))
    u = cipher.unit_each(keys[small], a.dtype)
    with np.errstate(all="ignore"):
        out = elementary.log(d) + elementary.log(v)
        out[small] += np.where(u == 0, 0, elementary.log1p(-u) * (1 / a[small]))
    return out.reshape(shape).astype(dtype, copy=False)


def beta(key, a, b, shape=None, dtype="float32") -> np.ndarray:
    """Beta random floats: x / (x + y) with x and y gamma of shape parameters a and b.

    **Shape:** key (2,); a and b broadcast to ``shape``, which is their common shape when None; out ``shape``.

    Raises ``ValueError`` for a dtype other than float16, bfloat16, float32 and float64.

    >>> beta(np.array([7, 0], np.uint32), 2.0, 3.0, (3,))
    array([0.50171965, 0.24026705, 0.60780025], dtype=float32)
    """
    shape = np.broadcast_shapes(np.shape(a), np.shape(b)) if shape is None else shape
    dtype = cipher.check_float("beta", dtype)
    x, y = (log_gamma(k, c, shape, _working(dtype)) for k, c in zip(threefry.split(key), (a, b)))
    top = np.maximum(x, y)
    x, y = (_flush(np.exp((z - top).astype(F64)).astype(z.dtype)) for z in (x, y))
    return _flush(x / (x + y)).astype(dtype, copy=False)


def binomial(key, n, p, shape=None, dtype="float32") -> np.ndarray:
    """Binomial random counts, as floats: successes in n trials of probability p; NaN where n < 0 or p is outside [0, 1].

    With p made at most 1/2, geometric gaps are added up while n·p <= 10 and above that the transformed rejection BTRS is
    used (W. Hörmann, "The generation of binomial random variates", 1993).

    **Shape:** key (2,); n and p broadcast to ``shape``, which is their common shape when None; out ``shape``.

    Raises ``ValueError`` for a dtype other than float16, bfloat16, float32 and float64.

    >>> binomial(np.array([7, 0], np.uint32), 10, 0.3, (4,))
    array([4., 2., 2., 4.], dtype=float32)
    """
    out_dtype = cipher.check_float("binomial", dtype)
    dtype = _working(out_dtype)
    shape = np.broadcast_shapes(np.shape(n), np.shape(p)) if shape is None else cipher.as_shape(shape)
    n, p = (np.broadcast_to(np.asarray(x, dtype), shape).reshape(-1) for x in (n, p))
    flip = ~(p < 0.5)
    q = np.where(flip, 1 - p, p)
    invalid = np.isnan(n) | (n < 0) | np.isnan(q) | (q < 0)
    q = np.where(np.isnan(q) | (q < 0), dtype.type(0.01), q)
    with np.errstate(all="ignore"):
        few = np.isnan(n) | (n < 0) | (n * q <= 10)
        trials = np.floor(n)
        # Each method runs on all elements, with harmless parameters where the other one counts: jax.random's draws depend on it.
        by_gaps = _count_gaps(key, np.where(few, trials, 0), q)
        by_rejection = _btrs(key, np.where(few, 1e4, trials).astype(dtype), np.where(few, 0.5, q).astype(dtype))
        out = np.where(few, by_gaps, by_rejection)
        out = np.where(invalid, np.nan, np.where(np.isinf(n), np.inf, out))
        return np.where(flip & ~np.isinf(n), trials - out, out).astype(out_dtype).reshape(shape)


def _parameter(who, a, shape, dtype):
    """A parameter as a flat float32 or float64 array, the shape it stands for, and the dtype asked for."""
    dtype = cipher.check_float(who, dtype)
    shape = np.shape(a) if shape is None else cipher.as_shape(shape)
    return np.broadcast_to(np.asarray(a, _working(dtype)), shape).reshape(-1), shape, dtype


def _working(dtype):
    """The dtype computed in."""
    return F64 if dtype == F64 else F32


def _flush(x):
    """Numbers too small for the dtype's full precision as zero: XLA has no others."""
    return np.where(abs(x) < np.finfo(x.dtype).tiny, x.dtype.type(0), x)


def _marsaglia_tsang(key, a):
    """d and v, whose product is gamma for max(a, a + 1 where a < 1), and keys for what makes it gamma for a."""
    kind = a.dtype.type
    keys, spare = cipher.split_each(threefry.split(key, a.size), 2)
    todo = np.arange(a.size)
    with np.errstate(all="ignore"):
        d = np.where(a >= 1, a, a + 1) - kind(1 / 3)
        v, slope = np.ones_like(d), kind(1 / 3) * (1 / np.sqrt(d.astype(F64))).astype(d.dtype)
        while todo.size:
            keys, x_keys, u_keys = cipher.split_each(keys, 3)
            x, root = _positive_line(x_keys, slope[todo])
            u = cipher.unit_each(u_keys, a.dtype)
            square, cube = x * x, root * root * root
            v[todo] = cube
            bound = square * kind(0.5) + d[todo] * (1 - cube + elementary.log(cube))
            refused = (u >= 1 - kind(0.0331) * (square * square)) & (elementary.log(u) >= bound)
            todo, keys = todo[refused], keys[refused]
    return d, v, spare


def _positive_line(keys, slope):
    """Normal x, drawn again until 1 + slope·x > 0, and that value."""
    x, line = np.empty_like(slope), np.empty_like(slope)
    todo = np.arange(slope.size)
    while todo.size:
        keys, subkeys = cipher.split_each(keys, 2)
        x[todo] = threefry.normal_of_unit(cipher.unit_each(subkeys, slope.dtype))
        line[todo] = elementary.fma(x[todo], slope[todo], slope.dtype.type(1))
        again = line[todo] <= 0
        todo, keys = todo[again], keys[again]
    return x, line


def _count_gaps(key, n, q):
    """Number of successes in n trials: how many geometric gaps fit."""
    count, used, scale = np.zeros_like(q), np.zeros_like(q), elementary.log1p(-q)
    while True:
        open_ = used <= n
        if not open_.any():
            return count - 1
        subkey, key = threefry.split(key)
        count += open_
        used += np.ceil(elementary.log(threefry.uniform(subkey, q.shape, q.dtype)) / scale)


def _btrs(key, n, p):
    """Hörmann's BTRS; every element is drawn again until all have been accepted, and keeps its last accepted value."""
    kind = p.dtype.type
    deviation = np.sqrt(n * p * (1 - p))
    b = elementary.fma(deviation, kind(2.53), kind(1.15))
    a = elementary.fma(p, kind(0.01), elementary.fma(b, kind(0.0248), kind(-0.0873)))
    centre, ratio, mode = elementary.fma(n, p, kind(0.5)), p / (1 - p), np.floor((n + 1) * p)
    alpha, sure = (kind(2.83) + kind(5.1) / b) * deviation, kind(0.92) - kind(4.2) / b
    log_mode = (mode + kind(0.5)) * elementary.log((mode + 1) / (ratio * (n - mode + 1)))
    out, done = np.full_like(p, -1), np.zeros(p.shape, bool)
    while not done.all():
        key, u_key, v_key = threefry.split(key, 3)
        u = threefry.uniform(u_key, p.shape, p.dtype) - kind(0.5)
        v = threefry.uniform(v_key, p.shape, p.dtype)
        s = kind(0.5) - abs(u)
        k = np.floor(elementary.fma(2 * a / s + b, u, centre))
        height = elementary.log(v * alpha / (a / (s * s) + b))
        bound = elementary.fma(n + 1, elementary.log((n - mode + 1) / (n - k + 1)), log_mode)
        bound = elementary.fma(k + kind(0.5), elementary.log(ratio * (n - k + 1) / (k + 1)), bound)
        bound = bound + _stirling(mode) + _stirling(n - mode) - _stirling(k) - _stirling(n - k)
        accepted = (s >= kind(0.07)) & (v <= sure) | (k >= 0) & (k <= n) & (height <= bound)
        out[accepted] = k[accepted]
        done |= accepted
    return out


def _stirling(k):
    """log k! less Stirling's formula."""
    index = np.clip(np.nan_to_num(k, nan=10.0), 0, 10).astype(np.intp)
    return _STIRLING.astype(k.dtype)[index]
