"""A convolutional network: the time per step is arithmetic, and how well the engine is asked for it."""

from importlib import import_module

import numpy as np

from benchmarks.case import KERAS, Case, Goal, Metric, by_hand, through_keras
from benchmarks.data import classes, dense_weights, glorot
from benchmarks.timing import Stopwatch

BATCH, STEPS, WIDTHS = 64, 4, (32, 64, 128)
RATE = 1e-4  # low, as rounding differences grow with it and the losses are compared

CASE = Case(
    name="convnet",
    about="32×32×3, three blocks of conv-conv-batch norm-max pool (32, 64, 128 channels), Dense 10, Adam, batch 64",
    contenders=(
        *through_keras("benchmarks.cases.convnet:fit"),
        by_hand("jax step", "benchmarks.hand.convnet:fit"),
    ),
    metrics=(Metric("step", "fit, per step", "ms", 1e3),),
    goals=(Goal("step", 0.7, against=KERAS),),
    check="loss of the last epoch",
    quick=False,
    tolerance=0.05,
)


def setting(quick: bool) -> tuple:
    """Inputs, labels, first weights, and the number of epochs that are timed."""
    return *classes(BATCH * STEPS, (32, 32, 3), 10), weights(), 1 if quick else 2


def weights() -> list[np.ndarray]:
    """Per block two convolutions, then scale, shift, moving mean and variance; the dense layer at the end."""
    generator = np.random.default_rng(1)
    arrays, inputs = [], 3
    for width in WIDTHS:
        arrays += [glorot(generator, 3, 3, inputs, width), np.zeros(width, np.float32)]
        arrays += [glorot(generator, 3, 3, width, width), np.zeros(width, np.float32)]
        arrays += [fill(width) for fill in (np.ones, np.zeros, np.zeros, np.ones)]
        inputs = width
    return arrays + dense_weights(4 * 4 * inputs, 10)


def build(keras):
    """The compiled model."""
    layers = keras.layers
    stack = [keras.Input((32, 32, 3))]
    for width in WIDTHS:
        stack += [layers.Conv2D(width, 3, padding="same", activation="relu") for _ in range(2)]
        stack += [layers.BatchNormalization(), layers.MaxPooling2D(2)]
    model = keras.Sequential([*stack, layers.Flatten(), layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(RATE), loss=loss, metrics=["accuracy"])
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
