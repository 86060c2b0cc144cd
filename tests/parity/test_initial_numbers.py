"""Keras's initial numbers from the host's generator: the key is (seed, 0), the rest is a line of float32 arithmetic each."""

import math
import random

import numpy as np
import pytest

from keraunos.backend.threefry import draws as threefry
from keraunos.backend.threefry import rejection

keras = pytest.importorskip("keras")
SEED = 7
KEY = np.array([SEED, 0], np.uint32)
F = np.float32
TRUNCATED = 0.87962566103423978  # standard deviation of a normal number within two of its own


def uniform(shape, limit, dtype="float32"):
    return threefry.uniform(KEY, shape, dtype, -limit, limit)


def normal(shape, stddev, mean=0.0, dtype="float32"):
    x = threefry.normal(KEY, shape, dtype)
    return x * x.dtype.type(stddev) + x.dtype.type(mean)


def truncated(shape, stddev, mean=0.0, dtype="float32"):
    x = threefry.truncated_normal(KEY, -2, 2, shape, dtype)
    return x * x.dtype.type(stddev) + x.dtype.type(mean)


def fans(shape):
    if len(shape) < 2:
        return (math.prod(shape),) * 2
    return math.prod(shape[:-1]), math.prod(shape[:-2]) * shape[-1]


def scaled(shape, scale, mode, draw, dtype="float32"):
    """Variance scaling: what VarianceScaling and its named cases draw."""
    fan_in, fan_out = fans(shape)
    variance = scale / max(1.0, {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode])
    if draw == "uniform":
        return uniform(shape, math.sqrt(3 * variance), dtype)
    if draw == "untruncated_normal":
        return normal(shape, math.sqrt(variance), 0, dtype)
    return truncated(shape, math.sqrt(variance) / TRUNCATED, 0, dtype)


def same(got, want):
    want = np.asarray(want)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    np.testing.assert_array_equal(got, want)


NAMED = {
    "GlorotUniform": (1, "fan_avg", "uniform"),
    "GlorotNormal": (1, "fan_avg", "truncated_normal"),
    "HeUniform": (2, "fan_in", "uniform"),
    "HeNormal": (2, "fan_in", "truncated_normal"),
    "LecunUniform": (1, "fan_in", "uniform"),
    "LecunNormal": (1, "fan_in", "truncated_normal"),
}


@pytest.mark.parametrize("name", NAMED)
def test_glorot_he_and_lecun(name):
    same(scaled((30, 40), *NAMED[name]), getattr(keras.initializers, name)(seed=SEED)((30, 40)))


@pytest.mark.parametrize("shape", [(3, 3, 5, 8), (6,), ()])
def test_inputs_and_outputs_of_a_shape(shape):
    same(scaled(shape, *NAMED["GlorotUniform"]), keras.initializers.GlorotUniform(seed=SEED)(shape))


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("draw", ["uniform", "truncated_normal", "untruncated_normal"])
def test_variance_scaling(mode, draw):
    same(scaled((30, 40), 1.7, mode, draw), keras.initializers.VarianceScaling(1.7, mode, draw, seed=SEED)((30, 40)))


def test_plain_distributions():
    make = keras.initializers
    same(threefry.uniform(KEY, (30, 40), "float32", -0.05, 0.05), make.RandomUniform(seed=SEED)((30, 40)))
    same(threefry.uniform(KEY, (30, 40), "float32", 0.2, 0.7), make.RandomUniform(0.2, 0.7, seed=SEED)((30, 40)))
    same(normal((30, 40), 0.05), make.RandomNormal(seed=SEED)((30, 40)))
    same(normal((30, 40), 0.05, 0.3), make.RandomNormal(0.3, 0.05, seed=SEED)((30, 40)))
    same(truncated((30, 40), 0.05), make.TruncatedNormal(seed=SEED)((30, 40)))
    same(truncated((30, 40), 0.05, 0.3), make.TruncatedNormal(0.3, 0.05, seed=SEED)((30, 40)))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_16_bits(dtype):
    got = scaled((30, 40), *NAMED["HeNormal"], dtype), normal((30, 40), 0.05, 0.1, dtype), uniform((30, 40), 0.1, dtype)
    makers = (
        keras.initializers.HeNormal(seed=SEED),
        keras.initializers.RandomNormal(0.1, 0.05, seed=SEED),
        keras.initializers.RandomUniform(-0.1, 0.1, seed=SEED),
    )
    for g, make in zip(got, makers, strict=True):
        want = np.asarray(make((30, 40), dtype))
        assert g.dtype == want.dtype
        # Equal in bfloat16; in float16 XLA rounds products only on processors without float16 arithmetic.
        rounding = 0 if dtype == "bfloat16" else 2**-10
        np.testing.assert_allclose(g.astype(F), want.astype(F), rounding, rounding * 0.1)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3, 2, 8), (64, 64)])
