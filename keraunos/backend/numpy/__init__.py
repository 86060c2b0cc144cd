"""The NumPy engine: eager, for inference and for reading; it takes no gradients."""

import contextlib

import numpy as np

from keraunos.backend import dispatch
from keraunos.backend.dtypes import numpy_dtype
from keraunos.backend.numpy import namespace, natives, random
from keraunos.backend.protocol import Engine


class NumpyEngine(Engine):
    """Arrays are ``numpy.ndarray``."""

    name = "numpy"
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

    def value_and_grad(self, fn):
        raise RuntimeError(
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
