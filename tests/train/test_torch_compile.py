"""``jit_compile=True`` on PyTorch: the whole step through ``torch.compile``."""

import warnings

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.slow,  # PyTorch compiles for seconds
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),  # PyTorch's own
]

RNG = np.random.RandomState(0)
X = RNG.normal(size=(64, 8)).astype("float32")
Y = X[:, :1] * 2 - X[:, 1:2]


class Reading(layers.Layer):
    """Looks at a value, as no graph can."""

    def call(self, x):
        return -x if not x.is_meta and keras.ops.max(x).item() < -1e9 else x


def losses(extra=None, rule="adam", **compiled):
    with keras.backend.use("torch"):
        keras.utils.set_random_seed(0)
        parts = [
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.3),
            *([extra()] if extra else []),
            layers.Dense(1),
        ]
        model = keras.Sequential([keras.Input((8,)), *parts])
        model.compile(rule, "mse", **compiled)
    return model.fit(X, Y, batch_size=16, epochs=4, verbose=0, shuffle=False).history["loss"]


@pytest.mark.parametrize("rule", ["adam", "sgd"])
def test_the_whole_step_is_one_graph(rule):
    """A warning would say that it isn't; dropout and Adam's kernel are in it as operators."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="compile")
        np.testing.assert_allclose(losses(rule=rule, jit_compile=True), losses(rule=rule), rtol=1e-5)


def test_a_layer_that_reads_values_trains_all_the_same():
    with pytest.warns(UserWarning, match=r"jit_compile=True\): Tensor\.\w+ reads values .*so it is run uncompiled"):
        found = losses(Reading, jit_compile=True)
    np.testing.assert_allclose(found, losses(Reading), rtol=1e-5)
