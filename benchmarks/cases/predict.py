"""Answering one request: the time is all overhead."""

from importlib import import_module

import numpy as np

from benchmarks.case import KERAS, Case, Goal, Metric, by_hand, through_keras
from benchmarks.cases.mlp import build
from benchmarks.data import classes, dense_weights
from benchmarks.timing import Stopwatch

CASE = Case(
    name="predict",
    about="Dense 64-128(relu)-10 on one sample, the answer read into NumPy each time",
    contenders=(
        *through_keras("benchmarks.cases.predict:answer"),
        by_hand("jax jit", "benchmarks.hand.predict:answer"),
    ),
    metrics=(Metric("predict", "predict(x[:1], verbose=0)", "µs", 1e6), Metric("call", "model(x[:1])", "µs", 1e6)),
    goals=(
        Goal("predict", 0.15, against=KERAS),
        Goal("predict", 2.5, against="jax jit"),
        Goal("call", 0.07, against=KERAS),
    ),
    check="sum of the absolute outputs",
    tolerance=1e-4,
)
WARM = 50


def setting(quick: bool) -> tuple:
    """Inputs, weights, and the number of calls that are timed."""
    return classes(256, (64,), 10)[0], dense_weights(64, 128, 10), 500 if quick else 1000


def timed(answer, x, calls: int) -> dict[str, float]:
    """Seconds per call of `answer` on one sample after another."""
    for i in range(WARM):
        answer(x[i : i + 1])
    with Stopwatch() as watch:
        for i in range(calls):
            answer(x[i % len(x) :][:1])
    return watch.per(calls)


def answer(module: str, quick: bool) -> dict:
    """Microseconds per call through the Keras API."""
    keras = import_module(module)
    x, weights, calls = setting(quick)
    model = build(keras)
    model.set_weights(weights)
    predict = timed(lambda x: model.predict(x, verbose=0), x, calls)
    call = timed(lambda x: np.asarray(model(x)), x, calls)
    check = abs(model.predict(x[:1], verbose=0)).sum() + abs(np.asarray(model(x[:1]))).sum()
    return {"metrics": {"predict": predict, "call": call}, "check": float(check)}
