"""Convolution as a primitive of JAX: how it is computed is decided where it is compiled, platform by platform.

⟨conv(x, w), d⟩ is linear in each of x, w and d, so three maps of two arrays are closed under differentiation, in both modes and to
any order: the *output* conv(x, w), and the gradients of that form with respect to the *inputs* (of d, w) and the *kernel* (of x, d).
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

_LAYOUTS = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


class Geometry(NamedTuple):
    """What a convolution is made of besides its arrays; all but ``groups`` with one entry for each spatial dimension.

    x is ``(batch, *sizes, channels)``, w ``(*kernel, channels / groups, filters)``, d ``(batch, *out_sizes, filters)``.
    """

    sizes: tuple
    kernel: tuple
    strides: tuple
    padding: tuple  # of pairs; negative ones crop
    input_dilation: tuple
    kernel_dilation: tuple
    groups: int

    @property
    def out_sizes(self):
        """Positions of the output."""
        reach = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.kernel_dilation, strict=True)]
        wide = [
            (n - 1) * u + 1 + a + b for n, u, (a, b) in zip(self.sizes, self.input_dilation, self.padding, strict=True)
        ]
        return tuple((n - r) // s + 1 for n, r, s in zip(wide, reach, self.strides, strict=True))

    @property
    def turned(self):
        """The geometry of the gradient of the inputs as a convolution of d: strides and input dilation change places."""
        reach = [(k - 1) * e for k, e in zip(self.kernel, self.kernel_dilation, strict=True)]
        before = [r - a for r, (a, _) in zip(reach, self.padding, strict=True)]
        ends = [(n - 1) * u + r for n, u, r in zip(self.sizes, self.input_dilation, reach, strict=True)]
        spans = [(n - 1) * s for n, s in zip(self.out_sizes, self.strides, strict=True)]
        padding = tuple((b, end - span - b) for b, end, span in zip(before, ends, spans, strict=True))
        return self._replace(
            sizes=self.out_sizes, strides=self.input_dilation, padding=padding, input_dilation=self.strides
        )

    @property
    def taps(self):
        """Positions of the kernel."""
        return math.prod(self.kernel)


def xla(x, w, g):
    """The output by XLA's own convolution."""
    return lax.conv_general_dilated(
        x,
        w,
        g.strides,
        g.padding,
        g.input_dilation,
        g.kernel_dilation,
        _LAYOUTS[len(g.sizes)],
        g.groups,
        preferred_element_type=x.dtype,
    )


def part_of(forward, part, a, b, g):
    """The output, or a gradient with respect to inputs or kernel, of ``forward(x, w, g)``, which is linear in x and in w."""
    if part == "output":
        return forward(a, b, g)
    wanted = jax.ShapeDtypeStruct(shape_of(part, a.shape, b.shape, g), a.dtype)
    if part == "inputs":
        return jax.linear_transpose(lambda x: forward(x, b, g), wanted)(a)[0]
    return jax.linear_transpose(lambda w: forward(a, w, g), wanted)(b)[0]


def shape_of(part, a, b, g):
    """Shape of a part of the convolution from the shapes of its two arrays."""
    if part == "output":
        return (a[0], *g.out_sizes, b[-1])
    if part == "inputs":
        return (a[0], *g.sizes, b[-2] * g.groups)
    return (*g.kernel, a[-1] // g.groups, b[-1])


def widths(part, a, b, g):
    """How many channels and filters there are, from the shapes of the two arrays of a part."""
    return (b[-2] * g.groups if part == "inputs" else a[-1]), (a[-1] if part == "inputs" else b[-1])


def convolve(part, a, b, geometry):
    """One part of a convolution; the arrays are (x, w) for the output, (d, w) for the inputs, (x, d) for the kernel."""
    return primitive.bind(a, b, part=part, geometry=geometry)


def _abstract(a, b, *, part, geometry):
    return a.update(shape=shape_of(part, a.shape, b.shape, geometry), weak_type=False)


# part -> (its gradient with respect to the first array, and to the second), from the cotangent, the other array and the geometry
_TRANSPOSES = {
    "output": (lambda ct, w, g: convolve("inputs", ct, w, g), lambda ct, x, g: convolve("kernel", x, ct, g)),
    "inputs": (lambda ct, w, g: convolve("output", ct, w, g), lambda ct, d, g: convolve("kernel", ct, d, g)),
    "kernel": (lambda ct, d, g: convolve("inputs", d, ct, g), lambda ct, x, g: convolve("output", x, ct, g)),
}


def _batched(arrays, axes, *, part, geometry):
    """Under ``vmap``: more samples, if only these are many; else more groups of channels."""
    many = next(v.shape[i] for v, i in zip(arrays, axes, strict=True) if i is not None)
    (a, b), (i, j) = arrays, axes
    if part != "kernel" and j is None:
        a = jnp.moveaxis(a, i, 0)
        out = convolve(part, a.reshape(-1 if a.size else 0, *a.shape[2:]), b, geometry)
        return out.reshape(many, a.shape[1], *out.shape[1:]), 0
    a, b = (_into_channels(v, axis, many) for v, axis in ((a, i), (b, j)))
    out = convolve(part, a, b, geometry._replace(groups=geometry.groups * many))
    return out.reshape(*out.shape[:-1], many, out.shape[-1] // many), out.ndim - 1


def _into_channels(v, axis, many):
    """(..., many * channels), from an array with an axis for ``many``, or without one."""
    v = (
        jnp.broadcast_to(v[..., None, :], (*v.shape[:-1], many, v.shape[-1]))
        if axis is None
        else jnp.moveaxis(v, axis, -2)
    )
    return v.reshape(*v.shape[:-2], many * v.shape[-1])


primitive = Primitive("convolution")
primitive.def_impl(jax.jit(primitive.bind, static_argnames=("part", "geometry")))
primitive.def_abstract_eval(_abstract)
ad.defbilinear(
    primitive,
    lambda ct, a, b, *, part, geometry: _TRANSPOSES[part][0](ct, b, geometry),
    lambda ct, a, b, *, part, geometry: _TRANSPOSES[part][1](ct, a, geometry),
)
batching.primitive_batchers[primitive] = _batched


def register(form, platform=None):
    """Have parts computed by ``form(part, a, b, geometry)`` on a platform, or on all that have no form of their own."""

    def lowered(a, b, *, part, geometry):
        return form(part, a, b, geometry)

    mlir.register_lowering(primitive, mlir.lower_fun(lowered, multiple_results=False), platform=platform)
