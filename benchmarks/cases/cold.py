"""What a short run costs: a fresh process, a small table, one epoch.

The first-epoch clock starts when library *and* engine are imported, as keraunos imports its engine later than Keras;
the other figure is everything, from the start of the process.
"""

import os
from importlib import import_module
from time import process_time, time

from benchmarks.case import KERAS, OPTIONAL, Case, Goal, Metric, by_hand, through_keras
from benchmarks.cases.mlp import build
from benchmarks.data import classes
from benchmarks.timing import Stopwatch

SAMPLES, BATCH = 1437, 32  # 44 full batches and one of 29
TOTAL = Metric("total", "fresh process to one trained epoch", "s", 1.0)

CASE = Case(
    name="cold",
    about="Dense 64-128(relu)-10, Adam, 1437 samples in batches of 32 (the last partial), one epoch in a new process",
    contenders=(
        *through_keras("benchmarks.cases.cold:first_epoch"),
        by_hand("jax step", "benchmarks.hand.cold:first_epoch", loop="step"),
        by_hand("jax masked scan", "benchmarks.hand.cold:first_epoch", loop="scan"),
    ),
    metrics=(Metric("first_epoch", "imports done to first epoch", "s", 1.0), TOTAL),
    goals=(Goal("first_epoch", 0.35, against=KERAS), Goal("total", 0.5, against=KERAS)),
    check="loss of the epoch, from random weights",
    tolerance=0.25,
    hidden=OPTIONAL,
)

CACHED = Case(
    name="cached",
    about="the same once more, when earlier processes have filled JAX's compilation cache on disk",
    contenders=(*through_keras("benchmarks.cases.cold:first_epoch"), CASE.contenders[-1]),
    metrics=CASE.metrics,
    goals=(Goal("total", 0.25, against=KERAS, against_case="cold"),),
    check=CASE.check,
    tolerance=CASE.tolerance,
    quick=False,
    keeps_home=True,
    hidden=OPTIONAL,
    environment={
        "JAX_COMPILATION_CACHE_DIR": "{home}/jax",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    },
)


def arrays() -> tuple:
    """Inputs and labels."""
    return classes(SAMPLES, (64,), 10)


def since_start() -> dict[str, float]:
    """Wall and CPU seconds of this process until now."""
    return {"wall": time() - float(os.environ["BENCHMARK_STARTED"]), "cpu": process_time()}


def first_epoch(module: str, quick: bool) -> dict:
    """Build, compile and fit one epoch through the Keras API."""
    keras = import_module(module)
    import_module("jax")
    x, y = arrays()
    with Stopwatch() as watch:
        keras.utils.set_random_seed(0)
        history = build(keras).fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
    check = float(history.history["loss"][-1])
    return {"metrics": {"first_epoch": watch.per(), "total": since_start()}, "check": check}
