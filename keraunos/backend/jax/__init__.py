"""The JAX engine: functional, compiled by XLA."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
from jax._src.array import ArrayImpl  # these two have no public names
from jax._src.core import trace_state_clean

from keraunos.backend.dtypes import numpy_dtype
from keraunos.backend.jax import namespace, natives, programs, pytrees, random
from keraunos.backend.jax.steps import steps_program
from keraunos.backend.protocol import Engine
from keraunos.backend.spec import Spec
from keraunos.util import tree

_NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


class JaxEngine(Engine):
    """Arrays are ``jax.Array``; programs are traced, functionalised and compiled."""

    name = "jax"
    direct_types = frozenset((ArrayImpl, np.ndarray))
    xp = namespace.XP
    natives = natives.TABLE
    random = random
    pytrees = pytrees

    def is_array(self, x):
        return isinstance(x, jax.Array)

    def is_tracer(self, x):
        return isinstance(x, jax.core.Tracer)

    def in_trace(self):
        """Whether a program is being traced in this thread."""
        return not trace_state_clean()

    def canonical(self, dtype):
        """The dtype that arrays get here: 64-bit types are 32-bit unless JAX's x64 mode is on."""
        if jax.config.jax_enable_x64:
            return dtype
        return _NARROW.get(dtype, dtype)

    def dtype(self, name):
        """The engine's own dtype object of a standard name."""
        return numpy_dtype(self.canonical(name))

    def asarray(self, x, dtype=None):
        return namespace.asarray(x, None if dtype is None else self.dtype(dtype))

    def adopt(self, x):
        # Without a copy where the memory is aligned; the wider types are converted by asarray.
        return jax.device_put(x) if jax.dtypes.canonicalize_dtype(x.dtype) == x.dtype else self.asarray(x)

    def to_numpy(self, x):
        return np.asarray(x)

    def abstract_eval(self, fn, specs):
        structs = [jax.ShapeDtypeStruct(s.shape, numpy_dtype(self.canonical(s.dtype))) for s in specs]
        kept = {}

        def run(arrays):
            kept["out"] = out = fn(arrays)
            return [o for o in tree.flatten(out) if _is_array_like(o)]

        found = iter(jax.eval_shape(run, structs))
        out = kept["out"]
        leaves = [_spec(next(found)) if _is_array_like(o) else o for o in tree.flatten(out)]
        return tree.unflatten_like(out, leaves)

    def eagerly(self):
        if trace_state_clean():
            return contextlib.nullcontext()
        return jax.ensure_compile_time_eval()

    def compile(self, fn, donate=(), static=(), repeats=True, whole=False):
        return jax.jit(fn, donate_argnums=donate, static_argnums=static)

    def scalar(self, v, dtype):
        return self.dtype(dtype).type(v)

    def direct(self, op, given, kinds, target):
        """Conversions are a part of the program, which takes NumPy arrays and Python numbers too."""
        return programs.direct(op, op.bind(self), self.xp, given, kinds, target and self.dtype(target))

    def prepared(self, op, fn):
        return programs.program(op, fn, self.xp)

    def value_and_grad(self, fn):
        return jax.value_and_grad(fn, has_aux=True)

    def steps(self, step, repeats=True, whole=False):
        return steps_program(step)

    def custom_gradient(self, fn):
        """``fn(*args) -> (output, grad_fn)`` as a function with that gradient; grad_fn may close over what fn computed."""
        return jax.custom_gradient(fn)

    def wait(self, x):
        jax.block_until_ready(x)

    def device_of(self, x):
        return ", ".join(sorted(str(d) for d in x.devices()))

    def device_scope(self, name):
        """Context in which new arrays go to ``name`` ("cpu", "gpu:0")."""
        return jax.default_device(self._device(name))

    def place(self, x, device):
        return jax.device_put(x, self._device(device))

    def _device(self, name):
        kind, _, index = name.lower().partition(":")
        kind = "gpu" if kind == "cuda" else kind
        try:
            found = jax.devices(kind)[int(index or 0)]
        except (RuntimeError, ValueError, IndexError) as e:
            raise ValueError(
                f"device: JAX has no device {name!r}; it has {[f'{d.platform}:{d.id}' for d in jax.devices()]}."
            ) from e
        return found


def _is_array_like(o):
    return isinstance(o, (jax.Array, np.ndarray, np.generic))


def _spec(struct):
    return Spec(tuple(struct.shape), jnp.dtype(struct.dtype).name)


ENGINE = JaxEngine()
