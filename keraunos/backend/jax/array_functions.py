"""Primitives of the array family on JAX: matrices, unique elements, derivatives."""

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl


def abs(x):
    """|x| with derivative 0 at 0, as on other engines; lax.abs has 1 there."""
    return x * jnp.sign(x) if jnp.issubdtype(x.dtype, jnp.floating) else jnp.abs(x)


def is_traced(x):
    """Whether the values of x are unknown now."""
    return isinstance(x, jax.core.Tracer)


def unique_sized(x, size, fill_value, **options):
    """jnp.unique, filled with ``fill_value`` to ``size``."""
    return jnp.unique(x, size=size, fill_value=fill_value, **options)


def solve_triangular(a, b, lower):
    """The solution of a triangular system, columns in b (..., n, m); a and b broadcast."""
    lead = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (jnp.broadcast_to(x, lead + x.shape[-2:]) for x in (a, b))
    return jsl.solve_triangular(a, b, lower=lower)


def lu_factor(x):
    """LAPACK's factors and pivots of (..., n, n)."""
    return jsl.lu_factor(x)


def view(x, dtype):
    """The bits of x as another dtype, the last dimension changed."""
    return x.view(dtype)


PRIMITIVES = {
    "abs": abs,
    "is_traced": is_traced,
    "unique_sized": unique_sized,
    "solve_triangular": solve_triangular,
    "lu_factor": lu_factor,
    "eig": jnp.linalg.eig,
    "jvp": jax.jvp,
    "view": view,
}
