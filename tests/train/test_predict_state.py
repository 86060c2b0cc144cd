"""What a prediction carries on: the states of recurrent layers, and seeds."""

import numpy as np
import pytest

import keraunos

X = np.random.default_rng(0).standard_normal((8, 3, 2)).astype("float32")


def stateful(k):
    return k.Sequential([k.Input((3, 2), batch_size=2), k.layers.GRU(4, stateful=True), k.layers.Dense(1)])


@pytest.mark.parametrize("on_batches", [False, True])
def test_states_go_on_from_batch_to_batch(on_batches):
    model = stateful(keraunos)
    whole = keraunos.Sequential([keraunos.Input((None, 2)), keraunos.layers.GRU(4), keraunos.layers.Dense(1)])
    whole.set_weights(model.get_weights())
    if on_batches:
        found = np.stack([model.predict_on_batch(X[i : i + 2]) for i in range(0, 8, 2)])
    else:
        found = model.predict(X, batch_size=2, verbose=0).reshape(4, 2, 1)
    # Row i of a batch goes on where row i of the last one ended: the batches are one long sequence.
    long = X.reshape(4, 2, 3, 2).transpose(1, 0, 2, 3)  # (row, batch, time, features)
    for n in range(1, 5):
        want = whole.predict(long[:, :n].reshape(2, 3 * n, 2), verbose=0)
        np.testing.assert_allclose(found[n - 1], want, atol=1e-6)
    model.layers[0].reset_state()
    np.testing.assert_array_equal(model.predict(X[:2], batch_size=2, verbose=0), found[0])


class Sampled(keraunos.layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed = keraunos.random.SeedGenerator(1)

    def call(self, x):
        return x + keraunos.random.normal(keraunos.ops.shape(x), seed=self.seed)


def test_each_prediction_draws_anew_and_alike_for_equal_seeds():
    first, again = (keraunos.Sequential([keraunos.Input((2,)), Sampled()]) for _ in range(2))
    x = X[:4, 0]
    drawn = [first.predict(x, verbose=0) for _ in range(2)]
    assert not np.array_equal(*drawn)
    np.testing.assert_array_equal([again.predict(x, verbose=0) for _ in range(2)], drawn)
