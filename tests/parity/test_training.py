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
        library.utils.clear_session(free_memory=False)
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
        np.testing.assert_allclose(
            np.asarray(got, "float64"), np.asarray(want, "float64"), rtol=tol, atol=tol, err_msg=what
        )


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

    return Mine()


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


SLOW = pytest.mark.slow  # Keras needs seconds to compile these
MODELS = [mlp, residual, nested, *(pytest.param(f, marks=SLOW) for f in (convnet, subclassed, recurrent, attentive))]


def paths(model):
    return [(v.path, tuple(v.shape), bool(v.trainable)) for v in model.weights]


@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_same_seed_same_initial_weights(make):
    ours, theirs = in_both(make)
    x, _ = digits()
    outputs = [np.asarray(model(x[:5])) for model in (ours, theirs)]
    assert paths(ours) == paths(theirs)
    near(ours.get_weights(), theirs.get_weights(), 1e-6)
    near(*outputs, 1e-5)


# -- training ---------------------------------------------------------------------------------------------------------------


def train(K, make, optimizer=lambda K: K.optimizers.Adam(0.003, epsilon=1e-4), **given):
    """What a run leaves behind: history, evaluation, weights. ``given``: arguments of compile and of fit."""
    x, y = digits(100)
    names = ("loss", "loss_weights", "metrics", "weighted_metrics")
    arguments = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **given}
    arguments = {k: v(K) if callable(v) else v for k, v in arguments.items()}
    model = make(K)
    model.compile(optimizer(K), **{k: arguments.pop(k) for k in names if k in arguments})
    history = model.fit(**{"x": x, "y": y, "epochs": 2, "verbose": 0, "shuffle": False, **arguments})
    return {
        "history": history.history,
        "epochs": history.epoch,
        "weights": model.get_weights(),
        "optimizer": [v.numpy() for v in model.optimizer.variables],
        "evaluation": model.evaluate(x, y, verbose=0),
        "learning_rate": model.optimizer.learning_rate,
        "metrics": [m.name for m in model.metrics],
        "metrics_names": model.metrics_names,
    }


def check_same(ours, theirs, tol=1e-4):
    for key in ("metrics", "metrics_names", "epochs"):
        assert ours.pop(key) == theirs.pop(key), key
    near(ours, theirs, tol)


@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_models_train_alike(make):
    check_same(*in_both(lambda K: train(K, make)))


def one_layer(K, **arguments):
    return K.Sequential([K.Input((64,)), K.layers.Dense(10, activation="softmax", **arguments)])


def with_penalties(K):
    class Penalised(K.layers.Layer):
        def call(self, x):
            self.add_loss(0.01 * K.ops.mean(K.ops.square(x)))
            return x

    return K.Sequential(
        [
            K.Input((64,)),
            K.layers.Dense(8, kernel_regularizer=K.regularizers.L1L2(0.01, 0.02), bias_regularizer="l2"),
            K.layers.Dense(8, activation="tanh", activity_regularizer=K.regularizers.L2(0.03)),
            Penalised(),
            K.layers.ActivityRegularization(l1=0.02),
            K.layers.Dense(10, activation="softmax", kernel_constraint=K.constraints.MaxNorm(0.5)),
        ]
    )


def frozen(K):
    """A frozen layer keeps its weights; a frozen batch normalisation uses its moving statistics."""
    model = K.Sequential(
        [
            K.Input((64,)),
            K.layers.Dense(8),
            K.layers.BatchNormalization(trainable=False),
            K.layers.Dense(8, activation="tanh", name="kept"),
            K.layers.BatchNormalization(),
            K.layers.Dense(10, activation="softmax"),
        ]
    )
    model.get_layer("kept").trainable = False
    return model


