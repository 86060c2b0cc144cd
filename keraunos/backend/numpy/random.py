"""Generators over a raw key (uint32, shape (2,)) on NumPy: the numbers that ``jax.random`` gives for the key."""

import math

import numpy as np

from keraunos.backend.dtypes import numpy_dtype
from keraunos.random import rejection, threefry


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


def bernoulli(key, p, shape):
    """True with probability p."""
    return threefry.bernoulli(key, p, shape)


def categorical(key, logits, num_samples):
    """Indices with probabilities softmax(logits): (rows, classes) to (rows, num_samples)."""
    noise = threefry.gumbel(key, (*logits.shape, num_samples), logits.dtype)  # (rows, classes, samples)
    return np.argmax(noise + logits[..., None], axis=1).astype(np.int32)


def dropout(key, x, rate, noise_shape):
    """x / (1 - rate), and 0 where noise says so."""
    keep = 1.0 - rate
    mask = np.broadcast_to(threefry.bernoulli(key, keep, noise_shape), x.shape)
    return np.where(mask, x / np.asarray(keep, x.dtype), np.zeros((), x.dtype))


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
