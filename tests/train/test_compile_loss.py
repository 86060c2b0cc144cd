"""Losses and metrics over outputs: names in logs, lists, dicts, None, weights, errors."""

import re

import numpy as np
import pytest

from keraunos import losses, metrics
from keraunos.train.compile_loss import CompileLoss
from keraunos.train.compile_metrics import CompileMetrics

R = np.random.RandomState(5)
A, B = R.rand(4, 2).astype("float32"), R.rand(4, 1).astype("float32")
ZA, ZB = np.zeros_like(A), np.zeros_like(B)
MSE_A, MAE_A, MSE_B, MAE_B = (A**2).mean(), A.mean(), (B**2).mean(), B.mean()

LOSSES = [  # loss, loss_weights, names, y, y_pred, value, names of the running means
    ("mse", None, ["a"], ZA, A, MSE_A, []),
    (["mse"], None, ["a"], ZA, A, MSE_A, []),
    ({"a": "mse"}, 2.0, ["a"], ZA, A, 2 * MSE_A, []),
    ("mse", None, ["a"], [ZA], [A], MSE_A, []),
    ("mse", None, ["a", "b"], [ZA, ZB], [A, B], MSE_A + MSE_B, ["a_loss", "b_loss"]),
    (["mse", "mae"], [2.0, 0.5], ["a", "b"], [ZA, ZB], [A, B], 2 * MSE_A + MAE_B / 2, ["a_loss", "b_loss"]),
    (
        {"b": "mae", "a": "mse"},
        {"b": 3.0},
        ["a", "b"],
        {"a": ZA, "b": ZB},
        [A, B],
        MSE_A + 3 * MAE_B,
        ["a_loss", "b_loss"],
    ),
    (["mse", None], None, ["a", "b"], [ZA, ZB], [A, B], MSE_A, []),
    ({"a": "mse", "b": None}, None, ["a", "b"], {"a": ZA}, [A, B], MSE_A, []),
    (["mse", "mae"], None, None, (ZA, ZB), (A, B), MSE_A + MAE_B, ["mse_loss", "mae_loss"]),
    ("mse", None, None, (ZA, ZB), (A, B), MSE_A + MSE_B, ["mse_loss", "mse_loss_1"]),
    ("mse", None, ["x", "y"], {"p": ZA, "q": ZB}, {"p": A, "q": B}, MSE_A + MSE_B, ["p_loss", "q_loss"]),
    (
        {"u": "mse", "v": ["mae"]},
        None,
        None,
        {"u": ZA, "v": [ZB]},
        {"u": A, "v": [B]},
        MSE_A + MAE_B,
        ["u_loss", "v/mae_loss"],
    ),
    (losses.Huber(), None, ["a"], ZA, A, MSE_A / 2, []),
    (lambda t, p: losses.mean_absolute_error(t, p), None, ["a"], ZA, A, MAE_A, []),
]


@pytest.mark.parametrize("loss, weights, names, y, y_pred, value, trackers", LOSSES)
def test_losses(loss, weights, names, y, y_pred, value, trackers):
    total = CompileLoss(loss, weights, output_names=names)
    assert not total.built and not total.row_wise
    np.testing.assert_allclose(total(y, y_pred), value, rtol=1e-6)
    assert [m.name for m in total.metrics] == trackers
    assert total.built and total.row_wise == (not hasattr(loss, "__code__"))


def test_running_means_are_of_the_loss_without_its_weight():
    total = CompileLoss("mse", [10.0, 1.0], output_names=["a", "b"])
    total([ZA, ZB], [A, B])
    np.testing.assert_allclose([m.result() for m in total.metrics], [MSE_A, MSE_B], rtol=1e-6)
    assert [float(m.count.value) for m in total.metrics] == [4.0, 4.0]


@pytest.mark.parametrize(
    "weights, factors",
    [(np.ones(4) * 3, (3, 3)), ([np.ones(4), 2 * np.ones((4, 1))], (1, 2)), ({"b": 5 * np.ones(4)}, (1, 5))],
)
def test_sample_weights(weights, factors):
    total = CompileLoss("mse", output_names=["a", "b"])
    np.testing.assert_allclose(total([ZA, ZB], [A, B], weights), factors[0] * MSE_A + factors[1] * MSE_B, rtol=1e-6)


