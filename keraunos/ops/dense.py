"""The product that a dense layer is made of."""

import math

from keraunos.ops.op import op


@op("x kernel bias")
def dense(xp, x, kernel, bias=None):
    """x · kernel + bias over the last axis of x, computed as one product of two matrices whatever the rank of x.

    **Shape:** x ``(..., inputs)``, kernel ``(inputs, units)``, bias ``(units,)`` or None, result ``(..., units)``. The same as
    ``matmul`` and ``add``, but on JAX the gradient of the kernel takes half the time for inputs of rank 3, and PyTorch's kernel adds
    the bias by itself. Raises ValueError when the shapes don't fit.

    >>> from keraunos import ops
    >>> ops.dense([[[1.0, 2.0]]], [[1.0], [10.0]], [0.5]).tolist()
    [[[21.5]]]
    """
    if kernel.ndim != 2 or not x.ndim or x.shape[-1] != kernel.shape[0]:
        raise ValueError(
            f"dense: kernel must have shape (inputs, units) with the inputs of x's last dimension, got x {tuple(x.shape)}, kernel "
            f"{tuple(kernel.shape)}."
        )
    if bias is not None and tuple(bias.shape) != (kernel.shape[1],):
        raise ValueError(f"dense: bias must have shape ({kernel.shape[1]},), got {tuple(bias.shape)}.")
    if x.ndim == 2:
        out = xp.matmul(x, kernel)
    else:
        rows = math.prod(x.shape[:-1])
        out = xp.reshape(xp.matmul(xp.reshape(x, (rows, x.shape[-1])), kernel), (*x.shape[:-1], kernel.shape[1]))
    return out if bias is None else out + bias
