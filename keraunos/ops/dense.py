"""The product that a dense layer is made of."""

import math

from keraunos.ops.op import op


@op("x kernel")
def dense(xp, x, kernel):
    """x · kernel over the last axis of x, computed as one product of two matrices whatever the rank of x.

    **Shape:** x ``(..., inputs)``, kernel ``(inputs, units)``, result ``(..., units)``. The same as ``matmul``, but on JAX the
    gradient of the kernel takes half the time for inputs of rank 3. Raises ValueError when the shapes don't fit.

    >>> from keraunos import ops
    >>> ops.dense([[[1.0, 2.0]]], [[1.0], [10.0]]).tolist()
    [[[21.0]]]
    """
    if kernel.ndim != 2 or not x.ndim or x.shape[-1] != kernel.shape[0]:
        raise ValueError(
            f"dense: kernel must have shape (inputs, units) with the inputs of x's last dimension, got x {tuple(x.shape)}, kernel "
            f"{tuple(kernel.shape)}."
        )
    if x.ndim == 2:
        return xp.matmul(x, kernel)
    rows = math.prod(x.shape[:-1])
    return xp.reshape(xp.matmul(xp.reshape(x, (rows, x.shape[-1])), kernel), (*x.shape[:-1], kernel.shape[1]))
