"""The forms in which a convolution is computed, and the rule that chooses one of them.

XLA's convolution on the CPU is as fast as a product of matrices when it is dense, in one or two dimensions, and meant forward; its
gradient with respect to the kernel, groups, and three dimensions are 2 to 500 times slower. These forms lead such cases back to the
fast ones: docs/convolution.md has the measurements.
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax

from keraunos.backend.jax.conv_kernel import by_columns, by_sums
from keraunos.backend.jax.conv_primitive import Geometry, convolve, part_of, widths, xla
from keraunos.backend.jax.windows import entries, padded

_MANY_TAPS = 64  # each is a slice in the program, so that more of them compile slowly
_BLOCK = 32  # channels that a product of matrices needs to be fast


def form_of(platform, part, g, channels, filters):
    """The name of the form in which a part ("output", "inputs", "kernel") is computed: a function of static shapes only."""
    known = all(isinstance(n, int) for n in (*g.sizes, channels, filters))
    if platform != "cpu" or not known:
        return "xla"
    few_taps = g.taps <= _MANY_TAPS
    if g.groups > 1:
        return "blocks" if channels > g.groups else "taps" if few_taps else "xla"
    if len(g.kernel) == 3:
        return "folded"
    if part != "output" and _is_patches(g):
        return "patches"
    if part == "kernel":
        return "columns" if few_taps else "xla"
    if g.taps == 1 and _is_plain(g):
        return "product"
    read = channels if part == "output" else filters
    return "even" if read % 2 and read > 1 and max(g.strides) == 1 else "xla"


def compute(part, a, b, g):
    """A part of a convolution on the CPU."""
    if 0 in a.shape or 0 in b.shape:
        return part_of(xla, part, a, b, g)
    name = form_of("cpu", part, g, *widths(part, a.shape, b.shape, g))
    if part == "kernel" and name in KERNEL_FORMS:
        return KERNEL_FORMS[name](a, b, g)
    if part == "inputs" and name == "xla" and g.groups == 1:
        return _turned(a, b, g)
    return part_of(FORMS[name], part, a, b, g)


def slow_in_loops(part, g, channels, filters):
    """Whether the CPU takes many times as long inside a loop: where XLA's own convolution is left that is not meant forward."""
    name = form_of("cpu", part, g, channels, filters)
    if part == "kernel":
        return g.taps > _MANY_TAPS and name in ("xla", "blocks", "folded")
    return name == "xla" and g.groups > 1


def _turned(d, w, g):
    """The gradient of the inputs as a convolution of d, meant forward: XLA's own is up to 60 times slower inside a loop."""
    w = lax.optimization_barrier(jnp.flip(w, range(len(g.sizes))).swapaxes(-1, -2))  # or XLA would turn it back
    return xla(d, w, g.turned)


def _is_plain(g):
    return not any(map(any, g.padding)) and max(g.input_dilation) == 1


def _is_patches(g):
    """Whether windows touch and don't overlap."""
    return _is_plain(g) and g.kernel == g.strides and max(g.kernel_dilation) == 1


def product(x, w, g):
    """A kernel of one position: every stride-th position times one matrix."""
    x = x[(slice(None), *(slice(None, None, s) for s in g.strides))]
    return _times(x, w.reshape(w.shape[-2:]))


def patches(x, w, g):
    """Windows that touch: one product after the positions are sorted by window."""
    rank, counts = len(g.sizes), g.out_sizes
    x = x[(slice(None), *(slice(0, n * k) for n, k in zip(counts, g.kernel, strict=True)))]
    x = x.reshape(x.shape[0], *(n for pair in zip(counts, g.kernel, strict=True) for n in pair), x.shape[-1])
    x = jnp.moveaxis(x, range(2, 2 * rank + 1, 2), range(rank + 1, 2 * rank + 1))  # (batch, *counts, *kernel, channels)
    return _times(x.reshape(*x.shape[: rank + 1], -1), w.reshape(-1, w.shape[-1]))


def _times(x, matrix):
    """x · matrix over the last axis, as a product of two matrices."""
    return (x.reshape(math.prod(x.shape[:-1]), x.shape[-1]) @ matrix).reshape(*x.shape[:-1], matrix.shape[-1])


def taps(x, w, g):
    """One channel in a group: for each position of the kernel, a shifted image times a row of factors, added in one pass."""
    wide = jnp.promote_types(x.dtype, "float32")
    x = jnp.repeat(x, w.shape[-1] // g.groups, axis=-1) if w.shape[-1] > g.groups else x
    x, factors = padded(x, g).astype(wide), w.reshape(g.taps, -1).astype(wide)
    parts = entries(x, g.kernel, g.kernel_dilation, g.strides, g.out_sizes)
    out = sum(part * row for part, row in zip(parts, factors, strict=True)).astype(w.dtype)
    return lax.optimization_barrier(out)  # or XLA would compute it anew for each use, and slowly in a sum


def blocks(x, w, g):
    """Groups of several channels: a convolution for each; small groups together, with zeros for what does not belong together."""
    channels, filters = w.shape[-2], w.shape[-1] // g.groups  # of one group
    joined = next(m for m in range(1, g.groups + 1) if g.groups % m == 0 and (channels * m >= _BLOCK or m == g.groups))
    w = w.reshape(*g.kernel, 1, channels, g.groups // joined, joined, filters)
    same = np.eye(joined, dtype=bool)[:, None, None, :, None]
    w = jnp.where(same, w, 0)  # (*kernel, joined, channels, blocks, joined, filters)
    w = w.reshape(*g.kernel, joined * channels, -1)
    parts = zip(*(jnp.split(v, g.groups // joined, axis=-1) for v in (x, w)), strict=True)
    return jnp.concatenate([convolve("output", a, b, g._replace(groups=1)) for a, b in parts], axis=-1)


def folded(x, w, g):
    """Three dimensions as two: the kernel's positions in the first are channels, those of the images are samples."""
    depth = Geometry(*(v[:1] for v in g[:-1]), groups=1)
    plane = Geometry(*(v[1:] for v in g[:-1]), groups=1)
    slices = entries(padded(x, depth), depth.kernel, depth.kernel_dilation, depth.strides, depth.out_sizes)
    x = jnp.concatenate(list(slices), axis=-1)  # (batch, depth, height, width, kernel * channels)
    w = jnp.moveaxis(w, 0, 2).reshape(*plane.kernel, -1, w.shape[-1])
    out = convolve("output", x.reshape(x.shape[0] * x.shape[1], *x.shape[2:]), w, plane)
    return out.reshape(*x.shape[:2], *out.shape[1:])


def even(x, w, g):
    """An odd number of channels or filters, which XLA reads three times as slowly: another one, of zeros."""
    filters = w.shape[-1]
    x = lax.pad(x, np.zeros((), x.dtype), [(0, 0, 0)] * (x.ndim - 1) + [(0, x.shape[-1] % 2, 0)])
    w = lax.pad(w, np.zeros((), w.dtype), [(0, 0, 0)] * (w.ndim - 2) + [(0, n % 2, 0) for n in w.shape[-2:]])
    return convolve("output", x, w, g)[..., :filters]


FORMS = {f.__name__: f for f in (xla, product, patches, taps, blocks, folded, even)}
KERNEL_FORMS = {"columns": by_columns, "taps": by_sums}  # what is not the transpose of a form above
