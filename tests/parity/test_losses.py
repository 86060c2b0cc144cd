"""Every loss against real Keras: values, gradients, reductions, weights, masks, dtypes, configurations, names."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from keraunos import losses
from keraunos.core.masks import set_mask

keras = pytest.importorskip("keras")
R = np.random.RandomState(0)
N = 6


def floats(*shape):
    return R.uniform(-2, 2, shape).astype("float32")


def shares(*shape):
    return R.uniform(0.05, 0.95, shape).astype("float32")


def probabilities(*shape):
    x = shares(*shape)
    return x / x.sum(-1, keepdims=True)


def bits(*shape):
    return R.randint(0, 2, shape).astype("float32")


def onehot(n, k):
    return np.eye(k, dtype="float32")[R.randint(0, k, n)]


def unit(n, k):
    x = floats(n, k)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


# Class, arguments, y_true, y_pred.
LOSSES = [
    ("MeanSquaredError", {}, floats(N, 3), floats(N, 3)),
    ("MeanSquaredError", {}, floats(N, 4, 3), floats(N, 4, 3)),
    ("MeanSquaredError", {}, R.randint(0, 5, (N, 3)), floats(N, 3)),
    ("MeanAbsoluteError", {}, floats(N, 3), floats(N, 3)),
    ("MeanAbsolutePercentageError", {}, floats(N, 3), floats(N, 3)),
    ("MeanSquaredLogarithmicError", {}, floats(N, 3), floats(N, 3)),
    ("CosineSimilarity", {}, floats(N, 3), floats(N, 3)),
    ("CosineSimilarity", {"axis": 1}, floats(N, 4, 3), floats(N, 4, 3)),
    ("Huber", {}, floats(N, 3), floats(N, 3)),
    ("Huber", {"delta": 0.3}, floats(N, 3), floats(N, 3)),
    ("LogCosh", {}, 30 * floats(N, 3), floats(N, 3)),
    ("Poisson", {}, shares(N, 3), shares(N, 3)),
    ("KLDivergence", {}, probabilities(N, 3), probabilities(N, 3)),
    ("KLDivergence", {}, onehot(N, 3), probabilities(N, 3)),
    ("BinaryCrossentropy", {}, bits(N, 3), shares(N, 3)),
    ("BinaryCrossentropy", {}, bits(N, 3), bits(N, 3)),
    ("BinaryCrossentropy", {"from_logits": True}, bits(N, 3), 5 * floats(N, 3)),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, bits(N, 1), shares(N, 1)),
    ("BinaryCrossentropy", {"axis": 1}, bits(N, 4, 3), shares(N, 4, 3)),
    ("BinaryFocalCrossentropy", {}, bits(N, 3), shares(N, 3)),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.7, "gamma": 3.0}, bits(N, 3), shares(N, 3)),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, bits(N, 3), floats(N, 3)),
    ("CategoricalCrossentropy", {}, onehot(N, 4), probabilities(N, 4)),
    ("CategoricalCrossentropy", {}, onehot(N, 4), shares(N, 4)),
    ("CategoricalCrossentropy", {"from_logits": True}, onehot(N, 4), 9 * floats(N, 4)),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2, "from_logits": True}, onehot(N, 4), floats(N, 4)),
    ("CategoricalFocalCrossentropy", {}, onehot(N, 4), shares(N, 4)),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 1.0, "alpha": 0.5}, onehot(N, 4), floats(N, 4)),
    ("SparseCategoricalCrossentropy", {}, R.randint(0, 4, (N,)), probabilities(N, 4)),
    ("SparseCategoricalCrossentropy", {}, R.randint(0, 4, (N, 1)), shares(N, 4)),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, R.randint(0, 4, (N, 5)), 9 * floats(N, 5, 4)),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, R.randint(0, 4, (N, 5)), probabilities(N, 5, 4)),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1, "from_logits": True}, R.randint(-1, 4, (N,)), floats(N, 4)),
    ("CategoricalGeneralizedCrossEntropy", {}, R.randint(0, 4, (N,)), probabilities(N, 4)),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.8}, R.randint(0, 4, (N,)), probabilities(N, 4)),
    ("Hinge", {}, bits(N, 3), floats(N, 3)),
    ("Hinge", {}, 2 * bits(N, 3) - 1, floats(N, 3)),
    ("SquaredHinge", {}, bits(N, 3), floats(N, 3)),
    ("CategoricalHinge", {}, onehot(N, 4), floats(N, 4)),
    ("Dice", {}, bits(N, 3, 2), shares(N, 3, 2)),
    ("Dice", {"axis": (1, 2)}, bits(N, 3, 2), shares(N, 3, 2)),
    ("Tversky", {}, bits(N, 3, 2), shares(N, 3, 2)),
    ("Tversky", {"alpha": 0.2, "beta": 0.9, "axis": (1,)}, bits(N, 3, 2), shares(N, 3, 2)),
    ("Circle", {}, np.array([0, 1, 0, 2, 1, 0]), unit(N, 4)),
    ("Circle", {"gamma": 4.0, "margin": 0.2, "remove_diagonal": False}, np.array([0, 1, 0, 2, 1, 0]), unit(N, 4)),
    ("CTC", {}, R.randint(1, 5, (N, 2)), floats(N, 5, 5)),
]
EACH = pytest.mark.parametrize("name, options, y_true, y_pred", LOSSES, ids=lambda v: v if isinstance(v, str) else "")
REDUCTIONS = ("none", "sum", "sum_over_batch_size", "mean", "mean_with_sample_weight")


def both(name, **options):
    """Our loss and Keras's."""
    return getattr(losses, name)(**options), getattr(keras.losses, name)(**options)


