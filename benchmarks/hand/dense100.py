"""A hundred tiny layers in plain JAX."""

from benchmarks.cases.dense100 import BATCH, RATE, STEPS, setting
from benchmarks.hand.training import epochs_of_scans, epochs_of_steps, make_step, squared_error, start
from benchmarks.timing import Stopwatch


def apply(p, s, x):
    """The layers one after the other."""
    for kernel, bias in zip(p[::2], p[1::2], strict=True):
        x = x @ kernel + bias
    return x, s


def fit(loop: str, quick: bool) -> dict:
    """Milliseconds per step."""
    x, y, weights, epochs = setting(quick)
    step = make_step(apply, squared_error, RATE)
    run = (epochs_of_scans if loop == "scan" else epochs_of_steps)(step, x, y, BATCH, shuffle=False)
    state, _ = run(start(weights), 1)
    with Stopwatch() as watch:
        _, loss = run(state, epochs)
    return {"metrics": {"step": watch.per(epochs * STEPS)}, "check": loss}
