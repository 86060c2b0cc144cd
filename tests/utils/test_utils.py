"""Labels, sequences, splits, sources of graphs; the names that ``keras.utils`` has."""

import subprocess
import sys

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers
from keraunos.utils import normalize, pad_sequences, split_dataset, to_categorical


def test_results_stay_with_their_engine():
    x = keras.ops.convert_to_tensor([1, 0], dtype="int32")
    for found in (to_categorical(x), normalize(keras.ops.ones((2, 2)))):
        assert type(found) is type(x)
    assert type(to_categorical(np.array([1, 0]))) is type(normalize([[1.0]])) is np.ndarray


def test_rows_of_to_categorical_sum_to_one():
    labels = np.random.default_rng(0).integers(0, 7, (3, 4, 1))
    found = to_categorical(labels, 7)
    assert found.shape == (3, 4, 7)
    np.testing.assert_array_equal(found.sum(-1), 1)
    np.testing.assert_array_equal(found.argmax(-1), labels[..., 0])


@pytest.mark.parametrize(("axis", "order"), [(-1, 2), (0, 1), (1, np.inf), (0, 3)])
def test_norms_are_one(axis, order):
    x = np.random.default_rng(0).normal(size=(3, 4))
    x[:, 1] = x[2] = 0
    found = np.linalg.norm(normalize(x, axis, order), order, axis)
    assert np.all(np.isclose(found, 1) | (found == 0))


SPLITS = [
    ({"left_size": 0.8}, 8, 2),
    ({"left_size": 3}, 3, 7),
    ({"right_size": 0.25}, 8, 2),
    ({"right_size": 1}, 9, 1),
    ({"left_size": 0.5, "right_size": 0.3}, 5, 3),
    ({"left_size": 4, "right_size": 6}, 4, 6),
]


@pytest.mark.parametrize(("sizes", "left", "right"), SPLITS, ids=str)
def test_split_keeps_the_order(sizes, left, right):
    a, b = split_dataset(np.arange(10), **sizes)
    assert [int(i) for i in a] == list(range(left)) and [int(i) for i in b] == list(range(10 - right, 10))


def test_split_shuffled():
    a, b = split_dataset(np.arange(10), left_size=6, shuffle=True, seed=1)
    found = [int(i) for i in (*a, *b)]
    assert sorted(found) == list(range(10)) and found != list(range(10))
    again = split_dataset(np.arange(10), left_size=6, shuffle=True, seed=1)[0]
    assert [int(i) for i in again] == found[:6]


def test_split_batches_go_into_fit():
    x, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20)
    left, right = split_dataset((x, y), left_size=0.75)
    assert (len(left), len(left.batch(4)), len(left.batch(4, drop_remainder=True))) == (15, 4, 3)
    assert left[-1][1] == 14 and right.batch(8)[0][0].shape == (5, 3)
    with pytest.raises(IndexError):
        left[15]
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(left.batch(4), validation_data=right.batch(4), verbose=0).history
    assert set(history) == {"loss", "val_loss"}


def test_split_torch():
    torch = pytest.importorskip("torch")
    dataset = torch.utils.data.TensorDataset(torch.arange(10))
    a, b = split_dataset(dataset, left_size=0.8)
    assert (len(a), len(b), int(b[0][0])) == (8, 2, 8)
    a, b = split_dataset((np.arange(4), np.arange(4)), left_size=2, preferred_backend="torch")
    assert [int(v) for v in b[0]] == [2, 2] and isinstance(a, torch.utils.data.Subset)


MISTAKES = {
    "negative label": (lambda: to_categorical([0, -1], 3), ValueError, r"in \[0, 3\), got -1 at position 1"),
    "label too large": (lambda: to_categorical([0, 5], 3), ValueError, "got 5 at position 1"),
    "no integer": (lambda: to_categorical([0.5]), ValueError, "class indices"),
    "text labels": (lambda: to_categorical(["a"]), ValueError, "class indices"),
    "no labels": (lambda: to_categorical([]), ValueError, "num_classes must be given"),
    "padding": (lambda: pad_sequences([[1]], padding="left"), ValueError, "'pre' or 'post', got 'left'"),
    "no sequence": (lambda: pad_sequences([1, 2]), ValueError, "must be a sequence, got 1 at place 0"),
    "no length": (lambda: pad_sequences(iter([[1]])), ValueError, "must have a length"),
    "unlike vectors": (
        lambda: pad_sequences([[[1, 2]], [[3, 4, 5]]]),
        ValueError,
        r"item 1 has vectors of shape \(3,\)",
    ),
    "text value": (lambda: pad_sequences([["a"]], value="z"), ValueError, "dtype=object"),
    "no size": (lambda: split_dataset(np.arange(4)), ValueError, "must be given"),
    "size of 1.5": (lambda: split_dataset(np.arange(4), left_size=1.5), ValueError, "left_size must be.*got 1.5"),
    "size of True": (lambda: split_dataset(np.arange(4), left_size=True), ValueError, "got True"),
    "together too large": (lambda: split_dataset(np.arange(4), 3, 2), ValueError, "3 \\+ 2 samples, but there are 4"),
    "an empty part": (lambda: split_dataset(np.arange(4), 0.01), ValueError, "leave a part empty"),
    "split of text": (lambda: split_dataset("abc", 0.5), TypeError, "got 'abc'"),
    "backend": (lambda: split_dataset(np.arange(4), 2, preferred_backend="x"), ValueError, "got 'x'"),
    "source of an array": (lambda: keras.utils.get_source_inputs(np.ones(2)), ValueError, "symbolic"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    act, error, said = MISTAKES[name]
    with pytest.raises(error, match=said):
        act()


def test_source_inputs():
    a, b, c = (keras.Input((2,), name=n) for n in "abc")
    x = layers.Add()([a, layers.Dense(2)(b)])
    assert keras.utils.get_source_inputs(x + a) == [a, b]
    assert keras.utils.get_source_inputs(c) == [c]


def test_names():
    missing = [name for name in keras.utils.__all__ if not hasattr(keras.utils, name)]
    assert not missing and keras.utils.__all__ == sorted(keras.utils.__all__)
    assert keras.utils.Sequence is keras.utils.PyDataset


def test_a_first_use_of_the_engine_leaves_numpys_generator_alone():
    code = (
        "import numpy as np, keraunos as keras\n"
        "keras.utils.set_random_seed(1); keras.ops.ones(2); first = np.random.rand()\n"
        "keras.utils.set_random_seed(1); keras.ops.ones(2); assert first == np.random.rand()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
