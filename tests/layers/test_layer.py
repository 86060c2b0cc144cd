"""The base of layers: parts, freezing, configuration, calling, masks, losses."""

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers, ops
from keraunos.backend import standardize_dtype
from keraunos.core.masks import get_mask


class Block(layers.Layer):
    def __init__(self, units, act="relu", **kwargs):
        super().__init__(**kwargs)
        self.units, self.act = units, act
        self.inner = [layers.Dense(units, activation=act), layers.Dense(units)]
        self.table = {"norm": layers.LayerNormalization()}

    def call(self, x, training=None):
        for layer in self.inner:
            x = layer(x)
        return self.table["norm"](x)


def test_parts_in_lists_and_dicts_are_found():
    block = Block(3)
    block(ops.ones((2, 4)))
    assert [w.path for w in block.weights] == [
        "block/dense/kernel",
        "block/dense/bias",
        "block/dense_1/kernel",
        "block/dense_1/bias",
        "block/layer_normalization/gamma",
        "block/layer_normalization/beta",
    ]
    assert block.count_params() == sum(w.size for w in block.weights)


def test_configuration_is_captured():
    block = Block(3, act="tanh", name="b")
    config = block.get_config()
    assert config["units"] == 3 and config["act"] == "tanh" and config["name"] == "b"
    again = Block.from_config(config)
    assert again.units == 3 and again.act == "tanh" and again.name == "b"


def test_freezing_and_thawing():
    block = Block(3)
    block(ops.ones((2, 4)))
    block.inner[0].trainable = False
    assert len(block.trainable_weights) == 4 and len(block.non_trainable_weights) == 2
    order = [w.path for w in block.weights]
    block.trainable = False
    assert block.trainable_weights == [] and [w.path for w in block.weights] == order
    block.trainable = True
    assert len(block.trainable_weights) == 6


def test_a_layer_without_super_init_says_so():
    class Forgetful(layers.Layer):
        def __init__(self):
            self.x = 1

    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        Forgetful()(ops.ones((1,)))


def test_output_shape_is_inferred_with_unknown_dimensions():
    x = keras.Input((None, 4))
    y = Block(3)(x)
    assert y.shape == (None, None, 3)
    assert Block(5).compute_output_shape((None, 7, 4)) == (None, 7, 5)


def test_training_reaches_inner_layers():
    seen = []

    class Probe(layers.Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x

    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.probe = Probe()

        def call(self, x, training=None):
            return self.probe(x)

    Outer()(ops.ones((1,)), training=True)
    Outer()(ops.ones((1,)))
    assert seen == [True, None]


def test_masks_travel_and_stop_with_a_warning():
    x = ops.convert_to_tensor(np.array([[1, 2, 0], [3, 0, 0]]))
    embedded = layers.Embedding(5, 4, mask_zero=True)(x)
    assert np.asarray(get_mask(embedded)).tolist() == [[True, True, False], [True, False, False]]
    assert get_mask(layers.Activation("relu")(embedded)) is not None

    class Deaf(layers.Layer):
        def call(self, x):
            return x * 2

    with pytest.warns(UserWarning, match="deaf.*mask"):
        assert get_mask(Deaf()(embedded)) is None


def test_losses_of_the_last_call_only():
    class Adds(layers.Layer):
        def call(self, x):
            self.add_loss(ops.sum(x))
            return x

    layer = Adds()
    layer(ops.ones((2,)))
    layer(3 * ops.ones((2,)))
    assert [float(x) for x in layer.losses] == [6.0]
    dense = layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1")
    dense(ops.ones((2, 3)))
    assert len(dense.losses) == 2


def test_stateless_call_changes_nothing(engine):
    layer = layers.BatchNormalization(momentum=0.5)
    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(8, 3)).astype("float32"))
    layer.build((None, 3))
    before = layer.get_weights()
    trainable = [v.value for v in layer.trainable_variables]
    other = [v.value for v in layer.non_trainable_variables]
    _, new = layer.stateless_call(trainable, other, x, training=True)
    assert not np.allclose(new[0], other[0])
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="trainable_variables must hold 2"):
        layer.stateless_call([], other, x)


def test_mixed_precision_computes_in_16_bits():
    layer = layers.Dense(2, dtype="mixed_bfloat16")
    y = layer(np.ones((1, 3), "float32"))
    assert (
        standardize_dtype(y.dtype) == "bfloat16"
        and layer.kernel.dtype == "float32"
        and layer.compute_dtype == "bfloat16"
    )


def test_build_config_goes_round():
    layer = layers.Dense(2)
    layer.build((None, 3))
    again = layers.Dense.from_config(layer.get_config())
    again.build_from_config(layer.get_build_config())
    assert again.kernel.shape == (3, 2)


def test_engine_of_a_layer_is_that_of_its_making():
    with keras.backend.use("numpy"):
        layer = layers.Dense(2)
        layer.build((None, 3))
    assert type(layer(np.ones((1, 3), "float32"))).__name__ == "ndarray"


def test_the_build_shape_is_that_of_the_outermost_build():
    class Halved(layers.Dense):
        def build(self, input_shape):
            super().build((*input_shape[:-1], input_shape[-1] // 2))

        def call(self, x):
            return super().call(x[..., ::2])

    class Fails(layers.Layer):
        def build(self, input_shape):
            raise RuntimeError("no")

    layer = Halved(2)
    layer(ops.ones((3, 4)))
    assert layer.get_build_config() == {"input_shape": (3, 4)} and layer.kernel.shape == (2, 2)
    with pytest.raises(RuntimeError):
        Fails().build((1,))
