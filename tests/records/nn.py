"""Rows of the other modules of keraunos/ops for networks: onehot, norm, cross_entropy, conv, pooling, attention, patches, ctc."""

import numpy as np
from scipy import special

from tests.records import A, R, V

X = A("n", 3, 4)
IMAGE, LINE, VOLUME = A("n", 6, 5, 4), A("n", 7, 4), A("n", 4, 3, 5, 2)
EPS = 1e-7


def one_hot(x, num_classes, axis=-1, dtype="float32", **_):
    return np.moveaxis((np.asarray(x)[..., None] == np.arange(num_classes)), -1, axis).astype(dtype)


def layer_norm(x, gamma=1, beta=0, axis=-1, epsilon=EPS):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + epsilon) * gamma + beta


def bce(t, p, from_logits=False):
    if from_logits:
        return -t * special.log_expit(p) - (1 - t) * special.log_expit(-p)
    p = np.clip(p, EPS, 1 - EPS)
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


def cce(t, p, from_logits=False, axis=-1):
    if from_logits:
        return -(t * special.log_softmax(p, axis)).sum(axis)
    return -(t * np.log(np.clip(p / p.sum(axis, keepdims=True), EPS, 1 - EPS))).sum(axis)


def sparse_cce(t, p, from_logits=False, axis=-1):
    n = p.shape[axis]
    return cce(one_hot(t if t.ndim < p.ndim else t[..., 0], n, axis), p, from_logits, axis)


def probabilities(x):
    return abs(x) + 0.1


def batch_norm_training(x, scale, offset, axis=-1, epsilon=1e-3):
    mean, variance = x.mean((0, 1)), x.var((0, 1))
    return (x - mean) / np.sqrt(variance + epsilon) * scale + offset, mean, variance


def attention(q, k, v, mask=None, is_causal=False, bias=0, scale=None):
    repeats = q.shape[2] // k.shape[2]
    k, v = k.repeat(repeats, 2), v.repeat(repeats, 2)
    logits = np.einsum("bthd,bshd->bhts", q, k) * (q.shape[3] ** -0.5 if scale is None else scale) + bias
    allowed = np.ones(logits.shape, bool) if mask is None else np.broadcast_to(mask, logits.shape)
    if is_causal:
        allowed = allowed & np.tril(np.ones(logits.shape[-2:], bool))
    return np.einsum("bhts,bshd->bthd", special.softmax(np.where(allowed, logits, -1e30), -1), v)


