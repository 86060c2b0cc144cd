"""Attention: several heads, masks, shapes, errors. What all layers must do of Attention stands in test_cases.py."""

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers
from keraunos.backend import standardize_dtype, use
from keraunos.core.masks import get_mask, set_mask
from tests.layers.cases import weights_for
from tests.layers.harness import assert_near, in_a_hurry

rng = np.random.default_rng(0)
Q, V, K = (rng.normal(size=(2, n, 4)).astype("float32") for n in (3, 5, 5))
VMASK = np.array([[True, True, False, True, False], [True] * 5])
BAND = np.abs(np.arange(3)[:, None] - np.arange(5)) < 2


@pytest.fixture(autouse=True)
def quick():
    with in_a_hurry():
        yield


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def by_hand(layer, q, k, v, mask=None):
    """(output, scores) of several heads, by loops."""
    dense = [layer._query_dense, layer._key_dense, layer._value_dense]
    q, k, v = (
        x @ d.kernel.numpy().reshape(x.shape[-1], -1) + d.bias.numpy().ravel()
        for x, d in zip((q, k, v), dense, strict=True)
    )
    (heads, groups), (dim, _) = layer._heads, layer._dims
    q, k, v = (
        q.reshape(*q.shape[:2], heads, -1),
        k.reshape(*k.shape[:2], groups, -1),
        v.reshape(*v.shape[:2], groups, -1),
    )
    scores, out = [], []
    for h in range(heads):
        g = h // (heads // groups)
        s = q[:, :, h] @ k[:, :, g].swapaxes(1, 2) / np.sqrt(dim)
        s = softmax(s if mask is None else np.where(mask, s, -1e9))
        scores.append(s)
        out.append(s @ v[:, :, g])
    out = np.stack(out, 2)
    end = layer._output_dense
    return np.einsum("bthd,hde->bte", out, end.kernel.numpy()) + end.bias.numpy(), np.stack(scores, 1)


MAKE = [
    lambda **kw: layers.MultiHeadAttention(2, 3, value_dim=5, **kw),
    lambda **kw: layers.GroupQueryAttention(3, 6, 2, **kw),
    lambda **kw: layers.GroupQueryAttention(3, 4, 1, **kw),
]
MASKS = [
    ({}, {}, None),
    ({}, {"attention_mask": np.tril(np.ones((2, 3, 5)))}, np.tri(3, 5, dtype=bool)),
    ({}, {"attention_mask": BAND}, BAND),
    ({}, {"value_mask": VMASK}, VMASK[:, None]),
    ({}, {"key_mask": VMASK, "use_causal_mask": True}, VMASK[:, None] & np.tri(3, 5, dtype=bool)),
    ({"sliding_window": 2}, {}, BAND),
    ({"sliding_window": 2}, {"use_causal_mask": True}, BAND & np.tri(3, 5, dtype=bool)),
]


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize(("made_with", "called_with", "mask"), MASKS)
def test_several_heads_by_hand(make, made_with, called_with, mask):
    found = []
    for engine in ("jax", "numpy"):
        with use(engine):
            layer = make(**made_with)
            layer.build(Q.shape, V.shape)
            layer.set_weights(weights_for(layer.weights))
            plain = layer(Q, V, key=K, **called_with)
            found.append((plain, *layer(Q, V, key=K, return_attention_scores=True, **called_with)))
            assert_near(plain, found[-1][1], 1e-5, "the fused way")
    assert_near(found[0], found[1], 1e-5, "engines")
    assert_near(found[0][1:], by_hand(layer, Q, K, V, mask), 1e-5)


@pytest.mark.parametrize(
    ("axes", "shape"),
    [((2,), (2, 3, 2, 5, 5)), ((1, 2), (2, 2, 3, 5, 3, 5)), (-2, (2, 3, 2, 5, 5)), (None, (2, 2, 3, 5, 3, 5))],
)
def test_attention_axes(axes, shape):
    x = rng.normal(size=(2, 3, 5, 4)).astype("float32")
    layer = layers.MultiHeadAttention(2, 3, attention_axes=axes)
    y, scores = layer(x, x, return_attention_scores=True)
    assert y.shape == x.shape and scores.shape == shape
    flat = x.reshape(6, 5, 4) if len(shape) == 5 else x.reshape(2, 15, 4)
    plain = layers.MultiHeadAttention(2, 3)
    plain.build(flat.shape, flat.shape)
    plain.set_weights(layer.get_weights())
    assert_near(keras.ops.convert_to_numpy(y).reshape(flat.shape), plain(flat, flat), 1e-5)
    if len(shape) == 5:
        causal = layer(x, x, use_causal_mask=True)
        assert_near(
            keras.ops.convert_to_numpy(causal).reshape(flat.shape), plain(flat, flat, use_causal_mask=True), 1e-5
        )


def test_a_later_position_is_not_seen():
    layer = layers.MultiHeadAttention(2, 3)
    y = keras.ops.convert_to_numpy(layer(V, V, use_causal_mask=True))
    changed = V.copy()
    changed[:, 3:] += 1
    assert_near(layer(changed, changed, use_causal_mask=True)[:, :3], y[:, :3], 1e-6)