def test_orthogonal(shape):
    """Q of a normal matrix with at least as many rows as columns, its columns' signs those of R's diagonal."""
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(threefry.normal(KEY, (max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    got = F(1.5) * (q.T if rows < columns else q).reshape(shape)
    np.testing.assert_allclose(got, np.asarray(keras.initializers.Orthogonal(1.5, seed=SEED)(shape)), 0, 2e-6)
    flat = got.reshape(rows, columns) / 1.5
    gram = flat @ flat.T if rows < columns else flat.T @ flat
    np.testing.assert_allclose(gram, np.eye(len(gram)), 0, 1e-5)


def test_one_seed_gives_the_same_numbers_at_each_call_and_a_generator_others():
    generator = keras.random.SeedGenerator(SEED)
    make = keras.initializers.RandomUniform(0, 1, seed=generator)
    for count in range(3):
        same(threefry.uniform(np.array([SEED, count], np.uint32), (5,)), make((5,)))
    make = keras.initializers.RandomUniform(0, 1, seed=SEED)
    same(np.asarray(make((5,))), make((5,)))


def test_seeds_left_out_are_drawn_from_python_when_the_layer_is_made():
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    random.seed(5)
    for layer, shape in zip(model.layers, [(4, 3), (3, 2)], strict=True):
        key = np.array([random.randint(1, 10**9), 0], np.uint32)
        limit = math.sqrt(6 / sum(shape))
        same(threefry.uniform(key, shape, "float32", -limit, limit), layer.kernel.value)


# -- keras.random with an integer seed ----------------------------------------------------------------------------------

X = np.arange(60, dtype=F).reshape(12, 5) + 1
LOGITS = np.random.default_rng(0).normal(size=(5, 6)).astype(F)
FUNCTIONS = {
    "uniform": (lambda r: r.uniform((50,), -1, 2, seed=SEED), lambda: threefry.uniform(KEY, (50,), "float32", -1, 2)),
    "normal": (lambda r: r.normal((50,), 1, 2, seed=SEED), lambda: normal((50,), 2, 1)),
    "truncated_normal": (lambda r: r.truncated_normal((50,), 1, 2, seed=SEED), lambda: truncated((50,), 2, 1)),
    "randint": (lambda r: r.randint((50,), 1, 9, seed=SEED), lambda: threefry.randint(KEY, (50,), 1, 9)),
    "categorical": (
        lambda r: r.categorical(LOGITS, 11, seed=SEED),
        lambda: threefry.categorical(KEY, LOGITS[..., None], 1, (5, 11)),
    ),
    "shuffle": (lambda r: r.shuffle(X, seed=SEED), lambda: threefry.permutation(KEY, X, 0, independent=True)),
    "dropout": (
        lambda r: r.dropout(X, 0.3, seed=SEED),
        lambda: np.where(threefry.bernoulli(KEY, 0.7, X.shape), X / F(0.7), F(0)),
    ),
    "binomial": (lambda r: r.binomial((50,), 20, 0.3, seed=SEED), lambda: rejection.binomial(KEY, 20, 0.3, (50,))),
}


@pytest.mark.parametrize("draw, expected", FUNCTIONS.values(), ids=FUNCTIONS)
def test_random_functions(draw, expected):
    same(expected(), draw(keras.random))
