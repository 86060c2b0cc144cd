"""Initializers: moments, shapes, seeds, configurations."""

import math
import random

import numpy as np
import pytest

from keraunos import initializers, ops
from keraunos.backend import standardize_dtype
from keraunos.core.variable import Variable
from keraunos.initializers.random import fans
from keraunos.random import SeedGenerator
from keraunos.random.seed import set_random_seed
from keraunos.util.registry import builtin_names

RANDOM = (
    "RandomNormal RandomUniform TruncatedNormal VarianceScaling GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal "
    "LecunUniform Orthogonal"
).split()
SCALED = {"Glorot": 1 / 550, "He": 2 / 300, "Lecun": 1 / 300}  # variance for shape (300, 800)


def test_all_are_there():
    assert set(builtin_names("keras.initializers")) >= {*RANDOM, "Zeros", "Ones", "Constant", "Identity", "STFT"}


@pytest.mark.parametrize("family", SCALED)
@pytest.mark.parametrize("kind", ["Normal", "Uniform"])
def test_variance(family, kind):
    x = np.asarray(getattr(initializers, family + kind)(seed=1)((300, 800)), np.float64)
    assert x.var() == pytest.approx(SCALED[family], rel=0.02)
    assert abs(x.mean()) < 0.01 * x.std()
    bound = math.sqrt(3 * SCALED[family]) if kind == "Uniform" else 2 * math.sqrt(SCALED[family]) / 0.8796
    assert np.abs(x).max() <= bound * 1.0001


@pytest.mark.parametrize(("mode", "n"), [("fan_in", 30), ("fan_out", 60), ("fan_avg", 45)])
@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform", "normal"])
def test_modes(mode, n, distribution):
    x = initializers.VarianceScaling(2.0, mode, distribution, seed=2)((3, 1, 10, 20, 20)[:2] + (10, 20))
    assert np.var(np.asarray(x)) == pytest.approx(2 / n, rel=0.2)


@pytest.mark.parametrize(
    ("shape", "axes", "want"),
    [
        ((), (), (1, 1)),
        ((7,), (), (7, 7)),
        ((4, 5), (), (4, 5)),
        ((3, 3, 4, 5), (), (36, 45)),
        ((4, 5, 6), ((0,), (1, 2)), (4, 30)),
        ((4, 5, 6), ((0, 1), (-1,)), (20, 6)),
        ((4, 5, 6), ((0,), None), (20, 24)),
    ],
)
def test_fans(shape, axes, want):
    assert fans(shape, *axes) == want


@pytest.mark.parametrize("axes", [(5, [0]), ([5], [0]), (["a"], [0])])
def test_axes_that_are_not(axes):
    with pytest.raises(ValueError, match="input_axes and output_axes"):
        initializers.GlorotUniform(1, *axes)((2, 3))


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (2, 3, 4), (2, 2, 9), (5, 5)])
def test_orthogonal(shape):
    q = np.asarray(initializers.Orthogonal(gain=2.0, seed=1)(shape)).reshape(-1, shape[-1])
    small = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-5)


