"""Rows of keraunos/ops/activation.py."""

import numpy as np
from scipy import special

from tests.records import A, R

X = A("n", 3, low=-4, high=4)
EDGES = (-200.0, -6.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0, 200.0)


def elementwise(name, want, *args, dtypes="all", **slopes):
    """An elementwise function; ``slopes`` has its derivatives at the points of EDGES."""
    return R(name, X, *args).check(want=want, dtypes=dtypes, grad=True, **slopes)


def at(*slopes):
    return dict(zip(EDGES, slopes, strict=True))


def expit_slope(x):
    return special.expit(x) * special.expit(-x)


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def gelu(x, approximate=True):
    if approximate:
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x * special.ndtr(x)


def sparsemax(x):
    """By bisection for the threshold."""
    low, high = x.min(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(60):
        middle = (low + high) / 2
        above = np.maximum(x - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.maximum(x - low, 0)


def glu(x, axis=-1):
    a, b = np.split(x, 2, axis)
    return a * special.expit(b)


RECORDS = [
    elementwise("relu", lambda x: np.maximum(x, 0), kinks=at(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1)),
    elementwise("relu6", lambda x: np.clip(x, 0, 6), kinks=at(0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0)),
    # Keras refuses ints here and in silu and glu.
    elementwise("sigmoid", special.expit, dtypes="float", kinks={x: expit_slope(x) for x in EDGES}),
    elementwise("log_sigmoid", special.log_expit, dtypes="number", kinks={x: special.expit(-x) for x in EDGES}),
    elementwise("softplus", lambda x: np.logaddexp(x, 0), kinks={x: special.expit(x) for x in EDGES}),
    elementwise("softsign", lambda x: x / (1 + abs(x)), kinks={x: (1 + abs(x)) ** -2 for x in EDGES}),
    elementwise("silu", lambda x: x * special.expit(x), dtypes="float", kinks={-200.0: 0, 0.0: 0.5, 200.0: 1}),
    elementwise("swish", lambda x: x * special.expit(x), dtypes="float"),
    elementwise("gelu", gelu, kinks={-200.0: 0, 0.0: 0.5, 200.0: 1}),
    elementwise("gelu", gelu, False),
    elementwise("elu", elu, kinks={x: np.exp(min(x, 0)) for x in EDGES}),
    elementwise("elu", elu, 0.3),
    elementwise("celu", elu, kinks={x: np.exp(min(x, 0)) for x in EDGES}),
    elementwise("celu", lambda x, a: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0) / a)), 0.3),
    elementwise(
        "selu", lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772), kinks={0.0: 1.75809934, 1.0: 1.05070099}
    ),
    elementwise("leaky_relu", lambda x: np.where(x >= 0, x, 0.2 * x), kinks={x: 0.2 if x < 0 else 1 for x in EDGES}),
    elementwise("leaky_relu", lambda x, a: np.where(x >= 0, x, a * x), 0.5),
    elementwise("hard_sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), kinks={-3.0: 0, 0.0: 1 / 6, 3.0: 0, 200.0: 0}),
    elementwise("hard_silu", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), kinks={-3.0: 0, 0.0: 0.5, 3.0: 1, 200.0: 1}),
    elementwise("hard_swish", lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    elementwise("hard_tanh", lambda x: np.clip(x, -1, 1), kinks=at(0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0)),
    elementwise("hard_shrink", lambda x: np.where(abs(x) > 0.5, x, 0), kinks=at(1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1)),
    elementwise("hard_shrink", lambda x, t: np.where(abs(x) > t, x, 0), 1.5),
    elementwise(
        "soft_shrink", lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0), kinks=at(1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1)
    ),
    elementwise("tanh_shrink", lambda x: x - np.tanh(x), kinks={x: np.tanh(x) ** 2 for x in EDGES}),
    elementwise(
        "threshold", lambda x, t, d: np.where(x > t, x, d), 0.5, 2.0, kinks=at(0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1)
    ),
    elementwise("squareplus", lambda x: (x + np.sqrt(x**2 + 4)) / 2, kinks={0.0: 0.5}),
    elementwise("squareplus", lambda x, b: (x + np.sqrt(x**2 + b)) / 2, 1),
    elementwise("sparse_plus", lambda x: np.where(x < 1, (np.maximum(x, -1) + 1) ** 2 / 4, x), kinks={-1.0: 0, 1.0: 1}),
    elementwise("sparse_sigmoid", lambda x: np.clip((x + 1) / 2, 0, 1), kinks={-1.0: 0.25, 0.0: 0.5, 1.0: 0.25}),
    # Keras refuses bools in the softmaxes, and warns of a cast for ints.
    R("softmax", X).check(want=lambda x: special.softmax(x, -1), dtypes="float", grad=True),
    R("softmax", A("n", 3, 2), axis=(1, 2)).check(want=special.softmax, grad=True),
    R("softmax", A(3, 2), axis=None).check(want=special.softmax),
    R("log_softmax", X).check(want=lambda x: special.log_softmax(x, -1), dtypes="float", grad=True),
    R("log_softmax", A("n", 3, 2), axis=1).check(want=special.log_softmax, grad=True),
    R("sparsemax", X).check(want=sparsemax, grad=True, keras=False),  # Keras's rows don't sum to 1
    R("sparsemax", A("n", 5, 2), axis=1).check(
        want=lambda x, axis: np.moveaxis(sparsemax(np.moveaxis(x, 1, 2)), 2, 1), keras=False
    ),
    R("glu", A("n", 4)).check(want=glu, dtypes="float", grad=True),
    R("glu", A("n", 4, 3), axis=1).check(want=glu, grad=True),
]