WEIGHT = np.linspace(0.2, 2, 100).astype("float32")
RUNS = {  # name -> (model, what differs from the plain run)
    "sgd": (one_layer, {"optimizer": lambda K: K.optimizers.SGD(0.1, momentum=0.9, nesterov=True)}),
    "rmsprop, clipnorm": (one_layer, {"optimizer": lambda K: K.optimizers.RMSprop(0.01, momentum=0.5, clipnorm=0.1)}),
    "adamw, global_clipnorm": (
        mlp,
        {"optimizer": lambda K: K.optimizers.AdamW(0.01, weight_decay=0.1, global_clipnorm=0.1, epsilon=1e-4)},
    ),
    "clipvalue": (one_layer, {"optimizer": lambda K: K.optimizers.SGD(1.0, clipvalue=0.002)}),
    "schedule": (
        one_layer,
        {"optimizer": lambda K: K.optimizers.SGD(K.optimizers.schedules.ExponentialDecay(0.5, 3, 0.5, staircase=True))},
    ),
    "moving average": (
        one_layer,
        {"optimizer": lambda K: K.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)},
    ),
    "accumulation": (one_layer, {"optimizer": lambda K: K.optimizers.SGD(0.1, gradient_accumulation_steps=3)}),
    "class_weight": (one_layer, {"class_weight": {i: 0.5 + i for i in range(10)}}),
    "sample_weight": (one_layer, {"sample_weight": WEIGHT, "weighted_metrics": ["sparse_categorical_crossentropy"]}),
    "validation_split": (one_layer, {"validation_split": 0.3, "sample_weight": WEIGHT, "weighted_metrics": ["acc"]}),
    "validation_data": (
        one_layer,
        {"validation_data": (*digits(50), WEIGHT[:50]), "epochs": 3, "validation_freq": 2, "validation_batch_size": 20},
    ),
    "initial_epoch": (one_layer, {"initial_epoch": 1, "epochs": 3, "batch_size": 40}),
    "validation_steps": (one_layer, {"validation_data": digits(50), "validation_steps": 1, "batch_size": 16}),
    "steps_per_epoch": (one_layer, {"steps_per_epoch": 3}),
    "steps of a size": (one_layer, {"steps_per_epoch": 2, "batch_size": 20, "epochs": 2}),
    "loss object": (
        lambda K: one_layer(K),
        {
            "loss": lambda K: K.losses.SparseCategoricalCrossentropy(),
            "metrics": lambda K: [
                K.metrics.SparseTopKCategoricalAccuracy(k=3),
                "sparse_categorical_accuracy",
                K.metrics.SparseCategoricalAccuracy(name="share"),
                K.losses.sparse_categorical_crossentropy,
            ],
        },
    ),
    "penalties": (with_penalties, {}),
    "frozen": (frozen, {"optimizer": lambda K: K.optimizers.SGD(0.1)}),
}


QUICK = ("sgd", "adamw, global_clipnorm", "sample_weight", "validation_split", "steps_per_epoch", "penalties", "frozen")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=SLOW) for n in RUNS])
def test_runs_alike(name):
    make, given = RUNS[name]
    check_same(*in_both(lambda K: train(K, make, **given)))


# -- mixed precision ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [pytest.param("mixed_bfloat16", marks=SLOW), "mixed_float16"])
def test_mixed_precision(policy):
    def run(K):
        before = K.config.dtype_policy()
        K.config.set_dtype_policy(policy)
        try:
            made = []
            result = train(K, lambda K: made.append(small_graph(K)) or made[0], lambda K: K.optimizers.SGD(0.1))
            dtypes = (
                [v.dtype for v in made[0].weights],
                [x.dtype for x in made[0].outputs],
                type(made[0].optimizer).__name__,
            )
            return result, dtypes
        finally:
            K.config.set_dtype_policy(before)

    (ours, dtypes), (theirs, wanted) = in_both(run)
    assert dtypes == wanted
    for result in (ours, theirs):  # single samples of a hundred may tip over
        result["history"].pop("accuracy")
        result["evaluation"] = result["evaluation"][0]
    check_same(ours, theirs, 1e-2)


def small_graph(K):
    x = K.Input((64,))
    h = K.layers.Dense(16, activation="relu")(x)
    h = K.layers.BatchNormalization()(h * 2)
    return K.Model(x, K.layers.Dense(10, activation="softmax", dtype="float32")(h))


def test_float16_steps_that_overflow_are_left_out():
    def run(K):
        model = K.Sequential([K.Input((4,)), K.layers.Dense(1, kernel_initializer="ones", dtype="mixed_float16")])
        model.compile(K.optimizers.LossScaleOptimizer(K.optimizers.SGD(0.01), initial_scale=2.0**40), "mse")
        x = np.ones((4, 4), "float32")
        losses = [model.train_on_batch(x, x[:, :1]) for _ in range(30)]
        return losses, model.get_weights(), [v.numpy() for v in model.optimizer.variables]

    near(*in_both(run), 1e-3)
