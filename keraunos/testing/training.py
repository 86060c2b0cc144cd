"""A small network on an engine: built, run, trained, saved."""

import numpy as np
import pytest

from keraunos import callbacks, layers, models, ops, utils
from keraunos.backend import dispatch
from keraunos.testing.compare import OnEngine, quiet

X = np.random.default_rng(0).normal(size=(20, 4)).astype("float32")
LABELS = (X.sum(1) > 0).astype("int32")


def _network():
    """Two dense layers with the same weights each time."""
    utils.set_random_seed(1)
    return models.Sequential([layers.Input((4,)), layers.Dense(8, "tanh"), layers.Dense(2, "softmax")])


class Training(OnEngine):
    """What users do with it."""

    def test_initial_weights_and_predictions_are_those_of_numpy(self):
        model = _network()
        found = model.predict(X, batch_size=8, verbose=0)  # with a partial last batch
        with dispatch.use("numpy"), quiet():
            plain = _network()
            want = plain.predict(X, batch_size=8, verbose=0)
        self.same(model.get_weights(), plain.get_weights())
        self.same(found, want)
        self.same(model(self.engine.asarray(X)), want)

    def test_evaluates(self):
        model = _network()
        model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        loss, accuracy = model.evaluate(X, LABELS, batch_size=8, verbose=0)
        probabilities = model.predict(X, verbose=0)
        assert loss == pytest.approx(-np.log(probabilities[np.arange(20), LABELS]).mean(), rel=1e-4)
        assert accuracy == pytest.approx((probabilities.argmax(1) == LABELS).mean())

    def test_a_fit_does_not_depend_on_how_its_steps_are_cut(self):
        self.training_engine()

        def fitted(*watchers):
            model = _network()
            model.compile("adam", "sparse_categorical_crossentropy")
            history = model.fit(X, LABELS, epochs=3, batch_size=8, verbose=0, callbacks=list(watchers))
            return history.history["loss"], model.get_weights()

        class EachBatch(callbacks.Callback):
            seen = 0

            def on_train_batch_end(self, batch, logs=None):
                self.seen += 1

        watcher = EachBatch()
        (losses, weights), (again, same) = fitted(), fitted(watcher)
        assert watcher.seen == 9
        assert losses[-1] < losses[0]
        np.testing.assert_allclose(again, losses, rtol=1e-5)
        self.same(same, weights, rtol=1e-5)

    def test_a_model_is_saved_and_loaded(self, tmp_path):
        x = layers.Input((4,))
        model = models.Model(x, ops.log_softmax(layers.Dense(3)(x) * 2))
        model.save(tmp_path / "model.keras")
        again = models.load_model(tmp_path / "model.keras")
        self.same(again.predict(X, verbose=0), model.predict(X, verbose=0))
