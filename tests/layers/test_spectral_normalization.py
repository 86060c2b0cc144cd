"""The largest singular value is 1."""

import numpy as np
import pytest

import keraunos as keras

L = keras.layers


def largest(kernel):
    return np.linalg.norm(keras.ops.convert_to_numpy(kernel).reshape(-1, kernel.shape[-1]), 2)


def test_many_iterations_find_the_largest_singular_value():
    layer = L.SpectralNormalization(L.Dense(6, use_bias=False), power_iterations=100)
    layer.build((None, 8))
    layer.layer.set_weights([np.random.default_rng(0).normal(size=(8, 6))])
    y = layer(np.eye(8, dtype="float32"), training=True)
    assert largest(y) == pytest.approx(1, abs=1e-4)
    assert largest(layer.kernel.constraint(layer.kernel.value)) == pytest.approx(1, abs=1e-4)


def test_the_constraint_of_the_layer_comes_first():
    layer = L.SpectralNormalization(L.Dense(4, kernel_constraint="non_neg"), power_iterations=50)
    layer.build((None, 5))
    assert layer.kernel.constraint(layer.kernel.value).min() >= 0


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: L.SpectralNormalization(L.Dense(2), power_iterations=0),
            "power_iterations must be a positive integer",
        ),
        (
            lambda: L.SpectralNormalization(L.Dropout(0.5))(np.ones((2, 3), "float32")),
            "layer must have a kernel or embeddings",
        ),
        (lambda: L.SpectralNormalization("dense"), "layer must be a layer"),
    ],
)
def test_errors(act, message):
    with pytest.raises(ValueError, match=message):
        act()
