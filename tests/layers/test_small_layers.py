"""Dense, embedding, reshaping, borders, pooling, noise: errors, masks, and properties that no table holds."""

import numpy as np
import pytest

import keraunos as keras
from keraunos.core.masks import get_mask
from tests.layers.harness import assert_near

L = keras.layers
X = np.ones((2, 4), "float32")
WRONG = [
    (ValueError, lambda: L.Dense(0), "units must be a positive integer, got 0"),
    (ValueError, lambda: L.Dense(3)(keras.Input((None,))), "last dimension of the input must be known"),
    (ValueError, lambda: L.Dense(3)(np.ones(3, "float32")), "at least 2 dimensions"),
    (ValueError, lambda: L.EinsumDense("ab,bcac", 3), "equation must have the form"),
    (ValueError, lambda: L.EinsumDense("abc,cd->abd", 3)(X), r"input shape \(2, 4\) does not fit 'abc'"),
    (ValueError, lambda: L.EinsumDense("ab,bc->ac", (2, 3))(X), "must hold a size, or None, for each of"),
    (ValueError, lambda: L.EinsumDense("ab,bc->ac", 3, bias_axes="x")(X), "bias_axes must be letters of the output"),
    (
        ValueError,
        lambda: L.EinsumDense("abc,cd->abd", (5, 3))(np.ones((2, 4, 2))),
        "'b' of the equation .* is 4 in the input",
    ),
    (ValueError, lambda: L.EinsumDense("ab,bc->ac", (None,))(X), r"kernel's dimensions \['c'\] must be known"),
    (ValueError, lambda: L.Embedding(0, 3), "input_dim must be a positive integer"),
    (
        ValueError,
        lambda: L.Embedding(5, 3, weights=[np.ones((4, 3))])(np.array([1])),
        r"has shape \(5, 3\), got \(4, 3\)",
    ),
    (ValueError, lambda: L.Reshape((-1, -1)), "with at most one -1"),
    (ValueError, lambda: L.Reshape((3,))(X), r"\(4 elements\) can't take the target_shape \(3,\)"),
    (ValueError, lambda: L.Reshape((-1, 3))(X), "a multiple of 3"),
    (ValueError, lambda: L.Permute((1, 3)), "permutation of 1 to 2"),
    (TypeError, lambda: L.RepeatVector(2.0), "n must be an integer"),
    (ValueError, lambda: L.RepeatVector(2)(np.ones((2, 3, 4))), "with 2 dimensions"),
    (ValueError, lambda: L.ZeroPadding1D(-1), "integer not below 0 or a pair"),
    (ValueError, lambda: L.ZeroPadding2D((1, 2, 3)), "for each of 2 dimensions, got"),
    (ValueError, lambda: L.Cropping2D(((1, 2), (3,))), "cropping must be"),
    (ValueError, lambda: L.Cropping1D(2)(np.ones((1, 4, 1))), "leaves nothing of an input"),
    (ValueError, lambda: L.UpSampling2D(0), "size must be a positive integer"),
    (ValueError, lambda: L.UpSampling2D(2, interpolation="linear"), "interpolation must be one of"),
    (ValueError, lambda: L.MaxPooling2D(0), "pool_size must be a positive integer"),
    (ValueError, lambda: L.MaxPooling1D(5)(keras.Input((4, 1))), "does not fit into an input"),
    (ValueError, lambda: L.AveragePooling2D(2, padding="causal"), "padding must be one of"),
    (ValueError, lambda: L.GlobalMaxPooling2D()(np.ones((2, 3, 4))), "with 4 dimensions"),
    (ValueError, lambda: L.AdaptiveMaxPooling2D((2, 0)), "output_size must be a positive integer"),
    (ValueError, lambda: L.Dropout(1.5), "rate must be a number between 0 and 1, got 1.5"),
    (ValueError, lambda: L.Dropout(0.5, noise_shape=(0, 1)), "noise_shape must be a tuple of positive integers"),
    (ValueError, lambda: L.GaussianDropout(1), "rate must be less than 1"),
    (ValueError, lambda: L.GaussianNoise(-1), "stddev must be a number"),
    (ValueError, lambda: L.SpatialDropout2D(0.5)(np.ones((2, 3, 4))), "with 4 dimensions"),
]


@pytest.mark.parametrize(("kind", "act", "message"), WRONG)
def test_errors(kind, act, message):
    with pytest.raises(kind, match=message):
        act()


def test_embedding_masks_zeros_and_takes_first_weights():
    table = np.arange(12.0).reshape(4, 3)
    layer = L.Embedding(4, 3, weights=[table], mask_zero=True)
    y = layer(np.array([[1, 0], [3, 2]]))
    assert_near(y, table[[[1, 0], [3, 2]]], 0)
    assert np.asarray(get_mask(y)).tolist() == [[True, False], [True, True]]
    assert get_mask(L.Embedding(4, 3)(np.array([0]))) is None


