"""Native functions of JAX for the array family."""

import jax


def top_k(xp, x, k, sorted=True):
    """XLA's partial sort."""
    if not x.ndim or not 0 <= k <= x.shape[-1]:
        raise ValueError(
            f"top_k: k must be in [0, the size of the last dimension of x], got {k} for shape {tuple(x.shape)}."
        )
    values, indices = jax.lax.top_k(x, k)
    return values, indices


TABLE = {"top_k": top_k}