KINDS = [
    ((4, 1), (4, 1), "Binary"),
    ((4,), (4, 1), "Binary"),
    ((4,), (4,), "Binary"),
    ((4,), (4, 3), "SparseCategorical"),
    ((4, 1), (4, 3), "SparseCategorical"),
    ((4, 5), (4, 5, 3), "SparseCategorical"),
    ((4, 3), (4, 3), "Categorical"),
    ((4, 5, 3), (4, 5, 3), "Categorical"),
]


@pytest.mark.parametrize("true, pred, kind", KINDS)
def test_chosen_by_shapes(true, pred, kind):
    y_true, y_pred = np.ones(true), np.full(pred, 0.5, "float32")
    found = CompileMetrics(["acc", "Accuracy", "crossentropy"])
    found.update_state(y_true, y_pred)
    accuracy, _, entropy = found.metrics
    assert type(accuracy).__name__ == f"{kind}Accuracy" and type(entropy).__name__ == f"{kind}Crossentropy"
    assert list(found.result()) == ["acc", "Accuracy", "crossentropy"]
    total = CompileLoss("crossentropy")
    assert np.isfinite(float(total(y_true, y_pred)))


def mine(y_true, y_pred):
    return y_pred[:, 0]


METRICS = [  # metrics, weighted_metrics, names, y, y_pred, names in logs
    (["accuracy", "mae"], None, ["a"], ZA, A, ["accuracy", "mae"]),
    (["accuracy"], ["accuracy", "mae"], ["a"], ZA, A, ["accuracy", "weighted_accuracy", "mae"]),
    ([["accuracy"], ["mae"]], None, ["a", "b"], [ZA, ZB], [A, B], ["a_accuracy", "b_mae"]),
    (["accuracy", "mae"], None, ["a", "b"], [ZA, ZB], [A, B], ["a_accuracy", "b_mae"]),
    ({"b": ["accuracy"], "a": "mae"}, None, ["a", "b"], [ZA, ZB], [A, B], ["a_mae", "b_accuracy"]),
    ({"b": "mae"}, None, ["a", "b"], [ZA, ZB], [A, B], ["b_mae"]),
    ([None, "mae"], None, ["a", "b"], [ZA, ZB], [A, B], ["b_mae"]),
    (
        [["mae", "accuracy"], ["mae"]],
        [["mae"], ["mse"]],
        ["a", "b"],
        [ZA, ZB],
        [A, B],
        ["a_mae", "a_accuracy", "b_mae", "a_weighted_mae", "b_mse"],
    ),
    (["mae", "mae", metrics.MeanAbsoluteError()], None, ["a"], ZA, A, ["mae", "mae_1", "mean_absolute_error"]),
    ([mine, losses.Huber(name="h"), lambda t, p: p], None, ["a"], ZA, A, ["mine", "h", "lambda"]),
    ([["mae"], ["mse"]], None, None, (ZA, ZB), (A, B), ["mae", "mse"]),
    ({"p": "mae", "q": "mae"}, None, ["x", "y"], {"p": ZA, "q": ZB}, {"p": A, "q": B}, ["p_mae", "q_mae"]),
    ({"u": ["mae"], "v": ["mse"]}, None, None, {"u": ZA, "v": [ZB]}, {"u": A, "v": [B]}, ["u_mae", "v_mse"]),
    (["mae", "mse"], None, ["a"], [ZA], [A], ["mae", "mse"]),
    (["kld", "huber", "cosine_similarity"], None, ["a"], ZA, A, ["kld", "huber", "cosine_similarity"]),
]


@pytest.mark.parametrize("given, weighted, names, y, y_pred, logs", METRICS)
def test_names_in_logs(given, weighted, names, y, y_pred, logs):
    found = CompileMetrics(given, weighted, output_names=names)
    assert found.name == "compile_metrics" and not found.built and found.variables == []
    found.update_state(y, y_pred)
    assert list(found.result()) == logs
    assert found.built and len(found.metrics) == len(logs)
    found.reset_state()
    assert not any(v.numpy().any() for v in found.variables)