def test_embedding_of_large_indices_that_come_as_floats_keeps_their_digits():
    table = (np.arange(3000.0) == 2049)[:, None]  # 2049 is no bfloat16
    layer = L.Embedding(3000, 1, weights=[table], dtype="mixed_bfloat16")
    assert_near(layer(np.array([[2049.0]], "float32")), np.ones((1, 1, 1)), 0)


@pytest.mark.parametrize(
    "layer", [L.Dropout(0.3), L.Activation("relu"), L.LayerNormalization(), L.Dense(3), L.GaussianNoise(0.1)], ids=repr
)
def test_masks_go_through(layer):
    x = L.Embedding(4, 3, mask_zero=True)(np.array([[1, 0], [3, 2]]))
    assert np.asarray(get_mask(layer(x))).tolist() == [[True, False], [True, True]]


@pytest.mark.parametrize("layer", [L.Flatten(), L.Conv1D(2, 1), L.RMSNormalization()], ids=repr)
def test_masks_end(layer):
    x = L.Embedding(4, 3, mask_zero=True)(np.array([[1, 0], [3, 2]]))
    with pytest.warns(UserWarning, match="does not support masking"):
        assert get_mask(layer(x)) is None


def test_mean_of_masked_steps():
    x = L.Embedding(4, 1, mask_zero=True, weights=[np.array([[9.0], [1.0], [2.0], [3.0]])])(np.array([[1, 3, 0]]))
    y = L.GlobalAveragePooling1D()(x)
    assert_near(y, np.full((1, 1), 2.0), 1e-6)
    assert get_mask(y) is None


NOISE = [
    L.Dropout(0.4, seed=1),
    L.Dropout(0.4, noise_shape=(None, 1, None), seed=1),
    L.SpatialDropout1D(0.4, seed=1),
    L.GaussianNoise(0.3, seed=1),
    L.GaussianDropout(0.3, seed=1),
    L.AlphaDropout(0.3, seed=1),
]


@pytest.mark.parametrize("layer", NOISE, ids=lambda v: v.name)
def test_the_first_rows_of_a_padded_batch_get_the_same_noise(layer):
    x = np.random.default_rng(0).normal(size=(8, 3, 4)).astype("float32")
    found = []
    for rows in (5, 8):
        twin = type(layer).from_config(layer.get_config())
        found.append(np.asarray(twin(x[:rows], training=True))[:5])
    assert_near(*found, 0)


def test_noise_differs_from_call_to_call_and_keeps_the_mean():
    layer = L.Dropout(0.25, seed=1)
    x = np.ones((200, 50), "float32")
    one, two = np.asarray(layer(x, training=True)), np.asarray(layer(x, training=True))
    assert (one != two).any() and set(np.unique(one)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs(one.mean() - 1) < 0.02


@pytest.mark.parametrize("make", [L.Dropout, L.GaussianDropout, L.AlphaDropout, L.GaussianNoise])
def test_no_seed_where_there_is_no_noise(make):
    layer = make(0)
    assert layer.variables == [] and layer(X, training=True) is not None


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(size=(400, 400)).astype("float32")
    y = np.asarray(L.AlphaDropout(0.2, seed=1)(x, training=True))
    assert abs(y.mean()) < 0.01 and abs(y.var() - 1) < 0.02


def test_spatial_dropout_under_a_mixed_policy_keeps_it():
    layer = L.SpatialDropout1D(0.5, dtype="mixed_bfloat16")
    assert L.SpatialDropout1D.from_config(layer.get_config()).compute_dtype == "bfloat16"


def test_activity_regularization_is_counted_by_sample():
    layer = L.ActivityRegularization(l1=0.5, l2=0.1)
    layer(np.full((4, 3), -2.0, "float32"))
    assert_near([layer.losses[0]], [0.5 * 6 + 0.1 * 12], 1e-6)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_enlarging_keeps_constants(size, interpolation):
    y = L.UpSampling2D(size, interpolation=interpolation)(np.full((1, 4, 5, 2), 3.0, "float32"))
    assert_near(y, np.full((1, 4 * size, 5 * size, 2), 3.0), 1e-5)


def test_padding_then_cropping_gives_the_input():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 2)).astype("float32")
    widths = ((1, 2), (0, 3))
    assert_near(L.Cropping2D(widths)(L.ZeroPadding2D(widths)(x)), x, 0)
    assert L.Cropping2D(widths)(L.ZeroPadding2D(widths)(keras.Input((3, None, 2)))).shape == (None, 3, None, 2)


def test_unknown_sizes_go_through_shape_inference():
    x = keras.Input((None, None, 3))
    assert L.Conv2D(4, 3, strides=2, padding="same")(x).shape == (None, None, None, 4)
    assert L.MaxPooling2D()(x).shape == (None, None, None, 3)
    assert L.GlobalAveragePooling2D()(x).shape == (None, 3)
    assert L.Flatten()(x).shape == (None, None)
    assert L.Reshape((-1, 3))(x).shape == (None, None, 3)
    assert L.Conv2DTranspose(4, 3, strides=2)(x).shape == (None, None, None, 4)
    assert L.UpSampling2D()(x).shape == (None, None, None, 3)
