"""Whole models trained beside real Keras: the same seed gives the same weights, losses, metrics and weights after training.

Nothing is shuffled (each library has its own orders); dropout masks agree because the generators do.
"""

import functools

import numpy as np
import pytest

import keraunos

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.trains
SEED = 3


@functools.cache
def digits(n=200):
    """(x, y): n of scikit-learn's digits, flat, pixels in [0, 1]."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return (x[:n] / 16).astype("float32"), y[:n].astype("int32")


def random_data(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def in_both(fn):
    """(fn(keraunos), fn(keras)), each from the same seed and with fresh names."""
    found = []
    for library in (keraunos, keras):
        library.utils.clear_session()
        library.utils.set_random_seed(SEED)
        found.append(fn(library))
    return found


def near(got, want, tol=1e-4, what=""):
    """Two nests of numbers agree; dicts in the order of their keys."""
    if isinstance(want, dict):
        assert list(got) == list(want), what
        for key in want:
            near(got[key], want[key], tol, f"{what} {key}")
    elif isinstance(want, (list, tuple)):
        assert len(got) == len(want), (what, got, want)
        for i, (a, b) in enumerate(zip(got, want, strict=True)):
            near(a, b, tol, f"{what}[{i}]")
    else:
        np.testing.assert_allclose(np.asarray(got, "float64"), np.asarray(want, "float64"), rtol=tol, atol=tol, err_msg=what)


# -- models: each makes a model from a library -----------------------------------------------------------------------------


def mlp(K, **last):
    return K.Sequential(
        [K.Input((64,)), K.layers.Dense(16, activation="relu"), K.layers.Dense(10, activation="softmax", **last)]
    )


def convnet(K):
    return K.Sequential(
        [
            K.Input((64,)),
            K.layers.Reshape((8, 8, 1)),
            K.layers.Conv2D(4, 3, use_bias=False, padding="same"),
            K.layers.BatchNormalization(momentum=0.8),
            K.layers.ReLU(),
            K.layers.MaxPooling2D(),
            K.layers.SeparableConv2D(6, 3, activation="relu"),
            K.layers.Dropout(0.3),
            K.layers.GlobalAveragePooling2D(),
            K.layers.Dense(10, activation="softmax"),
        ]
    )


def residual(K):
    x = K.Input((64,))
    h = K.layers.Dense(8, activation="tanh", name="shared")
    narrow = K.layers.Dense(64, activation="relu")
    a = h(x)
    b = h(K.layers.add([narrow(a), x]))
    y = K.layers.Dense(10)(K.ops.concatenate([a * 2.0 + 1, b], axis=-1))
    return K.Model(x, K.ops.softmax(y))


def nested(K):
    inner = K.Sequential([K.layers.Dense(8, activation="relu"), K.layers.Dropout(0.2)], name="inner")
    x = K.Input((64,))
    graph_input = K.Input((8,))
    graph = K.Model(graph_input, K.layers.LayerNormalization()(graph_input), name="graph")
    return K.Model(x, K.layers.Dense(10, activation="softmax")(graph(inner(x))))


def subclassed(K):
    class Block(K.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.dense = K.layers.Dense(units, activation="relu")
            self.norm = K.layers.LayerNormalization()
            self.drop = K.layers.Dropout(0.25)

        def call(self, x, training=None):
            return self.drop(self.norm(self.dense(x)), training=training)

    class Mine(K.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [Block(12), Block(8)]
            self.head = K.layers.Dense(10, activation="softmax")

        def call(self, x, training=None):
            for block in self.blocks:
                x = block(x, training=training)
            return self.head(x)

    model = Mine()
    model.build((None, 64))
    return model


def recurrent(K):
    return K.Sequential(
        [
            K.Input((64,)),
            K.layers.Lambda(lambda x: K.ops.cast(x[:, :12] * 8, "int32")),
            K.layers.Embedding(9, 6, mask_zero=True),
            K.layers.LSTM(5, return_sequences=True, dropout=0.1),
            K.layers.Bidirectional(K.layers.GRU(4)),
            K.layers.Dense(10, activation="softmax"),
        ]
    )


def attentive(K):
    x = K.Input((64,))
    s = K.layers.Reshape((8, 8))(x)
    a = K.layers.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(s, s)
    h = K.layers.LayerNormalization()(K.layers.Add()([s, a]))
    return K.Model(x, K.layers.Dense(10, activation="softmax")(K.layers.Flatten()(h)))


MODELS = [mlp, convnet, residual, nested, subclassed, recurrent, attentive]


@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_same_seed_same_initial_weights(make):
    ours, theirs = in_both(make)
    assert [(v.path, tuple(v.shape)) for v in ours.weights] == [(v.path, tuple(v.shape)) for v in theirs.weights]
    near(ours.get_weights(), theirs.get_weights(), 1e-6)
    x, _ = digits()
    near(ours.predict(x[:5], verbose=0), theirs.predict(x[:5], verbose=0), 1e-5)


# -- training ---------------------------------------------------------------------------------------------------------------


def train(K, make, optimizer="adam", compile_args=None, epochs=2, n=100, tail=(), **fit_args):
    """What a run leaves behind: history, evaluation, weights."""
    x, y = digits(n)
    model = make(K)
    compile_args = compile_args(K) if callable(compile_args) else dict(compile_args or {})
    compile_args = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **compile_args}
    model.compile(optimizer(K) if callable(optimizer) else optimizer, **compile_args)
    history = model.fit(x, y, epochs=epochs, verbose=0, shuffle=False, **fit_args)
    return {
        "history": history.history,
        "evaluation": model.evaluate(x, y, verbose=0),
        "weights": model.get_weights(),
        "iterations": int(np.asarray(model.optimizer.iterations)),
        "learning_rate": float(np.asarray(model.optimizer.learning_rate)),
        "metrics_names": [m.name for m in model.metrics],
    } if not tail else [t(model) for t in tail]


def check_same(got, want, tol=1e-4):
    assert got.pop("metrics_names") == want.pop("metrics_names")
    near(got, want, tol)


@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_models_train_alike(make):
    ours, theirs = in_both(lambda K: train(K, make, lambda K: K.optimizers.Adam(0.003, epsilon=1e-4)))
    check_same(ours, theirs)