def close(got, want, tol=2e-6):
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=tol, atol=tol * max(1.0, np.abs(want).max(initial=0)))


@EACH
def test_values_and_gradients(name, options, y_true, y_pred):
    ours, theirs = both(name, **options, reduction="none")
    y_pred = jnp.asarray(y_pred)

    @functools.partial(jax.jit, static_argnums=0)
    def run(loss, true, pred):
        """The values, and the gradients of their sum, each value with a factor of its own."""
        values = lambda p: loss(true, p)
        return values(pred), jax.grad(lambda p: jnp.sum(jnp.sin(values(p))))(pred)

    (got, got_slopes), (want, slopes) = run(ours, y_true, y_pred), run(theirs, y_true, y_pred)
    assert got.dtype == want.dtype
    close(got, want)
    close(got_slopes, slopes, 1e-5)


@EACH
def test_reductions_and_weights(name, options, y_true, y_pred):
    shape = np.asarray(both(name, **options, reduction="none")[1](y_true, y_pred)).shape
    full = shares(*shape) if shape else 2.0
    for reduction in REDUCTIONS:
        ours, theirs = both(name, **options, reduction=reduction)
        close(ours(y_true, y_pred), theirs(y_true, y_pred))
        if shape or reduction != "mean_with_sample_weight":  # Keras does not divide by the weight of a scalar
            close(ours(y_true, y_pred, sample_weight=full), theirs(y_true, y_pred, sample_weight=full))


@pytest.mark.parametrize("weights", [2.0, shares(N, 1, 1), shares(N, 4, 1), shares(N, 4)], ids=np.shape)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_shared_weights(reduction, weights):
    ours, theirs = both("MeanSquaredError", reduction=reduction)
    y_true, y_pred = floats(N, 4, 2), floats(N, 4, 2)
    full = weights
    if reduction == "mean_with_sample_weight":  # where Keras counts a shared weight once
        full = np.broadcast_to(np.reshape(weights, np.shape(weights)[:2]), (N, 4)).astype("float32")
    close(ours(y_true, y_pred, sample_weight=weights), theirs(y_true, y_pred, sample_weight=full))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weights", [None, shares(4, 5), shares(4, 1)], ids=["none", "full", "shared"])
def test_masks(reduction, weights):
    y_true, y_pred = floats(4, 5, 3), jnp.asarray(floats(4, 5, 3))
    mask = jnp.asarray(R.rand(4, 5) > 0.4)
    ours, theirs = both("MeanSquaredError", reduction=reduction)
    set_mask(y_pred, mask)
    masked = jnp.array(y_pred)
    masked._keras_mask = mask
    close(ours(y_true, y_pred, sample_weight=weights), theirs(y_true, masked, sample_weight=weights))


@pytest.mark.parametrize("true_shape", [(4, 1), (4,)])
@pytest.mark.parametrize("pred_shape", [(4, 1), (4,)])
def test_ranks_are_matched(true_shape, pred_shape):
    ours, theirs = both("MeanAbsoluteError")
    y_true, y_pred = floats(*true_shape), floats(*pred_shape)
    close(ours(y_true, y_pred), theirs(y_true, y_pred))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_bfloat16", "float32"])
def test_dtypes(dtype):
    ours, theirs = both("MeanSquaredError", dtype=dtype)
    y_true, y_pred = floats(4, 3), floats(4, 3)
    got, want = ours(y_true, y_pred), theirs(y_true, y_pred)
    assert got.dtype == want.dtype and ours.dtype == theirs.dtype
    close(got, want, 1e-2)
    half = jnp.asarray(y_pred, "bfloat16")
    assert losses.MeanSquaredError()(y_true, half).dtype == "float32"
    assert losses.mean_squared_error(y_true, half).dtype == keras.losses.mean_squared_error(y_true, half).dtype


@pytest.mark.parametrize("name", sorted({row[0] for row in LOSSES}))
def test_configurations(name):
    ours, theirs = both(name)
    assert ours.name == theirs.name
    config = losses.serialize(ours)
    expected = keras.losses.serialize(theirs)
    assert config["module"] == expected["module"] and config["class_name"] == expected["class_name"]
    assert config["config"] | expected["config"] == config["config"]  # ours may tell more (Keras forgets Huber's delta)
    if name != "CategoricalGeneralizedCrossEntropy":  # whose configuration Keras itself can't read
        assert type(keras.losses.deserialize(config)) is type(theirs)
    assert type(losses.deserialize(expected)) is type(ours)


def test_names():
    everything = {n for n in dir(keras.losses) if not n.startswith("_")}
    assert everything <= set(losses.__all__)
    for name in ("mse", "MAE", "kld", "huber", "BCE", "mean_squared_error", "sparse_categorical_crossentropy", "ctc"):
        assert losses.get(name).__name__ == keras.losses.get(name).__name__
    for name in ("Huber", "MeanSquaredError", "CategoricalHinge"):
        assert type(losses.get(name)).__name__ == name
    assert losses.serialize(losses.mean_squared_error) == keras.losses.serialize(keras.losses.mean_squared_error)
