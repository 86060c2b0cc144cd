"""Everyday mistakes: the message names who, which argument, what was expected and what came."""

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers

X = np.ones((10, 4), "float32")


def model(outputs=3, loss="sparse_categorical_crossentropy"):
    m = keras.Sequential([keras.Input((4,)), layers.Dense(outputs, activation="softmax", name="logits")], name="net")
    m.compile("sgd", loss)
    return m


def two_inputs():
    a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
    return keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])), name="pair")


CASES = {
    "input shape": (lambda: model().predict(np.ones((10, 5)), verbose=0), ["net", "(None, 4)", "(10, 5)"]),
    "layer input": (lambda: model().get_layer("logits")(np.ones((2, 7))), ["Dense 'logits'", "4", "(2, 7)"]),
    "number of inputs": (lambda: two_inputs().predict([X], verbose=0), ["pair", "2 input", "['a', 'b']"]),
    "missing key": (lambda: two_inputs().predict({"a": X}, verbose=0), ["missing inputs ['b']", "['a', 'b']"]),
    "labels out of range": (
        lambda: model().fit(X, np.array([0, 1, 2, 3] + [0] * 6), verbose=0),
        ["y_true", "3", "sample 3"],
    ),
    "unequal lengths": (lambda: model().fit(X, np.zeros(9, int), verbose=0), ["x has 10", "y has 9"]),
    "uncompiled": (
        lambda: keras.Sequential([keras.Input((4,)), layers.Dense(1)], name="raw").fit(X, X, verbose=0),
        ["'raw'", "fit", "compile("],
    ),
    "unbuilt weights": (
        lambda: layers.Dense(3, name="d").set_weights([X]),
        ["Dense 'd'", "expected 0", "not been built"],
    ),
    "unbuilt count": (lambda: layers.Dense(3, name="d").count_params(), ["Dense 'd'", "build(input_shape)"]),
    "unknown activation": (lambda: layers.Dense(3, activation="rellu"), ["rellu", "relu"]),
    "unknown loss": (lambda: model(loss="mean_sqared_error"), ["mean_sqared_error", "mean_squared_error"]),
    "unknown optimizer": (lambda: keras.optimizers.get("adm"), ["adm", "adam"]),
    "unknown layer name": (lambda: model().get_layer("logit"), ["net", "logits"]),
    "negative units": (lambda: layers.Dense(-1), ["units", "positive", "-1"]),
    "disconnected graph": (
        lambda: keras.Model(keras.Input((4,)), layers.Dense(1)(keras.Input((4,), name="other"))),
        ["other", "not among"],
    ),
    "no loss": (lambda: _without_loss(), ["no loss"]),
    "y with a dataset": (lambda: model().fit(iter([(X, X)]), X, verbose=0), ["y must not be given"]),
    "empty data": (lambda: model().fit(X[:0], np.zeros(0, int), verbose=0), ["no samples"]),
    "text data": (
        lambda: model().fit(np.array([["a"]] * 10), np.zeros(10, int), verbose=0),
        ["x has dtype", "numbers"],
    ),
    "bad split": (
        lambda: model().fit(X, np.zeros(10, int), validation_split=1.5, verbose=0),
        ["validation_split", "1.5"],
    ),
    "same names": (
        lambda: keras.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")]),
        ["unique", "'a'"],
    ),
    "shapes of y and y_pred": (lambda: model(3, "mse").fit(X, np.zeros((10, 2)), verbose=0), ["(", "2)", "3)"]),
    "unknown dtype": (lambda: layers.Dense(1, dtype="float23"), ["float23"]),
    "unknown keyword": (lambda: layers.Dense(1, kernel_initialiser="zeros"), ["Dense", "kernel_initialiser"]),
}


def _without_loss():
    m = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    m.compile("sgd")
    m.fit(X, X[:, :1], verbose=0)


@pytest.mark.parametrize("name", CASES)
def test_message_tells(name):
    act, parts = CASES[name]
    with pytest.raises((ValueError, TypeError)) as caught:
        act()
    for part in parts:
        assert part in str(caught.value), f"{part!r} not in: {caught.value}"


def test_nan_inputs_are_named():
    x = X.copy()
    x[7, 2] = np.nan
    with pytest.warns(UserWarning, match="sample 7"):
        model().fit(x, np.zeros(10, int), verbose=0)


def test_missing_package_names_the_command(monkeypatch):
    from keraunos.util.optional import require

    with pytest.raises(ImportError, match=r'pip install "keraunos\[torch\]"'):
        require("no_such_package_at_all", who="x", extra="torch")
