"""Many steps of training as one program, where that is faster."""

import jax
import numpy as np

from keraunos.backend.jax import conv_forms, conv_primitive


def steps_program(step):
    """``step(i, carry, constants) -> carry`` made into ``run(carry, constants, start, stop) -> carry``; the carry is donated.

    The steps are one program with a loop in it, unless they hold something that is slow in loops on this platform: then each step is
    dispatched by itself.
    """
    looped = jax.jit(
        lambda carry, constants, start, stop: jax.lax.fori_loop(start, stop, lambda i, c: step(i, c, constants), carry),
        donate_argnums=0,
    )
    single = jax.jit(lambda carry, constants, i: step(i, carry, constants), donate_argnums=0)
    loops = []

    def run(carry, constants, start, stop):
        start, stop = np.int32(start), np.int32(stop)
        if not loops:
            loops.append(
                jax.default_backend() != "cpu" or not _is_slow(looped.trace(carry, constants, start, stop).jaxpr)
            )
        if loops[0]:
            return looped(carry, constants, start, stop)
        for i in range(start, stop):
            carry = single(carry, constants, np.int32(i))
        return carry

    return run


def _is_slow(jaxpr):
    """Whether something in a program, or in a program inside it, is slow in loops."""
    todo = [jaxpr]
    while todo:
        found = todo.pop()
        for equation in getattr(found, "jaxpr", found).eqns:
            if _is_slow_convolution(equation):
                return True
            for value in equation.params.values():
                todo.extend(
                    v
                    for v in (value if isinstance(value, (tuple, list)) else (value,))
                    if hasattr(v, "eqns") or hasattr(v, "jaxpr")
                )
    return False


def _is_slow_convolution(equation):
    """XLA's own, of which gradients take up to 100 times as long inside a loop on the CPU, or one of ours that comes down to it."""
    if equation.primitive is not conv_primitive.primitive:
        return equation.primitive.name == "conv_general_dilated"
    a, b = (v.aval.shape for v in equation.invars)
    part, geometry = equation.params["part"], equation.params["geometry"]
    return conv_forms.slow_in_loops(part, geometry, *conv_primitive.widths(part, a, b, geometry))
