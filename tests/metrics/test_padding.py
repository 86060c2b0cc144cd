"""Rows of weight 0 change no metric, as compiled metrics get padded batches."""

import jax.numpy as jnp
import numpy as np
import pytest

from keraunos import metrics
from keraunos.core.scope import RealRows
from keraunos.train.compile_loss import CompileLoss
from keraunos.train.compile_metrics import CompileMetrics

R = np.random.RandomState(3)
N, PAD = 6, 2
ROWS = RealRows(jnp.asarray([1.0] * N + [0.0] * PAD), jnp.asarray(float(N)), N + PAD)


def shares(*shape):
    return R.uniform(0.05, 0.95, shape).astype("float32")


def bits(*shape):
    return R.randint(0, 2, shape).astype("float32")


def padded(x):
    return np.concatenate([x, np.full((PAD, *x.shape[1:]), 7 if x.dtype.kind == "i" else np.nan, x.dtype)])


M = metrics
BINARY = [
    M.AUC,
    M.Precision,
    M.Recall,
    M.TruePositives,
    M.TrueNegatives,
    M.FalsePositives,
    M.FalseNegatives,
    lambda: M.SensitivityAtSpecificity(0.5),
    lambda: M.AUC(multi_label=True, curve="PR"),
    lambda: M.Precision(top_k=1),
    M.BinaryAccuracy,
    M.BinaryCrossentropy,
    M.BinaryIoU,
    M.F1Score,
    lambda: M.FBetaScore(average="weighted", threshold=0.5),
    M.R2Score,
    lambda: M.R2Score(num_regressors=1),
    M.RootMeanSquaredError,
    M.MeanSquaredError,
    M.CosineSimilarity,
    M.KLDivergence,
    M.CategoricalAccuracy,
    lambda: M.TopKCategoricalAccuracy(k=2),
    M.PearsonCorrelation,
    M.Hinge,
    lambda: M.OneHotMeanIoU(num_classes=3),
]


@pytest.mark.parametrize("i, make", list(enumerate(BINARY)), ids=lambda m: getattr(m, "__name__", ""))
def test_same_results(i, make):
    weighed = i % 2 == 0
    y_true, y_pred = bits(N, 3), shares(N, 3)
    weights = R.randint(1, 4, N).astype("float32") if weighed else None
    group = (None, [make()]) if weighed else ([make()], None)
    plain = CompileMetrics(*group)
    plain.update_state(y_true, y_pred, sample_weight=weights)
    group = (None, [make()]) if weighed else ([make()], None)
    other = CompileMetrics(*group)
    with ROWS:
        other.update_state(padded(y_true), jnp.asarray(padded(y_pred)), padded(weights) if weighed else None)
    assert other.row_wise
    for (_, a), (_, b) in zip(plain.result().items(), other.result().items(), strict=True):
        np.testing.assert_allclose(a, b, rtol=3e-6, atol=1e-6)


@pytest.mark.parametrize("shape, y_true", [((N, 4), R.randint(0, 4, N)), ((N, 5, 4), R.randint(0, 4, (N, 5)))])
def test_class_indices(shape, y_true):
    y_pred = shares(*shape)
    names = ["accuracy", "sparse_categorical_crossentropy"]
    plain, other = CompileMetrics(names), CompileMetrics(names)
    plain.update_state(y_true, y_pred)
    with ROWS:
        other.update_state(padded(y_true), jnp.asarray(padded(y_pred)))
    for (_, a), (_, b) in zip(plain.result().items(), other.result().items(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6)


def test_vectors():
    y_true, y_pred = bits(N), shares(N)
    plain, other = CompileMetrics(["accuracy", "mse"]), CompileMetrics(["accuracy", "mse"])
    plain.update_state(y_true, y_pred)
    with ROWS:
        other.update_state(padded(y_true), jnp.asarray(padded(y_pred)))
    assert other.row_wise
    for (_, a), (_, b) in zip(plain.result().items(), other.result().items(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6)
    vector = CompileMetrics(["kl_divergence"])
    vector.build(y_true, y_pred)
    assert not vector.row_wise


def test_losses_of_outputs():
    y = {"a": bits(N, 2), "b": bits(N, 1)}
    p = {"a": shares(N, 2), "b": shares(N, 1)}
    plain, other = CompileLoss("mse"), CompileLoss("mse")
    value = plain(y, p)
    with ROWS:
        got = other({k: padded(v) for k, v in y.items()}, {k: jnp.asarray(padded(v)) for k, v in p.items()})
    np.testing.assert_allclose(got, value, rtol=2e-6)
    for a, b in zip(plain.variables, other.variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-6)
