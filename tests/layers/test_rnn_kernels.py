"""Kernels for whole recurrent layers, where an engine has them, against the loop over time: values, states, gradients."""

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers, ops

pytest.importorskip("torch")

X = np.random.default_rng(0).standard_normal((6, 7, 5)).astype("float32")
SETTINGS = [
    {},
    {"return_sequences": True, "return_state": True},
    {"go_backwards": True, "return_sequences": True},
    {"use_bias": False},
]


def found(engine, cls, settings):
    with keras.backend.use(engine):
        layer = cls(4, **settings)
        layer.build(X.shape)
        rng = np.random.default_rng(1)
        layer.set_weights([rng.standard_normal(w.shape).astype("float32") / 2 for w in layer.get_weights()])
        x = ops.convert_to_tensor(X)
        rates = np.linspace(-1, 1, 6, dtype="float32").reshape(6, 1)

        def total():
            parts = [ops.mean(ops.reshape(y, (6, -1)), axis=1, keepdims=True) for y in keras.tree.flatten(layer(x))]
            return ops.sum(ops.multiply(ops.concatenate(parts, axis=1), rates))

        _, gradients = keras.value_and_grad(total, layer.trainable_variables)
        return [ops.convert_to_numpy(a) for a in keras.tree.flatten((layer(x), gradients))]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(s) or "plain")
@pytest.mark.parametrize("cls", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_the_kernel_gives_what_the_loop_does(cls, settings):
    for a, b in zip(found("torch", cls, settings), found("jax", cls, settings), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6, rtol=2e-5)


@pytest.mark.parametrize(
    "settings", [{"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}, {"unroll": True}], ids=str
)
def test_other_forms_are_not_the_kernels(settings):
    with keras.backend.use("torch"):
        layer = layers.LSTM(3, **settings)
        layer.build(X.shape)
        assert layer._fused(layer._engine, None, False) is None
        usual = layers.LSTM(3, dropout=0.5)
        usual.build(X.shape)
        assert usual._fused(usual._engine, None, False) is not None
        assert usual._fused(usual._engine, None, True) is None
