"""A padded batch gives the numbers and gradients of the batch without padding, whatever stands in the padded rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from keraunos import losses
from keraunos.core.masks import set_mask
from keraunos.core.scope import RealRows

R = np.random.RandomState(2)
N, PAD = 5, 3


def floats(*shape):
    return R.uniform(-2, 2, shape).astype("float32")


def shares(*shape):
    return R.uniform(0.05, 0.95, shape).astype("float32")


def bits(*shape):
    return R.randint(0, 2, shape).astype("float32")


def ints(high, *shape):
    return R.randint(0, high, shape)


LOSSES = [
    ("MeanSquaredError", {}, floats(N, 3), floats(N, 3)),
    ("MeanSquaredError", {}, floats(N), floats(N)),
    ("MeanAbsoluteError", {}, floats(N, 4, 3), floats(N, 4, 3)),
    ("MeanAbsolutePercentageError", {}, floats(N, 3), floats(N, 3)),
    ("MeanSquaredLogarithmicError", {}, shares(N, 3), shares(N, 3)),
    ("CosineSimilarity", {}, floats(N, 3), floats(N, 3)),
    ("Huber", {}, floats(N, 3), floats(N, 3)),
    ("LogCosh", {}, floats(N, 3), floats(N, 3)),
    ("Poisson", {}, shares(N, 3), shares(N, 3)),
    ("KLDivergence", {}, shares(N, 3), shares(N, 3)),
    ("BinaryCrossentropy", {"from_logits": True}, bits(N, 1), floats(N, 1)),
    ("BinaryCrossentropy", {}, bits(N), shares(N)),
    ("BinaryFocalCrossentropy", {}, bits(N, 2), shares(N, 2)),
    ("CategoricalCrossentropy", {}, bits(N, 3), shares(N, 3)),
    ("CategoricalFocalCrossentropy", {}, bits(N, 3), shares(N, 3)),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, ints(4, N), floats(N, 4)),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, ints(4, N, 6), shares(N, 6, 4)),
    ("CategoricalGeneralizedCrossEntropy", {}, ints(4, N), shares(N, 4)),
    ("Hinge", {}, bits(N, 3), floats(N, 3)),
    ("SquaredHinge", {}, bits(N, 3), floats(N, 3)),
    ("CategoricalHinge", {}, bits(N, 3), floats(N, 3)),
    ("Dice", {"axis": (1, 2)}, bits(N, 3, 2), shares(N, 3, 2)),
    ("Tversky", {"axis": (1,)}, bits(N, 3, 2), shares(N, 3, 2)),
    ("CTC", {}, 1 + ints(3, N, 2), floats(N, 6, 5)),
]


def padded(x):
    rest = np.full((PAD, *x.shape[1:]), 99 if x.dtype.kind == "i" else np.nan, x.dtype)
    return np.concatenate([x, rest])


ROWS = RealRows(jnp.asarray([1.0] * N + [0.0] * PAD), jnp.asarray(float(N)), N + PAD)


CASES = [(*row, "sum_over_batch_size", i % 2 == 0) for i, row in enumerate(LOSSES)]
CASES += [(*row, r, w) for row in LOSSES[:2] for r in ("sum", "mean_with_sample_weight") for w in (False, True)]


@pytest.mark.parametrize(
    "name, options, y_true, y_pred, reduction, weighed", CASES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_same_numbers(name, options, y_true, y_pred, reduction, weighed):
    loss = getattr(losses, name)(**options, reduction=reduction)
    weights = shares(N) if weighed else None
    assert loss._row_wise

    def plain(p, t, w):
        return loss(t, p, sample_weight=w)

    def with_padding(p, t, w):
        with ROWS:
            return loss(t, p, sample_weight=w)

    value, slope = jax.jit(jax.value_and_grad(plain))(y_pred, y_true, weights)
    got, got_slope = jax.jit(jax.value_and_grad(with_padding))(
        padded(y_pred), padded(y_true), None if weights is None else padded(weights)
    )
    np.testing.assert_allclose(got, value, rtol=2e-6)
    np.testing.assert_allclose(got_slope[:N], slope, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(got_slope[N:], 0)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_masks(reduction):
    loss = losses.MeanSquaredError(reduction=reduction)
    y_true, y_pred, mask = floats(N, 4, 2), floats(N, 4, 2), R.rand(N, 4) > 0.3
    mask[0, 0] = True

    def run(t, p, m):
        p = jnp.asarray(p)
        set_mask(p, jnp.asarray(m))
        return loss(t, p)

    value = run(y_true, y_pred, mask)
    with ROWS:
        got = run(padded(y_true), padded(y_pred), np.concatenate([mask, np.ones((PAD, 4), bool)]))
    np.testing.assert_allclose(got, value, rtol=2e-6)


def test_not_row_wise(engine):
    rows = RealRows(engine.asarray([1.0] * N + [0.0] * PAD), engine.asarray(float(N)), N + PAD)

    class Mine(losses.MeanSquaredError):
        pass

    own = [Mine(), losses.Circle(), losses.Dice(), losses.Tversky(), losses.BinaryCrossentropy(axis=0)]
    own.append(losses.LossFunctionWrapper(lambda t, p: p))
    assert not any(loss._row_wise for loss in own)
    assert losses.LossFunctionWrapper(losses.huber)._row_wise
    with rows, pytest.raises(ValueError, match="KLDivergence: a value per sample is needed"):
        losses.KLDivergence()(shares(N + PAD), shares(N + PAD))
