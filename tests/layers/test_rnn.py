"""Recurrent layers: states, masks, cells of one's own, errors. What all layers must do stands in test_cases.py."""

import copy

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers, ops
from keraunos.core.masks import get_mask
from tests.layers.harness import assert_near, in_a_hurry

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
MASK = np.array([[True, True, False, True], [False, True, True, False]])


@pytest.fixture(autouse=True)
def quick():
    with in_a_hurry():
        yield


class Decay(layers.Layer):
    """A cell whose output is another shape than its state, with a part that draws and one that counts."""

    def __init__(self, rate=0.0, **kwargs):
        super().__init__(**kwargs)
        self.state_size, self.output_size = 3, 4
        self.drop = layers.Dropout(rate, seed=1)
        self.dense = layers.Dense(4, kernel_initializer="ones")
        self.calls = self.add_weight((), "zeros", trainable=False, name="calls")

    def call(self, inputs, states, training=False):
        self.calls.assign_add(1.0)
        h = 0.5 * states[0] + self.drop(inputs, training=training)
        return self.dense(h), [h]


def plain_decay(x, mask=None):
    h, y = np.zeros((2, 3), "float32"), np.zeros((2, 4), "float32")
    found = []
    for t in range(x.shape[1]):
        new = 0.5 * h + x[:, t]
        keep = np.ones((2, 1), bool) if mask is None else mask[:, t, None]
        y = np.where(keep, new.sum(-1, keepdims=True) * np.ones(4), y)
        h = np.where(keep, new, h)
        found.append(y)
    return np.stack(found, 1), h


@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("unroll", [False, True])
def test_a_cell_of_ones_own(mask, unroll):
    y, h = layers.RNN(Decay(), return_sequences=True, return_state=True, unroll=unroll)(X, mask=mask)
    assert_near((y, h), plain_decay(X, mask), 1e-6)
    assert_near(layers.RNN(Decay())(X, mask=mask), plain_decay(X, mask)[0][:, -1], 1e-6)


def test_what_a_cell_changes_in_each_step_is_kept():
    layer = layers.RNN(Decay(0.5), return_sequences=True)
    layer(X, training=True)
    assert float(layer.cell.calls) == 4
    assert np.asarray(layer.cell.drop.seed_generator.state).tolist() == [1, 4]
    first, second = layer(np.ones_like(X), training=True), layer(np.ones_like(X), training=True)
    assert np.abs(np.asarray(first) - np.asarray(second)).max() > 0.1


def test_symbolic_shapes_of_a_cell_of_ones_own():
    y = layers.RNN(Decay(), return_sequences=True)(keras.Input((None, 3)))
    assert y.shape == (None, None, 4)


class Plain:
    """A cell that is no layer."""

    state_size = 3

    def call(self, inputs, states):
        return inputs + states[0], [inputs + states[0]]


def test_a_cell_that_is_no_layer():
    assert_near(layers.RNN(Plain())(X), X.sum(1), 1e-6)
    assert_near(layers.RNN([Plain(), Plain()])(X), X.cumsum(1).sum(1), 1e-6)


@pytest.mark.parametrize(
    "make", [layers.SimpleRNN, layers.GRU, layers.LSTM, lambda n, **k: layers.RNN(layers.GRUCell(n), **k)]
)
def test_a_stateful_layer_goes_on(make):
    whole = make(5, return_sequences=True)
    y = keras.ops.convert_to_numpy(whole(X))
    parts = make(5, return_sequences=True, stateful=True)
    parts.build((2, 2, 3))
    parts.set_weights(whole.get_weights())
    for _ in range(2):
        assert_near(keras.ops.convert_to_numpy(ops.concatenate([parts(X[:, :2]), parts(X[:, 2:])], 1)), y, 1e-6)
        parts.reset_state()
    assert not parts._row_wise
    # As seeds, its states are variables but no weights.
    states = [s.path for s in parts.states]
    assert {v.path for v in parts.variables} >= set(states) and len(parts.weights) == 3
    variables = [v.value for v in parts.non_trainable_variables]
    assert_near(
        parts.stateless_call([v.value for v in parts.trainable_variables], variables, X[:, :2])[0], y[:, :2], 1e-6
    )
    assert not np.asarray(parts.states[0].value).any()


