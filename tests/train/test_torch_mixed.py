"""Mixed precision on PyTorch: float32 weights, layers in 16 bits, and the losses of the same training on JAX."""

import contextlib

import numpy as np
import pytest
from sklearn.datasets import load_digits

import keraunos as keras
from keraunos import layers

torch = pytest.importorskip("torch")

X, Y = load_digits(return_X_y=True)
X, Y = (X / 16).astype("float32")[:320], Y[:320].astype("int32")
HALF = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


def convnet():
    parts = [layers.Reshape((8, 8, 1)), layers.Conv2D(8, 3, padding="same"), layers.BatchNormalization()]
    parts += [layers.ReLU(), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10, dtype="float32")]
    return keras.Sequential([keras.Input((64,)), *parts])


def attentive():
    x = keras.Input((64,))
    y = layers.Dense(16)(layers.Reshape((8, 8))(x))
    y = layers.LayerNormalization()(y + layers.MultiHeadAttention(2, 8)(y, y, use_causal_mask=True))
    return keras.Model(x, layers.Dense(10, dtype="float32")(layers.GlobalAveragePooling1D()(y)))


@contextlib.contextmanager
def under(policy, engine):
    """New models have this policy and engine."""
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(policy)
    try:
        with keras.backend.use(engine):
            yield
    finally:
        keras.mixed_precision.set_dtype_policy(before)


def compiled(engine, make, policy, rule=None):
    with under(policy, engine):
        keras.utils.set_random_seed(0)
        model = make()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(rule or keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    return model


def losses(model, epochs=3, **kwargs):
    kwargs = {"batch_size": 32, "shuffle": False, "verbose": 0, **kwargs}
    return model.fit(X, Y, epochs=epochs, **kwargs).history["loss"]


# A number of 8 (bfloat16) or 11 (float16) bits is rounded differently where kernels add up in another order.
@pytest.mark.parametrize(("policy", "tolerance"), [("mixed_bfloat16", 0.03), ("mixed_float16", 0.01)])
@pytest.mark.parametrize("make", [convnet, attentive])
def test_the_losses_are_those_of_jax(make, policy, tolerance):
    models = {engine: compiled(engine, make, policy) for engine in ("jax", "torch")}
    found = {engine: losses(model) for engine, model in models.items()}
    np.testing.assert_allclose(found["torch"], found["jax"], rtol=tolerance)
    assert found["torch"][-1] < 0.8 * found["torch"][0]
    model = models["torch"]
    assert {v.dtype for v in model.weights} == {"float32"}
    assert model.layers[1 if make is attentive else 2].compute_dtype == HALF[policy]
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    np.testing.assert_allclose(found["torch"], losses(compiled("torch", make, "float32")), rtol=0.1)


def test_a_step_that_overflows_is_left_out_and_halves_the_scale():
    rule = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**24)
    model = compiled("torch", convnet, "mixed_float16", rule)
    before = [v.numpy().copy() for v in model.trainable_variables]
    losses(model, 1, steps_per_epoch=1)
    assert float(rule.dynamic_scale) == 2.0**23
    for v, old in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), old)
    found = losses(model, 5)
    assert np.isfinite(found).all() and found[-1] < found[0]


class Halved(keras.Model):
    """A step of one's own, on every engine: gradients of half the loss."""

    def train_step(self, data):
        x, y = data

        def loss():
            found = self.compute_loss(x=x, y=y, y_pred=self(x, training=True)) / 2
            return self.optimizer.scale_loss(found)

        _, gradients = self.value_and_grad(loss)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.compute_metrics(x, y, self(x, training=False))


@pytest.mark.parametrize("policy", HALF)
def test_a_step_of_ones_own_callbacks_and_files(policy, tmp_path):
    def make():
        inner = convnet()
        return Halved(inner.inputs, inner.outputs)

    seen = []
    callbacks = [
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["accuracy"])),
        keras.callbacks.ModelCheckpoint(str(tmp_path / "best.keras"), monitor="accuracy", save_best_only=True),
        keras.callbacks.ReduceLROnPlateau(monitor="accuracy", patience=5),
    ]
    model = compiled("torch", make, policy)
    history = model.fit(X, Y, batch_size=32, epochs=4, verbose=0, callbacks=callbacks).history
    assert history["accuracy"][-1] > history["accuracy"][0] and len(seen) == 4 * 10
    path = str(tmp_path / "model.keras")
    model.save(path)
    want = model.predict(X[:20], verbose=0)
    for engine in ("torch", "jax"):
        with under(policy, engine):  # which decides on the optimizer's wrapper, as in Keras
            loaded = keras.models.load_model(path, custom_objects={"Halved": Halved})
        assert [layer.compute_dtype for layer in loaded.layers[1:]] == [
            layer.compute_dtype for layer in model.layers[1:]
        ]
        np.testing.assert_allclose(loaded.predict(X[:20], verbose=0), want, atol=0.05)
        for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