@pytest.mark.parametrize("name", [*RANDOM, "Zeros", "Ones", "Constant"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_shape_and_dtype(name, dtype):
    for shape in ((3, 4), (2, 0)) if name == "Orthogonal" else ((3, 4), (2, 0), (3,), ()):
        x = getattr(initializers, name)()(shape, dtype=dtype)
        assert x.shape == shape and ops.convert_to_numpy(x).dtype.name == dtype


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    def make(**kwargs):
        return getattr(initializers, name)(**kwargs)

    fixed = make(seed=3)
    assert (np.asarray(fixed((3, 4))) == np.asarray(fixed((3, 4)))).all()
    moving = make(seed=SeedGenerator(3))
    first, second = np.asarray(moving((3, 4))), np.asarray(moving((3, 4)))
    assert (first != second).any() and (first == np.asarray(fixed((3, 4)))).all()
    assert make().seed != make().seed and make().get_config()["seed"] is None
    random.seed(8)
    want = random.randint(1, 10**9)
    random.seed(8)
    assert make().seed == want
    for bad in (1.5, "a", -1):
        with pytest.raises(ValueError, match="seed must be"):
            make(seed=bad)


def test_set_random_seed_gives_the_same_first_values():
    def first():
        set_random_seed(11)
        return [np.asarray(initializers.get(n)((2, 3))).tolist() for n in ("glorot_uniform", "he_normal")]

    assert first() == first()


@pytest.mark.parametrize("name", sorted(set(builtin_names("keras.initializers")) - {"Initializer"}))
def test_configuration(name):
    made = getattr(initializers, name)()
    again = initializers.deserialize(initializers.serialize(made))
    assert type(again) is type(made) and again.get_config() == made.get_config() == made.clone().get_config()
    assert initializers.serialize(made)["module"] == "keras.initializers"


@pytest.mark.parametrize(
    "config", [{"class_name": "Zeros", "config": {}}, {"class_name": "zeros", "config": {}}, "zeros"]
)
def test_older_configurations(config):
    assert type(initializers.get(config)) is type(initializers.deserialize(config)) is initializers.Zeros


def test_a_seed_generator_in_a_configuration():
    made = initializers.HeNormal(seed=SeedGenerator(3))
    again = initializers.deserialize(initializers.serialize(made))
    assert (np.asarray(again((4, 4))) == np.asarray(made((4, 4)))).all()


def test_get():
    def mine(shape, dtype=None):
        return np.zeros(shape)

    assert initializers.get(None) is None and initializers.get(mine) is mine
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    made = initializers.Ones()
    assert initializers.get(made) is made
    for name, cls in (
        ("uniform", "RandomUniform"),
        ("IdentityInitializer", "Identity"),
        ("stft", "STFT"),
        ("one", "Ones"),
    ):
        assert type(initializers.get(name)).__name__ == cls
    with pytest.raises(ValueError, match="Did you mean 'glorot_uniform'"):
        initializers.get("glorot_unifrom")
    with pytest.raises(ValueError, match=r"got 3 \(int\)"):
        initializers.get(3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.VarianceScaling(scale=0), "scale must be positive"),
        (lambda: initializers.VarianceScaling(mode="x"), "mode must be one of"),
        (lambda: initializers.VarianceScaling(distribution="x"), "distribution must be one of"),
        (lambda: initializers.Identity()((2, 3, 4)), "matrix"),
        (lambda: initializers.Orthogonal()((3,)), "at least two dimensions"),
        (lambda: initializers.Constant([1.0, 2.0])((3,)), "broadcast"),
        (lambda: initializers.STFT(side="x"), "side"),
        (lambda: initializers.STFT(scaling="x"), "scaling"),
        (lambda: initializers.STFT(window="x"), "window"),
        (lambda: initializers.STFT(window=np.ones(3))((4, 1, 3)), "window must have shape"),
        (lambda: initializers.STFT()((4, 3)), "frame_length"),
        (lambda: initializers.Zeros()((None, 3)), "known"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_constants():
    assert np.asarray(initializers.Constant([1, 2])((2, 2))).tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert standardize_dtype(initializers.Constant(3)((2,), dtype="int32").dtype) == "int32"
    assert np.asarray(initializers.Identity(3.0)((2, 3))).tolist() == [[3, 0, 0], [0, 3, 0]]
    array = initializers.Constant(np.array([1, 2]))
    again = initializers.deserialize(initializers.serialize(array))
    assert np.asarray(again((2,))).tolist() == [1, 2]


def test_stft_kernels_make_a_transform():
    frame, bins = 8, 5
    x = np.random.default_rng(0).normal(size=frame)
    real, imag = (np.asarray(initializers.STFT(s, window=None)((frame, 1, bins)))[:, 0] for s in ("real", "imag"))
    np.testing.assert_allclose(x @ real + 1j * (x @ imag), np.fft.rfft(x), atol=1e-5)


def test_first_values_are_made_outside_of_programs(engine):
    def made(x):
        for initializer in (initializers.GlorotUniform(1), initializers.Orthogonal(1), initializers.Zeros()):
            assert not engine.is_tracer(Variable(initializer, shape=(1200, 1200) if x is None else (4, 4))._value)
        return x

    engine.compile(made)(engine.asarray(1.0))


def test_a_subclass_needs_no_get_config():
    class Near(initializers.Initializer):
        def __init__(self, value=1.0):
            self.value = value

        def __call__(self, shape, dtype=None):
            return np.full(shape, self.value)

    assert Near(2.0).clone().value == 2.0

    class Forgetful(initializers.Initializer):
        def __init__(self, value=1.0):
            pass

    with pytest.raises(NotImplementedError, match="'value'"):
        Forgetful().get_config()
