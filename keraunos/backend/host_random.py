"""Generators over a raw key (uint32, shape (2,)) on the host: the numbers that ``jax.random`` gives for the key.

They are the NumPy engine's, and serve other engines where a draw is too small to be worth a program.
"""

import math

import numpy as np

from keraunos.backend.dtypes import numpy_dtype
from keraunos.backend.threefry import draws as threefry
from keraunos.backend.threefry import rejection


def next_key(key, ordered):
    """The key after this one: counted up, or (not ordered) one that doesn't meet those counted up from the same seed."""
    if ordered:
        return key + np.array([0, 1], np.uint32)
    return (key + np.uint32(1)) * np.uint32(5387) % np.uint32(933199)


def uniform(key, shape, dtype, minval=0.0, maxval=1.0):
    """Uniform in [minval, maxval)."""
    return threefry.uniform(key, shape, numpy_dtype(dtype), minval, maxval)


def normal(key, shape, dtype):
    """Standard normal."""
    return threefry.normal(key, shape, numpy_dtype(dtype))


def truncated_normal(key, shape, dtype):
    """Standard normal given that it falls in (-2, 2)."""
    return threefry.truncated_normal(key, -2.0, 2.0, shape, numpy_dtype(dtype))


def randint(key, shape, minval, maxval, dtype):
    """Uniform integers in [minval, maxval)."""
    return threefry.randint(key, shape, minval, maxval, numpy_dtype(dtype))


def categorical(key, logits, num_samples):
    """Indices with probabilities softmax(logits): (rows, classes) to (rows, num_samples)."""
    noise = threefry.gumbel(key, (*logits.shape, num_samples), logits.dtype)  # (rows, classes, samples)
    return np.argmax(noise + logits[..., None], axis=1).astype(np.int32)


def dropout(key, x, rate, noise_shape):
    """x / (1 - rate), and 0 where noise says so."""
    keep = np.asarray(1.0 - rate, x.dtype)
    kept = np.broadcast_to(threefry.bernoulli(key, 1.0 - rate, noise_shape), x.shape)
    # As XLA computes the quotient, which multiplies by the rounded reciprocal except in bfloat16.
    scaled = x / keep if x.dtype.name == "bfloat16" else x * (np.ones((), x.dtype) / keep)
    return np.where(kept, scaled, np.zeros((), x.dtype))


def shuffle(key, x, axis):
    """Each line along an axis in a random order of its own: sorted by random words, in enough rounds."""
    for _ in range(math.ceil(3 * math.log(max(1, x.size)) / math.log(0xFFFFFFFF))):  # ties fade: n³ < 2^(32·rounds)
        key, subkey = threefry.split(key)
        order = np.argsort(threefry.bits(subkey, x.shape), axis=axis, kind="stable")
        x = np.take_along_axis(x, order, axis)
    return x


def gamma(key, alpha, shape, dtype):
    """Gamma with shape parameter alpha and scale 1."""
    return rejection.gamma(key, alpha, shape, numpy_dtype(dtype))


def beta(key, alpha, beta, shape, dtype):
    """Beta(alpha, beta)."""
    return rejection.beta(key, alpha, beta, shape, numpy_dtype(dtype))


def binomial(key, counts, probabilities, shape, dtype):
    """Number of successes among ``counts`` trials."""
    return rejection.binomial(key, counts, probabilities, shape, numpy_dtype(dtype))
