"""A short run in plain JAX: as one writes it, and so that XLA compiles a single program."""

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases.cold import BATCH, SAMPLES, arrays, since_start
from benchmarks.data import dense_weights
from benchmarks.hand.mlp import apply
from benchmarks.hand.training import cross_entropy, make_step, start
from benchmarks.timing import Stopwatch

STEPS = -(-SAMPLES // BATCH)


def first_epoch(loop: str, quick: bool) -> dict:
    """One epoch from random weights; `loop` is "step" or "scan"."""
    x, y = arrays()
    with Stopwatch() as watch:
        loss = {"step": epoch_of_steps, "scan": epoch_of_one_scan}[loop](x, y)
    return {"metrics": {"first_epoch": watch.per(), "total": since_start()}, "check": loss}


def epoch_of_steps(x, y) -> float:
    """Weights by `jax.random`; a compiled step per batch, compiled again for the last one."""
    key1, key2 = jax.random.split(jax.random.key(0))
    glorot = jax.nn.initializers.glorot_uniform()
    state = start([glorot(key1, (64, 128)), jnp.zeros(128), glorot(key2, (128, 10)), jnp.zeros(10)])
    step = jax.jit(make_step(apply), donate_argnums=0)
    order = np.random.default_rng(0).permutation(SAMPLES)
    for first in range(0, SAMPLES, BATCH):
        chosen = order[first : first + BATCH]
        state = step(state, x[chosen], y[chosen])
    return float(state["loss"]) / STEPS


def masked_cross_entropy(logits, target):
    """Cross-entropy over the samples whose weight is 1."""
    labels, weight = target
    each = jax.vmap(cross_entropy)(logits, labels)
    return tuple((part * weight).sum() / weight.sum() for part in each)


def epoch_of_one_scan(x, y) -> float:
    """Weights by NumPy; the last batch padded and masked, so that one program does the epoch."""
    state = start(dense_weights(64, 128, 10))
    step = make_step(apply, masked_cross_entropy)
    order = np.zeros(STEPS * BATCH, np.int32)
    order[:SAMPLES] = np.random.default_rng(0).permutation(SAMPLES)
    weight = (np.arange(STEPS * BATCH) < SAMPLES).astype(np.float32)

    @jax.jit
    def epoch(state, order, weight, x, y):
        def body(state, batch):
            chosen, weight = batch
            return step(state, x[chosen], (y[chosen], weight)), None

        return jax.lax.scan(body, state, (order, weight))[0]

    state = epoch(state, order.reshape(STEPS, BATCH), weight.reshape(STEPS, BATCH), x, y)
    return float(state["loss"]) / STEPS
