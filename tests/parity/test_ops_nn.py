"""Gradients of the ops for networks against real Keras: at kinks, at ties, for the paddings of convolutions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from keraunos import ops

keras = pytest.importorskip("keras")
RNG = np.random.default_rng(0)
POINTS = np.array([-200, -20, -6, -3, -1, -0.5, -0.0, 0.0, 0.5, 1, 3, 6, 20, 200], np.float32)
ELEMENTWISE = (
    "relu relu6 sigmoid softplus softsign silu gelu elu selu celu leaky_relu hard_sigmoid hard_silu hard_tanh hard_shrink "
    "soft_shrink tanh_shrink squareplus sparse_plus sparse_sigmoid log_sigmoid"
).split()


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def compare_gradients(call, *arrays, tol=1e-4):
    """The gradient of a random weighting of the result, by each array."""
    weights = normal(*np.shape(call(keras.ops, *arrays)))
    places = tuple(range(len(arrays)))
    ours, theirs = (
        jax.jit(jax.grad(lambda *a, m=module: (call(m, *a) * weights).sum(), places))(*arrays)
        for module in (ops, keras.ops)
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tol, atol=tol)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slopes_at_kinks(name):
    ours, theirs = (jax.vmap(jax.grad(getattr(m, name)))(jnp.asarray(POINTS)) for m in (ops, keras.ops))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("size", "strides"), [(2, 2), (2, 1), (3, 2), (3, 3), (4, 2), (5, 5)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_ties_in_max_pooling(size, strides, padding):
    x = RNG.integers(0, 3, size=(2, 7, 8, 3)).astype(np.float32)
    compare_gradients(lambda m, x: m.max_pool(x, size, strides, padding), x)


@pytest.mark.parametrize("settings", [{}, {"padding": "same", "strides": 2}, {"padding": "same", "dilation_rate": 2}])
def test_convolutions(settings):
    compare_gradients(lambda m, x, w: m.conv(x, w, **settings), normal(2, 8, 7, 4), normal(3, 3, 4, 6))
    compare_gradients(lambda m, x, w: m.depthwise_conv(x, w, **settings), normal(2, 8, 7, 4), normal(3, 3, 4, 2))
    if "dilation_rate" not in settings:
        compare_gradients(lambda m, x, w: m.conv_transpose(x, w, **settings), normal(2, 4, 5, 4), normal(3, 3, 2, 4))


@pytest.mark.parametrize("name", ["categorical_crossentropy", "binary_crossentropy"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_cross_entropies(name, from_logits):
    target, output = RNG.dirichlet(np.ones(4), 5).astype(np.float32), RNG.dirichlet(np.ones(4), 5).astype(np.float32)
    output = 50 * normal(5, 4) if from_logits else output
    compare_gradients(lambda m, t, p: getattr(m, name)(t, p, from_logits), target, output)
    labels = np.array([0, 3, 1, 2, 2])
    if name.startswith("categorical"):
        compare_gradients(lambda m, p: m.sparse_categorical_crossentropy(labels, p, from_logits), output)


def test_attention_with_masked_rows():
    q, k, v = normal(2, 5, 4, 3), normal(2, 6, 2, 3), normal(2, 6, 2, 3)
    mask = RNG.random((2, 1, 5, 6)) > 0.4
    mask[0, 0, 2] = False  # a query that may look nowhere
    compare_gradients(lambda m, q, k, v: m.dot_product_attention(q, k, v, mask=mask), q, k, v)


def test_ctc():
    target, frames = np.array([[1, 2, 2], [3, 0, 0]]), normal(2, 6, 4)
    compare_gradients(lambda m, x: m.ctc_loss(jnp.asarray(target), x, jnp.array([3, 1]), jnp.array([6, 4])), frames)
