"""A small network on many samples: the time per step is the library's overhead."""

from importlib import import_module

from benchmarks.case import KERAS, Case, Goal, Metric, by_hand, through_keras
from benchmarks.data import classes, dense_weights
from benchmarks.timing import Stopwatch

CASE = Case(
    name="mlp",
    about="Dense 64-128(relu)-10, Adam, batch 32, shuffled, with accuracy; 60 000 samples; epochs after the first",
    contenders=(
        *through_keras("benchmarks.cases.mlp:fit"),
        by_hand("jax step", "benchmarks.hand.mlp:fit", loop="step"),
        by_hand("jax scan", "benchmarks.hand.mlp:fit", loop="scan"),
        by_hand("jax flat scan", "benchmarks.hand.mlp:fit", loop="scan", flat=True),
    ),
    metrics=(Metric("step", "fit, per step", "µs", 1e6),),
    goals=(Goal("step", 0.25, against=KERAS), Goal("step", 1.3, against="jax scan")),
    check="loss of the last epoch",
    tolerance=0.05,
)
SAMPLES, BATCH = 60_000, 32
STEPS = SAMPLES // BATCH


def setting(quick: bool) -> tuple:
    """Inputs, labels, first weights, and the number of epochs that are timed."""
    return *classes(SAMPLES, (64,), 10), dense_weights(64, 128, 10), 1 if quick else 3


def build(keras):
    """The compiled model."""
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    return model


def fit(module: str, quick: bool) -> dict:
    """Microseconds per step through the Keras API."""
    keras = import_module(module)
    x, y, weights, epochs = setting(quick)
    model = build(keras)
    model.set_weights(weights)
    model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
    with Stopwatch() as watch:
        history = model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)
    return {"metrics": {"step": watch.per(epochs * STEPS)}, "check": float(history.history["loss"][-1])}
