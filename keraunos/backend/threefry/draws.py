"""Random numbers from a counter, on the host: the ones that ``jax.random`` gives for a raw Threefry key.

A key is a ``uint32`` array of shape (2,). Word i of a draw is the cipher Threefry-2x32 of the counter i under the key
(J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), so an element depends on the key and on its own
flat index only: a longer draw begins with the shorter one, and no state is kept. Nothing is compiled, and nothing but
IEEE arithmetic is used for float32, so a key means the same initial weights with every engine and on every machine.
"""

import math
import operator

import ml_dtypes
import numpy as np

from keraunos.backend.threefry import cipher, elementary
from keraunos.backend.threefry.cipher import BF16, F16, F32, F64


def bits(key, shape=(), dtype="uint32") -> np.ndarray:
    """Uniform random integers over all values of an unsigned dtype: word i = x0 xor x1 of the cipher at counter i.

    **Shape:** key (2,); out ``shape``.

    Raises ``ValueError`` for a key that isn't uint32 of shape (2,), or a dtype other than uint8, 16, 32 and 64.

    >>> bits(np.array([7, 0], np.uint32), (3,)).tolist()
    [1420393171, 1192945869, 2564045981]
    """
    dtype = np.dtype(dtype)
    if dtype.kind != "u":
        raise ValueError(f"bits: expected dtype uint8, uint16, uint32 or uint64, got {dtype}.")
    out = np.empty(cipher.as_shape(shape), dtype)
    flat = out.reshape(-1)
    for part, words in cipher.words(key, out.size, 8 * dtype.itemsize):
        flat[part] = words
    return out


def split(key, n: int = 2) -> np.ndarray:
    """n new keys; key i is the cipher's block at counter i.

    **Shape:** key (2,); out (n, 2) of uint32.

    >>> split(np.array([7, 0], np.uint32)).tolist()
    [[3901892970, 3158004665], [984047233, 2109584972]]
    """
    keys = np.empty((n, 2), np.uint32)
    for part, x0, x1 in cipher.blocks(key, n):
        keys[part, 0], keys[part, 1] = x0, x1
    return keys


def fold_in(key, data: int) -> np.ndarray:
    """A new key from a key and an integer: the cipher's block at the counter (0, data mod 2^32).

    **Shape:** key (2,); out (2,) of uint32.

    >>> fold_in(np.array([7, 0], np.uint32), 1).tolist()
    [984047233, 2109584972]
    """
    k0, k1 = cipher.check_key(key)
    return np.array(cipher.block(k0, k1, 0, int(data) & 0xFFFFFFFF), np.uint32)


def uniform(key, shape=(), dtype="float32", minval=0.0, maxval=1.0) -> np.ndarray:
    """Uniform random floats in [minval, maxval): the word's high bits as a fraction u, then u·(maxval - minval) + minval.

    **Shape:** key (2,); minval and maxval broadcast to ``shape``; out ``shape``.

    Raises ``ValueError`` for a dtype other than float16, bfloat16, float32 and float64.

    >>> uniform(np.array([7, 0], np.uint32), (2,), minval=-1.0)
    array([-0.338578 , -0.4444914], dtype=float32)
    """
    dtype = cipher.check_float("uniform", dtype)
    low, high = _bound(minval, dtype), _bound(maxval, dtype)
    if low.ndim or high.ndim:
        low, high = (np.broadcast_to(x, cipher.as_shape(shape)) for x in (low, high))
        return _scale(cipher.map_unit(key, shape, dtype, lambda u: u), low, high)
    return cipher.map_unit(key, shape, dtype, lambda u: _scale(u, low, high))


def normal(key, shape=(), dtype="float32") -> np.ndarray:
    """Standard normal random floats: √2·erf⁻¹(u), u uniform in (-1, 1).

    **Shape:** key (2,); out ``shape``.

    Raises ``ValueError`` for a dtype other than float16, bfloat16, float32 and float64.

    >>> normal(np.array([7, 0], np.uint32), (2,))
    array([-0.43795067, -0.58952576], dtype=float32)
    """
    dtype = cipher.check_float("normal", dtype)
    return cipher.map_unit(key, shape, dtype, normal_of_unit)


def truncated_normal(key, lower: float, upper: float, shape=(), dtype="float32") -> np.ndarray:
    """Standard normal random floats given that they fall in (lower, upper): √2·erf⁻¹(u), u uniform over erf of the bounds / √2.

    **Shape:** key (2,); out ``shape``.

    Raises ``ValueError`` for a dtype other than float16, bfloat16, float32 and float64.

    >>> truncated_normal(np.array([7, 0], np.uint32), -2.0, 2.0, (2,))
    array([-0.4167964, -0.5596282], dtype=float32)
    """
    dtype = cipher.check_float("truncated_normal", dtype)
    low, high = _bound(lower, dtype), _bound(upper, dtype)
    half = 1 / _sqrt2(dtype)
    start, stop = _erf(low * half), _erf(high * half)
    inf = np.array(np.inf, dtype)
    first, last = (_flush(np.nextafter(a, b)) for a, b in ((low, inf), (high, -inf)))
    return cipher.map_unit(key, shape, dtype, lambda u: np.clip(_normal_quantile(_scale(u, start, stop)), first, last))


