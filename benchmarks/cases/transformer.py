"""A small decoder: attention and wide products."""

from importlib import import_module

import numpy as np

from benchmarks.case import KERAS, Case, Goal, Metric, by_hand, through_keras
from benchmarks.data import glorot
from benchmarks.timing import Stopwatch

LAYERS, WIDTH, HEADS, TIME, VOCABULARY, BATCH, STEPS = 4, 256, 8, 128, 512, 16, 3

CASE = Case(
    name="transformer",
    about="decoder of 4 layers, 256 wide, 8 heads, 128 tokens, vocabulary 512, Adam, batch 16",
    contenders=(
        *through_keras("benchmarks.cases.transformer:fit"),
        by_hand("jax step", "benchmarks.hand.transformer:fit"),
        by_hand("jax step, 2-D products", "benchmarks.hand.transformer:fit", flat=True),
    ),
    metrics=(Metric("step", "fit, per step", "ms", 1e3),),
    goals=(Goal("step", 0.65, against=KERAS),),
    check="loss of the last epoch",
    tolerance=0.02,
    default=False,
    quick=False,
)


def setting(quick: bool) -> tuple:
    """Tokens, the tokens after them, first weights, and the number of epochs that are timed."""
    generator = np.random.default_rng(0)
    text = generator.integers(0, VOCABULARY, (BATCH * STEPS, 1)) + np.arange(TIME + 1) * 7  # a rule worth learning
    text = (text % VOCABULARY).astype(np.int32)
    return text[:, :-1], text[:, 1:], weights(), 1 if quick else 3


def weights() -> list[np.ndarray]:
    """Token and place embeddings; per layer norm, query, key, value, output, norm, two dense; norm and logits."""
    generator = np.random.default_rng(1)
    size = WIDTH // HEADS

    def dense(inputs, outputs):
        return [glorot(generator, inputs, outputs), np.zeros(outputs, np.float32)]

    def norm():
        return [np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)]

    arrays = [generator.uniform(-0.05, 0.05, (rows, WIDTH)).astype(np.float32) for rows in (VOCABULARY, TIME)]
    for _ in range(LAYERS):
        arrays += norm()
        for _ in range(3):
            kernel, bias = dense(WIDTH, WIDTH)
            arrays += [kernel.reshape(WIDTH, HEADS, size), bias.reshape(HEADS, size)]
        kernel, bias = dense(WIDTH, WIDTH)
        arrays += [kernel.reshape(HEADS, size, WIDTH), bias]
        arrays += [*norm(), *dense(WIDTH, 4 * WIDTH), *dense(4 * WIDTH, WIDTH)]
    return [*arrays, *norm(), *dense(WIDTH, VOCABULARY)]


def embedding(keras):
    """The layer that adds up the embeddings of a token and of its place."""

    class TokenAndPlace(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.token = keras.layers.Embedding(VOCABULARY, WIDTH)
            self.place = keras.layers.Embedding(TIME, WIDTH)

        def call(self, tokens):  # (batch, time) to (batch, time, width)
            return self.token(tokens) + self.place(keras.ops.arange(TIME))

    return TokenAndPlace()


def build(keras):
    """The compiled model."""
    layers = keras.layers
    tokens = keras.Input((TIME,), dtype="int32")
    x = embedding(keras)(tokens)
    for _ in range(LAYERS):
        normal = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(normal, normal, use_causal_mask=True)
        hidden = layers.Dense(4 * WIDTH, activation="gelu")(layers.LayerNormalization(epsilon=1e-5)(x))
        x = x + layers.Dense(WIDTH)(hidden)
    model = keras.Model(tokens, layers.Dense(VOCABULARY)(layers.LayerNormalization(epsilon=1e-5)(x)))
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
