"""An engine of another package: NumPy, where each function is computed a second time in float64.

``keras.config.set_backend("checked_numpy")`` finds by name the function in which a number overflows or loses most of its digits.
"""

import numpy as np

from keraunos.backend.numpy import ENGINE as NUMPY
from keraunos.util import tree

# Small changes of what goes in make large ones of what comes out, or bits are read: nothing to compare.
JUMPS = frozenset(
    "floor ceil trunc round sign floor_divide mod fmod heaviside nextafter view polar where sort argsort top_k unique cast "
    "convert_to_tensor saturate_cast nan_to_num spacing cond while_loop fori_loop scan switch map".split()
)
FLOATS = ("float16", "float32", "bfloat16")


class LostDigits(ArithmeticError):
    """A result in a narrow dtype is far from that in float64."""


class CheckedNumpy(type(NUMPY)):
    """NumPy's engine but for ``prepared``, which every function goes through."""

    name = "checked_numpy"

    def prepared(self, op, fn):
        if op.name in JUMPS or not (op.single or op.many):
            return fn
        arrays = {*op.single, *op.many}

        def checked(xp, *args, **kwargs):
            with np.errstate(all="ignore"):  # an error below says more than NumPy's warning
                found = fn(xp, *args, **kwargs)
            narrow = {x.dtype.name for x in tree.flatten(args) if _is_narrow(x)}
            if len(narrow) == 1:
                wide = [_widened(a) if min(i, len(op.params) - 1) in arrays else a for i, a in enumerate(args)]
                with np.errstate(all="ignore"):
                    exact = fn(xp, *wide, **kwargs)
                for got, want in zip(tree.flatten(found), tree.flatten(exact), strict=True):
                    if _is_narrow(got) and want.dtype == np.float64:
                        _compare(op.name, got, want)
            return found

        return checked


def _is_narrow(x):
    return isinstance(x, np.ndarray | np.generic) and x.dtype.name in FLOATS


def _widened(value):
    return tree.map_structure(lambda x: x.astype(np.float64) if _is_narrow(x) else x, value)


def _compare(name, got, want):
    """Raise where ``got`` overflowed, or is further from ``want`` than half of its digits, measured at the largest number."""
    with np.errstate(all="ignore"):
        found, usual = got.astype(np.float64), np.isfinite(want)
        size = np.abs(want[usual]).max(initial=1.0)
        eps = {"float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}[got.dtype.name]
        far = usual & ~(np.abs(found - np.where(usual, want, 0)) <= 8 * np.sqrt(eps) * size)
    if far.any():
        where = tuple(int(i) for i in np.argwhere(far)[0])
        raise LostDigits(
            f"{name}: {got.dtype.name} gives {found[where]:.6g} at {where}, float64 {want[where]:.6g}. "
            "Scale the arguments, or compute in a wider dtype."
        )


ENGINE = CheckedNumpy()
