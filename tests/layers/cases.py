"""Layers with arguments and inputs: one table for the tests here and for those against real Keras."""

import dataclasses
import importlib
from pathlib import Path

import numpy as np
import pytest


@dataclasses.dataclass
class Case:
    """A layer, what it is made with, and what it is called on.

    Attributes:
        name: of the class.
        kwargs: of the constructor; a function (of the module ``layers``) when it holds layers.
        shape: of the input, or several shapes (a list).
        dtype: of the input: floats are normal numbers, integers run from 0 to ``high - 1``.
        training: which values of ``training`` the layer is called with (None: without the argument).
        mask: shape of a mask that is passed, or None.
        config_differs: keys in which the configuration differs from Keras's on purpose.
        half: tolerance in mixed_bfloat16 against float32.
        tol: tolerance against Keras.
        skip: names of checks to leave out (``harness``'s, or "parity:" and ``layer_harness``'s).
    """

    name: str
    kwargs: dict = dataclasses.field(default_factory=dict)
    shape: tuple = (4, 3)
    dtype: str = "float32"
    high: int = 7
    training: tuple = (None,)
    mask: tuple | None = None
    config_differs: tuple = ()
    half: float = 0.05
    tol: float = 1e-5
    skip: tuple = ()

    def __str__(self):
        shown = ",".join(f"{k}={v}" for k, v in self.kwargs.items()) if isinstance(self.kwargs, dict) else "..."
        return f"{self.name}({shown})"

    def make(self, layers, **more):
        """The layer, of the module ``layers`` (keraunos's or Keras's)."""
        kwargs = self.kwargs if isinstance(self.kwargs, dict) else self.kwargs(layers)
        return getattr(layers, self.name)(**kwargs, **more)

    def inputs(self, seed=0):
        """NumPy input(s)."""
        rng = np.random.default_rng(seed)
        many = isinstance(self.shape, list)
        found = [self._array(rng, s) for s in (self.shape if many else [self.shape])]
        return found if many else found[0]

    def _array(self, rng, shape):
        if self.dtype.startswith("float"):
            return rng.normal(size=shape).astype(self.dtype)
        return rng.integers(0, self.high, size=shape).astype(self.dtype)

    def call_kwargs(self, training=None):
        """Arguments of the call beside the input."""
        found = {} if training is None else {"training": training}
        if self.mask is not None:
            mask = np.random.default_rng(1).random(self.mask) < 0.6
            mask[..., 0] = True
            found["mask"] = mask
        return found


def weights_for(variables, seed=2):
    """Random values for weights (statistics that must be positive are)."""
    rng = np.random.default_rng(seed)
    found = []
    for v in variables:
        value = rng.normal(size=v.shape, scale=0.5)
        found.append((np.abs(value) + 0.5 if "variance" in v.name or "stddev" in v.name else value).astype("float32"))
    return found


def collect():
    """Parameters for pytest: the ``CASES`` of every cases_*.py beside this file, by file and layer."""
    found = []
    for path in sorted(Path(__file__).parent.glob("cases_*.py")):
        module = importlib.import_module(f"tests.layers.{path.stem}")
        found += [pytest.param(c, id=f"{path.stem.removeprefix('cases_')}-{c}") for c in module.CASES]
    return found
