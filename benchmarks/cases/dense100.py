"""A hundred tiny layers: what each variable costs a step."""

from importlib import import_module

import numpy as np

from benchmarks.case import KERAS, Case, Goal, Metric, by_hand, through_keras
from benchmarks.timing import Stopwatch

LAYERS, WIDTH, BATCH, STEPS, RATE = 100, 8, 32, 128, 1e-5

CASE = Case(
    name="dense100",
    about="100 × Dense(8), mean squared error, Adam, batch 32",
    contenders=(
        *through_keras("benchmarks.cases.dense100:fit"),
        by_hand("jax step", "benchmarks.hand.dense100:fit", loop="step"),
        by_hand("jax scan", "benchmarks.hand.dense100:fit", loop="scan"),
    ),
    metrics=(Metric("step", "fit, per step", "ms", 1e3),),
    goals=(Goal("step", 0.3, against=KERAS),),
    check="loss of the last epoch",
    quick=False,
    tolerance=0.02,
)


def setting(quick: bool) -> tuple:
    """Inputs, targets, orthogonal weights, and the number of epochs that are timed."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((BATCH * STEPS, WIDTH), dtype=np.float32)
    y = np.tanh(x @ generator.standard_normal((WIDTH, WIDTH), dtype=np.float32))
    weights = []
    for _ in range(LAYERS):
        kernel, _ = np.linalg.qr(generator.standard_normal((WIDTH, WIDTH)))
        weights += [kernel.astype(np.float32), np.zeros(WIDTH, np.float32)]
    return x, y, weights, 2 if quick else 4


def fit(module: str, quick: bool) -> dict:
    """Milliseconds per step through the Keras API."""
    keras = import_module(module)
    x, y, weights, epochs = setting(quick)
    model = keras.Sequential([keras.Input((WIDTH,)), *(keras.layers.Dense(WIDTH) for _ in range(LAYERS))])
    model.compile(optimizer=keras.optimizers.Adam(RATE), loss="mean_squared_error")
    model.set_weights(weights)
    model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0, shuffle=False)
    with Stopwatch() as watch:
        history = model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0, shuffle=False)
    return {"metrics": {"step": watch.per(epochs * STEPS)}, "check": float(history.history["loss"][-1])}
