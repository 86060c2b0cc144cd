"""The decoder in plain JAX, once with products of (batch, time, width) arrays and once with 2-D products."""

import jax
import jax.numpy as jnp

from benchmarks.cases.transformer import BATCH, HEADS, LAYERS, STEPS, TIME, WIDTH, setting
from benchmarks.hand.training import epochs_of_steps, make_step, start
from benchmarks.timing import Stopwatch

EPSILON = 1e-5
PER_LAYER = 16


def norm(x, scale, shift):
    """Layer norm over the last axis."""
    return (x - x.mean(-1, keepdims=True)) * jax.lax.rsqrt(x.var(-1, keepdims=True) + EPSILON) * scale + shift


def attention(x, wq, bq, wk, bk, wv, bv, wo, bo, dense):
    """Causal self-attention; x is (batch, time, width)."""
    rows = len(x)
    split = (rows, -1, HEADS, WIDTH // HEADS)  # (batch, time, heads, size)
    q, k, v = (
        dense(x, w.reshape(WIDTH, WIDTH), b.reshape(WIDTH)).reshape(split) for w, b in ((wq, bq), (wk, bk), (wv, bv))
    )
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / (WIDTH // HEADS) ** 0.5
    scores = jnp.where(jnp.tril(jnp.ones((TIME, TIME), bool)), scores, -1e9)
    mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), v).reshape(rows, -1, WIDTH)
    return dense(mixed, wo.reshape(WIDTH, WIDTH), bo)


def network(dense):
    """apply(parameters, statistics, tokens), with `dense(x, kernel, bias)` for its products."""

    def apply(p, s, tokens):
        token, place, *layers = p
        x = token[tokens] + place[: tokens.shape[1]]  # (batch, time, width)
        for first in range(0, LAYERS * PER_LAYER, PER_LAYER):
            layer = layers[first : first + PER_LAYER]
            x = x + attention(norm(x, *layer[:2]), *layer[2:10], dense)
            hidden = jax.nn.gelu(dense(norm(x, *layer[10:12]), *layer[12:14]), approximate=False)
            x = x + dense(hidden, *layer[14:])
        scale, shift, kernel, bias = layers[LAYERS * PER_LAYER :]
        return dense(norm(x, scale, shift), kernel, bias), s

    return apply


def dense_3d(x, kernel, bias):
    """x @ kernel + bias, as one writes it."""
    return x @ kernel + bias


def dense_2d(x, kernel, bias):
    """The same on the rows of x in one matrix: XLA's CPU compiler makes faster gradients of it."""
    return (x.reshape(-1, x.shape[-1]) @ kernel + bias).reshape(*x.shape[:-1], -1)


def fit(quick: bool, flat: bool = False) -> dict:
    """Milliseconds per step."""
    x, y, first, epochs = setting(quick)
    step = make_step(network(dense_2d if flat else dense_3d))
    run = epochs_of_steps(step, x, y, BATCH, shuffle=False)
    state, _ = run(start(first), 1)
    with Stopwatch() as watch:
        _, loss = run(state, epochs)
    return {"metrics": {"step": watch.per(epochs * STEPS)}, "check": loss}
