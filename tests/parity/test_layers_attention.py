"""Attention against real Keras: masks, and layers of several heads, whose inputs are arguments of their own."""

import jax
import numpy as np
import pytest

import keraunos

keras = pytest.importorskip("keras")

from tests.layers.cases import weights_for  # noqa: E402
from tests.layers.harness import in_a_hurry  # noqa: E402
from tests.parity.layer_harness import near, plain  # noqa: E402

rng = np.random.default_rng(0)
Q, V, K = (rng.normal(size=(2, n, 4)).astype("float32") for n in (3, 5, 5))
VMASK = np.array([[True, True, False, True, False], [True] * 5])
QMASK = np.array([[True, True, False], [True] * 3])

# Keras on JAX fails where value_dim is not key_dim.
HEADS = [
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
    (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "value_dim": 3, "output_shape": 7, "use_bias": False, "use_gate": True},
    ),
    ("MultiHeadAttention", {"num_heads": 3, "key_dim": 2, "output_shape": (2, 3), "kernel_initializer": "he_normal"}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "sliding_window": 2, "bias_initializer": "random_normal"}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "activity_regularizer": "l2", "kernel_regularizer": "l1"}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "dropout": 0.5, "seed": 3}),
    ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 6, "num_key_value_heads": 2}),
    (
        "GroupQueryAttention",
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 4, "use_gate": True, "use_bias": False},
    ),
    (
        "GroupQueryAttention",
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 1, "activity_regularizer": "l2"},
    ),
    (
        "GroupQueryAttention",
        {"head_dim": 3, "num_query_heads": 6, "num_key_value_heads": 2, "dropout": 0.5, "sliding_window": 3},
    ),
]
CALLS = [
    {"attention_mask": np.tril(np.ones((2, 3, 5), bool)), "value_mask": VMASK},
    {"use_causal_mask": True, "key_mask": VMASK, "return_attention_scores": True},
]


@pytest.fixture(autouse=True)
def quick():
    with in_a_hurry():
        yield


def run(layer, values, **kwargs):
    """Outputs, new state, and gradients by weights, query and value."""
    trainable = [v.value for v in layer.trainable_variables]
    other = [v.value for v in layer.non_trainable_variables]
    assert len(trainable) == len(values)

    def loss(trainable, q, v):
        y, state = layer.stateless_call(trainable, other, q, v, key=K, **kwargs)
        return sum((x**3).sum() for x in jax.tree_util.tree_leaves(y)), (y, state)

    program = jax.jit(
        jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)
    )  # one program compiles faster than its many ops
    (_, (y, state)), grads = program(trainable, Q, V)
    return y, state, grads


@pytest.mark.parametrize(("name", "kwargs"), HEADS)
def test_several_heads(name, kwargs):
    pair = []
    for library in (keraunos, keras):
        library.utils.clear_session(free_memory=False)
        library.utils.set_random_seed(11)
        layer = getattr(library.layers, name)(**kwargs)
        layer(Q, V, key=K)
        pair.append(layer)
    ours, theirs = pair
    assert plain(ours.get_config()) == plain(theirs.get_config())
    assert plain(keraunos.saving.serialize_keras_object(ours)) == plain(keras.saving.serialize_keras_object(theirs))
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    assert ours.compute_output_shape(Q.shape, V.shape) == theirs.compute_output_shape(Q.shape, V.shape)
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), np.asarray(b.value), rtol=1e-6, atol=1e-6, err_msg=a.path)
    values = weights_for(ours.weights)
    ours.set_weights(values)
    theirs.set_weights(values)
    near([layer(Q, V, key=K) for layer in pair[:1]], [layer(Q, V, key=K) for layer in pair[1:]], 1e-5, "eagerly")
    near(list(map(float, ours.losses)), list(map(float, theirs.losses)), 1e-5, "losses")
    for call in CALLS:
        for training in (False, True) if kwargs.get("dropout") else (False,):
            got, want = (run(layer, values, training=training, **call) for layer in pair)
            for what, g, w in zip(("outputs", "state", "gradients"), got, want, strict=True):
                near(g, w, 5e-5, f"{what}, {call}, training={training}")


def test_attention_axes():
    x = rng.normal(size=(2, 3, 5, 4)).astype("float32")
    for axes in ((2,), (1, 2), None):
        pair = [library.layers.MultiHeadAttention(2, 3, attention_axes=axes) for library in (keraunos, keras)]
        for layer in pair:
            layer.build(x.shape, x.shape)
            layer.set_weights(weights_for(pair[0].weights))
        got, want = (layer(x, x, return_attention_scores=True) for layer in pair)
        near(got, want, 1e-5, "")
        assert plain(pair[0].get_config()["attention_axes"]) == plain(pair[1].get_config()["attention_axes"])


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
@pytest.mark.parametrize("masks", [None, [QMASK, VMASK], [None, VMASK], [QMASK, None], [None, np.zeros((2, 5), bool)]])
def test_masks(name, masks):
    ours, theirs = (getattr(library.layers, name)() for library in (keraunos, keras))
    for layer in (ours, theirs):
        layer([Q, V])
        layer.set_weights(weights_for(ours.weights))
    for causal in (False, True):
        kwargs = {"mask": masks, "use_causal_mask": causal, "return_attention_scores": True}
        near(ours([Q, V, K], **kwargs), theirs([Q, V, K], **kwargs), 1e-5, f"causal={causal}")
