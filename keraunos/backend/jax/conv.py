"""Convolution of channels-last arrays on JAX."""

import functools

import jax
import jax.numpy as jnp

from keraunos.backend.jax import conv_forms
from keraunos.backend.jax.conv_primitive import Geometry, convolve, part_of, register, xla

register(functools.partial(part_of, xla))
register(conv_forms.compute, platform="cpu")


def conv(x, w, strides, padding, input_dilation, kernel_dilation, groups):
    """The convolution of x ``(batch, *positions, channels)`` by w ``(*kernel, channels / groups, filters)``."""
    padding = tuple(map(tuple, padding))
    geometry = Geometry(
        x.shape[1:-1], w.shape[:-2], tuple(strides), padding, tuple(input_dilation), tuple(kernel_dilation), groups
    )
    if not jnp.issubdtype(x.dtype, jnp.floating) or x.dtype != w.dtype or _placed_by_hand():
        return xla(x, w, geometry)
    return convolve("output", x, w, geometry)


def _placed_by_hand():
    """Whether types of arrays tell where they are (``shard_map``, explicit meshes), for which only JAX's own functions have rules."""
    kinds = jax.sharding.get_abstract_mesh().axis_types
    return any(kind != jax.sharding.AxisType.Auto for kind in kinds)
