"""Many steps of training as one program, where that is faster."""

import jax
import numpy as np

# XLA's CPU compiler has no fast code for these inside a loop: a 3×3 convolution took 50 times as long there.
_SLOW_IN_LOOPS = {"conv_general_dilated"}


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
            if equation.primitive.name in _SLOW_IN_LOOPS:
                return True
            for value in equation.params.values():
                todo.extend(
                    v
                    for v in (value if isinstance(value, (tuple, list)) else (value,))
                    if hasattr(v, "eqns") or hasattr(v, "jaxpr")
                )
    return False
