"""Data utilities beside real Keras."""

import itertools
import random

import numpy as np
import pytest

import keraunos
from tests.data.datasets import Numbered

keras = pytest.importorskip("keras")

SEQUENCES = [[[1], [2, 3], [4, 5, 6]], [[], [7]], [[[1, 2]], [[3, 4], [5, 6]]], [np.arange(3), np.arange(5)]]


@pytest.mark.parametrize("sequences", SEQUENCES, ids=str)
@pytest.mark.parametrize(
    ("maxlen", "padding", "truncating"), list(itertools.product([None, 2, 7], ["pre", "post"], ["pre", "post"]))
)
def test_pad_sequences(sequences, maxlen, padding, truncating):
    options = {"maxlen": maxlen, "padding": padding, "truncating": truncating, "dtype": "float32", "value": -1.5}
    ours, theirs = (k.utils.pad_sequences(sequences, **options) for k in (keraunos, keras))
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_pad_sequences_of_text():
    options = {"dtype": object, "value": "?"}
    sequences = [["a"], ["b", "c"]]
    ours, theirs = (k.utils.pad_sequences(sequences, **options).tolist() for k in (keraunos, keras))
    assert ours == theirs


@pytest.mark.parametrize(
    "x", [[0, 2], [[0], [2]], [[[0], [2]]], [[0, 1], [2, 1]], 2, [True, False], [1.0, 2.0]], ids=str
)
@pytest.mark.parametrize("num_classes", [None, 4])
def test_to_categorical(x, num_classes):
    ours, theirs = (k.utils.to_categorical(np.array(x), num_classes) for k in (keraunos, keras))
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("axis", "order"), [(-1, 2), (1, 2), (1, np.inf)])  # axis 0 fails in Keras
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_normalize(axis, order, shape):
    x = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(keraunos.utils.normalize(x, axis, order), keras.utils.normalize(x, axis, order))


@pytest.mark.parametrize(
    "sizes", [{"left_size": 0.8}, {"left_size": 3}, {"right_size": 0.25}, {"left_size": 4, "right_size": 6}], ids=str
)
def test_sizes_of_split_dataset(sizes):
    pytest.importorskip("torch")
    parts = [k.utils.split_dataset(np.arange(10), preferred_backend="torch", **sizes) for k in (keraunos, keras)]
    assert [len(p) for p in parts[0]] == [len(p) for p in parts[1]]
    assert sorted(int(v[0]) for p in parts[0] for v in p) == list(range(10))


@pytest.mark.parametrize("x", [1, [1], (1,), {"a": 1}], ids=str)
@pytest.mark.parametrize("rest", [(), (2,), (2, 3)])
def test_pack_and_unpack(x, rest):
    packed = keraunos.utils.pack_x_y_sample_weight(x, *rest)
    assert packed == keras.utils.pack_x_y_sample_weight(x, *rest)
    assert keraunos.utils.unpack_x_y_sample_weight(packed) == keras.utils.unpack_x_y_sample_weight(packed)


def model_of(k):
    model = k.Sequential([k.Input((1,)), k.layers.Dense(1, kernel_initializer="ones", bias_initializer="ones")])
    model.compile(k.optimizers.SGD(1e-3), "mse")
    return model


def history(k, *args, **kwargs):
    return model_of(k).fit(*args, verbose=0, shuffle=False, **kwargs).history["loss"]


X = np.linspace(0, 1, 12, dtype="float32")[:, None]
Y = np.arange(12) % 3


@pytest.mark.parametrize("table", [{0: 1.0, 1: 2.0, 2: 0.5}, {0: 0.0, 1: 0.0, 2: 3.0}], ids=str)
def test_class_weight(table):
    ours, theirs = (history(k, X, Y, class_weight=table, batch_size=4, epochs=2) for k in (keraunos, keras))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_fewer_steps_than_the_data_gives():
    ours, theirs = (history(k, X, Y, batch_size=3, steps_per_epoch=2, epochs=3) for k in (keraunos, keras))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def as_py_dataset(k):
    class Same(Numbered, *(() if k is keraunos else (k.utils.PyDataset,))):
        pass

    return Same(4, workers=0)


@pytest.mark.parametrize("shuffle", [False, True])
def test_py_dataset(shuffle):
    random.seed(0)
    calls = []
    for k in (keraunos, keras):
        data = as_py_dataset(k)
        model_of(k).fit(data, epochs=2, shuffle=shuffle, verbose=0)
        calls.append([c if isinstance(c, str) else c[0] for c in data.calls])
    ours, theirs = calls[0], calls[1]
    theirs = theirs[theirs.index("end") + 1 :]  # Keras gets one batch beforehand, in an epoch of its own
    epochs = [[sorted(c[i + 1 : i + 5]) if shuffle else c[i + 1 : i + 5] for i in (0, 6)] for c in (ours, theirs)]
    assert epochs[0] == epochs[1] == [[0, 1, 2, 3]] * 2
    assert [c for c in ours if isinstance(c, str)] == [c for c in theirs if isinstance(c, str)]


def test_a_generator():
    def batches():
        while True:
            for i in range(0, 12, 4):
                yield X[i : i + 4], Y[i : i + 4]

    ours, theirs = (history(k, batches(), steps_per_epoch=3, epochs=2) for k in (keraunos, keras))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
