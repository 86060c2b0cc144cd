"""Identity, Masking, Rescaling, CategoryEncoding, Lambda, Normalization, Wrapper: what no table of cases holds."""

import functools

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers, ops
from keraunos.core.masks import get_mask
from tests.layers.harness import assert_near

X = np.array([[[1.0, 2.0], [0.0, 0.0], [0.0, 3.0]]], "float32")


def test_masking():
    y = layers.Masking()(X)
    assert np.asarray(get_mask(y)).tolist() == [[True, False, True]]
    y = layers.Masking(mask_value=3.0)(np.full((1, 2, 2), 3.0, "float32"))
    assert np.asarray(get_mask(y)).tolist() == [[False, False]] and not np.asarray(y).any()
    y = layers.Identity()(layers.Masking()(X))
    assert np.asarray(get_mask(y)).tolist() == [[True, False, True]]


def test_identity_of_a_nest():
    x = {"a": keras.Input((3,)), "b": [keras.Input((2,), dtype="int32")]}
    y = layers.Identity()(x)
    assert (y["a"].shape, y["b"][0].dtype) == ((None, 3), "int32")


CATEGORIES = [
    ("multi_hot", [1, 2], [0, 1, 1, 0]),
    ("multi_hot", 3, [0, 0, 0, 1]),
    ("count", [1, 1], [0, 2, 0, 0]),
    ("multi_hot", [[[1, 2]], [[0, 0]]], [[[0, 1, 1, 0]], [[1, 0, 0, 0]]]),
    ("one_hot", [[1], [2]], [[0, 1, 0, 0], [0, 0, 1, 0]]),
]


@pytest.mark.parametrize(("mode", "x", "want"), CATEGORIES)
def test_category_encoding(mode, x, want):
    layer = layers.CategoryEncoding(4, output_mode=mode)
    assert np.asarray(layer(np.array(x))).tolist() == want
    assert layer.compute_output_shape(np.shape(x)) == np.shape(want)
    assert layer._row_wise == (np.ndim(x) > 1)


def test_counts_with_weights():
    layer = layers.CategoryEncoding(3, output_mode="count")
    assert np.asarray(layer(np.array([[0, 1, 1]]), count_weights=np.array([[0.5, 2.0, 1.0]]))).tolist() == [
        [0.5, 3.0, 0.0]
    ]


def doubled(x, mask=None, training=None, *, by=2):
    return x * by if training else x


@keras.saving.register_keras_serializable("test_core_layers")
def first_two(shape):
    return (*shape[:-1], 2)


def test_lambda_passes_what_the_function_takes():
    assert float(layers.Lambda(doubled, arguments={"by": 3})(np.ones(()), training=True)) == 3
    assert float(layers.Lambda(functools.partial(doubled, by=5))(np.ones(()), training=True)) == 5
    assert float(layers.Lambda(abs)(np.array(-1.0))) == 1
    layer = layers.Lambda(lambda x, mask: ops.where(mask, x, 7.0), mask=lambda x, mask: ops.logical_not(mask))
    y = layer(np.zeros((1, 2), "float32"), mask=np.array([[True, False]]))
    assert np.asarray(y).tolist() == [[0.0, 7.0]] and np.asarray(get_mask(y)).tolist() == [[False, True]]


def test_shapes_of_lambda():
    x = keras.Input((5, 3))
    assert layers.Lambda(lambda x: ops.sum(x, axis=1))(x).shape == (None, 3)
    assert layers.Lambda(lambda x: x[..., :2], output_shape=(5, 2))(x).shape == (None, 5, 2)
    assert layers.Lambda(lambda x: x[..., :2], output_shape=first_two)(x).shape == (None, 5, 2)


def test_code_from_a_configuration_runs_only_when_it_is_allowed():
    with pytest.warns(UserWarning, match="A lambda is written"):
        config = keras.layers.serialize(layers.Lambda(lambda x: x + 1))
    with pytest.raises(ValueError, match="lambda"):
        keras.layers.deserialize(config)
    with pytest.raises(ValueError, match="lambda"):
        layers.Lambda.from_config(config["config"])
    assert float(layers.Lambda.from_config(config["config"], safe_mode=False)(np.ones(()))) == 2
    named = layers.Lambda(first_two, output_shape=first_two, mask=first_two)
    twin = keras.layers.deserialize(keras.layers.serialize(named))
    assert twin.function is first_two and twin.get_config() == named.get_config()


def test_adapting():
    x = np.random.default_rng(0).normal(3, 2, size=(100, 2, 3)).astype("float32")
    for axis, over in ((-1, (0, 1)), (1, (0, 2)), ((1, 2), 0), (None, (0, 1, 2))):
        whole, parts = layers.Normalization(axis=axis), layers.Normalization(axis=axis)
        whole.adapt(x)
        parts.adapt(iter([x[:7], x[7:64], x[64:]]))
        for layer in (whole, parts):
            assert_near(layer.weights[0].numpy(), x.mean(over), 1e-5)
            assert_near(layer.weights[1].numpy(), x.var(over), 1e-5)
            y = np.asarray(layer(x))
            assert abs(y.mean()) < 1e-5 and abs(y.std() - 1) < 1e-4
        back = layers.Normalization(axis=axis, invert=True)
        back.adapt(x)
        assert_near(back(whole(x)), x, 1e-4)


def test_adapting_again_begins_anew():
    layer = layers.Normalization()
    layer.adapt(np.ones((4, 1)))
    assert_near(layer(np.ones((1, 1), "float32")), np.zeros((1, 1)), 0)  # a variance of 0 divides by epsilon
    layer.adapt(np.array([[1.0], [3.0]]))
    assert_near(layer(np.array([[3.0]])), np.ones((1, 1)), 1e-6)


def test_a_wrapper_builds_what_it_holds():
    class Twice(layers.Wrapper):
        def call(self, x):
            return 2 * self.layer(x)

    layer = Twice(layers.Dense(2, kernel_initializer="ones"), name="twice")
    assert keras.ops.convert_to_numpy(layer(np.ones((1, 3), "float32"))).tolist() == [[6.0, 6.0]]
    assert [v.path for v in layer.weights] == ["twice/dense/kernel", "twice/dense/bias"]
    twin = Twice.from_config(layer.get_config())
    assert twin.layer.units == 2 and twin.get_build_config() is None


WRONG = [
    (lambda: layers.CategoryEncoding(), "num_tokens must be a positive integer, got None"),
    (lambda: layers.CategoryEncoding(3, output_mode="int"), "output_mode must be one of"),
    (lambda: layers.CategoryEncoding(3, sparse=True), "sparse outputs are not supported"),
    (
        lambda: layers.CategoryEncoding(3)(np.array([[0, 3]])),
        "categories must be from 0 to num_tokens - 1 = 2, got values from 0 to 3",
    ),
    (
        lambda: layers.CategoryEncoding(3)(np.array([[0]]), count_weights=np.ones((1, 1))),
        "count_weights needs output_mode='count'",
    ),
    (lambda: layers.Lambda(3), "function must be callable, got 3"),
    (lambda: layers.Normalization(mean=[1.0]), "mean and variance must be given together"),
    (lambda: layers.Normalization(axis=5).build((2, 3)), "axis .* does not fit"),
    (lambda: layers.Normalization().build((2, None)), "must be known"),
    (lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(X), "adapt can't be called"),
    (lambda: layers.Normalization().adapt([]), "at least one"),
    (lambda: layers.Wrapper(3), "layer must be a layer, got"),
]


@pytest.mark.parametrize(("act", "message"), WRONG)
def test_errors(act, message):
    with pytest.raises(ValueError, match=message):
        act()