def gumbel(key, shape=(), dtype="float32") -> np.ndarray:
    """Standard Gumbel random floats: -log(-log(u)), u uniform in (0, 1).

    **Shape:** key (2,); out ``shape``.

    >>> gumbel(np.array([7, 0], np.uint32), (2,))
    array([-0.10121128, -0.24765536], dtype=float32)
    """
    dtype = cipher.check_float("gumbel", dtype)
    tiny = np.array(ml_dtypes.finfo(dtype).tiny, dtype)
    return cipher.map_unit(key, shape, dtype, lambda u: -_log(-_log(np.maximum(u, tiny))))


def bernoulli(key, p=0.5, shape=None) -> np.ndarray:
    """True with probability p: u < p, u uniform in [0, 1) in p's own float dtype (float32 for Python numbers and float64).

    **Shape:** key (2,); p broadcasts to ``shape``, which is p's own shape when None; out ``shape``.

    >>> bernoulli(np.array([7, 0], np.uint32), 0.3, (4,)).tolist()
    [False, True, False, False]
    """
    p = _inexact(p)
    shape = p.shape if shape is None else cipher.as_shape(shape)
    return np.asarray(uniform(key, shape, p.dtype) < np.broadcast_to(p, shape))


def randint(key, shape, minval, maxval, dtype="int32") -> np.ndarray:
    """Uniform random integers in [minval, maxval): minval + (a·2^b + c) mod span, from two words a, c of b bits.

    Where maxval <= minval the result is minval. The bounds are clipped to the dtype's range; maxval may be one above it.
    Values are very slightly uneven (by span / 2^64 for dtypes up to 32 bits).

    **Shape:** key (2,); minval and maxval broadcast to ``shape``; out ``shape``.

    Raises ``ValueError`` for a dtype that isn't an integer's, ``TypeError`` for bounds that aren't integers.

    >>> randint(np.array([7, 0], np.uint32), (5,), 0, 10).tolist()
    [0, 4, 9, 8, 5]
    """
    dtype = np.dtype(dtype)
    if dtype.kind not in "iu":
        raise ValueError(f"randint: expected an integer dtype, got {dtype}.")
    word = np.dtype(np.uint64 if dtype.itemsize == 8 else np.uint32)
    shape = cipher.as_shape(shape)
    low, span = _low_and_span(minval, maxval, dtype, word)
    high_key, low_key = split(key)
    high, out = bits(high_key, shape, word), bits(low_key, shape, word)
    whole = span == 0  # every value of the dtype: the word itself
    span = np.where(whole, word.type(1), span)
    step = np.remainder(1 << 4 * word.itemsize, span, dtype=word)
    with np.errstate(over="ignore"):  # 2^b mod span, except that where the square overflows jax.random lets it
        step = step * step % span
    high %= span
    high *= step
    np.copyto(high, 0, where=whole)
    np.remainder(out, span, out=out, where=~whole)
    high += out
    np.remainder(high, span, out=high, where=~whole)
    high += low
    return high.astype(dtype)


def categorical(key, logits, axis: int = -1, shape=None) -> np.ndarray:
    """Random indices along an axis with probabilities softmax(logits): argmax(logits + Gumbel noise).

    **Shape:** key (2,); logits (..., classes, ...); out ``shape``, to whose last dimensions those of logits without the
    axis (the default) broadcast; dimensions before them are further samples. Out is int32.

    Raises ``ValueError`` when the logits' dimensions don't broadcast to ``shape``.

    >>> categorical(np.array([7, 0], np.uint32), np.log([[0.1, 0.9], [0.5, 0.5]]), shape=(3, 2)).tolist()
    [[1, 1], [1, 1], [1, 0]]
    """
    logits = _inexact(logits)
    axis = range(logits.ndim)[axis]
    batch = logits.shape[:axis] + logits.shape[axis + 1 :]
    shape = batch if shape is None else cipher.as_shape(shape)
    more, last = shape[: len(shape) - len(batch)], shape[len(shape) - len(batch) :]
    if len(last) != len(batch) or any(m not in (1, n) for m, n in zip(batch, last)):
        raise ValueError(
            f"categorical: expected a shape to which {batch} broadcasts, the dimensions of logits without axis {axis}, "
            f"got {shape}."
        )
    noise = gumbel(key, more + last[:axis] + logits.shape[axis : axis + 1] + last[axis:], logits.dtype)
    noise += logits
    return np.argmax(noise, axis=axis - logits.ndim).astype(np.int32)