def test_initial_states():
    layer = layers.LSTM(5, return_state=True)
    y, h, c = layer(X[:, :2])
    assert_near(layer(X[:, 2:], initial_state=[h, c]), layer(X), 1e-6)
    stacked = layers.RNN([layers.LSTMCell(5), layers.GRUCell(4)], return_state=True)
    y, first, second = stacked(X[:, :2])
    assert_near(stacked(X[:, 2:], initial_state=[first, second])[0], stacked(X)[0], 1e-6)
    assert_near(stacked(X[:, 2:], initial_state=[*first, *second])[0], stacked(X)[0], 1e-6)
    both = layers.Bidirectional(layers.GRU(5, return_state=True))
    _, one, other = both(X)
    assert (
        np.abs(
            keras.ops.convert_to_numpy(both(X, initial_state=[one, other])[1]) - keras.ops.convert_to_numpy(one)
        ).max()
        > 1e-3
    )


def test_an_encoder_and_a_decoder():
    """States as symbolic tensors."""
    seen = keras.Input((4, 3))
    _, h, c = layers.LSTM(5, return_state=True)(seen)
    decoder = layers.LSTM(5, return_sequences=True)
    model = keras.Model(seen, decoder(seen, initial_state=[h, c]))
    assert model(X).shape == (2, 4, 5) and model.output.shape == (None, 4, 5)
    assert decoder.get_build_config()["shapes_dict"]["initial_state_shape"] == [(None, 5), (None, 5)]


def test_masks_go_on():
    x = layers.Masking()(X * MASK[..., None])
    for layer in (layers.GRU(3, return_sequences=True), layers.Bidirectional(layers.LSTM(3, return_sequences=True))):
        assert np.asarray(get_mask(layer(x))).tolist() == MASK.tolist()
        assert_near(layer(x), layer(X * MASK[..., None], mask=MASK), 1e-6)
    assert get_mask(layers.GRU(3)(x)) is None
    y, _ = layers.GRU(3, return_sequences=True, return_state=True)(x)
    assert np.asarray(get_mask(y)).tolist() == MASK.tolist()


def test_padding_changes_nothing():
    """Steps that are masked at the end are as if they were not there, in both directions."""
    layer = layers.Bidirectional(layers.LSTM(5, return_sequences=True))
    mask = np.array([[True, True, True, False]] * 2)
    assert_near(layer(X, mask=mask)[:, :3], layer(X[:, :3]), 1e-6)
    assert not np.asarray(layer(X, mask=mask)[:, 3]).any()


def test_both_directions_of_a_layer_that_goes_backwards():
    one = layers.Bidirectional(layers.GRU(5))
    one(X)
    other = layers.Bidirectional(layers.GRU(5, go_backwards=True))
    other(X)
    weights = one.get_weights()
    other.set_weights(weights[3:] + weights[:3])
    assert_near(ops.roll(other(X), 5, axis=-1), one(X), 1e-6)


def test_first_weights_of_both_directions():
    first = [np.full(s, 0.1, "float32") for s in [(3, 2), (2, 2), (2,)] * 2]
    layer = layers.Bidirectional(layers.SimpleRNN(2), weights=first)
    layer(X)
    assert_near(layer.get_weights(), first, 0)
    assert "weights" not in layer.get_config()


def test_settings_of_the_cell_are_the_layers():
    layer = layers.LSTM(5, dropout=0.25, recurrent_initializer="zeros", trainable=False, dtype="mixed_bfloat16")
    assert (layer.units, layer.dropout, layer.recurrent_initializer) == (5, 0.25, layer.cell.recurrent_initializer)
    assert not layer.cell.trainable and layer.cell.compute_dtype == "bfloat16"
    layer.trainable = True
    layer(X)
    assert len(layer.trainable_weights) == 3


