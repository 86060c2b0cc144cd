"""A recurrent network over a hundred time steps."""

from importlib import import_module

import numpy as np

from benchmarks.case import KERAS, Case, Goal, Metric, by_hand, through_keras
from benchmarks.data import classes, dense_weights, glorot
from benchmarks.timing import Stopwatch

BATCH, STEPS, TIME, FEATURES, UNITS = 64, 8, 100, 32, 128

CASE = Case(
    name="lstm",
    about="LSTM of 128 units over 100 time steps of 32 features, Dense 10, Adam, batch 64",
    contenders=(
        *through_keras("benchmarks.cases.lstm:fit"),
        by_hand("jax step", "benchmarks.hand.lstm:fit"),
    ),
    metrics=(Metric("step", "fit, per step", "ms", 1e3),),
    goals=(Goal("step", 0.9, against=KERAS),),
    check="loss of the last epoch",
    tolerance=0.01,
)


def setting(quick: bool) -> tuple:
    """Inputs, labels, first weights, and the number of epochs that are timed."""
    return *classes(BATCH * STEPS, (TIME, FEATURES), 10), weights(), 1 if quick else 4


def weights() -> list[np.ndarray]:
    """Kernel, recurrent kernel and bias, gates in the order i, f, c, o, the forget gate's bias 1; the dense layer."""
    generator = np.random.default_rng(1)
    bias = np.zeros(4 * UNITS, np.float32)
    bias[UNITS : 2 * UNITS] = 1
    kernels = [glorot(generator, rows, 4 * UNITS) for rows in (FEATURES, UNITS)]
    return [*kernels, bias, *dense_weights(UNITS, 10)]


def build(keras):
    """The compiled model."""
    model = keras.Sequential([keras.Input((TIME, FEATURES)), keras.layers.LSTM(UNITS), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    return model


def fit(module: str, quick: bool) -> dict:
    """Milliseconds per step through the Keras API."""
    keras = import_module(module)
    x, y, first, epochs = setting(quick)
    model = build(keras)
    model.set_weights(first)
    model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0, shuffle=False)
    with Stopwatch() as watch:
        history = model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0, shuffle=False)
    return {"metrics": {"step": watch.per(epochs * STEPS)}, "check": float(history.history["loss"][-1])}
