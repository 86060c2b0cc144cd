"""Every metric against real Keras: results and states over batches, weights, masks, configurations, names."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from keraunos import metrics
from keraunos.core.masks import set_mask

keras = pytest.importorskip("keras")
R = np.random.RandomState(1)
N = 12


def floats(*shape):
    return R.uniform(-2, 2, shape).astype("float32")


def shares(*shape):
    return R.uniform(0.02, 0.98, shape).astype("float32")


def probabilities(*shape):
    x = shares(*shape)
    return x / x.sum(-1, keepdims=True)


def bits(*shape):
    return R.randint(0, 2, shape).astype("float32")


def onehot(n, k):
    return np.eye(k, dtype="float32")[R.randint(0, k, n)]


def ints(high, *shape):
    return R.randint(0, high, shape)


CURVES = [(c, m) for c in ("ROC", "PR", "PRGAIN") for m in ("interpolation", "minoring", "majoring")]
# Class, arguments, y_true, y_pred.
METRICS = [
    ("Accuracy", {}, ints(3, N, 2), ints(3, N, 2)),
    ("BinaryAccuracy", {}, bits(N, 1), shares(N, 1)),
    ("BinaryAccuracy", {"threshold": 0.3}, bits(N, 4), shares(N, 4)),
    ("BinaryAccuracy", {}, bits(N), shares(N, 1)),
    ("CategoricalAccuracy", {}, onehot(N, 4), probabilities(N, 4)),
    ("CategoricalAccuracy", {}, shares(N, 5, 4), probabilities(N, 5, 4)),
    ("SparseCategoricalAccuracy", {}, ints(4, N), probabilities(N, 4)),
    ("SparseCategoricalAccuracy", {}, ints(4, N, 1), probabilities(N, 4)),
    ("SparseCategoricalAccuracy", {}, ints(4, N, 5), probabilities(N, 5, 4)),
    ("TopKCategoricalAccuracy", {"k": 2}, onehot(N, 6), shares(N, 6)),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, ints(6, N), shares(N, 6)),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, ints(6, N), np.argsort(-shares(N, 6), 1)),
    ("MeanSquaredError", {}, floats(N, 3), floats(N, 3)),
    ("RootMeanSquaredError", {}, floats(N, 3), floats(N, 3)),
    ("MeanAbsoluteError", {}, floats(N, 4, 3), floats(N, 4, 3)),
    ("MeanAbsolutePercentageError", {}, floats(N, 3), floats(N, 3)),
    ("MeanSquaredLogarithmicError", {}, shares(N, 3), shares(N, 3)),
    ("LogCoshError", {}, floats(N, 3), floats(N, 3)),
    ("CosineSimilarity", {}, floats(N, 3), floats(N, 3)),
    ("CosineSimilarity", {"axis": 1}, floats(N, 3, 4), floats(N, 3, 4)),
    ("R2Score", {}, floats(N, 3), floats(N, 3)),
    ("R2Score", {"class_aggregation": None}, floats(N, 3), floats(N, 3)),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, floats(N, 3), floats(N, 3)),
    ("R2Score", {"num_regressors": 2}, floats(N, 1), floats(N, 1)),
    ("KLDivergence", {}, probabilities(N, 3), probabilities(N, 3)),
    ("Poisson", {}, shares(N, 3), shares(N, 3)),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, bits(N, 3), shares(N, 3)),
    ("BinaryCrossentropy", {"from_logits": True}, bits(N, 3), floats(N, 3)),
    ("CategoricalCrossentropy", {}, onehot(N, 4), probabilities(N, 4)),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, onehot(N, 4), floats(N, 4)),
    ("SparseCategoricalCrossentropy", {}, ints(4, N), probabilities(N, 4)),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, ints(4, N, 3), floats(N, 3, 4)),
    ("Hinge", {}, bits(N, 3), floats(N, 3)),
    ("SquaredHinge", {}, bits(N, 3), floats(N, 3)),
    ("CategoricalHinge", {}, onehot(N, 4), floats(N, 4)),
    ("PearsonCorrelation", {}, floats(N, 5), floats(N, 5)),
    ("ConcordanceCorrelation", {}, floats(N, 5), floats(N, 5)),
    ("TruePositives", {}, bits(N, 2), shares(N, 2)),
    ("TrueNegatives", {"thresholds": [0.2, 0.7]}, bits(N, 2), shares(N, 2)),
    ("FalsePositives", {"thresholds": 0.3}, bits(N), shares(N)),
    ("FalseNegatives", {}, bits(N), shares(N, 1)),
    ("Precision", {}, bits(N, 4), shares(N, 4)),
    ("Precision", {"thresholds": [0.1, 0.5, 0.9]}, bits(N), shares(N)),
    ("Precision", {"top_k": 2}, bits(N, 4), shares(N, 4)),
    ("Precision", {"class_id": 2}, bits(N, 4), shares(N, 4)),
    ("Recall", {}, bits(N, 4), shares(N, 4)),
    ("Recall", {"top_k": 2, "class_id": 1}, bits(N, 4), shares(N, 4)),
    ("Recall", {"thresholds": 0.8}, bits(N, 1), shares(N, 1)),
    ("SensitivityAtSpecificity", {"specificity": 0.4}, bits(N), shares(N)),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 20}, bits(N), shares(N)),
    ("PrecisionAtRecall", {"recall": 0.5}, bits(N, 2), shares(N, 2)),
    ("PrecisionAtRecall", {"recall": 0.5, "class_id": 1}, bits(N, 2), shares(N, 2)),
    ("RecallAtPrecision", {"precision": 0.6}, bits(N), shares(N)),
    *[("AUC", {"curve": c, "summation_method": m, "num_thresholds": 9}, bits(N), shares(N)) for c, m in CURVES],
    ("AUC", {}, bits(N, 1), shares(N, 1)),
    ("AUC", {"thresholds": [0.2, 0.3, 0.9]}, bits(N, 3), shares(N, 3)),
    ("AUC", {"from_logits": True}, bits(N), floats(N)),
    ("AUC", {"multi_label": True}, bits(N, 3), shares(N, 3)),
    (
        "AUC",
        {"multi_label": True, "num_labels": 3, "label_weights": [0.2, 0.5, 0.3], "curve": "PR"},
        bits(N, 3),
        shares(N, 3),
    ),
    ("AUC", {"label_weights": [0.2, 0.5, 0.3]}, bits(N, 3), shares(N, 3)),
    *[
        ("FBetaScore", {"beta": 2.0, "average": a}, onehot(N, 3), shares(N, 3))
        for a in (None, "micro", "macro", "weighted")
    ],
    ("F1Score", {"threshold": 0.4}, bits(N, 3), shares(N, 3)),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 2], "dtype": "float32"}, ints(3, N, 2), ints(3, N, 2)),
    ("MeanIoU", {"num_classes": 4, "dtype": "float32"}, ints(3, N), ints(3, N)),
    ("MeanIoU", {"num_classes": 3, "ignore_class": 1, "dtype": "float32"}, ints(3, N), ints(3, N)),
    ("MeanIoU", {"num_classes": 3, "sparse_y_pred": False, "dtype": "float32"}, ints(3, N), shares(N, 3)),
    ("BinaryIoU", {"threshold": 0.4, "dtype": "float32"}, bits(N, 2), shares(N, 2)),
    ("OneHotIoU", {"num_classes": 3, "target_class_ids": [1], "dtype": "float32"}, onehot(N, 3), shares(N, 3)),
    ("OneHotMeanIoU", {"num_classes": 3, "dtype": "float32"}, onehot(N, 3), shares(N, 3)),
]
EACH = pytest.mark.parametrize("name, options, y_true, y_pred", METRICS, ids=lambda v: v if isinstance(v, str) else "")


def both(name, **options):
    """Our metric and Keras's."""
    return getattr(metrics, name)(**options), getattr(keras.metrics, name)(**options)


