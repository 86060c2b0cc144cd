"""The host's random numbers against ``jax.random`` on the CPU, and against what must hold of them anyway.

Bits, uniform floats, integers and orders must be equal. So are normal and Gumbel numbers in float32 where XLA has fused
multiply-add (x86 since 2013, ARM); the tests leave two units in the last place. In float16 XLA rounds once or twice, by processor.
"""

import math
import zlib
from fractions import Fraction

import jax
import ml_dtypes
import numpy as np
import pytest

from keraunos.backend.threefry import cipher, elementary
from keraunos.backend.threefry import draws as threefry

KEYS = [np.array(words, np.uint32) for words in ([7, 0], [3, 2**32 - 1])]
KEY = KEYS[0]
SHAPES = [(), (0,), (5,), (40_000,)]  # the last in two chunks


def same(got, want):
    want = np.asarray(want)
    assert isinstance(got, np.ndarray)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    assert got.tobytes() == want.tobytes()


def near(got, want, ulp):
    want = np.asarray(want)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    np.testing.assert_array_max_ulp(got.astype(np.float32), want.astype(np.float32), ulp)


def ulp(dtype):
    """Two of float32; the same numbers rounded to 16 bits are equal but for a tie."""
    return 2 if dtype == "float32" else 0


# Of Random123, the library of the cipher's authors.
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize("key, counter, words", KNOWN)
def test_cipher_gives_its_authors_answers(key, counter, words):
    assert cipher.block(*key, *counter) == words
    arrays = cipher.encrypt(*np.array([*key, *counter], np.uint32).reshape(4, 1))
    assert tuple(int(a[0]) for a in arrays) == words


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bits(key, shape):
    for dtype in ("uint8", "uint16", "uint32"):
        same(threefry.bits(key, shape, dtype), jax.random.bits(key, shape, dtype))
    same(threefry.bits(key, (3, 4)), threefry.bits(key, (12,)).reshape(3, 4))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 100])
def test_split(n):
    same(threefry.split(KEY, n), jax.random.split(KEY, n))


@pytest.mark.parametrize("data", [0, 1, 12345, 2**32 - 1])
def test_fold_in(data):
    same(threefry.fold_in(KEY, data), jax.random.fold_in(KEY, np.uint32(data)))


UNIFORM = [(0, 1), (-1, 1), (-0.05, 0.05), (0, 0.3), (5.0, 5.1), (3, 1), (1e-20, 3.0), (1000, 1000.5)]


@pytest.mark.parametrize("low, high", UNIFORM)
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_uniform(dtype, low, high):
    for key in KEYS:
        for shape in ((5,), (40_000,)):
            same(threefry.uniform(key, shape, dtype, low, high), jax.random.uniform(key, shape, dtype, low, high))


@pytest.mark.parametrize("low, high", UNIFORM)
def test_uniform_float16(low, high):
    got, want = (m.uniform(KEY, (5000,), "float16", low, high) for m in (threefry, jax.random))
    if (low, high) == (0, 1):
        same(got, want)
    rounding = 2**-11 * max(abs(low), abs(high))
    assert np.abs(got.astype(np.float64) - np.asarray(want, np.float64)).max() <= rounding


def test_uniform_of_array_bounds():
    low, high = np.float32([[-1], [1e-20]]), np.float32([1, 2, 3])
    same(threefry.uniform(KEY, (2, 3), "float32", low, high), jax.random.uniform(KEY, (2, 3), "float32", low, high))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_normal(dtype):
    for shape in ((), (40_000,)):
        near(threefry.normal(KEY, shape, dtype), jax.random.normal(KEY, shape, dtype), ulp(dtype))


@pytest.mark.parametrize("lower, upper", [(-2, 2), (-1, 3), (0, 1.5), (-10, 10), (2, 5)])
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_truncated_normal(dtype, lower, upper):
    got = threefry.truncated_normal(KEY, lower, upper, (40_000,), dtype)
    near(got, jax.random.truncated_normal(KEY, lower, upper, (40_000,), dtype), ulp(dtype))
    assert lower < got.min() or lower == got.min() == 0
    assert got.max() < upper


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_gumbel(dtype):
    near(threefry.gumbel(KEY, (5000,), dtype), jax.random.gumbel(KEY, (5000,), dtype), ulp(dtype))


