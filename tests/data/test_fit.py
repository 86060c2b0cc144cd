"""Datasets in fit, evaluate and predict."""

import threading

import numpy as np
import pytest

import keraunos as keras
from keraunos import layers
from tests.data.datasets import Failing, Numbered

pytestmark = pytest.mark.trains

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = X.sum(1)


def model():
    keras.utils.set_random_seed(1)
    m = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    m.compile(keras.optimizers.SGD(0.1), "mse")
    return m


class Rows(Numbered):
    """The rows of X and Y, 5 a batch: the last batch is smaller."""

    def __init__(self, **kwargs):
        super().__init__(5, **kwargs)

    def __getitem__(self, index):
        rows = slice(5 * index, 5 * index + 5)
        return X[rows], Y[rows]


def losses(x, y=None, epochs=2, **kwargs):
    return model().fit(x, y, epochs=epochs, verbose=0, shuffle=False, **kwargs).history["loss"]


def once(n=2):
    """n passes over the rows."""
    data = Rows()
    return (data[i] for _ in range(n) for i in range(5))


def loader():
    torch = pytest.importorskip("torch")
    dataset = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    return torch.utils.data.DataLoader(dataset, batch_size=5)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not [t.name for t in threading.enumerate() if t.name.startswith("keraunos")]


def test_all_forms_train_alike():
    expected = losses(X, Y, batch_size=5)
    for kwargs in ({"workers": 0}, {}, {"workers": 3}):
        np.testing.assert_allclose(losses(Rows(**kwargs)), expected, rtol=1e-5)
    np.testing.assert_allclose(losses(once(), steps_per_epoch=5), expected, rtol=1e-5)
    np.testing.assert_allclose(losses(loader()), expected, rtol=1e-5)


def test_processes_in_fit():
    data = Rows(use_multiprocessing=True, workers=2)
    history = model().fit(data, validation_data=data, epochs=2, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], losses(X, Y, batch_size=5), rtol=1e-5)


def test_a_generator_without_steps_is_one_epoch():
    with pytest.warns(UserWarning, match="no batches for another epoch"):
        assert len(losses(once(1), epochs=3)) == 1


def test_a_generator_that_ends_early_ends_training():
    with pytest.warns(UserWarning) as caught:
        found = losses(once(1), epochs=3, steps_per_epoch=3)
    assert len(found) == 2 and found[0] == pytest.approx(losses(X[:15], Y[:15], epochs=1, batch_size=5)[0], rel=1e-5)
    assert ["after 2 of 3 steps" in str(w.message) for w in caught] == [True, False]


def test_evaluate_and_predict():
    m = model()
    expected, predictions = m.evaluate(X, Y, verbose=0), m.predict(X, verbose=0)
    for data in (Rows(), once(1), loader()):
        assert m.evaluate(data, verbose=0) == pytest.approx(expected, rel=1e-5)
    for data in (Rows(workers=2), once(1)):
        np.testing.assert_allclose(m.predict(data, verbose=0), predictions, rtol=1e-5, atol=1e-6)
    assert m.predict(once(), steps=2, verbose=0).shape == (10, 1)


def test_epochs_begin_and_end_for_the_dataset():
    class Noting(Rows):
        def __getitem__(self, index):
            self.calls.append(index)
            return super().__getitem__(index)

    data, validation = Noting(), Noting()
    model().fit(data, validation_data=validation, validation_steps=2, epochs=2, shuffle=False, verbose=0)
    assert data.calls == ["begin", 0, 1, 2, 3, 4, "end"] * 2
    assert validation.calls == ["begin", 0, 1, "end"] * 2


@pytest.mark.parametrize("kwargs", [{}, {"workers": 2}], ids=str)
def test_an_error_in_the_dataset_ends_fit_and_its_threads(kwargs):
    with pytest.raises(KeyError, match="batch 2"):
        model_of_numbers().fit(Failing(**kwargs), shuffle=False, verbose=0)


def model_of_numbers():
    m = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    m.compile("sgd", "mse")
    return m


class Stop(keras.callbacks.Callback):
    """Stops, or fails, after a batch."""

    def __init__(self, error=None):
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch, logs=None):
        if self.error:
            raise self.error
        self.model.stop_training = True


def test_a_stopped_or_failing_fit_leaves_no_thread():
    data = Numbered(50, workers=3)
    model_of_numbers().fit(data, callbacks=[Stop()], verbose=0)
    assert data.calls[-1] == "end" and data.calls.count("end") == 1
    with pytest.raises(KeyboardInterrupt):
        model_of_numbers().fit(Numbered(50, workers=3), callbacks=[Stop(KeyboardInterrupt())], verbose=0)
