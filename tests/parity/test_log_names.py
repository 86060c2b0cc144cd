"""Names and order in logs beside real Keras: History's keys, what evaluate lists, metrics of several outputs."""

import numpy as np
import pytest

import keraunos

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.trains


def one(K):
    return K.Sequential([K.Input((3,)), K.layers.Dense(2, name="only")])


def two(K):
    x = K.Input((3,))
    return K.Model(x, [K.layers.Dense(2, name="z")(x), K.layers.Dense(1, name="a")(x)])


def by_name(K):
    x = K.Input((3,))
    return K.Model(x, {"z": K.layers.Dense(2, name="dense_z")(x), "a": K.layers.Dense(1, name="dense_a")(x)})


def subclassed(K):
    class Two(K.Model):
        def __init__(self):
            super().__init__()
            self.z, self.a = K.layers.Dense(2), K.layers.Dense(1)

        def call(self, x):
            return self.z(x), self.a(x)

    return Two()


def fixed(y_true, y_pred):
    return 0 * y_pred[:, 0] + 1.0


R = np.random.default_rng(0)
X, Z, A = (R.normal(size=(6, n)).astype("float32") for n in (3, 2, 1))
W = np.linspace(0, 1, 6).astype("float32")
LISTS, DICTS = [Z, A], {"z": Z, "a": A}

CASES = [  # model, y, compile's arguments, fit's
    (one, Z, {"loss": "mse"}, {}),
    (one, Z, {"loss": "mse", "metrics": ["mae", "mse", "acc"]}, {"validation_split": 0.5}),
    (one, Z, {"loss": ["mse"], "metrics": [["mae"]]}, {}),
    (one, Z, {"loss": lambda K: K.losses.Huber(), "metrics": lambda K: [K.metrics.MeanSquaredError(), fixed]}, {}),
    (
        one,
        Z,
        {"loss": fixed, "metrics": [fixed, "cosine_similarity"], "weighted_metrics": ["mae"]},
        {"sample_weight": W},
    ),
    (
        one,
        Z,
        {"loss": "mse", "metrics": lambda K: [K.metrics.MeanSquaredError("mine"), K.losses.MeanAbsoluteError()]},
        {},
    ),
    (two, LISTS, {"loss": "mse"}, {}),
    (two, LISTS, {"loss": ["mse", "mae"], "loss_weights": [0.5, 2.0]}, {"validation_data": (X, LISTS)}),
    (two, LISTS, {"loss": ["mse", None], "metrics": [["mae"], None]}, {}),
    (two, LISTS, {"loss": ["mse", "mae"], "metrics": [["mae", "mse"], ["mse"]]}, {}),
    (two, LISTS, {"loss": "mse", "metrics": ["mae", "mse"]}, {}),
    (two, LISTS, {"loss": {"z": "mse", "a": "mae"}, "metrics": {"a": "mae", "z": ["mse", "mae"]}}, {}),
    (two, DICTS, {"loss": {"a": "mae", "z": "mse"}, "loss_weights": {"z": 3.0, "a": 1.0}}, {"validation_split": 0.5}),
    (
        two,
        LISTS,
        {"loss": "mse", "metrics": [["mae"], []], "weighted_metrics": [["mse"], ["mae"]]},
        {"sample_weight": [W, W]},
    ),
    (
        two,
        LISTS,
        {"loss": "mse", "metrics": lambda K: [[K.metrics.MeanSquaredError("m")], [K.metrics.MeanSquaredError("n")]]},
        {},
    ),
    (
        by_name,
        DICTS,
        {"loss": {"z": "mse", "a": "mae"}, "metrics": {"z": ["mae"], "a": ["mse"]}},
        {"sample_weight": {"z": W, "a": W}},
    ),
    (subclassed, (Z, A), {"loss": ["mse", "mae"], "loss_weights": [2.0, 1.0]}, {}),
    (subclassed, (Z, A), {"loss": ["mse", "mae"], "metrics": [["mae"], ["mse"]]}, {}),
]


def run(K, make, y, compile_args, fit_args):
    K.utils.clear_session(free_memory=False)
    K.utils.set_random_seed(1)
    model = make(K)
    model.compile(
        "sgd", **{k: v(K) if getattr(v, "__name__", "") == "<lambda>" else v for k, v in compile_args.items()}
    )
    history = model.fit(X, y, epochs=1, verbose=0, shuffle=False, **fit_args).history
    weights = {"sample_weight": fit_args["sample_weight"]} if "sample_weight" in fit_args else {}
    return {
        "history": history,
        "list": model.evaluate(X, y, verbose=0, **weights),
        "dict": model.evaluate(X, y, verbose=0, return_dict=True, **weights),
        "batches": [model.test_on_batch(X, y, **weights), model.train_on_batch(X, y, **weights)],
        "batch dict": model.train_on_batch(X, y, return_dict=True, **weights),
        "names": model.metrics_names,
        "metrics": [m.name for m in model.metrics],
    }


def near(got, want, what):
    if isinstance(want, dict):
        assert list(got) == list(want), what
        for k in want:
            near(got[k], want[k], f"{what} {k}")
    else:
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5, err_msg=what)


QUICK = (1, 4, 7, 9, 13, 15, 17)  # the others say the same of other forms
EACH = [case if i in QUICK else pytest.param(*case, marks=pytest.mark.slow) for i, case in enumerate(CASES)]


@pytest.mark.parametrize("make, y, compile_args, fit_args", EACH)
def test_logs(make, y, compile_args, fit_args):
    ours, theirs = (run(K, make, y, compile_args, fit_args) for K in (keraunos, keras))
    for key in ("names", "metrics"):
        assert ours.pop(key) == theirs.pop(key), key
    for key in theirs:
        near(ours[key], theirs[key], key)