def test_float64_is_that_of_jax_with_64_bits():
    with jax.enable_x64(True):
        same(threefry.bits(KEY, (300,), "uint64"), jax.random.bits(KEY, (300,), "uint64"))
        for low, high in UNIFORM:
            got, want = (m.uniform(KEY, (3000,), "float64", low, high) for m in (threefry, jax.random))
            same(got, want)
        got, want = (m.normal(KEY, (40_000,), "float64") for m in (threefry, jax.random))
        np.testing.assert_allclose(got, np.asarray(want), 1e-12)
        for lower, upper in ((-2, 2), (-20, 1)):
            got, want = (m.truncated_normal(KEY, lower, upper, (3000,), "float64") for m in (threefry, jax.random))
            np.testing.assert_allclose(got, np.asarray(want), 1e-12)
        got, want = (m.randint(KEY, (300,), 5, 2**40, "int64") for m in (threefry, jax.random))
        same(got, want)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0, np.float16(0.3), np.linspace(0, 1, 7)], ids=str)
def test_bernoulli(p):
    shape = (300, *np.shape(p))
    same(threefry.bernoulli(KEY, p, shape), jax.random.bernoulli(KEY, p, shape))
    same(threefry.bernoulli(KEY, p), threefry.bernoulli(KEY, p, np.shape(p)))


RANDINT = [
    ("int32", 0, 10), ("int32", -5, 300), ("int32", 0, 100_000), ("int32", 7, 3), ("int32", -(2**31), 2**31 - 1),
    ("uint32", 5, 2**31 - 1), ("uint8", 0, 256), ("uint8", -4, 300), ("int8", -128, 128), ("int16", 5, 6),
    ("int32", np.array([[0], [5]]), np.array([10, 2**20, 3])),
]  # fmt: skip


@pytest.mark.parametrize("dtype, low, high", RANDINT)
def test_randint(dtype, low, high):
    same(threefry.randint(KEY, (2, 3), low, high, dtype), jax.random.randint(KEY, (2, 3), low, high, dtype))


def test_randint_over_all_values_is_the_word():
    _, low_key = threefry.split(KEY)
    got = threefry.randint(KEY, (50,), 0, 2**32, "uint32")
    same(got, threefry.bits(low_key, (50,)))


LOGITS = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("axis, shape", [(-1, None), (1, (200, 3, 5))])
def test_categorical(dtype, axis, shape):
    logits = LOGITS.astype(dtype)
    same(threefry.categorical(KEY, logits, axis, shape), jax.random.categorical(KEY, logits, axis, shape))


def test_categorical_broadcasts_over_samples():
    logits = LOGITS[0][..., None]
    same(threefry.categorical(KEY, logits, -2, (4, 9)), jax.random.categorical(KEY, logits, -2, (4, 9)))


@pytest.mark.parametrize("n", [0, 1, 10, 1626, 50_000])
def test_permutation_of_a_range(n):
    got = threefry.permutation(KEY, n)
    same(got, jax.random.permutation(KEY, n))
    assert (np.sort(got) == np.arange(n)).all()


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("independent", [False, True])
def test_permutation_of_an_array(axis, independent):
    got = threefry.permutation(KEY, LOGITS, axis, independent)
    same(got, jax.random.permutation(KEY, LOGITS, axis, independent=independent))
    same(np.sort(got, axis), np.sort(LOGITS, axis))


# -- what holds without a witness -------------------------------------------------------------------------------------

