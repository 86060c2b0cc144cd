"""fit, evaluate and predict: the same numbers however steps are cut, whichever form the data has."""

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers

pytestmark = pytest.mark.trains


def digits_like(n=100, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 8)).astype("float32")
    y = (x[:, 0] > 0).astype("int32") + 2 * (x[:, 1] > 0).astype("int32")
    return x, y


def classifier(batch_norm=False, dropout=0.0, seed=1):
    keras.utils.set_random_seed(seed)
    stack = [keras.Input((8,)), layers.Dense(16, activation="relu")]
    if batch_norm:
        stack.append(layers.BatchNormalization())
    if dropout:
        stack.append(layers.Dropout(dropout))
    model = keras.Sequential([*stack, layers.Dense(4, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class EveryBatch(keras.callbacks.Callback):
    """A callback that asks for every batch, so that each step is dispatched by itself."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((batch, logs["loss"]))


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("n", [96, 100])
def test_numbers_do_not_depend_on_chunks(batch_norm, n):
    x, y = digits_like(n)
    one = classifier(batch_norm, dropout=0.3)
    first = one.fit(x, y, epochs=3, batch_size=32, verbose=0)
    other = classifier(batch_norm, dropout=0.3)
    watcher = EveryBatch()
    second = other.fit(x, y, epochs=3, batch_size=32, verbose=0, callbacks=[watcher])
    assert first.history == second.history
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [batch for batch, _ in watcher.seen] == list(range(-(-n // 32))) * 3


class Whole(layers.Layer):
    """A layer of the user's: nothing is known of it, so a partial batch may not be padded."""

    def call(self, x):
        return x


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_padded_last_batch_changes_no_number(batch_norm):
    x, y = digits_like(75)
    weight = np.linspace(0.5, 1.5, 75).astype("float32")

    def train(extra):
        keras.utils.set_random_seed(5)
        stack = [keras.Input((8,)), layers.Dense(16, activation="relu")]
        stack += [layers.BatchNormalization()] if batch_norm else []
        model = keras.Sequential([*stack, *extra, layers.Dense(4)])
        model.compile(
            keras.optimizers.SGD(0.1),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            weighted_metrics=["accuracy"],
        )
        history = model.fit(x, y, epochs=2, batch_size=32, verbose=0, sample_weight=weight)
        return model, history.history, model.evaluate(x, y, verbose=0, sample_weight=weight)

    padded, history, score = train([])
    exact, expected, expected_score = train([Whole()])
    assert padded._per_row("train") and not exact._per_row("train")
    for name in expected:
        np.testing.assert_allclose(history[name], expected[name], rtol=2e-5, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(score, expected_score, rtol=2e-5, atol=1e-6)
    for a, b in zip(padded.get_weights(), exact.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_blocks_of_large_data_give_the_same_numbers(monkeypatch):
    x, y = digits_like(150)
    one = classifier(dropout=0.2)
    first = one.fit(x, y, epochs=2, batch_size=32, verbose=0)
    monkeypatch.setattr("keraunos.data.arrays._WHOLE_BYTES", 0)
    monkeypatch.setattr("keraunos.data.arrays._BLOCK_BYTES", 3000)
    other = classifier(dropout=0.2)
    second = other.fit(x, y, epochs=2, batch_size=32, verbose=0)
    for name in first.history:
        np.testing.assert_allclose(first.history[name], second.history[name], rtol=1e-6)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_forms_of_data_agree():
    x, y = digits_like(64)

    def batches():
        while True:
            for i in range(0, 64, 16):
                yield x[i : i + 16], y[i : i + 16]

    def train(*args, **kwargs):
        model = classifier()
        return model.fit(*args, epochs=2, verbose=0, shuffle=False, **kwargs).history["loss"]

    expected = train(x, y, batch_size=16)
    np.testing.assert_allclose(train(batches(), steps_per_epoch=4), expected, rtol=1e-5)
    np.testing.assert_allclose(train(x.tolist(), y.tolist(), batch_size=16), expected, rtol=1e-5)
    np.testing.assert_allclose(
        train(keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y), batch_size=16), expected, rtol=1e-5
    )
    np.testing.assert_allclose(train(x.astype("float64"), y.astype("int64"), batch_size=16), expected, rtol=1e-5)


def test_order_is_a_function_of_seed_and_epoch():
    x, y = digits_like()
    losses = [classifier().fit(x, y, epochs=2, verbose=0).history["loss"] for _ in range(2)]
    assert losses[0] == losses[1]
    assert classifier().fit(x, y, epochs=2, verbose=0, shuffle=False).history["loss"] != losses[0]


def test_class_weight_is_sample_weight():
    x, y = digits_like(64)
    table = {0: 1.0, 1: 2.0, 2: 0.5, 3: 3.0}
    a = classifier().fit(x, y, epochs=1, verbose=0, class_weight=table).history["loss"]
    b = classifier().fit(x, y, epochs=1, verbose=0, sample_weight=np.array([table[int(c)] for c in y])).history["loss"]
    np.testing.assert_allclose(a, b, rtol=1e-6)


def test_validation_leaves_training_metrics_alone():
    x, y = digits_like(100)
    plain = classifier().fit(x, y, epochs=2, verbose=0).history
    validated = classifier().fit(x, y, epochs=2, verbose=0, validation_data=(x[:40], y[:40])).history
    assert plain["loss"] == validated["loss"]
    assert set(validated) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    split = classifier().fit(x, y, epochs=1, verbose=0, validation_split=0.25).history
    np.testing.assert_allclose(
        split["loss"], classifier().fit(x[:75], y[:75], epochs=1, verbose=0).history["loss"], rtol=1e-6
    )


def test_evaluate_returns_loss_then_metrics_in_order():
    x, y = digits_like(64)
    model = classifier()
    loss, accuracy = model.evaluate(x, y, verbose=0)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert (loss, accuracy) == (logs["loss"], logs["accuracy"])
    p = model.predict(x, verbose=0)
    np.testing.assert_allclose(accuracy, (p.argmax(1) == y).mean(), rtol=1e-6)
    np.testing.assert_allclose(loss, -np.log(p[np.arange(64), y]).mean(), rtol=1e-5)


def test_on_batch_methods():
    x, y = digits_like(32)
    model = classifier()
    losses = [model.train_on_batch(x, y)[0] for _ in range(5)]
    assert losses[-1] < losses[0]
    model.reset_metrics()
    np.testing.assert_allclose(model.test_on_batch(x, y), model.evaluate(x, y, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(x), model.predict(x, verbose=0), rtol=1e-6)


def test_own_train_step_runs_compiled_and_its_logs_come_back():
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(4, activation="softmax")
            self.traced = 0

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            Mine.traces += 1

            def loss_of():
                return self.compute_loss(x=x, y=y, y_pred=self(x, training=True))

            loss, gradients = self.value_and_grad(loss_of)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"loss": loss, "twice": 2 * loss}

    Mine.traces = 0
    x, y = digits_like(64)
    keras.utils.set_random_seed(0)
    model = Mine()
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    history = model.fit(x, y, epochs=4, batch_size=16, verbose=0).history
    assert Mine.traces < 6 or not model._engine.traces  # an eager engine runs it each time
    np.testing.assert_allclose(history["twice"], 2 * np.array(history["loss"]), rtol=1e-6)
    assert history["loss"][-1] < history["loss"][0]


def test_settings_changed_after_training_are_seen():
    x, y = digits_like(32)
    model = classifier(dropout=0.5)
    model.predict(x, verbose=0)
    before = model.predict(x, verbose=0)
    model.layers[0].activation = keras.activations.tanh
    assert not np.allclose(before, model.predict(x, verbose=0))
    model.layers[0].trainable = False
    kept = model.layers[0].get_weights()
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(kept[0], model.layers[0].get_weights()[0])


def test_run_eagerly_agrees():
    x, y = digits_like(64)
    compiled = classifier()
    expected = compiled.fit(x, y, epochs=2, verbose=0, shuffle=False).history["loss"]
    model = classifier()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    np.testing.assert_allclose(model.fit(x, y, epochs=2, verbose=0, shuffle=False).history["loss"], expected, rtol=1e-4)
