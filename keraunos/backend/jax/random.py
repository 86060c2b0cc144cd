"""Generators over a raw key (uint32, shape (2,)) on JAX: ``jax.random``'s numbers.

Outside of programs, draws are made on the host as long as this costs less than a program would: initial weights compile
nothing. All ways give the same numbers (on an accelerator, to the rounding of its own erf⁻¹ and log).
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax._src.core import trace_state_clean  # has no public name

from keraunos.backend import host_random as host
from keraunos.backend.dtypes import numpy_dtype
from keraunos.backend.jax import threefry

# A program takes about as long to compile as the host to draw so many elements; a call on the host costs so many more.
_BUDGET, _CALL = 1_000_000, 1500
_spent = {}  # (function, shape, dtype) -> elements drawn on the host so far


def _on_host(name, key, shape, dtype, *values):
    """Whether to draw on the host: while all such draws together cost less than compiling a program for them."""
    if isinstance(key, jax.core.Tracer) or not trace_state_clean():
        return False
    if any(isinstance(v, jax.core.Tracer) for v in values):
        return False
    cost = math.prod(shape) + _CALL
    if jax.default_backend() != "cpu":
        return cost <= _BUDGET and not values  # the last bit may depend on the size, but not on earlier draws
    spent = _spent.get((name, shape, dtype), 0) + cost
    if spent > _BUDGET:
        return False
    _spent[name, shape, dtype] = spent
    return True


def _made(name, key, *args):
    return jnp.asarray(getattr(host, name)(np.asarray(key), *args))


def _dtype(name):
    return "float32" if name == "float64" and not jax.config.jax_enable_x64 else name


def _raw(key):
    return key if isinstance(key, jax.Array) else jnp.asarray(key)


def _unrolled(shape, dtype):
    return dtype == "float32" and math.prod(shape) < 2**32


def _numbers(*values):
    return all(isinstance(v, (int, float)) for v in values)


def next_key(key, ordered):
    """The key after this one; outside of programs it is worked out on the host."""
    return host.next_key(key if isinstance(key, jax.core.Tracer) else np.asarray(key), ordered)


def uniform(key, shape, dtype, minval=0.0, maxval=1.0):
    """Uniform in [minval, maxval)."""
    dtype = _dtype(dtype)
    if _numbers(minval, maxval) and _on_host("uniform", key, shape, dtype):
        return _made("uniform", key, shape, dtype, minval, maxval)
    if _unrolled(shape, dtype):
        return threefry.uniform(_raw(key), shape, minval, maxval)
    return jax.random.uniform(_raw(key), shape, numpy_dtype(dtype), minval, maxval)


def normal(key, shape, dtype):
    """Standard normal."""
    dtype = _dtype(dtype)
    if _on_host("normal", key, shape, dtype):
        return _made("normal", key, shape, dtype)
    if _unrolled(shape, dtype):
        return threefry.normal(_raw(key), shape)
    return jax.random.normal(_raw(key), shape, numpy_dtype(dtype))


def truncated_normal(key, shape, dtype):
    """Standard normal given that it falls in (-2, 2)."""
    dtype = _dtype(dtype)
    if _on_host("truncated_normal", key, shape, dtype):
        return _made("truncated_normal", key, shape, dtype)
    if _unrolled(shape, dtype):
        return threefry.truncated_normal(_raw(key), shape)
    return jax.random.truncated_normal(_raw(key), -2.0, 2.0, shape, numpy_dtype(dtype))


def randint(key, shape, minval, maxval, dtype):
    """Uniform integers in [minval, maxval)."""
    if _numbers(minval, maxval) and _on_host("randint", key, shape, dtype):
        return _made("randint", key, shape, minval, maxval, dtype)
    return jax.random.randint(_raw(key), shape, minval, maxval, numpy_dtype(dtype))


def categorical(key, logits, num_samples):
    """Indices with probabilities softmax(logits): (rows, classes) to (rows, num_samples)."""
    if _on_host("categorical", key, (*logits.shape, num_samples), logits.dtype, logits):
        return _made("categorical", key, np.asarray(logits), num_samples)
    return jax.random.categorical(_raw(key), logits[..., None], axis=1, shape=(logits.shape[0], num_samples))


def dropout(key, x, rate, noise_shape):
    """x / (1 - rate), and 0 where noise says so."""
    if _on_host("dropout", key, x.shape, x.dtype, x):
        return _made("dropout", key, np.asarray(x), rate, noise_shape)
    return threefry.dropout(_raw(key), x, rate, noise_shape)


def shuffle(key, x, axis):
    """Each line along an axis in a random order of its own."""
    if _on_host("shuffle", key, x.shape, x.dtype, x):
        return _made("shuffle", key, np.asarray(x), axis)
    return jax.random.permutation(_raw(key), x, axis, independent=True)


def gamma(key, alpha, shape, dtype):
    """Gamma with shape parameter alpha and scale 1."""
    return jax.random.gamma(_raw(key), alpha, shape, numpy_dtype(_dtype(dtype)))


def beta(key, alpha, beta, shape, dtype):
    """Beta(alpha, beta)."""
    return jax.random.beta(_raw(key), alpha, beta, shape, numpy_dtype(_dtype(dtype)))


def binomial(key, counts, probabilities, shape, dtype):
    """Number of successes among ``counts`` trials."""
    return jax.random.binomial(_raw(key), counts, probabilities, shape, numpy_dtype(_dtype(dtype)))
