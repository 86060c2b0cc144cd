"""Maximum and sum over windows of channels-last arrays on JAX."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from keraunos.backend.jax.windows import entries


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4), inline=True)
def reduce_window(x, kind, window, strides, padding):
    """Maximum or sum ("max", "sum") of each window over the positions of ``(batch, *positions, channels)``.

    Among equal values the gradient of a maximum goes to the first. Small windows are compared slice by slice: on the CPU
    the gradient of 2×2 windows takes 1 ms where ``lax.reduce_window``'s (select and scatter) takes 43, of 3×3 ones 11
    where it takes 62; from 16 positions on it is the other way round.
    """
    start = np.asarray(_least(x.dtype) if kind == "max" else 0, x.dtype)[()]  # a constant: else JAX knows no gradient
    size, touching = math.prod(window), window == strides
    if size > (16 if touching else 9) and not (touching and kind == "sum"):
        fn = lax.max if kind == "max" else lax.add
        return lax.reduce_window(x, start, fn, (1, *window, 1), (1, *strides, 1), ((0, 0), *padding, (0, 0)))
    if any(a or b for a, b in padding):
        x = jnp.pad(x, ((0, 0), *padding, (0, 0)), constant_values=start)
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], window, strides, strict=True)]
    if not touching:
        return _combine(kind, entries(x, window, (1,) * len(window), strides, counts))
    x = x[(slice(None), *(slice(0, n * k) for n, k in zip(counts, window, strict=True)))]
    between = [size for pair in zip(counts, window, strict=True) for size in pair]
    x = x.reshape(x.shape[0], *between, x.shape[-1])  # (batch, n1, k1, n2, k2, ..., channels)
    if kind == "sum":
        return jnp.sum(x, axis=tuple(range(2, x.ndim - 1, 2)))
    every = slice(None)
    return _combine(kind, (x[(every, *(i for p in place for i in (every, p)))] for place in np.ndindex(*window)))


def _combine(kind, parts):
    """Running maximum (NaN wins, else the first of equal values) or sum."""
    best = None
    for part in parts:
        if best is None:
            best = part
        else:
            best = jnp.where((part > best) | (part != part), part, best) if kind == "max" else best + part
    return best


def _least(dtype):
    if dtype == jnp.bool_:
        return False
    return -jnp.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min