DRAWS = {
    "bits": lambda shape: threefry.bits(KEY, shape),
    "split": lambda shape: threefry.split(KEY, shape[0]),
    "uniform": lambda shape: threefry.uniform(KEY, shape, "float64", -1, 1),
    "bfloat16": lambda shape: threefry.uniform(KEY, shape, "bfloat16"),
    "normal": lambda shape: threefry.normal(KEY, shape),
    "truncated": lambda shape: threefry.truncated_normal(KEY, -2, 2, shape),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_longer_draw_begins_with_the_shorter(draw):
    whole = draw((8300, 8))
    for n in (0, 1, 17, 4096, 4097):
        same(whole[:n], draw((n, 8)))


# Checksums of float32 draws: the same on every machine, as they rest on exact arithmetic only.
CHECKSUMS = {
    "uniform": (lambda: threefry.uniform(KEY, (10_000,), "float32", -0.05, 0.05), 949451462),
    "normal": (lambda: threefry.normal(KEY, (10_000,)), 1770851631),
    "truncated_normal": (lambda: threefry.truncated_normal(KEY, -2, 2, (10_000,)), 1968819964),
    "gumbel": (lambda: threefry.gumbel(KEY, (10_000,)), 2580813731),
}


@pytest.mark.parametrize("name", CHECKSUMS)
def test_numbers_are_the_same_on_every_machine(name):
    draw, checksum = CHECKSUMS[name]
    assert zlib.crc32(draw().astype("<f4").tobytes()) == checksum


MOMENTS = {
    "uniform": (lambda k, n: threefry.uniform(k, n, "float32", -1, 2), 0.5, 9 / 12),
    "normal": (threefry.normal, 0.0, 1.0),
    "truncated": (lambda k, n: threefry.truncated_normal(k, -2, 2, n), 0.0, 0.87962566**2),
    "gumbel": (threefry.gumbel, np.euler_gamma, math.pi**2 / 6),
    "bernoulli": (lambda k, n: threefry.bernoulli(k, 0.3, n).astype(float), 0.3, 0.21),
    "randint": (lambda k, n: threefry.randint(k, n, 0, 10).astype(float), 4.5, 99 / 12),
}


@pytest.mark.parametrize("draw, mean, variance", MOMENTS.values(), ids=MOMENTS)
def test_moments(draw, mean, variance):
    x = np.concatenate([draw(threefry.fold_in(KEY, i), (50_000,)) for i in range(4)])
    assert abs(x.mean() - mean) < 5 * math.sqrt(variance / x.size)
    assert abs(x.var() / variance - 1) < 0.02


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fma_is_rounded_once(dtype):
    rng = np.random.default_rng(0)
    kind = np.dtype(dtype).type
    unit = 2.0 ** -np.finfo(kind).nmant
    x, y = (1 + unit * rng.integers(0, 1 << 20, (2, 500))).astype(kind)
    near_product, tiny = -(x * y), (rng.normal(size=500) * 1e-25).astype(kind)
    ties = (1 + unit * (rng.integers(0, 1 << 20, 500) | 1)).astype(kind), np.full(500, 1.5, kind)
    for a, b, c in ((x, y, near_product), (x, y, tiny), (*ties, tiny), (x, y, (x * 1e9).astype(kind))):
        exact = [Fraction(float(p)) * Fraction(float(q)) + Fraction(float(r)) for p, q, r in zip(a, b, c)]
        same(elementary.fma(a, b, c), np.array([nearest(v, kind) for v in exact], kind))


def nearest(value, kind):
    """The float nearest to a fraction, ties to even, looked for around a first guess."""
    guess = kind(float(value))
    near = [np.nextafter(guess, kind(-np.inf)), guess, np.nextafter(guess, kind(np.inf))]
    return min(near, key=lambda f: (abs(Fraction(float(f)) - value), int(f.view(f"u{f.itemsize}")) & 1))


@pytest.mark.parametrize("dtype, ulps", [("float32", 2), ("float64", 1)])
def test_log_and_log1p_are_logarithms(dtype, ulps):
    x = (2.0 ** np.random.default_rng(0).uniform(-100, 100, 5000)).astype(dtype)
    np.testing.assert_array_max_ulp(elementary.log(x), np.log(x.astype(np.longdouble)).astype(dtype), ulps)
    x = np.random.default_rng(0).uniform(-1, 3, 5000).astype(dtype)
    np.testing.assert_array_max_ulp(elementary.log1p(x), np.log1p(x.astype(np.longdouble)).astype(dtype), 4)
    x = np.array([0, np.inf, -1, np.nan, 1], dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(elementary.log(x), np.array([-np.inf, np.inf, np.nan, np.nan, 0], dtype))


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-6), ("float64", 1e-14)])
def test_erf_inv_inverts_erf(dtype, tolerance):
    x = np.linspace(-1, 1, 4001).astype(dtype)
    with np.errstate(all="ignore"):
        y = elementary.erf_inv(x)
    assert (y[0], y[2000], y[-1]) == (-np.inf, 0, np.inf)
    np.testing.assert_allclose([math.erf(v) for v in y], x, 0, tolerance)
    erfs = [float(elementary.erf(v)) for v in y]
    np.testing.assert_allclose(erfs, x, 0, tolerance)


ERRORS = [
    (lambda: threefry.uniform(7, (3,)), ValueError, "expected a key, uint32 of shape"),
    (lambda: threefry.bits(np.zeros(2, np.int64)), ValueError, "got int64"),
    (lambda: threefry.bits(KEY, (3,), "int32"), ValueError, "got int32"),
    (lambda: threefry.uniform(KEY, (3,), "int32"), ValueError, "uniform: expected dtype float16"),
    (lambda: threefry.normal(KEY, (3,), "complex64"), ValueError, "normal: .* got complex64"),
    (lambda: threefry.normal(KEY, (3,), ml_dtypes.float8_e4m3fn), ValueError, "got float8"),
    (lambda: threefry.randint(KEY, (3,), 0, 2, "float32"), ValueError, "integer dtype, got float32"),
    (lambda: threefry.randint(KEY, (3,), 0, 2.5), TypeError, "float"),
    (lambda: threefry.categorical(KEY, LOGITS, -1, (4,)), ValueError, r"\(3, 4\) broadcasts"),
    (lambda: threefry.categorical(KEY, LOGITS, -1, (2, 4)), ValueError, r"got \(2, 4\)"),
]


@pytest.mark.parametrize("call, error, message", ERRORS)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
