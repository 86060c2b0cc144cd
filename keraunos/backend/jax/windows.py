"""Windows over the positions of channels-last arrays, entry by entry."""

import numpy as np
from jax import lax


def padded(x, g, value=0):
    """x ``(batch, *positions, channels)`` with the padding and the input dilation of a geometry."""
    between = [(a, b, u - 1) for (a, b), u in zip(g.padding, g.input_dilation, strict=True)]
    return lax.pad(x, np.asarray(value, x.dtype), [(0, 0, 0), *between, *[(0, 0, 0)] * (x.ndim - 1 - len(between))])


def entries(x, window, dilation, strides, counts):
    """For each place in a window an array ``(batch, *counts, ...)`` of what stands there in every window."""
    rest = x.shape[1 + len(window) :]
    for place in np.ndindex(*window):
        start = [int(p) * d for p, d in zip(place, dilation, strict=True)]
        stop = [a + (n - 1) * s + 1 for a, n, s in zip(start, counts, strides, strict=True)]
        yield lax.slice(x, (0, *start, *[0] * len(rest)), (x.shape[0], *stop, *rest), (1, *strides, *[1] * len(rest)))
