"""Losses of the user's own."""

import numpy as np
import pytest

import keraunos as keras
from keraunos.backend import standardize_dtype
from keraunos.util.registry import register_keras_serializable


@register_keras_serializable(package="tests")
class Scaled(keras.losses.Loss):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        assert standardize_dtype(y_true.dtype) == standardize_dtype(y_pred.dtype) == self.dtype
        return self.factor * keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)

    def get_config(self):
        return super().get_config() | {"factor": self.factor}


@register_keras_serializable(package="tests")
def distance(y_true, y_pred, power=1.0):
    return keras.ops.sum(keras.ops.abs(y_true - y_pred) ** power, axis=-1)


def test_subclass():
    loss = Scaled(factor=3.0, reduction="sum", name="s")
    assert float(loss(np.zeros((2, 1), int), np.ones((2, 1)))) == 6.0
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert (again.factor, again.name, again.reduction) == (3.0, "s", "sum")
    assert Scaled().name == "scaled"


def test_wrapper_of_a_function():
    loss = keras.losses.LossFunctionWrapper(distance, power=2.0, name="d")
    assert float(loss(np.zeros((2, 2)), 3 * np.ones((2, 2)))) == 18.0
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(again(np.zeros((2, 2)), 3 * np.ones((2, 2)))) == 18.0
    assert keras.losses.get("tests>distance") is distance


def test_dtype_goes_into_the_configuration():
    config = keras.losses.Huber(delta=2.0, dtype="bfloat16").get_config()
    assert config["dtype"] == "bfloat16" and config["delta"] == 2.0
    assert keras.losses.Huber.from_config(config).dtype == "bfloat16"
    assert "dtype" not in keras.losses.Huber().get_config()


def test_nested_predictions():
    class Both(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.mean(y_pred["a"] - y_true, axis=-1) + keras.ops.mean(y_pred["b"], axis=-1)

    assert float(Both()(np.zeros((2, 1)), {"a": keras.ops.ones((2, 1)), "b": keras.ops.ones((2, 3))})) == 2.0


def test_other_engine():
    with keras.backend.use("numpy"):
        value = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(np.array([1]), np.array([[0.0, 50.0]]))
        assert isinstance(value, (np.ndarray, np.generic)) and value.dtype == np.float32
    np.testing.assert_allclose(value, 0.0, atol=1e-6)


def test_symbolic():
    y = keras.KerasTensor((None, 3))
    out = keras.losses.mean_squared_error(y, y * 2)
    assert out.shape == (None,)


def test_no_call():
    with pytest.raises(NotImplementedError, match="Loss must define call"):
        keras.losses.Loss()(np.ones((1,)), np.ones((1,)))
