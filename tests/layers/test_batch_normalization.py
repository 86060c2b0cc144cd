"""Batch statistics: padded rows and masks, moving averages, and what is refused."""

import jax
import numpy as np
import pytest

import keraunos as keras
from keraunos.core.scope import RealRows
from tests.layers.cases import weights_for
from tests.layers.harness import assert_near


def made(**kwargs):
    layer = keras.layers.BatchNormalization(momentum=0.7, **kwargs)
    layer.build((None, 3, 2))
    layer.set_weights(weights_for(layer.weights))
    return layer


def step(layer, x, rows=None, mask=None):
    """Outputs of the real rows, new statistics, gradients by gamma, beta and x, for padded or unpadded x."""
    n = len(x) if rows is None else rows

    def loss(trainable, x):
        kwargs = {"training": True} | ({} if mask is None else {"mask": mask})
        if rows is None:
            y, state = layer.stateless_call(trainable, other, x, **kwargs)
        else:
            real = (np.arange(len(x)) < rows).astype("float32")
            with RealRows(jax.numpy.asarray(real), jax.numpy.asarray(float(rows)), len(x)):
                y, state = layer.stateless_call(trainable, other, x, **kwargs)
        weights = np.random.default_rng(3).normal(size=y[:n].shape).astype("float32")
        return (y[:n] * weights).sum(), (y[:n], state)

    other = [v.value for v in layer.non_trainable_variables]
    trainable = [v.value for v in layer.trainable_variables]
    (_, (y, state)), grads = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)(trainable, jax.numpy.asarray(x))
    return y, state, grads[0], grads[1][:n]


@pytest.mark.parametrize(
    "kwargs", [{}, {"axis": 1}, {"renorm": True}, {"scale": False, "dtype": "mixed_bfloat16"}], ids=str
)
@pytest.mark.parametrize("filler", [0.0, 1e6])
def test_padded_rows_change_nothing(kwargs, filler, engine):
    if engine.name != "jax":
        pytest.skip("gradients are taken by jax.grad here")
    x = np.random.default_rng(0).normal(size=(5, 3, 2), loc=2.0).astype("float32")
    padded = np.concatenate([x, np.full((3, 3, 2), filler, "float32")])
    layer = made(**kwargs)
    plain, pads = step(layer, x), step(layer, padded, rows=5)
    assert_near(jax.tree_util.tree_leaves(pads), jax.tree_util.tree_leaves(plain), 2e-2 if "dtype" in kwargs else 1e-5)
    assert layer._row_wise


def test_masked_places_change_nothing():
    rng = np.random.default_rng(0)
    x, mask = rng.normal(size=(4, 3, 2)).astype("float32"), rng.random((4, 3)) < 0.5
    layer = made()
    y = keras.ops.convert_to_numpy(layer(x, training=True, mask=mask))
    mean, variance = x[mask].mean(0), x[mask].var(0)
    assert_near(layer.moving_mean, 0.7 * weights_for(layer.weights)[2] + 0.3 * mean, 1e-5)
    assert_near(y, (x - mean) / np.sqrt(variance + 1e-3) * layer.gamma.numpy() + layer.beta.numpy(), 1e-5)
    other = np.where(mask[..., None], x, 1e4).astype("float32")
    assert_near(keras.ops.convert_to_numpy(layer(other, training=True, mask=mask))[mask], y[mask], 1e-4)


def test_the_batch_comes_out_with_mean_0_and_variance_1():
    x = np.random.default_rng(0).normal(size=(64, 3, 2), loc=1000.0, scale=3.0).astype("float32")
    y = keras.ops.convert_to_numpy(keras.layers.BatchNormalization(epsilon=0.0)(x, training=True))
    assert_near(y.mean((0, 1)), np.zeros(2), 1e-4)
    assert_near(y.var((0, 1)), np.ones(2), 1e-3)


def test_statistics_of_16_bit_inputs_are_in_float32():
    x = np.random.default_rng(0).normal(size=(512, 2), loc=100.0).astype("float32")
    layer = keras.layers.BatchNormalization(momentum=0.0, dtype="mixed_float16")
    y = layer(x, training=True)
    assert keras.backend.standardize_dtype(y.dtype) == "float16" and layer.moving_mean.dtype == "float32"
    half = x.astype("float16").astype("float32")
    assert_near(layer.moving_mean, half.mean(0), 1e-4)
    assert_near(layer.moving_variance, half.var(0), 1e-3)


def test_a_frozen_layer_uses_and_keeps_its_averages():
    layer = made()
    before = layer.get_weights()
    layer.trainable = False
    x = np.ones((4, 3, 2), "float32")
    assert_near(layer(x, training=True), layer(x, training=False), 0)
    assert_near(layer.get_weights(), before, 0)


WRONG = [
    (TypeError, lambda: keras.layers.BatchNormalization(axis=[1]), "axis must be an integer"),
    (
        ValueError,
        lambda: keras.layers.BatchNormalization(renorm=True, renorm_clipping={"r": 1}),
        "renorm_clipping may hold",
    ),
    (ValueError, lambda: keras.layers.BatchNormalization(axis=3).build((2, 3)), "axis 3 must be a dimension"),
    (ValueError, lambda: keras.layers.BatchNormalization().build((2, None)), "whose size is known"),
    (ValueError, lambda: made()(np.ones((2, 3, 2)), training=True, mask=np.ones((3, 2))), "mask must have the shape"),
    (ValueError, lambda: made()(np.ones((2, 3, 4), "float32")), "last dimension 2 .set when the layer was built."),
    (TypeError, lambda: keras.layers.LayerNormalization(axis="1"), "axis must be an integer or a list"),
    (ValueError, lambda: keras.layers.LayerNormalization(axis=2).build((2, 3)), "axis 2 is out of range"),
    (ValueError, lambda: keras.layers.LayerNormalization().build((2, None)), "must be known"),
    (ValueError, lambda: keras.layers.GroupNormalization(groups=0), "groups must be a positive integer or -1"),
    (ValueError, lambda: keras.layers.GroupNormalization(groups=3).build((2, 4)), "must divide the 4 channels"),
    (ValueError, lambda: keras.layers.GroupNormalization(groups=2).build((2, None)), "channels must be known"),
    (ValueError, lambda: keras.layers.UnitNormalization(axis=4).build((2, 3)), "out of range"),
]


@pytest.mark.parametrize(("kind", "act", "message"), WRONG)
def test_errors(kind, act, message):
    with pytest.raises(kind, match=message):
        act()


def test_normalisation_over_the_batch_is_not_row_wise():
    for layer in (keras.layers.BatchNormalization(axis=0), keras.layers.UnitNormalization(axis=(0, 1))):
        layer.build((4, 3))
        assert not layer._row_wise


def test_the_old_rms_scaling():
    x = np.random.default_rng(0).normal(size=(4, 3), loc=1.0).astype("float32")
    with pytest.warns(UserWarning, match="use RMSNormalization"):
        layer = keras.layers.LayerNormalization(rms_scaling=True, epsilon=0.0)
    assert_near(layer(x), x / x.std(-1, keepdims=True), 1e-5)
    assert layer.get_config()["rms_scaling"] is True and [w.name for w in layer.weights] == ["gamma"]
