"""The cipher Threefry-2x32 on arrays of counters, and the words and unit floats made of it.

J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011): 20 rounds of add, rotate and xor on two 32-bit
words, a key of two words, no state. The layout of keys, counters and words is that of ``jax.random``.
"""

import ml_dtypes
import numpy as np

F16, BF16 = np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)
F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
_MASK = 0xFFFFFFFF
_PARITY = 0x1BD11BDA  # of Threefry's key schedule
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
# The same as 0-d arrays: a Python integer costs a ufunc call half a microsecond.
_SHIFTS = tuple(tuple((np.array(r, np.uint32), np.array(32 - r, np.uint32)) for r in group) for group in _ROTATIONS)
_CHUNK = 1 << 15  # elements worked on at once: a few arrays of them stay in a core's cache
_COUNTERS = np.arange(_CHUNK, dtype=np.uint32)
# Of a float: bits drawn for it, how many of them are dropped, and the bits of 1.0.
_LAYOUT = {F16: (16, 6, 0x3C00), BF16: (8, 1, 0x3F80), F32: (32, 9, 0x3F800000), F64: (64, 12, 0x3FF0000000000000)}


def check_key(key):
    """A key's two words as Python integers."""
    key = np.asarray(key)
    if key.shape != (2,) or key.dtype != np.uint32:
        raise ValueError(f"threefry: expected a key, uint32 of shape (2,), got {key.dtype} of shape {key.shape}.")
    return key.tolist()


def check_float(who, dtype):
    """A NumPy float dtype, one of those that can be drawn."""
    dtype = BF16 if isinstance(dtype, str) and dtype == "bfloat16" else np.dtype(dtype)
    if dtype not in _LAYOUT:
        raise ValueError(f"{who}: expected dtype {', '.join(map(str, _LAYOUT))}, got {dtype}.")
    return dtype


def as_shape(shape):
    """A shape as a tuple of Python integers; an integer is one dimension."""
    return (int(shape),) if np.ndim(shape) == 0 else tuple(map(int, shape))


def block(k0, k1, x0, x1):
    """The cipher of one counter, in Python integers: faster than arrays for a few counters."""
    k2 = k0 ^ k1 ^ _PARITY
    x0, x1 = (x0 + k0) & _MASK, (x1 + k1) & _MASK
    schedule = (k1, k2 + 1), (k2, k0 + 2), (k0, k1 + 3), (k1, k2 + 4), (k2, k0 + 5)
    for i, (a, b) in enumerate(schedule):
        for r in _ROTATIONS[i % 2]:
            x0 = (x0 + x1) & _MASK
            x1 = ((x1 << r | x1 >> 32 - r) & _MASK) ^ x0
        x0, x1 = (x0 + a) & _MASK, (x1 + b) & _MASK
    return x0, x1


def encrypt(k0, k1, x0, x1):
    """The cipher in place: keys and counters are uint32 arrays, keys of shape (1,) or the counters'."""
    k2 = k0 ^ k1 ^ np.uint32(_PARITY)
    spare = np.empty_like(x1)
    x0 += k0
    x1 += k1
    schedule = (k1, k2 + 1), (k2, k0 + 2), (k0, k1 + 3), (k1, k2 + 4), (k2, k0 + 5)
    for i, (a, b) in enumerate(schedule):
        for left, right in _SHIFTS[i % 2]:
            np.add(x0, x1, x0)
            np.left_shift(x1, left, spare)
            np.right_shift(x1, right, x1)
            np.bitwise_or(x1, spare, x1)
            np.bitwise_xor(x1, x0, x1)
        np.add(x0, a, x0)
        np.add(x1, b, x1)
    return x0, x1


def blocks(key, size):
    """Chunks of a draw: a slice, and the cipher's two words for its counters."""
    k0, k1 = check_key(key)
    if size <= 4:
        words = [block(k0, k1, 0, i) for i in range(size)]
        yield slice(0, size), *np.array(words, np.uint32).reshape(-1, 2).T
        return
    k0, k1 = np.array([[k0], [k1]], np.uint32)
    for start in range(0, size, _CHUNK):
        stop = min(start + _CHUNK, size)
        x0 = np.full(stop - start, start >> 32, np.uint32)
        x1 = _COUNTERS[: stop - start] + np.uint32(start & _MASK)  # a chunk never straddles a multiple of 2^32
        yield slice(start, stop), *encrypt(k0, k1, x0, x1)


def words(key, size, width):
    """Chunks of random words of 8, 16, 32 or 64 bits: a slice, and an array that may be written to."""
    for part, x0, x1 in blocks(key, size):
        yield part, _join(x0, x1, width)


def map_unit(key, shape, dtype, fn):
    """fn of uniform floats in [0, 1), chunk by chunk; for 16-bit floats, which have few values, by a table of all of them."""
    out = np.empty(as_shape(shape), dtype)
    flat = out.reshape(-1)
    width, drop, _ = _LAYOUT[dtype]
    with np.errstate(all="ignore"):  # infinities are results here
        if dtype.itemsize == 2:
            table = fn(_unit(np.arange(1 << width - drop, dtype=np.uint16), dtype))
        for part, w in words(key, out.size, width):
            w >>= drop
            flat[part] = table[w] if dtype.itemsize == 2 else fn(_unit(w, dtype))
    return out


def split_each(keys, n):
    """n new keys from each key of an array (..., 2); the new keys come along the first axis."""
    k0, k1 = np.ascontiguousarray(keys[..., 0]), np.ascontiguousarray(keys[..., 1])
    new = [encrypt(k0, k1, np.zeros_like(k0), np.full_like(k1, i)) for i in range(n)]
    return np.stack([np.stack(pair, axis=-1) for pair in new])


def unit_each(keys, dtype):
    """A uniform float in [0, 1), float32 or float64, from each key of an array (..., 2)."""
    width, drop, _ = _LAYOUT[dtype]
    x0, x1 = np.moveaxis(split_each(keys, 1)[0], -1, 0).copy()
    return _unit(_join(x0, x1, width) >> drop, dtype)


def _join(x0, x1, width):
    """The cipher's two words as one of a width."""
    if width == 64:
        return x0.astype(np.uint64) << 32 | x1
    joined = np.bitwise_xor(x0, x1, out=x1)
    return joined if width == 32 else joined.astype(f"uint{width}")


def _unit(fraction, dtype):
    """Fraction bits as floats in [0, 1): as a float in [1, 2), less 1. Writes over its argument."""
    fraction |= fraction.dtype.type(_LAYOUT[dtype][2])
    unit = fraction.view(dtype)
    unit -= dtype.type(1)
    return unit
