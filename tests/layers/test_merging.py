"""Merging layers: masks, the functions, shapes, errors. What all layers must do stands in test_cases.py."""

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers
from keraunos.core.masks import get_mask, set_mask
from tests.layers.harness import assert_near

A, B = (np.random.default_rng(i).normal(size=(2, 3)).astype("float32") for i in (0, 1))
X = np.ones((2, 2, 3), "float32")
ONE, TWO = np.array([[True, False], [True, True]]), np.array([[False, False], [True, False]])


def masked(mask):
    x = keras.ops.array(X.copy())  # on NumPy an array is itself, and its mask is its own
    if mask is not None:
        set_mask(x, mask)
    return x


MASKS = [
    (layers.Add, [ONE, TWO], ONE | TWO),  # a step is there where it is in any
    (layers.Maximum, [ONE, None], None),
    (layers.Concatenate, [ONE, None], np.ones((2, 2), bool)),
    (layers.Concatenate, [ONE, TWO], ONE | TWO),
    (lambda: layers.Concatenate(axis=1), [ONE, None], np.concatenate([ONE, np.ones((2, 2), bool)], 1)),
    (lambda: layers.Concatenate(axis=1), [ONE, TWO], np.concatenate([ONE, TWO], 1)),
    (lambda: layers.Dot(1), [ONE, TWO], None),
    (layers.Add, [None, None], None),
]


@pytest.mark.parametrize(("make", "masks", "want"), MASKS)
def test_masks(make, masks, want):
    got = get_mask(make()([masked(m) for m in masks]))
    assert (got is None) == (want is None)
    assert got is None or np.asarray(got).tolist() == want.tolist()


FUNCTIONS = [
    ("add", {}, A + B),
    ("subtract", {}, A - B),
    ("multiply", {}, A * B),
    ("average", {}, (A + B) / 2),
    ("maximum", {}, np.maximum(A, B)),
    ("minimum", {}, np.minimum(A, B)),
    ("concatenate", {"axis": 0}, np.concatenate([A, B])),
    ("dot", {}, (A * B).sum(1, keepdims=True)),
    (
        "dot",
        {"axes": 1, "normalize": True},
        (A * B).sum(1, keepdims=True)
        / np.linalg.norm(A, axis=1, keepdims=True)
        / np.linalg.norm(B, axis=1, keepdims=True),
    ),
]


@pytest.mark.parametrize(("name", "kwargs", "want"), FUNCTIONS)
def test_functions(name, kwargs, want):
    fn = getattr(layers, name)
    assert_near(fn([A, B], **kwargs), want, 1e-6)
    assert fn([keras.Input((3,)), keras.Input((3,))], name="merged", **kwargs).node.operation.name == "merged"


def test_symbolic_shapes():
    x, y = keras.Input((None, 3)), keras.Input((5, 1), batch_size=2)
    assert layers.Add()([x, y]).shape == (2, 5, 3)
    assert layers.Concatenate(axis=1)([x, keras.Input((5, 3))]).shape == (None, None, 3)
    assert layers.Dot(axes=(2, 2))([x, keras.Input((4, 3))]).shape == (None, None, 4)
    ints = [keras.Input((3,), dtype="int32")] * 2
    assert [layer(ints).dtype for layer in (layers.Add(), layers.Average(), layers.Concatenate())] == [
        "int32",
        "float32",
        "int32",
    ]


def test_rows():
    assert layers.Concatenate()._row_wise
    layer = layers.Concatenate(axis=-2)
    layer([A, B])
    assert not layer._row_wise


WRONG = [
    (lambda: layers.Add()(A), "expected a list of tensors, got one of shape"),
    (lambda: layers.Add()([A, B[:1]]), r"different batch sizes: \[1, 2\]"),
    (lambda: layers.Add()([A, np.ones((2, 4))]), "can't be brought together"),
    (lambda: layers.Subtract()([A, B, A]), "expected exactly 2 tensors, got 3"),
    (lambda: layers.Concatenate()([A, B[:1]]), "must agree in all dimensions but axis -1"),
    (lambda: layers.Concatenate(axis=3)([A, B]), "axis 3 is out of range"),
    (lambda: layers.Concatenate(axis=1)([A, X]), "the same number of dimensions"),
    (lambda: layers.Dot(0)([A, B]), "dimensions other than the batch, got 0"),
    (lambda: layers.Dot(2)([X, B]), r"got 2 for shape \(2, 3\)"),
    (lambda: layers.Dot("1"), "axes must be an int or a pair of ints"),
    (lambda: layers.Dot((1, 2))([X, X]), "must be equal, got 2 and 3"),
    (lambda: layers.Dot(1)([A, B, A]), "expected exactly 2 tensors, got 3"),
]


@pytest.mark.parametrize(("act", "message"), WRONG)
def test_errors(act, message):
    with pytest.raises(ValueError, match=message):
        act()
