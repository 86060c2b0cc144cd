"""What is silently wrong elsewhere is an error here, which says who, what was required and what came."""

import re

import numpy as np
import pytest

from keraunos import losses

o = np.ones

CALLS = [
    ("MeanSquaredError", {}, o((4,)), o((4, 3)), "y_true must have the shape of y_pred, (4, 3), got (4,)"),
    ("MeanSquaredError", {}, o((4, 1)), o((4, 3)), "y_true must have the shape of y_pred, (4, 3), got (4, 1)"),
    ("BinaryCrossentropy", {}, o((3,)), o((4, 3)), "y_true must have the shape of y_pred"),
    ("CategoricalCrossentropy", {}, o((4,)), o((4, 3)), "For class indices use sparse_categorical_crossentropy"),
    ("CategoricalCrossentropy", {}, o((4, 1)), o((4, 3)), "For class indices use sparse_categorical_crossentropy"),
    (
        "CategoricalCrossentropy",
        {"label_smoothing": 2.0},
        o((4, 3)),
        o((4, 3)),
        "label_smoothing must be between 0 and 1",
    ),
    ("SparseCategoricalCrossentropy", {}, o((4, 3)), o((4, 3)), "For one-hot targets use categorical_crossentropy"),
    ("SparseCategoricalCrossentropy", {}, o((4, 2)), o((4, 3)), "shape (4,) for y_pred (4, 3), got (4, 2)"),
    ("Circle", {}, o((4, 2)), o((4, 3)), "circle: y_true must hold one class index per embedding"),
    ("CTC", {}, o((4,)), o((4, 3)), "ctc: y_true must have shape (batch, labels)"),
]


@pytest.mark.parametrize("name, options, y_true, y_pred, message", CALLS)
def test_calls(name, options, y_true, y_pred, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        getattr(losses, name)(**options)(y_true, y_pred)


def test_weights():
    loss = losses.MeanSquaredError()
    np.testing.assert_allclose(loss(np.zeros((2, 3, 1)), o((2, 3, 1)), sample_weight=[1.0, 3.0]), 2.0)
    for weights in (o((3,)), o((2, 4)), o((2, 3, 5))):
        with pytest.raises(ValueError, match="MeanSquaredError: sample_weight must have the shape of the values"):
            loss(np.zeros((2, 3, 1)), o((2, 3, 1)), sample_weight=weights)


def test_weighted_mean_of_ones_is_one():
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    for weights in (0.3, o((4,)) / 2, o((4, 1)) * 3, np.arange(12.0).reshape(4, 3)):
        np.testing.assert_allclose(loss(np.zeros((4, 3, 2)), o((4, 3, 2)), sample_weight=weights), 1.0, rtol=1e-6)


MADE = [
    (lambda: losses.MeanSquaredError(reduction="avg"), "MeanSquaredError: reduction must be one of"),
    (lambda: losses.get("mean_square_error"), "Did you mean 'mean_squared_error'"),
    (lambda: losses.get(3), "The loss must be a name"),
    (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.5), "q must be between 0 and 1"),
]


@pytest.mark.parametrize("make, message", MADE, ids=[m for _, m in MADE])
def test_arguments(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_one_class():
    with pytest.warns(UserWarning, match="one class only"):
        losses.CategoricalCrossentropy()(o((4, 1)), o((4, 1)))


TARGETS = [
    ("SparseCategoricalCrossentropy", {}, [0, 3, 1], (None, 3), "class indices in [0, 3), got 3 at sample 1."),
    ("SparseCategoricalCrossentropy", {}, [[0, 1], [0, -1]], (None, 2, 3), "got -1 at sample 1 (place (1,))."),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1}, [0, -1, 1], (None, 3), None),
    ("SparseCategoricalCrossentropy", {}, [0.0, 1.5], (None, 3), "class indices (whole numbers), got 1.5 at sample 1."),
    ("SparseCategoricalCrossentropy", {}, [0.0, np.nan], (None, 3), "must be a number, got nan at sample 1."),
    ("SparseCategoricalCrossentropy", {"axis": 1}, [[0, 2]], (None, 3, 2), None),
    ("CategoricalCrossentropy", {}, [[0.0, 1.0], [-2.5, 0.0]], (None, 2), None),
    ("CategoricalCrossentropy", {}, [[0.0, np.nan]], (None, 2), "must be a number, got nan at sample 0 (place (1,))."),
    ("BinaryFocalCrossentropy", {}, [[0, 255]], (None, 2), "must be in [0, 1], got 255 at sample 0 (place (1,))."),
    ("BinaryCrossentropy", {}, [[0.0], [1.0], [-1.0]], (None, 1), "must be in [0, 1], got -1.0 at sample 2."),
    ("BinaryCrossentropy", {}, [[0], [1]], (None, 1), None),
    ("CTC", {}, [[1, 5]], (None, 9, 5), "in [0, 5), got 5 at sample 0 (place (1,))."),
    ("MeanSquaredError", {}, [[np.nan]], (None, 1), "MeanSquaredError: y_true must be a number, got nan at sample 0."),
    ("MeanSquaredError", {}, [[9.0]], (None, 1), None),
]


@pytest.mark.parametrize("name, options, y, shape, message", TARGETS)
def test_targets(name, options, y, shape, message):
    loss = getattr(losses, name)(**options)
    if message is None:
        return losses.check_targets(loss, np.asarray(y), shape)
    with pytest.raises(ValueError, match=re.escape(message)):
        losses.check_targets(loss, np.asarray(y), shape)


def test_targets_of_functions():
    with pytest.raises(
        ValueError, match=r"sparse_categorical_crossentropy: y_true must hold class indices of at least 0"
    ):
        losses.check_targets(losses.sparse_categorical_crossentropy, np.array([-3]))


def test_others_are_not_checked():
    class Own(losses.Loss):
        pass

    class Masked(losses.MeanSquaredError):
        pass

    for loss in (lambda t, p: p, Own(), Masked(), losses.LossFunctionWrapper(lambda t, p: p)):
        losses.check_targets(loss, np.array([np.nan]))


def test_large_indices_survive():
    """A float32 does not hold every int32: the index stays out of range instead of being rounded."""
    seen = []
    loss = losses.SparseCategoricalCrossentropy()
    loss.fn = lambda t, p, **kwargs: seen.append(int(t[0])) or p[:, 0]
    loss.fn._class_indices = True
    loss(np.array([2**24 + 1]), o((1, 4)))
    assert seen == [2**24 + 1]


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_no_samples(reduction):
    assert float(losses.MeanSquaredError(reduction=reduction)(o((0, 3)), o((0, 3)))) == 0.0
