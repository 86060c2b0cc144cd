"""Activations as layers."""

import numpy as np
import pytest

import keraunos as keras

WRONG = [
    (lambda: keras.layers.ReLU(max_value=-1), "max_value must be a number not below 0, got -1"),
    (lambda: keras.layers.ReLU(negative_slope=None), "negative_slope must be a number not below 0, got None"),
    (lambda: keras.layers.ReLU(threshold=-2.0), "threshold must be a number not below 0"),
    (lambda: keras.layers.LeakyReLU(-0.1), "negative_slope"),
    (lambda: keras.layers.PReLU()(keras.Input((None, 3))), "must be known or among shared_axes"),
    (lambda: keras.layers.Activation("rellu"), "Did you mean 'relu'"),
]


@pytest.mark.parametrize(("act", "message"), WRONG)
def test_errors(act, message):
    with pytest.raises(ValueError, match=message):
        act()


def test_the_former_name_of_the_slope():
    with pytest.warns(UserWarning, match="former name of negative_slope"):
        layer = keras.layers.LeakyReLU(alpha=0.25)
    assert layer.negative_slope == layer.get_config()["negative_slope"] == 0.25 and "alpha" not in layer.get_config()


def test_a_row_that_is_masked_altogether_gives_zeros():
    y = keras.layers.Softmax()(np.ones((2, 3), "float32"), mask=np.array([[True] * 3, [False] * 3]))
    assert np.asarray(y).tolist() == [pytest.approx([1 / 3] * 3), [0.0] * 3]


def test_softmax_over_the_batch_is_not_row_wise():
    layer = keras.layers.Softmax(axis=0)
    layer(np.ones((2, 3), "float32"))
    assert not layer._row_wise
