"""The gradient of a convolution with respect to its kernel, some rows of positions at a time, so that they stay in the cache."""

import math

import jax
import jax.numpy as jnp
from jax import lax

from keraunos.backend.jax.windows import entries, padded

_ROWS = 512  # positions of the output that are taken together


def by_columns(x, d, g):
    """Columnsᵀ · d, where a row of the columns is all that one window sees, over chunks of windows.

    **Shape:** x ``(batch, *sizes, channels)``, d ``(batch, *out_sizes, filters)``; result ``(*kernel, channels, filters)``.
    """
    if max(g.input_dilation) > 1 and max(g.strides) == 1:
        turned = by_columns(d, x, g.turned)  # what dilates the inputs is a stride over d
        return jnp.flip(turned, range(len(g.sizes))).swapaxes(-1, -2)

    channels, filters = x.shape[-1], d.shape[-1]
    narrow = filters <= g.taps * channels  # XLA is up to three times as fast with the narrower matrix first

    def of_chunk(x, d):
        columns = jnp.concatenate(list(_entries(x, d, g)), axis=-1).reshape(-1, g.taps * channels)
        d = d.reshape(-1, filters)
        return _inner(d, columns) if narrow else _inner(columns, d)

    out = _over_chunks(of_chunk, x, d, g)
    return (out.T if narrow else out).reshape(*g.kernel, channels, filters)  # turned here: in a loop XLA would undo it


def by_sums(x, d, g):
    """One channel in a group: for each position of the kernel the sum over positions of shifted x times d.

    **Shape:** as above, the result ``(*kernel, 1, filters)``.
    """
    many = d.shape[-1] // x.shape[-1]
    x = jnp.repeat(x, many, axis=-1) if many > 1 else x

    def of_chunk(x, d):
        ones = jnp.ones((math.prod(d.shape[:-1]), 1), _wide(x))  # XLA's own sum over rows is slower than this product
        both = (part.astype(_wide(x)) * d.astype(_wide(x)) for part in _entries(x, d, g))
        return jnp.concatenate([_inner(ones, v.reshape(len(ones), -1)) for v in both])

    return _over_chunks(of_chunk, x, d, g).reshape(*g.kernel, 1, d.shape[-1])


def _entries(x, d, g):
    """What each position of the kernel sees in a chunk of padded x."""
    return entries(x, g.kernel, g.kernel_dilation, g.strides, d.shape[1:-1])


def _inner(a, b):
    """aᵀ · b, float32 if they are of half precision."""
    return lax.dot_general(a, b, (((0,), (0,)), ((), ())), preferred_element_type=_wide(a))


def _wide(x):
    return jnp.promote_types(x.dtype, "float32")


def _over_chunks(of_chunk, x, d, g):
    """The sum of ``of_chunk`` over chunks of padded x and d: several images, or some rows of one, of about ``_ROWS`` positions."""
    x = padded(x, g)
    count, height = d.shape[:2]
    images, rows = _chunk(count, height, math.prod(d.shape[2:-1]))
    parts = height // rows  # of an image
    seen = (rows - 1) * g.strides[0] + (g.kernel[0] - 1) * g.kernel_dilation[0] + 1

    def at(first, row, images=images):
        rest = (0,) * (x.ndim - 2)
        near = lax.dynamic_slice(x, (first, row * g.strides[0], *rest), (images, seen, *x.shape[2:]))
        return of_chunk(near, lax.dynamic_slice(d, (first, row, *rest), (images, rows, *d.shape[2:])))

    whole, left = count // images * parts, count % images
    if whole == 1:
        total = at(0, 0)
    else:
        zeros = jnp.zeros(jax.eval_shape(at, 0, 0).shape, _wide(x))
        total = lax.fori_loop(0, whole, lambda i, total: total + at(i // parts * images, i % parts * rows), zeros)
    if left:
        total = total + at(count - left, 0, images=left)
    return total.astype(d.dtype)


def _chunk(count, height, width):
    """How many images, and how many of their rows, are taken together; all are whole, or rows divide the height."""
    if height * width <= _ROWS:
        return min(_ROWS // (height * width), count), height
    return 1, max(r for r in range(1, height + 1) if height % r == 0 and (r * width <= _ROWS or r == 1))
