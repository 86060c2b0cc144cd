"""Gamma, beta and binomial numbers of the host against ``jax.random`` on the CPU, and against their moments."""

import math

import jax
import numpy as np
import pytest

from keraunos.backend.threefry import draws as threefry
from keraunos.backend.threefry import rejection

KEY = np.array([7, 0], np.uint32)
N = (3000,)


def near(got, want, rtol):
    want = np.asarray(want)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    np.testing.assert_allclose(got, want, rtol, 1e-37)


A = np.float32([0.0, 1e-3, 0.3, 0.99, 1.0, 1.1, 2.5, 1000.0, -1.0])


def test_gamma():
    shape = (300, len(A))
    got, want = rejection.gamma(KEY, A, shape), jax.random.gamma(KEY, A, shape)
    near(got, want, 2e-5)
    near(got[:, A >= 1], np.asarray(want)[:, A >= 1], 1e-6)
    same_without_shape = rejection.gamma(KEY, np.broadcast_to(A, shape))
    np.testing.assert_array_equal(same_without_shape, got)


def test_beta():
    a, b = np.float32([[2.0, 3.0], [0.1, 0.2], [50.0, 0.5]]).T  # by way of log_gamma
    near(rejection.beta(KEY, a, b, (300, 3)), jax.random.beta(KEY, a, b, (300, 3)), 2e-5)


BINOMIAL = [
    (10, 0.3), (10, 0.7), (100, 0.05), (100, 0.3), (1000, 0.9), (1e6, 0.5), (5, 0.0), (5, 1.0),
    (-1, 0.5), (3, 1.5), (3, np.nan), (np.inf, 0.2),
]  # fmt: skip


def test_binomial():
    n, p = np.float32(BINOMIAL).T
    n, p = (np.broadcast_to(x, (300, len(BINOMIAL))) for x in (n, p))
    got, want = rejection.binomial(KEY, n, p), np.asarray(jax.random.binomial(KEY, n, p))
    assert got.dtype == want.dtype
    # Whether a candidate is accepted may hang on the last bit of a logarithm.
    assert ((got == want) | np.isnan(want)).mean() > 0.999
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))


def test_float64_is_that_of_jax_with_64_bits():
    with jax.enable_x64(True):
        near(rejection.gamma(KEY, 0.7, N, "float64"), jax.random.gamma(KEY, 0.7, N, "float64"), 1e-12)


MOMENTS = {
    "gamma below 1": (lambda k, n: rejection.gamma(k, 0.5, n), 0.5, 0.5),
    "gamma": (lambda k, n: rejection.gamma(k, 3.0, n), 3.0, 3.0),
    "beta": (lambda k, n: rejection.beta(k, 2.0, 3.0, n), 0.4, 0.04),
    "binomial, gaps": (lambda k, n: rejection.binomial(k, 20, 0.8, n), 16.0, 3.2),
    "binomial, rejection": (lambda k, n: rejection.binomial(k, 200, 0.3, n), 60.0, 42.0),
}


@pytest.mark.parametrize("draw, mean, variance", MOMENTS.values(), ids=MOMENTS)
def test_moments(draw, mean, variance):
    x = np.concatenate([draw(threefry.fold_in(KEY, i), (30_000,)) for i in range(2)])
    assert abs(x.mean() - mean) < 5 * math.sqrt(variance / x.size)
    assert abs(x.var() / variance - 1) < 0.03


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bits_are_float32_rounded(dtype):
    for draw in (
        lambda d: rejection.gamma(KEY, 2.0, N, d),
        lambda d: rejection.beta(KEY, 2.0, 3.0, N, d),
        lambda d: rejection.binomial(KEY, 20, 0.3, N, d),
    ):
        got = draw(dtype)
        np.testing.assert_array_equal(got, draw("float32").astype(dtype))
        assert got.dtype == dtype


@pytest.mark.parametrize("draw", [rejection.gamma, rejection.log_gamma])
def test_an_integer_dtype_is_refused(draw):
    with pytest.raises(ValueError, match="expected dtype float16, .*, got int32"):
        draw(KEY, 2.0, (3,), "int32")
