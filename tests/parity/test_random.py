"""Random numbers, initial weights included, against real Keras: the same seed, the same numbers."""

import ml_dtypes
import numpy as np
import pytest

from keraunos import initializers, random
from keraunos.backend import dispatch
from keraunos.backend.jax import random as jax_random
from keraunos.core.variable import functionalize
from keraunos.random.seed import draw_seed, set_random_seed
from keraunos.util.serialization import serialize_keras_object

keras = pytest.importorskip("keras")
import jax  # noqa: E402  (Keras runs on it)


@pytest.fixture(autouse=True)
def on_jax():
    with dispatch.use("jax"):
        yield


def same(got, want):
    got, want = np.asarray(got), np.asarray(want)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    assert (got == want).all(), (
        f"{(got != want).sum()} of {got.size} differ, by up to {abs(got.astype(float) - want).max()}"
    )


LOGITS = np.log(np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4]], np.float32))
X = np.linspace(-2, 3, 1200, dtype=np.float32).reshape(30, 40)
DRAWS = [
    ("normal", ((50, 20),), {}),
    ("normal", ((50, 20), 2.0, 3.0), {}),
    ("normal", ((50, 20),), {"dtype": "bfloat16"}),
    ("truncated_normal", ((50, 20), 1.0, 2.0), {}),
    ("truncated_normal", ((50, 20),), {"dtype": "float16"}),
    ("uniform", ((50, 20),), {}),
    ("uniform", ((50, 20), -2, 5), {}),
    ("randint", ((500,), 0, 10), {}),
    ("randint", ((500,), -5, 1_000_003), {}),
    ("categorical", (LOGITS, 400), {}),
    ("dropout", (X, 0.3), {}),
    ("dropout", (X, 0.5, (None, 1)), {}),
    ("dropout", (X.astype(np.float16), 0.7), {}),
    ("dropout", (X.astype(ml_dtypes.bfloat16), 0.1), {}),
    ("shuffle", (np.arange(50, dtype=np.int32),), {}),
    ("shuffle", (X,), {}),
    ("shuffle", (X, 1), {}),
    ("gamma", ((300,), 0.3), {}),
    ("beta", ((300,), 2.0, 3.0), {}),
    ("binomial", ((300,), 10, 0.5), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), DRAWS)
def test_draws(name, args, kwargs, monkeypatch):
    args = tuple(keras.ops.convert_to_tensor(a) if isinstance(a, np.ndarray) else a for a in args)
    want = getattr(keras.random, name)(*args, seed=77, **kwargs)
    for budget in (10**9, -1):  # on the host, by a program
        monkeypatch.setattr(jax_random, "_BUDGET", budget)
        same(getattr(random, name)(*args, seed=77, **kwargs), want)


@pytest.mark.parametrize("name", ["uniform", "normal", "truncated_normal"])
def test_large_draws(name):
    same(getattr(random, name)((1200, 1000), seed=5), getattr(keras.random, name)((1200, 1000), seed=5))


@pytest.mark.parametrize("rate", [0.1, 0.25, 1 / 3, 0.5, 0.9])
def test_dropout_mask_in_a_program(rate):
    x = jax.numpy.ones((100, 70))
    program = jax.jit(lambda x: random.dropout(x, rate, seed=3))
    same(program(x) != 0, keras.random.dropout(x, rate, seed=3) != 0)


def test_generators_give_the_same_sequence():
    ours, theirs = random.SeedGenerator(5), keras.random.SeedGenerator(5)
    for ordered in (True, True, False, False, True, False):
        same(ours.next(ordered), theirs.next(ordered))
    same(random.normal((3,), seed=ours), keras.random.normal((3,), seed=theirs))
    step = jax.jit(functionalize(lambda: random.normal((4,), seed=ours), [ours.state]))
    (state,), drawn = step([ours.state.value])
    same(drawn, keras.random.normal((4,), seed=theirs))
    same(state, theirs.state.value)


def test_unseeded_draws_after_set_random_seed():
    def draws(module, seed_all):
        seed_all(7)
        return [module.uniform((2,)), module.normal((3,)), module.SeedGenerator().next(), module.uniform((2,))]

    for a, b in zip(draws(random, set_random_seed), draws(keras.random, keras.utils.set_random_seed), strict=True):
        same(a, b)


def test_default_seeds_are_drawn_in_the_same_order():
    def seeds(family, generator, seed_all):
        seed_all(1)
        made = [family.get("glorot_uniform"), family.get("zeros"), family.Orthogonal(), family.HeNormal(), generator()]
        made.append(made[0].clone())
        return [getattr(m, "seed", None) for m in made if not hasattr(m, "state")], np.asarray(made[4].state)

    ours = seeds(initializers, random.SeedGenerator, set_random_seed)
    theirs = seeds(keras.initializers, keras.random.SeedGenerator, keras.utils.set_random_seed)
    assert ours[0] == theirs[0]
    same(ours[1], theirs[1])


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_keys(seed):
    same(draw_seed(seed), keras.src.random.seed_generator.draw_seed(seed))


# -- initializers ----------------------------------------------------------------------------------------------------

RANDOM = (
    "RandomNormal RandomUniform TruncatedNormal VarianceScaling GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform"
).split()


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize(("shape", "dtype"), [((7, 5), "float32"), ((3, 3, 8, 16), "float32"), ((6,), "bfloat16")])
def test_first_values(name, shape, dtype):
    same(getattr(initializers, name)(seed=3)(shape, dtype), getattr(keras.initializers, name)(seed=3)(shape, dtype))


@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_variance_scaling(mode, distribution):
    arguments = (1.7, mode, distribution, 3, [0], [1, 2])
    same(
        initializers.VarianceScaling(*arguments)((4, 5, 6)),
        keras.initializers.VarianceScaling(*arguments)((4, 5, 6)),
    )


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (3, 4, 6), (200, 300)])
def test_orthogonal(shape):
    got, want = initializers.Orthogonal(2.0, 3)(shape), keras.initializers.Orthogonal(2.0, 3)(shape)
    np.testing.assert_allclose(got, want, atol=2e-6)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"side": "imag"}, {"scaling": "spectrum"}, {"scaling": None}, {"periodic": True}, {"window": "hamming"}],
)
def test_stft(arguments):
    for shape in ((4, 1, 3), (5, 1, 5)):
        got, want = (m.STFT(**arguments)(shape) for m in (initializers, keras.initializers))
        np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.mark.parametrize("name", [*RANDOM, "Orthogonal", "STFT", "Zeros", "Ones", "Constant", "Identity"])
def test_configurations(name):
    ours, theirs = getattr(initializers, name)(), getattr(keras.initializers, name)()
    assert serialize_keras_object(ours) == keras.saving.serialize_keras_object(theirs)
    keras.initializers.deserialize(initializers.serialize(ours))
    initializers.deserialize(keras.initializers.serialize(theirs))
