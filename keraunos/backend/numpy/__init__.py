"""The NumPy engine: eager, for inference and for reading; it takes no gradients."""

import contextlib

import numpy as np

from keraunos.backend import dispatch
from keraunos.backend.dtypes import numpy_dtype
from keraunos.backend.numpy import namespace, natives, random
from keraunos.backend.protocol import Engine, NoGradients
from keraunos.util import tree

_BFLOAT16 = numpy_dtype("bfloat16")
_WIDE = (np.dtype(np.float32), np.dtype(np.float64))


def _each(args, i):
    """The arrays of an argument: itself, or those of a sequence."""
    value = args[i] if i < len(args) else None
    return value if isinstance(value, (list, tuple)) else (value,)


def _is_narrow(a):
    return getattr(a, "dtype", None) == _BFLOAT16


def _is_wide(a):
    return getattr(a, "dtype", None) in _WIDE


class NumpyEngine(Engine):
    """Arrays are ``numpy.ndarray``."""

    name = "numpy"
    direct_types = frozenset((np.ndarray, np.bool_, np.int32, np.int64, np.float32, np.float64))
    xp = namespace.XP
    natives = natives.TABLE
    random = random
    trains = False

    def is_array(self, x):
        return isinstance(x, (np.ndarray, np.generic))

    def is_tracer(self, x):
        return False

    def in_trace(self):
        """NumPy traces nothing."""
        return False

    def canonical(self, dtype):
        """Every dtype is itself."""
        return dtype

    def dtype(self, name):
        """The engine's own dtype object of a standard name."""
        return numpy_dtype(name)

    def asarray(self, x, dtype=None):
        return namespace.asarray(x, None if dtype is None else numpy_dtype(dtype))

    def to_numpy(self, x):
        return np.asarray(x)

    def abstract_eval(self, fn, specs):
        with dispatch.use("jax"):  # always installed
            return dispatch.get_engine("jax").abstract_eval(fn, specs)

    def eagerly(self):
        return contextlib.nullcontext()

    def compile(self, fn, donate=(), static=(), repeats=True, whole=False):
        return fn

    def scalar(self, v, dtype):
        return numpy_dtype(dtype).type(v)

    def direct(self, op, given, kinds, target):
        fn = op.bind(self)
        wide = target != "bfloat16" and _BFLOAT16 not in kinds.values()
        return self.converting(getattr(fn, "wide", fn) if wide else fn, given, kinds, target)

    def prepared(self, op, fn):
        """NumPy has bfloat16 from elsewhere and widens or refuses it, so functions get float32 and their results are rounded."""
        if op.promote is None:
            return fn

        def run(xp, *args, **kwargs):
            if not any(_is_narrow(a) for i in (*op.promoted, *op.many) for a in _each(args, i)):
                return fn(xp, *args, **kwargs)
            args, kwargs = tree.map_structure(lambda a: a.astype(np.float32) if _is_narrow(a) else a, (args, kwargs))
            found = fn(xp, *args, **kwargs)
            return tree.map_structure(lambda a: a.astype(_BFLOAT16) if _is_wide(a) else a, found)

        run.wide = fn  # for a call that is known to hold no bfloat16
        return run

    def stored(self, value):
        """A copy: whoever gave the array may go on changing it."""
        return np.array(value)

    def value_and_grad(self, fn):
        raise NoGradients(
            "The NumPy engine takes no gradients: it predicts and evaluates. Train with set_backend('jax') and load the model "
            "under NumPy afterwards."
        )

    def steps(self, step, repeats=True, whole=False):
        def run(carry, constants, start, stop):
            for i in range(start, stop):
                carry = step(i, carry, constants)
            return carry

        return run

    def custom_gradient(self, fn):
        """Only the value; there are no gradients here."""
        return lambda *args: fn(*args)[0]

    def device_scope(self, name):
        """NumPy has the CPU only."""
        if not name.lower().startswith("cpu"):
            raise ValueError(f"device: the NumPy engine computes on the CPU only, got {name!r}.")
        return contextlib.nullcontext()


ENGINE = NumpyEngine()