def close(got, want, tol=2e-6):
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=tol, atol=tol)


def same_state(ours, theirs):
    assert [(v.name, v.path, v.shape, v.dtype) for v in ours.variables] == [
        (v.name, v.path, tuple(v.shape), v.dtype) for v in theirs.variables
    ]
    for a, b in zip(ours.variables, theirs.variables, strict=True):
        close(a.numpy(), b.numpy(), 5e-6)


def of_keras(metric, *args, **kwargs):
    """Keras's update; its IoU asks JAX for 64-bit integers, which JAX then warns of."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Explicitly requested dtype int64")
        metric.update_state(*args, **kwargs)


@EACH
def test_batches(name, options, y_true, y_pred):
    """Ours as a pure compiled function of the state."""
    ours, theirs = both(name, **options)
    if not ours.built:
        ours.update_state(y_true[:1], y_pred[:1])
    before = [v.numpy() for v in ours.variables]
    step = jax.jit(ours.stateless_update_state)
    values = ours.stateless_reset_state()
    for part in (slice(0, 6), slice(6, 12)):
        values = step(values, jnp.asarray(y_true[part]), jnp.asarray(y_pred[part]))
        of_keras(theirs, y_true[part], y_pred[part])
    close(jax.jit(ours.stateless_result)(values), theirs.result())
    for value, v in zip(before, ours.variables, strict=True):
        np.testing.assert_array_equal(value, v.numpy())


@EACH
def test_weights(name, options, y_true, y_pred):
    ours, theirs = both(name, **options)
    weights = shares(*y_pred.shape) if name in ("IoU", "BinaryIoU") else shares(N)
    ours.update_state(y_true, y_pred, sample_weight=weights)
    of_keras(theirs, y_true, y_pred, sample_weight=weights)
    same_state(ours, theirs)
    close(ours.result(), theirs.result())
    ours.reset_state()
    theirs.reset_state()
    same_state(ours, theirs)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize("shape", [(), (4,), (4, 3), (4, 3, 2)], ids=str)
@pytest.mark.parametrize("weight", [None, (), (4,), (4, 1), (4, 3), (1, 3)], ids=str)
def test_reductions(name, shape, weight):
    if weight and (len(weight) > len(shape) or (len(shape) == 3 and weight == (1, 3))):
        return  # weights with more dimensions than values
    ours, theirs = both(name)
    values, weights = floats(*shape), None if weight is None else shares(*weight)
    ours.update_state(values, sample_weight=weights)
    theirs.update_state(values, sample_weight=weights)
    same_state(ours, theirs)
    close(ours.result(), theirs.result())


@pytest.mark.parametrize("weights", [None, shares(4, 5), shares(4, 1)], ids=["none", "full", "shared"])
def test_masks(weights):
    y_true, y_pred = floats(4, 5, 3), jnp.asarray(floats(4, 5, 3))
    mask = jnp.asarray(R.rand(4, 5) > 0.4)
    ours, theirs = both("MeanSquaredError")
    set_mask(y_pred, mask)
    masked = jnp.array(y_pred)
    masked._keras_mask = mask
    ours.update_state(y_true, y_pred, sample_weight=weights)
    theirs.update_state(y_true, masked, sample_weight=weights)
    close(ours.total.numpy(), theirs.total.numpy(), 5e-6)
    close(ours.result(), theirs.result())


def test_wrapped_functions():
    y_true, y_pred = floats(N, 3), floats(N, 3)
    for fn in ("mean_squared_error", "kl_divergence", "huber"):
        ours = metrics.MeanMetricWrapper(getattr(metrics, fn), name="m")
        theirs = keras.metrics.MeanMetricWrapper(getattr(keras.metrics, fn), name="m")
        close(ours(np.abs(y_true), np.abs(y_pred)), theirs(np.abs(y_true), np.abs(y_pred)))
        assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize("name", sorted({row[0] for row in METRICS} | {"Mean", "Sum"}))
def test_configurations(name):
    options = next((row[1] for row in METRICS if row[0] == name), {})
    ours, theirs = both(name, **options)
    assert ours.name == theirs.name and ours.dtype == theirs.dtype
    config, expected = metrics.serialize(ours), keras.metrics.serialize(theirs)
    assert config["module"] == expected["module"] and config["class_name"] == expected["class_name"]
    assert (
        config["config"] | expected["config"] == config["config"]
    )  # ours may tell more (Keras forgets from_sorted_ids)
    assert keras.metrics.deserialize(config).get_config() == theirs.get_config()
    assert metrics.deserialize(expected).get_config() == ours.get_config()


def test_names():
    everything = {n for n in dir(keras.metrics) if not n.startswith("_")}
    assert everything <= set(metrics.__all__)
    for name in ("mse", "MAE", "auc", "AUC", "accuracy", "f_beta_score", "top_k_categorical_accuracy", "io_u", "BCE"):
        if "io_u" != name:
            assert type(metrics.get(name)).__name__ == type(keras.metrics.get(name)).__name__


FUNCTIONS = [
    ("binary_accuracy", bits(N, 1), shares(N, 1)),
    ("binary_accuracy", bits(N), shares(N, 1)),
    ("categorical_accuracy", onehot(N, 3), shares(N, 3)),
    ("sparse_categorical_accuracy", ints(3, N), shares(N, 3)),
    ("sparse_categorical_accuracy", ints(3, N, 4), shares(N, 4, 3)),
    ("top_k_categorical_accuracy", shares(N, 4, 7), shares(N, 4, 7)),
    ("sparse_top_k_categorical_accuracy", ints(7, N, 4), shares(N, 4, 7)),
    ("pearson_correlation", floats(N, 4), floats(N, 4)),
    ("concordance_correlation", floats(N, 4), floats(N, 4)),
]


@pytest.mark.parametrize("name, y_true, y_pred", FUNCTIONS, ids=lambda v: v if isinstance(v, str) else "")
def test_functions(name, y_true, y_pred):
    got, want = getattr(metrics, name)(y_true, y_pred), getattr(keras.metrics, name)(y_true, y_pred)
    assert got.dtype == want.dtype
    close(got, want)
