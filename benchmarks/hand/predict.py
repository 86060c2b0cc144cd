"""Answering one request in plain JAX: a compiled function of weights and inputs."""

import jax
import numpy as np

from benchmarks.cases.predict import setting, timed
from benchmarks.hand.mlp import apply


def answer(quick: bool) -> dict:
    """Microseconds per call; the same function stands against `predict` and against the model called."""
    x, weights, calls = setting(quick)
    weights = jax.device_put(weights)
    forward = jax.jit(lambda p, x: apply(p, (), x)[0])
    seconds = timed(lambda x: np.asarray(forward(weights, x)), x, calls)
    check = 2 * abs(np.asarray(forward(weights, x[:1]))).sum()
    return {"metrics": {"predict": seconds, "call": seconds}, "check": float(check)}