def direct_conv(x, w, strides=1, padding="valid"):
    """A convolution of images by its definition."""
    k, s = w.shape[0], strides
    if padding == "same":
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n in x.shape[1:3]]
        x = np.pad(x, ((0, 0), *((t // 2, t - t // 2) for t in total), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), (1, 2))[:, ::s, ::s]  # (batch, h, w, channels, k, k)
    return np.einsum("bhwcij,ijcf->bhwf", windows, w)


def pooled(fn):
    def run(x, size):
        return fn(np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))[:, ::size, ::size], (-1, -2))

    return run


def rows_of(name, x, kernels, grad=True):
    """A convolution over the usual settings. (Keras's results have the dtype of the kernel, ours the common one.)"""
    yield R(name, x, *kernels)
    yield R(name, x, *kernels, padding="same")
    yield R(name, x, *kernels, strides=2, padding="same").check(grad=grad)
    yield R(name, x, *kernels, dilation_rate=2, padding="same")
    yield R(name, x, *kernels, strides=2)


def rows_of_transpose():
    for padding in ("valid", "same"):
        for k, s, extra in (
            (1, 1, None),
            (2, 1, None),
            (2, 3, None),
            (3, 2, None),
            (3, 2, 1),
            (3, 3, 0),
            (4, 2, 1),
            (5, 3, 2),
        ):
            given = {"strides": s, "padding": padding, "output_padding": extra}
            yield R("conv_transpose", LINE, A(k, 3, 4), **given).check(grad=(k, s, extra) == (3, 2, None))
    yield R("conv_transpose", IMAGE, A(3, 2, 3, 4), strides=(2, 3), padding="same")
    yield R("conv_transpose", A("n", 4, 5, 6), A(3, 2, 3, 4), strides=2, data_format="channels_first")
    yield R("conv_transpose", VOLUME, A(2, 2, 2, 3, 2), strides=2)
    yield R("conv_transpose", LINE, A(3, 3, 4), dilation_rate=2, padding="same")


def rows_of_pools():
    for name in ("max_pool", "average_pool"):
        for size, strides, padding in (
            (2, 2, "valid"),
            (2, 2, "same"),
            (3, 2, "valid"),
            (3, 2, "same"),
            (5, 3, "same"),
            (4, 4, "same"),
        ):
            yield R(name, IMAGE, size, strides, padding).check(grad=padding == "same" and size < 5)
        # Keras takes no rank-1 pool_size as an int unless strides are given.
        yield R(name, LINE, 2, 2).check(grad=True, dtypes="all" if name == "max_pool" else "number")
        yield R(name, VOLUME, (2, 1, 2), (2, 1, 1))
        yield R(name, A("n", 4, 5, 6), (2, 3), (2, 3), data_format="channels_first")
    yield R("max_pool", A("n", 6, 6, 2), 2).check(want=pooled(np.max), keras=False)  # Keras needs strides, see above
    yield R("average_pool", A("n", 6, 6, 2), 2).check(want=pooled(np.mean), keras=False)
    for name in ("adaptive_max_pool", "adaptive_average_pool"):
        for x, size in ((LINE, 3), (IMAGE, (4, 2)), (VOLUME, 2), (IMAGE, 1)):
            yield R(name, x, size).check(grad=size == 3)
        yield R(name, A("n", 4, 5, 6), (3, 4), data_format="channels_first")


LOGITS = A("n", 5, 4)
RECORDS = [
    R("one_hot", A("n", 3, dtype="int32", low=-1, high=5), 4).check(want=one_hot, dtypes="int"),
    R("one_hot", A("n", 3, dtype="int32", low=0, high=4), 4, axis=1, dtype="int32").check(want=one_hot),
    R("one_hot", A("n", 3, dtype="int32", low=0, high=4), 4, axis=0, dtype="bool").check(want=one_hot),
    R("multi_hot", A("n", 3, dtype="int32", low=-1, high=5), 4).check(want=lambda x, c: one_hot(x, c).max(1)),
    R("multi_hot", V([0, 2, 2]), num_classes=4).check(want=lambda x, num_classes: one_hot(x, num_classes).max(0)),
    R("moments", A("n", 3, 4), (1, 2)).check(want=lambda x, a: (x.mean(a), x.var(a)), dtypes="all", grad=True),
    R("moments", A("n", 3, 4), [-1], keepdims=True).check(
        want=lambda x, a, keepdims: (x.mean(-1, keepdims=True), x.var(-1, keepdims=True))
    ),
    R("batch_normalization", X, A(4), A(4, low=0.5), -1, A(4), A(4), epsilon=0.1).check(
        want=lambda x, m, v, a, o, s, epsilon: (x - m) / np.sqrt(v + epsilon) * s + o, grad=True, dtypes="number"
    ),
    R("batch_normalization", X, A(3), A(3, low=0.5), 1).check(
        want=lambda x, m, v, a: (x - m[:, None]) / np.sqrt(v[:, None] + 1e-3), grad=True
    ),
    # Keras has no such function.
    R("batch_normalization_training", X, A(4), A(4)).check(want=batch_norm_training, keras=False, empty=False, symbolic=False),
    R("group_normalization", A("n", 3, 4), A(4), A(4), groups=1, epsilon=0.1).check(
        want=lambda x, g, b, groups, epsilon: layer_norm(x, g, b, (1, 2), epsilon), grad=True, keras=False
    ),
    R("layer_normalization", X, A(4), A(4)).check(want=layer_norm, grad=True, tol=1e-4, dtypes="float"),
    R("layer_normalization", X, A(3, 4), A(3, 4), axis=(1, 2), epsilon=0.1).check(want=layer_norm, grad=True),
    R("rms_normalization", X, A(4)).check(
        want=lambda x, s: x / np.sqrt((x**2).mean(-1, keepdims=True) + EPS) * s, grad=True, dtypes="float"
    ),
    R("normalize", X).check(want=lambda x: x / np.sqrt((x**2).sum(-1, keepdims=True)), grad=True),
    R("normalize", X, axis=1, order=3).check(want=lambda x, axis, order: x / np.cbrt((abs(x) ** 3).sum(1, keepdims=True)), grad=True),
    R("normalize", V([[0.0, 0.0], [3.0, 4.0]])).check(want=lambda x: np.array([[0, 0], [0.6, 0.8]])),
    R("binary_crossentropy", A("n", 3, low=0, high=1), A("n", 3, low=0, high=1)).check(want=bce, grad=True, dtypes="all", tol=1e-4),
    R("binary_crossentropy", V([0.0, 1.0, 0.0, 1.0]), V([0.0, 1.0, 1.0, 0.0])).check(want=bce, tol=2e-2),  # 1 - 1e-7 in float32
    R("binary_crossentropy", A("n", 3, low=0, high=1), A("n", 3, low=-9, high=9), from_logits=True).check(want=bce, grad=True),
    R("binary_crossentropy", V([0.0, 0.0, 1.0, 1.0]), V([200.0, -200.0, 200.0, -200.0]), from_logits=True).check(want=bce),
    R("categorical_crossentropy", A("n", 4, low=0), A("n", 4, make=probabilities)).check(want=cce, grad=True, dtypes="float", tol=1e-4),
    R("categorical_crossentropy", A("n", 4, low=0), A("n", 4, low=-99, high=99), from_logits=True).check(want=cce, grad=True),
    R("categorical_crossentropy", A("n", 3, 4, low=0), A("n", 3, 4), from_logits=True, axis=1).check(want=cce, grad=True),
    R("sparse_categorical_crossentropy", A("n", dtype="int32", low=0, high=4), A("n", 4, make=probabilities)).check(
        want=sparse_cce, grad=True
    ),
    R("sparse_categorical_crossentropy", A("n", 1, dtype="int32", low=0, high=4), A("n", 4, low=-99, high=99), from_logits=True).check(
        want=sparse_cce, grad=True
    ),
    R("sparse_categorical_crossentropy", A("n", 2, dtype="int32", low=0, high=3), A("n", 3, 2), from_logits=True, axis=1).check(
        want=sparse_cce, grad=True, keras=False  # Keras wants the classes last here, though it takes an axis
    ),
    R("ctc_loss", A("n", 3, dtype="int32", low=1, high=4), LOGITS, A("n", dtype="int32", low=1, high=3), V([5, 4, 5, 3])).check(
        tol=1e-4, empty=False, symbolic=False
    ),
    # Keras's score of a greedy path adds up logits, not log probabilities.
    R("ctc_decode", LOGITS, V([5, 4, 5, 3])).check(keras=False, empty=False, symbolic=False),
    R("ctc_decode", LOGITS, V([5, 4, 5, 3]), "beam_search", beam_width=20, top_paths=3).check(
        tol=1e-4, empty=False, symbolic=False, jit=False
    ),
    R("ctc_decode", LOGITS, V([5, 4, 5, 3]), "beam_search", mask_index=2).check(tol=1e-4, empty=False, symbolic=False, jit=False),
    R("dense", A("n", 3, 4), A(4, 5)).check(want=np.matmul, grad=True, keras=False),  # Keras has no such function
    R("dense", A("n", 3, 4), A(4, 5), A(5)).check(want=lambda x, w, b: x @ w + b, grad=True, keras=False),
    R("conv", IMAGE, A(3, 3, 4, 6)).check(want=direct_conv),
    *[
        R("biased_conv", IMAGE, A(3, 3, 4, 6), A(6), **kwargs).check(grad=True, keras=False)  # Keras adds it in its layer
        for kwargs in ({}, {"strides": 2, "padding": "same"}, {"dilation_rate": 2}, {"padding": "same"})
    ],
    R("biased_conv", LINE, A(3, 2, 6), A(6)).check(keras=False),
    R("biased_conv", A("n", 4, 5, 6), A(3, 2, 2, 6), A(6), data_format="channels_first").check(keras=False),
    R("conv", IMAGE, A(2, 2, 4, 6), strides=2, padding="same").check(want=direct_conv),
    *rows_of("conv", LINE, [A(3, 4, 6)]),
    *rows_of("conv", IMAGE, [A(3, 2, 2, 6)]),
    *rows_of("conv", VOLUME, [A(2, 2, 2, 2, 3)]),
    R("conv", A("n", 4, 5, 6), A(3, 2, 2, 6), data_format="channels_first"),
    R("conv", LINE, A(3, 4, 6), padding="causal").check(
        want=lambda x, w, padding: sum(np.pad(x, ((0, 0), (2, 0), (0, 0)))[:, i : i + x.shape[1]] @ w[i] for i in range(3)),
        keras=False,  # Keras has it in its layer only
    ),
    *rows_of("depthwise_conv", LINE, [A(3, 4, 2)]),
    *rows_of("depthwise_conv", IMAGE, [A(2, 3, 4, 1)], grad=False),
    R("depthwise_conv", A("n", 4, 5, 6), A(2, 3, 4, 2), data_format="channels_first"),
    *rows_of("separable_conv", IMAGE, [A(3, 3, 4, 2), A(1, 1, 8, 3)], grad=False),
    *rows_of_transpose(),
    *rows_of_pools(),
    R("dot_product_attention", A("n", 5, 4, 3), A("n", 6, 2, 3), A("n", 6, 2, 3)).check(want=attention, grad=True, dtypes="float"),
    R("dot_product_attention", A("n", 5, 2, 3), A("n", 5, 2, 3), A("n", 5, 2, 3), scale=0.3, is_causal=True).check(
        want=attention, grad=True
    ),
    R(
        "dot_product_attention",
        A("n", 5, 2, 3), A("n", 5, 2, 3), A("n", 5, 2, 3), bias=A(1, 2, 5, 5), mask=np.tri(5, 5, 1, dtype=bool)[None, None],
    ).check(want=attention, grad=True),
    R("unfold", A("n", 2, 4, 5), 2).check(grad=True, dtypes="number"),
    R("unfold", A("n", 2, 4, 5), (2, 3), dilation=2, padding=2, stride=2).check(grad=True),
    R("fold", A("n", 12, 12), (4, 5), 2).check(grad=True, dtypes="float"),
    R("fold", A("n", 12, 9), (4, 5), (2, 3), dilation=1, padding=1, stride=2).check(grad=True),
    R("space_to_depth", A("n", 4, 6, 3), 2).check(dtypes="all"),
    R("space_to_depth", A("n", 3, 4, 6), 2, "channels_first"),
    R("depth_to_space", A("n", 2, 3, 12), 2).check(dtypes="all"),
    R("depth_to_space", A("n", 12, 2, 3), 2, "channels_first"),
    R("psnr", A(3, 2), A(3, 2), 255).check(
        want=lambda a, b, m: 20 * np.log10(m) - 10 * np.log10(((a - b) ** 2).mean()), grad=True, dtypes="float"
    ),
]  # fmt: skip