@pytest.mark.parametrize("make", MAKE)
def test_symbolic_shapes(make):
    layer = make()
    q, v = keras.Input((3, 4)), keras.Input((None, 4))
    assert layer(q, v).shape == (None, 3, 4)
    y, scores = layer(q, v, return_attention_scores=True, use_causal_mask=True)
    assert y.shape == (None, 3, 4) and scores.shape == (None, layer._heads[0], 3, None)
    model = keras.Model([q, v], [y, scores])
    assert [x.shape for x in model([Q, V])] == [(2, 3, 4), (2, layer._heads[0], 3, 5)]
    assert layers.MultiHeadAttention(2, 3, output_shape=(6, 2))(q, v).shape == (None, 3, 6, 2)


def test_masks_go_on():
    """The mask of the query goes to the output, that of the value hides."""
    q, v = keras.ops.array(Q.copy()), keras.ops.array(V.copy())  # on NumPy they are these arrays themselves
    set_mask(q, np.array([[True, True, False]] * 2))
    set_mask(v, VMASK)
    for layer in (layers.MultiHeadAttention(2, 3), layers.GroupQueryAttention(3, 6, 2)):
        assert_near(layer(q, v), layer(Q, V, value_mask=VMASK), 1e-6)
        assert np.asarray(get_mask(layer(q, v))).tolist() == [[True, True, False]] * 2
    single = layers.Attention()
    y = single([q, v])
    assert_near(y, single([Q, V], mask=[np.asarray(get_mask(q)), VMASK]), 1e-6)
    assert not np.asarray(y[:, 2]).any() and np.asarray(get_mask(y)).tolist() == [[True, True, False]] * 2


def test_configurations_round_trip():
    for made in (
        layers.MultiHeadAttention(
            2, 3, value_dim=5, output_shape=7, use_gate=True, dropout=0.1, activity_regularizer="l2", name="m"
        ),
        layers.GroupQueryAttention(3, 6, 2, use_bias=False, sliding_window=2, kernel_regularizer="l1", seed=3),
    ):
        made(Q, V)
        twin = keras.layers.deserialize(keras.layers.serialize(made))
        assert twin.get_config() == made.get_config()
        assert [(v.path, v.shape) for v in twin.weights] == [(v.path, v.shape) for v in made.weights]
        twin.set_weights(made.get_weights())
        assert_near(twin(Q, V), made(Q, V), 1e-6)


def test_half_precision():
    for make in MAKE:
        half, full = make(dtype="mixed_bfloat16"), make()
        full(Q, V)
        y, scores = half(Q, V, return_attention_scores=True)
        half.set_weights(full.get_weights())
        assert standardize_dtype(y.dtype) == standardize_dtype(scores.dtype) == "bfloat16"
        assert_near(half(Q, V, value_mask=VMASK), full(Q, V, value_mask=VMASK), 0.05)
    single = layers.Attention(dtype="mixed_float16")
    assert_near(single([Q, V], mask=[None, VMASK]), layers.Attention()([Q, V], mask=[None, VMASK]), 0.01)


X4 = np.ones((2, 3, 5, 4), "float32")
WRONG = [
    (lambda: layers.Attention(score_mode="sum"), "score_mode must be 'dot' or 'concat', got 'sum'"),
    (lambda: layers.Attention(dropout=2), "dropout must be a number between 0 and 1"),
    (lambda: layers.Attention()(Q), "expected a list of inputs"),
    (lambda: layers.Attention()([Q]), "expected a list of inputs"),
    (lambda: layers.Attention()([Q, V], mask=[VMASK]), "mask must be a list of masks"),
    (lambda: layers.MultiHeadAttention(0, 3), "num_heads must be a positive integer, got 0"),
    (lambda: layers.MultiHeadAttention(2, 3, sliding_window=0), "sliding_window must be a positive integer, got 0"),
    (lambda: layers.MultiHeadAttention(2, 3, dropout=0.5, flash_attention=True), "flash_attention=True can't drop"),
    (lambda: layers.MultiHeadAttention(2, 3, flash_attention=True)(Q, V), "no fused kernel"),
    (lambda: layers.MultiHeadAttention(2, 3)(Q[0], V[0]), r"query must be \(batch, ..., features\)"),
    (lambda: layers.MultiHeadAttention(2, 3)(Q, V, key=K[:, :2]), "value and key must have the same dimensions"),
    (lambda: layers.MultiHeadAttention(2, 3, attention_axes=3)(X4, X4), "attention_axes must be axes between"),
    (lambda: layers.MultiHeadAttention(2, 3)(X4, X4, use_causal_mask=True), "needs an order"),
    (lambda: layers.GroupQueryAttention(3, 6, 4), "num_key_value_heads must divide num_query_heads, got 4 and 6"),
    (lambda: layers.GroupQueryAttention(3, 6, 2)(X4, X4), r"query must be \(batch, T, features\)"),
]


@pytest.mark.parametrize(("act", "message"), WRONG)
def test_errors(act, message, engine):
    if message == "no fused kernel" and engine.name == "torch":
        pytest.skip("PyTorch has one")
    with pytest.raises(ValueError, match=message):
        act()
