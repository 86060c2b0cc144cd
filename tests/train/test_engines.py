"""Several engines in one process: the same step on each, models that move, models side by side, PyTorch's own way."""

import threading

import numpy as np
import pytest
from sklearn.datasets import load_digits

import keraunos as keras
from keraunos import layers

torch = pytest.importorskip("torch")

X, Y = load_digits(return_X_y=True)
X, Y = (X / 16).astype("float32")[:600], Y[:600].astype("int32")


def perceptron(**compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10)])
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"], **compiled
    )
    return model


def on(engine, make, *args, **kwargs):
    with keras.backend.use(engine):
        return make(*args, **kwargs)


def losses(model, epochs=3, **kwargs):
    return model.fit(X, Y, epochs=epochs, shuffle=False, verbose=0, **kwargs).history["loss"]


def convnet():
    keras.utils.set_random_seed(1)
    parts = [layers.Reshape((8, 8, 1)), layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization()]
    parts += [
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
    model = keras.Sequential([keras.Input((64,)), *parts])
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def recurrent():
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((64,)), layers.Reshape((8, 8)), layers.LSTM(12), layers.Dense(10)])
    model.compile(
        keras.optimizers.RMSprop(1e-2, clipnorm=1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


def attentive():
    keras.utils.set_random_seed(3)
    x = keras.Input((64,))
    y = layers.Reshape((8, 8))(x)
    y = layers.LayerNormalization()(y + layers.MultiHeadAttention(2, 4)(y, y))
    model = keras.Model(x, layers.Dense(10)(layers.GlobalAveragePooling1D()(y)))
    model.compile(
        keras.optimizers.AdamW(1e-2, weight_decay=1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


@pytest.mark.parametrize("make", [perceptron, convnet, recurrent, attentive])
def test_three_epochs_are_the_same_on_jax_and_on_pytorch(make, tmp_path):
    first, second = on("jax", make), on("torch", make)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # equal seeds, equal initial weights
    np.testing.assert_allclose(losses(first), losses(second), rtol=1e-3)
    assert isinstance(second.weights[0].value, torch.nn.Parameter)
    path = str(tmp_path / "model.keras")
    second.save(path)
    want = second.predict(X[:20], verbose=0)
    for engine in ("jax", "torch", "numpy"):
        np.testing.assert_allclose(
            on(engine, keras.models.load_model, path).predict(X[:20], verbose=0), want, rtol=1e-5, atol=1e-5
        )


def test_recorded_steps_give_the_numbers_of_plain_ones():
    """A recording repeats the same kernels in the same order, also for the smaller last batch."""
    plain, recorded = on("torch", perceptron, run_eagerly=True), on("torch", perceptron)
    np.testing.assert_allclose(losses(plain, batch_size=50), losses(recorded, batch_size=50), rtol=1e-6)
    np.testing.assert_allclose(losses(plain, 1, batch_size=77), losses(recorded, 1, batch_size=77), rtol=1e-6)


def test_a_model_moves_in_the_middle_of_its_training():
    stays, moves = on("jax", perceptron), on("jax", perceptron)
    want = losses(stays, 4)
    found = losses(moves, 1)
    for engine in ("torch", "jax", "torch"):
        assert moves.to(engine) is moves
        found += losses(moves, 1)
    np.testing.assert_allclose(found, want, rtol=1e-4)
    assert int(moves.optimizer.iterations.numpy()) == int(stays.optimizer.iterations.numpy()) == 4 * 19
    moves.to("numpy")
    np.testing.assert_allclose(moves.predict(X[:9], verbose=0), stays.predict(X[:9], verbose=0), atol=1e-4)
    with pytest.raises(ValueError, match="device: JAX has no device 'gpu:7'"):
        stays.to("gpu:7")
    stays.to("cpu:0")
    assert np.isfinite(losses(stays, 1)[0])


def test_two_models_trained_by_turns_and_in_threads():
    want = {engine: losses(on(engine, perceptron), 4) for engine in ("jax", "torch")}
    models = {engine: on(engine, perceptron) for engine in want}
    by_turns = {engine: [] for engine in want}
    for _ in range(4):
        for engine, model in models.items():
            by_turns[engine] += losses(model, 1)
    assert by_turns == {engine: pytest.approx(values, rel=1e-6) for engine, values in want.items()}
    models = {engine: on(engine, perceptron) for engine in want}
    found = {}
    threads = [threading.Thread(target=lambda e=e: found.update({e: losses(models[e], 4)})) for e in models]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == {engine: pytest.approx(values, rel=1e-6) for engine, values in want.items()}


def test_arrays_of_two_engines_in_one_call_are_an_error():
    first = on("torch", keras.ops.ones, (2,))
    with pytest.raises(TypeError, match="add: arrays of two engines in one call: (jax and torch|torch and jax)"):
        keras.ops.add(on("jax", keras.ops.ones, (2,)), first)


class OnTape(keras.Sequential):
    """The step as Keras documents it for PyTorch."""

    def train_step(self, data):
        x, y = data
        assert isinstance(x, torch.Tensor)
        self.zero_grad()
        loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        loss.backward()
        trainable = list(self.trainable_weights)
        gradients = [v.value.grad for v in trainable]
        with torch.no_grad():
            self.optimizer.apply(gradients, trainable)
        for metric in self.metrics:
            metric.update_state(loss) if metric.name == "loss" else metric.update_state(y, self(x))
        return {m.name: m.result() for m in self.metrics}


def test_a_step_written_for_pytorch():
    with keras.backend.use("torch"):
        keras.utils.set_random_seed(0)
        model = OnTape([keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    np.testing.assert_allclose(losses(model), losses(on("torch", perceptron)), rtol=0.02)


def test_a_loop_written_for_pytorch():
    model = on("torch", perceptron)
    assert [tuple(p.shape) for p in model.parameters()] == [(64, 32), (32,), (32, 10), (10,)]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    x, y = torch.from_numpy(X), torch.from_numpy(Y).long()
    found = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    assert found[-1] < 0.5 * found[0]
    # What torch's optimizer changed is what keraunos predicts with, and trains on.
    with torch.no_grad():
        np.testing.assert_allclose(model.predict(X[:5], verbose=0), model(x[:5]).numpy(), atol=1e-6)
    assert losses(model, 1)[0] < 1.5 * found[-1]