def permutation(key, x, axis: int = 0, independent: bool = False) -> np.ndarray:
    """A random order of ``range(x)`` (int32), or of an array's slices along an axis: sorted by random words, in enough rounds.

    ``independent`` orders every line along the axis by itself.

    **Shape:** key (2,); x an integer n, out (n,); or x an array, out x.shape.

    >>> permutation(np.array([7, 0], np.uint32), 5).tolist()
    [3, 0, 2, 1, 4]
    """
    x = np.asarray(x)
    if x.ndim == 0:
        x = np.arange(x, dtype=np.int32)
    elif x.ndim > 1 and not independent:
        return np.take(x, permutation(key, x.shape[axis]), axis=axis)
    # A round puts equal words in order: with n³ < 2^(32·rounds) that leaves few traces.
    for _ in range(math.ceil(3 * math.log(max(1, x.size)) / math.log(0xFFFFFFFF))):
        key, subkey = split(key)
        x = np.take_along_axis(x, _stable_order(bits(subkey, x.shape), axis), axis)
    return x


def _inexact(x):
    """An array as a JAX program without 64-bit types holds it: float16 and bfloat16 stay, other dtypes become float32."""
    x = np.asarray(x)
    return x if x.dtype in (F16, BF16) else x.astype(F32)


def _stable_order(words, axis):
    """Indices that sort uint32 words along an axis, equal ones in place: sorted together with the index as 64 bits."""
    n = words.shape[axis]
    index = np.arange(n, dtype=np.uint64).reshape(-1, *(1,) * (words.ndim - 1 - range(words.ndim)[axis]))
    ranked = words.astype(np.uint64) << 32 | index
    ranked.sort(axis=axis)
    return ranked.astype(np.uint32)


def _bound(value, dtype):
    """A bound as JAX would hold it: by way of float32 unless the draw is in float64."""
    return np.asarray(value, dtype) if dtype == F64 else np.asarray(value).astype(F32).astype(dtype)


def _scale(unit, low, high):
    """max(low, unit·(high - low) + low), rounded as a JAX program on the CPU rounds it."""
    dtype = unit.dtype
    with np.errstate(all="ignore"):
        if dtype == F16:  # exact in float64
            scaled = (unit.astype(F64) * (high - low).astype(F64) + low.astype(F64)).astype(F16)
        elif dtype == BF16:
            scaled = unit * (high - low) + low
        elif low.ndim == 0 and low == 0:
            scaled = unit if high == 1 else unit * (high - low)
        elif dtype == F32 and low.ndim == 0 and high.ndim == 0 and _sum_is_exact(high - low, low):
            wide = unit.astype(F64)
            wide *= float(high - low)
            wide += float(low)
            scaled = wide.astype(F32)
        else:
            scaled = elementary.fma(unit, high - low, low)
    return np.maximum(scaled, low)


def _sum_is_exact(scale, low):
    """Whether u·scale + low fits float64's 53 bits, for u a multiple of 2^-23 and float32 numbers: no rounding before the last."""
    scale_exponent, low_exponent = math.frexp(scale)[1], math.frexp(low)[1]
    return max(scale_exponent, low_exponent) + 1 - min(scale_exponent - 47, low_exponent - 24) <= 53


def _flush(x):
    """Subnormal numbers as zero, which XLA takes them for except in float16."""
    return x if x.dtype == F16 else np.where(abs(x) < ml_dtypes.finfo(x.dtype).tiny, x.dtype.type(0), x)


def _sqrt2(dtype):
    return np.array(math.sqrt(2.0), dtype)


def _in_float32(fn, x):
    """fn of a 16-bit array by way of float32, else as it is."""
    return fn(x) if x.dtype in (F32, F64) else fn(x.astype(F32)).astype(x.dtype)


def _log(x):
    return _in_float32(elementary.log, x)


def _erf(x):
    return _in_float32(elementary.erf, x)


def normal_of_unit(unit):
    """Standard normal floats from uniform ones in [0, 1)."""
    one = np.ones((), unit.dtype)
    return _normal_quantile(_scale(unit, np.nextafter(-one, one), one))


def _normal_quantile(x):
    """√2·erf⁻¹(x)."""
    return _in_float32(elementary.erf_inv, x) * _sqrt2(x.dtype)


def _low_and_span(minval, maxval, dtype, word):
    """Lower bound and number of values (0 for all of them) as words, of bounds clipped to the dtype."""
    info, size = np.iinfo(dtype), 1 << 8 * word.itemsize

    def one(low, high):  # Python integers: no overflow
        low, high = operator.index(low), operator.index(high)
        low, high = max(info.min, min(low, info.max)), max(info.min, min(high, info.max + 1))
        return low % size, (high - low) % size if high > low else 1

    low, span = np.frompyfunc(one, 2, 2)(minval, maxval)
    return np.asarray(low, word), np.asarray(span, word)
