"""The recurrent network in plain JAX: `lax.scan` over time."""

import jax
import jax.numpy as jnp

from benchmarks.cases.lstm import BATCH, STEPS, UNITS, setting
from benchmarks.hand.training import epochs_of_steps, make_step, start
from benchmarks.timing import Stopwatch


def apply(p, s, x):
    """Logits from the last hidden state; x is (batch, time, features)."""
    kernel, recurrent, bias, dense, shift = p

    def cell(carry, x):
        h, c = carry  # (batch, units) each
        i, f, g, o = jnp.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((len(x), UNITS))
    (h, _), _ = jax.lax.scan(cell, (zeros, zeros), x.swapaxes(0, 1))
    return h @ dense + shift, s


def fit(quick: bool) -> dict:
    """Milliseconds per step."""
    x, y, first, epochs = setting(quick)
    run = epochs_of_steps(make_step(apply), x, y, BATCH, shuffle=False)
    state, _ = run(start(first), 1)
    with Stopwatch() as watch:
        _, loss = run(state, epochs)
    return {"metrics": {"step": watch.per(epochs * STEPS)}, "check": loss}
