"""Cases of the convolution layers."""

from tests.layers.cases import Case as C

FIRST = "channels_first"
CASES = [
    C("Conv1D", {"filters": 4, "kernel_size": 3}, (2, 8, 3)),
    C("Conv1D", {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, (2, 8, 3)),
    C("Conv1D", {"filters": 4, "kernel_size": (2,), "padding": "same", "strides": 2, "data_format": FIRST}, (2, 3, 7)),
    C("Conv2D", {"filters": 4, "kernel_size": 3}, (2, 6, 7, 3)),
    C(
        "Conv2D",
        {"filters": 4, "kernel_size": (2, 3), "strides": 2, "padding": "same", "use_bias": False},
        (2, 6, 7, 3),
    ),
    C(
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "groups": 2, "activation": "relu", "dilation_rate": (1, 2)},
        (2, 6, 7, 2),
    ),
    C("Conv2D", {"filters": 4, "kernel_size": 3, "data_format": FIRST, "kernel_regularizer": "l2"}, (2, 3, 6, 7)),
    C(
        "Conv2D",
        {"filters": 2, "kernel_size": 1, "activity_regularizer": "l1", "bias_initializer": "normal"},
        (2, 4, 4, 3),
    ),
    C("Conv3D", {"filters": 2, "kernel_size": 2}, (2, 4, 3, 5, 3)),
    C("Conv3D", {"filters": 2, "kernel_size": (2, 1, 3), "strides": (2, 1, 1), "padding": "same"}, (2, 4, 3, 5, 3)),
    C("Conv1DTranspose", {"filters": 4, "kernel_size": 3}, (2, 5, 3)),
    C("Conv1DTranspose", {"filters": 4, "kernel_size": 2, "strides": 3, "padding": "same"}, (2, 5, 3)),
    C("Conv1DTranspose", {"filters": 4, "kernel_size": 3, "strides": 3, "output_padding": 1}, (2, 5, 3)),
    C(
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "tanh"},
        (2, 4, 5, 3),
    ),
    C("Conv2DTranspose", {"filters": 4, "kernel_size": (2, 3), "strides": (1, 2), "data_format": FIRST}, (2, 3, 4, 5)),
    C(
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 4, "strides": 3, "padding": "same", "output_padding": 1},
        (2, 4, 5, 3),
    ),
    C("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "dilation_rate": 2}, (2, 4, 5, 3)),
    C("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2, "use_bias": False}, (2, 2, 3, 2, 3)),
    C("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, (2, 6, 3)),
    C("DepthwiseConv1D", {"kernel_size": 3, "padding": "same", "data_format": FIRST}, (2, 3, 6)),
    C("DepthwiseConv2D", {"kernel_size": 3}, (2, 6, 7, 3)),
    C("DepthwiseConv2D", {"kernel_size": 2, "strides": 2, "padding": "same", "depth_multiplier": 2}, (2, 6, 7, 3)),
    C(
        "DepthwiseConv2D",
        {"kernel_size": 3, "dilation_rate": 2, "data_format": FIRST, "activation": "relu"},
        (2, 3, 6, 7),
    ),
    C("SeparableConv1D", {"filters": 4, "kernel_size": 3, "depth_multiplier": 2}, (2, 6, 3)),
    C(
        "SeparableConv1D",
        {"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2, "data_format": FIRST},
        (2, 3, 6),
    ),
    C("SeparableConv2D", {"filters": 4, "kernel_size": 3, "pointwise_regularizer": "l2"}, (2, 6, 7, 3)),
    C(
        "SeparableConv2D",
        {"filters": 4, "kernel_size": 2, "padding": "same", "strides": 2, "use_bias": False},
        (2, 6, 7, 3),
    ),
    C("SeparableConv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "data_format": FIRST}, (2, 3, 6, 7)),
]
