"""The base of metrics, metrics of the user's own, errors, and the two ways to count at thresholds."""

import re

import numpy as np
import pytest

import keraunos as keras
from keraunos.metrics import confusion
from keraunos.util.registry import register_keras_serializable

R = np.random.RandomState(4)


@register_keras_serializable(package="tests")
class Spread(keras.metrics.Metric):
    """Without a get_config of its own; with a metric inside."""

    def __init__(self, factor=1.0, name="spread", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.factor = factor
        self.high = self.add_weight(name="high", initializer="zeros")
        self.low = self.add_variable(shape=(2,), initializer="ones", name="low", dtype="int32")
        self.mean = keras.metrics.Mean(name="inner")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.high.assign(keras.ops.maximum(self.high, keras.ops.max(y_pred)))
        self.mean.update_state(y_pred)

    def result(self):
        return {"high": self.factor * self.high.value, "mean": self.mean.result()}


def test_variables_and_configuration():
    m = Spread(factor=3.0)
    assert [v.path for v in m.variables] == ["spread/high", "spread/low", "inner/total", "inner/count"]
    assert not any(v.trainable for v in m.variables)
    assert m.variables[1].dtype == "int32"
    assert {k: float(v) for k, v in m([0.0], [1.0, 3.0]).items()} == {"high": 9.0, "mean": 2.0}
    assert m.get_config() == {"name": "spread", "dtype": "float32", "factor": 3.0}
    again = keras.metrics.deserialize(keras.metrics.serialize(m))
    assert again.factor == 3.0 and float(again.high.value) == 0.0
    m.reset_state()
    assert all(not v.numpy().any() for v in m.variables)
    assert not m._row_wise and keras.metrics.Mean()._row_wise


def test_stateless():
    m = keras.metrics.Mean()
    state = m.stateless_reset_state()
    state = m.stateless_update_state(state, [1.0, 3.0])
    assert float(m.stateless_result(state)) == 2.0 and float(m.result()) == 0.0
    with pytest.raises(ValueError, match="expected 2 values, one for each variable"):
        m.stateless_result(state[:1])


def test_forgotten_super():
    class Forgot(keras.metrics.Metric):
        def __init__(self):
            self.v = self.add_variable(shape=(), name="v")

    with pytest.raises(RuntimeError, match=r"Forgot: call super\(\).__init__\(\) before add_variable"):
        Forgot()


def test_names_are_unique():
    assert [keras.metrics.Precision().name for _ in range(2)] == ["precision", "precision_1"]
    assert [keras.metrics.Mean().name for _ in range(2)] == ["mean", "mean"]


@pytest.mark.parametrize("shape", [(500,), (300, 3)])
@pytest.mark.parametrize("by_label", [False, True])
def test_buckets_count_as_comparisons_do(shape, by_label, monkeypatch):
    """The quick way for many samples gives what comparing with each threshold gives, on the thresholds too."""
    by_label = by_label and len(shape) == 2
    limits = np.concatenate([[-1e-7], confusion.even_thresholds(50)[1:-1], [1 + 1e-7]])
    scores = R.rand(*shape).astype("float32")
    flat = scores.reshape(-1)
    flat[:100] = R.choice(confusion.even_thresholds(50).astype("float32"), 100)
    flat[100:104] = [0.0, 1.0, -3.0, 5.0]
    true, weights = R.randint(0, 2, shape), R.rand(*shape).astype("float32")
    found = []
    for many in (0, 10**9):
        monkeypatch.setattr(confusion, "_MANY", many)
        found.append(
            confusion.count("c", true, scores, limits, "float32", even=True, sample_weight=weights, by_label=by_label)
        )
    for name in ("true_positives", "false_positives", "true_negatives", "false_negatives"):
        np.testing.assert_allclose(getattr(found[0], name), getattr(found[1], name), rtol=1e-5, atol=1e-4)


def test_auc_of_many_samples():
    """Against the definition: the chance that a positive scores above a negative."""
    y = R.randint(0, 2, 4000)
    p = np.clip(R.rand(4000) * 0.7 + 0.3 * y, 0, 1).astype("float32")
    above = (p[y == 1][:, None] > p[y == 0]).mean()
    np.testing.assert_allclose(keras.metrics.AUC(num_thresholds=1000)(y, p), above, atol=1e-4)


def test_perfect_predictions():
    y = np.array([0, 0, 1, 1])
    for metric in (
        keras.metrics.AUC(),
        keras.metrics.AUC(curve="PR"),
        keras.metrics.Precision(),
        keras.metrics.Recall(),
    ):
        np.testing.assert_allclose(metric(y, y.astype("float32")), 1.0, rtol=1e-6)
    np.testing.assert_allclose(keras.metrics.AUC()(y, 1.0 - y.astype("float32")), 0.0, atol=1e-6)
    np.testing.assert_allclose(keras.metrics.R2Score()(y[:, None], y[:, None].astype("float32")), 1.0)
    np.testing.assert_allclose(keras.metrics.MeanIoU(num_classes=2)(y, y), 1.0)


def test_ones_as_weights_are_no_weights():
    y_true, y_pred = np.array([1, -1, 2]), np.full((3, 4), 0.25, "float32")
    plain, weighed = (keras.metrics.SparseCategoricalCrossentropy(ignore_class=-1) for _ in range(2))
    np.testing.assert_allclose(plain(y_true, y_pred), weighed(y_true, y_pred, sample_weight=np.ones(3)), rtol=1e-6)


M = keras.metrics
ERRORS = [
    (lambda: M.Precision(thresholds=[1.5]), "Precision: thresholds must be numbers between 0 and 1"),
    (lambda: M.AUC(curve="roc2"), "AUC: curve must be one of"),
    (lambda: M.AUC(num_thresholds=1), "AUC: num_thresholds must be an int of at least 2"),
    (lambda: M.AUC(num_labels=2), "AUC: num_labels is for multi_label=True only"),
    (lambda: M.F1Score(average="all"), "F1Score: average must be one of"),
    (lambda: M.FBetaScore(beta=-1.0), "FBetaScore: beta must be a float above 0"),
    (lambda: M.BinaryAccuracy(threshold=3), "BinaryAccuracy: threshold must be between 0 and 1"),
    (lambda: M.RecallAtPrecision(1.5), "RecallAtPrecision: precision must be between 0 and 1"),
    (lambda: M.IoU(num_classes=2, target_class_ids=[2]), "IoU: target_class_ids must be in [0, 2), got 2"),
    (lambda: M.R2Score(num_regressors=-1), "R2Score: num_regressors must be at least 0"),
    (lambda: M.get("acuracy"), "Did you mean 'accuracy'"),
    (lambda: M.get(3), "The metric must be a name"),
    (lambda: M.MeanSquaredError()(np.ones(4), np.ones((4, 3))), "y_true must have the shape of y_pred"),
    (lambda: M.BinaryAccuracy()(np.ones(4), np.ones((4, 3))), "y_true must have the shape of y_pred"),
    (lambda: M.SparseCategoricalAccuracy()(np.ones((4, 3)), np.ones((4, 3))), "For one-hot targets"),
    (lambda: M.Precision()(np.ones((4, 3)), np.ones((4, 1))), "Precision: y_true must have the shape of y_pred"),
    (lambda: M.Mean()(np.ones((4, 3)), sample_weight=np.ones(3)), "Mean: sample_weight must have the shape"),
    (lambda: M.R2Score()(np.ones(4), np.ones(4)), "R2Score: y_true and y_pred must have shape (n, outputs)"),
]


@pytest.mark.parametrize("call, message", ERRORS, ids=[m for _, m in ERRORS])
def test_errors(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