def test_only_weighted_metrics_are_weighed():
    found = CompileMetrics(["mae"], ["mae"], output_names=["a"])
    weights = np.array([1.0, 0.0, 0.0, 0.0])
    found.update_state(ZA, A, sample_weight=weights)
    result = found.result()
    np.testing.assert_allclose(result["mae"], MAE_A, rtol=1e-6)
    np.testing.assert_allclose(result["weighted_mae"], A[0].mean(), rtol=1e-6)


def test_plain_metrics_need_no_argument_for_weights():
    class Plain(metrics.Metric):
        def __init__(self):
            super().__init__(name="plain")
            self.n = self.add_variable(shape=(), name="n")

        def update_state(self, y_true, y_pred):
            self.n.assign_add(1.0)

        def result(self):
            return self.n.value

    found = CompileMetrics([Plain()])
    found.update_state(ZA, A, sample_weight=np.ones(4))
    assert float(found.result()["plain"]) == 1.0 and not found.row_wise


def both(y=(ZA, ZB)):
    return list(y), [A, B]


ERRORS = [
    (
        lambda: CompileLoss(["mse"], output_names=["a", "b"])(*both()),
        "loss must have one entry for each of the 2 outputs",
    ),
    (
        lambda: CompileLoss(["mse"] * 3, output_names=["a", "b"])(*both()),
        "loss must have one entry for each of the 2 outputs",
    ),
    (
        lambda: CompileLoss({"a": "mse"}, output_names=["a", "b"])(*both()),
        "'b' is missing. An output that shall have none",
    ),
    (
        lambda: CompileLoss({"logit": "mse", "b": "mse"}, output_names=["logits", "b"])(*both()),
        "loss has the key 'logit', but the outputs are ['logits', 'b']. Did you mean 'logits'?",
    ),
    (lambda: CompileLoss({"a": "mse"})(*both()), "the outputs have no names"),
    (lambda: CompileLoss("mse", [1.0], output_names=["a", "b"])(*both()), "loss_weights must have one entry"),
    (lambda: CompileLoss("mse", output_names=["a"])(None, A), "the output has a loss, but there is no y for it"),
    (
        lambda: CompileLoss("mse", output_names=["a", "b"])({"a": ZA}, [A, B]),
        "output 'b' has a loss, but there is no y",
    ),
    (
        lambda: CompileLoss("mse", output_names=["a", "b"])([ZA], [A, B]),
        "y must have one entry for each of the 2 outputs",
    ),
    (
        lambda: CompileLoss("mse", output_names=["a", "b"])(ZA, [A, B]),
        "y must have one entry for each of the 2 outputs",
    ),
    (lambda: CompileLoss("msse"), "Did you mean 'mse'"),
    (lambda: CompileLoss(3), "loss must be a name, a function"),
    (
        lambda: CompileLoss(losses.Huber(reduction="none"))(ZA, A),
        "the loss 'huber_loss' must give one number for a batch",
    ),
    (lambda: CompileMetrics("mae"), "metrics must be a list or dict"),
    (lambda: CompileMetrics(["mean_abs_error"]), "Unknown metric"),
    (
        lambda: CompileMetrics(["mae"], output_names=["a", "b"]).build(*both()),
        "metrics must have one entry for each of the 2 outputs ['a', 'b'], got 1",
    ),
    (
        lambda: CompileMetrics({"c": "mae"}, output_names=["a", "b"]).build(*both()),
        "metrics has the key 'c', but the outputs are ['a', 'b']",
    ),
    (lambda: CompileMetrics(["mae"]).result(), "no result before they have seen a batch"),
]


@pytest.mark.parametrize("call, message", ERRORS, ids=[m for _, m in ERRORS])
def test_errors(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_targets_on_the_host():
    total = CompileLoss(["sparse_categorical_crossentropy", "mse"], output_names=["a", "b"])
    y = [np.array([0, 1, 1, 0]), ZB]
    total.build(y, [A, B])
    total.check_targets(y)
    with pytest.raises(
        ValueError, match=re.escape("sparse_categorical_crossentropy: y_true must hold class indices in [0, 2)")
    ):
        total.check_targets([np.array([0, 1, 2, 0]), ZB])