def test_an_eager_call_compiles_once(engine):
    if engine.tapes:
        pytest.skip("the engine runs an eager call as it is, so that the user can take gradients")
    layer = layers.LSTM(5)
    layer(X)
    layer(X)
    assert len(layer._programs._found) == 1
    layer.trainable = False
    twin = copy.deepcopy(layer)
    assert not twin._programs._found
    assert_near(twin(X), layer(X), 0)
    layer.set_weights([2 * w for w in layer.get_weights()])
    assert np.abs(np.asarray(twin(X)) - np.asarray(layer(X))).max() > 1e-3
    layer.return_sequences = True
    assert layer(X).shape == (2, 4, 5)


def test_dropout_is_the_same_at_all_steps():
    layer = layers.SimpleRNN(
        3, dropout=0.5, activation=None, recurrent_initializer="zeros", kernel_initializer="identity", seed=2
    )
    layer.return_sequences = True
    y = np.asarray(layer(np.ones((8, 4, 3), "float32"), training=True))
    assert (y == y[:, :1]).all() and {0.0, 2.0} == set(y.ravel().tolist())
    before = np.asarray(layer.cell.seed_generator.state).tolist()
    layer(X, training=False)
    assert np.asarray(layer.cell.seed_generator.state).tolist() == before


def test_time_distributed_folds_time_into_the_batch():
    inner = layers.LSTM(3)
    x = np.random.default_rng(1).normal(size=(2, 4, 5, 3)).astype("float32")
    mask = np.random.default_rng(2).random((2, 4, 5)) < 0.7
    layer = layers.TimeDistributed(inner)
    want = np.stack([inner(x[:, t], mask=mask[:, t]) for t in range(4)], 1)
    y = layer(x, mask=mask)
    assert_near(y, want, 1e-6)
    assert np.asarray(get_mask(y)).tolist() == mask.any(-1).tolist()
    with keras.core.scope.RealRows(np.array([1.0, 0.0], "float32"), 1.0, 2):
        normed = layers.TimeDistributed(layers.BatchNormalization(momentum=0.0))
        normed(x, training=True)
    assert_near(normed.weights[2].numpy(), x[:1].mean((0, 1, 2)), 1e-5)


WRONG = [
    (lambda: layers.LSTM(0), "units must be a positive integer, got 0"),
    (lambda: layers.GRU(3, dropout=1.5), "dropout must be a number between 0 and 1, got 1.5"),
    (lambda: layers.RNN(3), r"a cell must have a method call\(inputs, states\)"),
    (lambda: layers.RNN([]), "cells must be a list of at least one cell"),
    (lambda: layers.RNN(layers.Dense(3)), "an attribute state_size"),
    (lambda: layers.LSTM(3)(X[0]), "expected input with 3 dimensions"),
    (lambda: layers.LSTM(3)(X, initial_state=[X[:, 0]]), r"initial_state must hold 2 array\(s\), got 1"),
    (lambda: layers.GRU(3)(X, initial_state=np.ones((2, 4))), r"initial_state: expected shape \(2, 3\), got \(2, 4\)"),
    (lambda: layers.GRU(3)(X[:, :0]), "at least one time step"),
    (lambda: layers.GRU(3, stateful=True)(keras.Input((4, 3))), "needs a known batch size"),
    (lambda: layers.LSTMCell(3)(X[:, 0], [X[:, 0]]), r"expected 2 state\(s\), got 1"),
    (lambda: layers.Bidirectional(layers.Dense(3)), "layer must be a recurrent layer"),
    (lambda: layers.Bidirectional(layers.GRU(3), merge_mode="max"), "merge_mode must be one of"),
    (lambda: layers.Bidirectional(layers.GRU(3), backward_layer=layers.GRU(3)), "must run in different directions"),
    (
        lambda: layers.Bidirectional(layers.GRU(3), backward_layer=layers.GRU(3, go_backwards=True, return_state=True)),
        "must agree in return_state",
    ),
    (lambda: layers.TimeDistributed(layers.Dense(3))(X[0]), "at least 3 dimensions"),
    (lambda: layers.TimeDistributed(3), "layer must be a layer"),
]


@pytest.mark.parametrize(("act", "message"), WRONG)
def test_errors(act, message):
    with pytest.raises(ValueError, match=message):
        act()


def test_a_stateful_layer_refuses_other_batches():
    layer = layers.GRU(3, stateful=True)
    layer(X)
    with pytest.raises(ValueError, match="built for batches of 2 rows, got 1"):
        layer(X[:1])
