"""The small network in plain JAX."""

import jax
from jax.flatten_util import ravel_pytree

from benchmarks.cases.mlp import BATCH, STEPS, setting
from benchmarks.hand.training import epochs_of_scans, epochs_of_steps, make_step, start
from benchmarks.timing import Stopwatch


def apply(p, s, x):
    """Logits of Dense(relu)-Dense."""
    w1, b1, w2, b2 = p
    return jax.nn.relu(x @ w1 + b1) @ w2 + b2, s


def fit(loop: str, quick: bool, flat: bool = False) -> dict:
    """Microseconds per step; `flat` keeps all weights in one vector, so that Adam is one kernel."""
    x, y, weights, epochs = setting(quick)
    forward = apply
    if flat:
        weights, unravel = ravel_pytree(weights)

        def forward(p, s, x):
            return apply(unravel(p), s, x)

    run = (epochs_of_scans if loop == "scan" else epochs_of_steps)(make_step(forward), x, y, BATCH)
    state, _ = run(start(weights), 1)
    with Stopwatch() as watch:
        _, loss = run(state, epochs)
    return {"metrics": {"step": watch.per(epochs * STEPS)}, "check": loss}
