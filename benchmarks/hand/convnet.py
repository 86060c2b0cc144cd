"""The convolutional network in plain JAX, as one would write it."""

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.cases.convnet import BATCH, RATE, STEPS, setting
from benchmarks.hand.training import epochs_of_steps, make_step, start
from benchmarks.timing import Stopwatch

MOMENTUM, EPSILON = 0.99, 1e-3


def convolve(x, kernel, bias):
    """3×3 convolution with relu, (n, h, w, c) to (n, h, w, d)."""
    return jax.nn.relu(
        lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + bias
    )


def normalise(x, scale, shift, moving):
    """Batch norm in training; the moving mean and variance come back too."""
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    moving = [MOMENTUM * old + (1 - MOMENTUM) * new for old, new in zip(moving, (mean, variance), strict=True)]
    return (x - mean) * lax.rsqrt(variance + EPSILON) * scale + shift, moving


def apply(p, s, x):
    """Logits, and the new moving statistics."""
    *blocks, (kernel, bias) = p
    statistics = []
    for (k1, b1, k2, b2, scale, shift), moving in zip(blocks, s, strict=True):
        x, moving = normalise(convolve(convolve(x, k1, b1), k2, b2), scale, shift, moving)
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        statistics.append(moving)
    return x.reshape(len(x), -1) @ kernel + bias, statistics


def fit(quick: bool) -> dict:
    """Milliseconds per step."""
    x, y, first, epochs = setting(quick)
    blocks = [first[i : i + 8] for i in range(0, len(first) - 2, 8)]
    state = start([*(block[:6] for block in blocks), first[-2:]], [block[6:] for block in blocks])
    run = epochs_of_steps(make_step(apply, rate=RATE), x, y, BATCH, shuffle=False)
    state, _ = run(state, 1)
    with Stopwatch() as watch:
        _, loss = run(state, epochs)
    return {"metrics": {"step": watch.per(epochs * STEPS)}, "check": loss}
