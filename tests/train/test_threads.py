"""predict from several threads: weights never leave the model during a call."""

import threading

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers

pytestmark = pytest.mark.trains


def make():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(32, activation="relu"), layers.Dense(3)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("warm", [False, True])
def test_predict_from_eight_threads(warm):
    model = make()
    x = np.random.default_rng(0).normal(size=(50, 8)).astype("float32")
    kernel, bias, kernel2, bias2 = model.get_weights()
    expected = np.maximum(x @ kernel + bias, 0) @ kernel2 + bias2
    if warm:
        model.predict(x, verbose=0)
    found, errors = [None] * 8, []

    def work(i):
        try:
            found[i] = [model.predict(x, verbose=0, batch_size=16 + i) for _ in range(5)]
        except Exception as e:  # noqa: BLE001 what a thread meets is told to the test
            errors.append(e)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    for results in found:
        for r in results:
            np.testing.assert_allclose(r, expected, rtol=1e-5, atol=1e-5)


def test_predict_while_training():
    model = make()
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(512, 8)).astype("float32"), rng.normal(size=(512, 3)).astype("float32")
    errors, stop = [], threading.Event()

    def work():
        try:
            while not stop.is_set():
                assert np.isfinite(model.predict(x[:20], verbose=0)).all()
        except Exception as e:  # noqa: BLE001 what a thread meets is told to the test
            errors.append(e)

    thread = threading.Thread(target=work)
    thread.start()
    model.fit(x, y, epochs=20, batch_size=32, verbose=0)
    stop.set()
    thread.join()
    assert not errors
