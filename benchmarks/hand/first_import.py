"""The import race. Nothing is imported here that would take a part of the imports timed."""

import sys
from importlib import import_module

from benchmarks.timing import Stopwatch

ENGINES = ("jax", "torch", "tensorflow")


def keras_api(module: str, quick: bool) -> dict:
    """Import `module`; make and call a Dense layer. Keraunos must not have brought in an engine by the import alone."""
    whole = Stopwatch()
    with whole:
        with Stopwatch() as first:
            keras = import_module(module)
        engines = [name for name in ENGINES if sys.modules.get(name) is not None]
        if module == "keraunos" and engines:
            raise AssertionError(f"`import keraunos` imported {', '.join(engines)}: expected no engine")
        import numpy

        layer = keras.layers.Dense(4, kernel_initializer="ones")
        output = numpy.asarray(layer(numpy.ones((1, 8), "float32")))  # (1, 4)
    return {"metrics": {"import": first.per(), "first_use": whole.per()}, "check": float(output.sum())}


def jax_alone(quick: bool) -> dict:
    """Import JAX; compute the same layer from its arrays."""
    whole = Stopwatch()
    with whole:
        with Stopwatch() as first:
            import jax
        import numpy

        kernel, bias = jax.numpy.ones((8, 4)), jax.numpy.zeros(4)
        output = numpy.asarray(numpy.ones((1, 8), "float32") @ kernel + bias)  # (1, 4)
    return {"metrics": {"import": first.per(), "first_use": whole.per()}, "check": float(output.sum())}
