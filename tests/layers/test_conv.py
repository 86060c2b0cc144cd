"""Convolutions: what is refused, and an invariant of the transposed ones."""

import numpy as np
import pytest

import keraunos as keras
from tests.layers.harness import assert_near

L = keras.layers
IMAGE = np.ones((1, 4, 5, 3), "float32")
WRONG = [
    (lambda: L.Conv2D(0, 2), "filters must be a positive integer, got 0"),
    (lambda: L.Conv2D(3, (2, 2, 2)), r"kernel_size must be a positive integer or 2 of them, got \(2, 2, 2\)"),
    (lambda: L.Conv2D(3, 0), "kernel_size must be a positive integer"),
    (lambda: L.Conv1D(3, 2.5), "kernel_size must be a positive integer, got 2.5"),
    (lambda: L.Conv2D(3, 2, strides=(1, 0)), "strides must be a positive integer"),
    (lambda: L.Conv2D(3, 2, padding="full"), r"padding must be one of \('valid', 'same'\), got 'full'"),
    (lambda: L.Conv2D(3, 2, padding="causal"), "padding must be one of"),
    (lambda: L.Conv2D(3, 2, data_format="last"), "data_format must be one of"),
    (lambda: L.Conv2D(3, 2, groups=2), r"divides filters \(3\), got 2"),
    (lambda: L.Conv2D(4, 2, groups=2)(IMAGE), r"groups \(2\) must divide the number of channels, got 3"),
    (lambda: L.Conv2D(3, 2, strides=2, dilation_rate=2), "can't both be greater than 1"),
    (lambda: L.Conv2D(3, 5)(IMAGE), r"kernel \(5, 5\) with dilation \(1, 1\) does not fit"),
    (lambda: L.Conv2D(3, 2)(IMAGE[0]), "at least 4 dimensions"),
    (lambda: L.Conv2D(3, 2)(keras.Input((4, 4, None))), "number of channels must be known"),
    (lambda: L.Conv2DTranspose(3, 2, strides=2, output_padding=2), "output_padding must be less than strides"),
    (lambda: L.Conv2DTranspose(3, 2, output_padding=-1), "output_padding must be a integer not below 0"),
    (lambda: L.DepthwiseConv2D(2, depth_multiplier=0), "depth_multiplier must be a positive integer"),
    (lambda: L.SeparableConv2D(0, 2), "filters must be a positive integer"),
]


@pytest.mark.parametrize(("act", "message"), WRONG)
def test_errors(act, message):
    with pytest.raises(ValueError, match=message):
        act()


def test_other_channels_than_it_was_built_for():
    layer = L.Conv2D(3, 2, name="first")
    layer(IMAGE)
    with pytest.raises(ValueError, match="Conv2D 'first': expected input with last dimension 3"):
        layer(np.ones((1, 4, 5, 2), "float32"))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (2, 3)])
def test_the_transposed_convolution_is_the_transposed_matrix(padding, size, stride):
    """<conv(x), y> = <x, conv_transpose(y)> with one kernel (with "valid", conv drops what its stride does not reach)."""
    back = L.Conv1DTranspose(2, size, strides=stride, padding=padding, use_bias=False)
    rng = np.random.default_rng(0)
    y = rng.normal(size=(1, 4, 3)).astype("float32")
    out = keras.ops.convert_to_numpy(back(y))
    forth = L.Conv1D(3, size, strides=stride, padding=padding, use_bias=False)
    x = rng.normal(size=out.shape).astype("float32")
    forth.build(x.shape)
    forth.set_weights([back.kernel.numpy()])
    assert_near(np.sum(keras.ops.convert_to_numpy(forth(x)) * y), np.sum(x * out), 1e-4)


def test_aliases_are_the_same_classes():
    assert L.Convolution2D is L.Conv2D and L.Convolution3DTranspose is L.Conv3DTranspose
    assert L.SeparableConvolution1D is L.SeparableConv1D and L.MaxPool2D is L.MaxPooling2D
    assert L.AvgPool1D is L.AveragePooling1D and L.GlobalMaxPool3D is L.GlobalMaxPooling3D
