"""Rows of keraunos/ops/linalg.py and fourier.py."""

import math

import numpy as np
import scipy.linalg

from tests.records import A, R, V


def positive(x):
    """Symmetric positive definite matrices of any."""
    return x @ np.swapaxes(x, -1, -2) + 2 * np.eye(x.shape[-1])


def symmetric(x):
    return x + np.swapaxes(x, -1, -2)


def regular(x):
    return x + 4 * np.eye(x.shape[-1])


SPD = A("n", 3, 3, make=positive)
SYM = A("n", 3, 3, make=symmetric)
REG = A("n", 3, 3, make=regular)
TALL = A("n", 4, 3)
FFT = (A("n", 6), A("n", 6))


def singular_values(*parts):
    """What doesn't depend on the choice of signs: the factors' product, and the singular values."""
    u, s, vh = (np.asarray(p) for p in parts)
    k = s.shape[-1]
    return [s, (u[..., :k] * s[..., None, :]) @ vh[..., :k, :], np.ones(u.shape), np.ones(vh.shape)]


def decomposed(values, vectors):
    """Eigenvalues in rising order, and the matrix put together again."""
    values, vectors = np.asarray(values), np.asarray(vectors)
    return [np.sort_complex(values), (vectors * values[..., None, :]) @ np.linalg.inv(vectors)]


def orthogonal(q, r):
    q, r = np.asarray(q), np.asarray(r)
    return [q @ r, np.abs(r), np.abs(q)[..., :0]]


def parts(fn):
    """A function of complex arrays as one of pairs."""

    def of_pair(x, *args):
        z = fn(np.asarray(x[0]) + 1j * np.asarray(x[1]), *args)
        return [z.real, z.imag]

    return of_pair


def real_parts(x, n=None):
    z = np.fft.rfft(x, n)
    return [z.real, z.imag]


RECORDS = [
    R("cholesky", SPD).check(want=np.linalg.cholesky, grad=True),
    R("cholesky", SPD, upper=True).check(want=lambda x, upper: np.swapaxes(np.linalg.cholesky(x), -1, -2)),
    R("cholesky_inverse", A(3, 3, make=lambda x: np.linalg.cholesky(positive(x)))).check(
        want=lambda x: np.linalg.inv(x @ x.T), tol=1e-4
    ),
    R("cholesky_inverse", A(3, 3, make=lambda x: np.linalg.cholesky(positive(x)).T), upper=True).check(
        want=lambda x, upper: np.linalg.inv(x.T @ x), tol=1e-4
    ),
    R("det", REG).check(want=np.linalg.det, grad=True, tol=1e-4),
    R("inv", REG).check(want=np.linalg.inv, grad=True, tol=1e-4),
    R("slogdet", REG).check(want=lambda x: tuple(np.linalg.slogdet(x)), tol=1e-4),
    R("logdet", SPD).check(want=lambda x: np.linalg.slogdet(x)[1], grad=True, tol=1e-4),
    R("eig", A(3, 3, make=symmetric)).check(reduce=decomposed, tol=1e-4),
    R("eigh", SYM).check(want=lambda x: tuple(np.linalg.eigh(x)), reduce=decomposed, tol=1e-4),
    R("lu_factor", REG).check(tol=1e-4),
    R("lu_factor", A(3, 3)).check(want=scipy.linalg.lu_factor, tol=1e-4),
    R("qr", TALL).check(want=lambda x: tuple(np.linalg.qr(x)), reduce=orthogonal, grad=True),
    R("qr", TALL, mode="complete").check(reduce=orthogonal),
    R("svd", TALL).check(want=lambda x: tuple(np.linalg.svd(x)), reduce=singular_values),
    R("svd", TALL, full_matrices=False).check(reduce=singular_values),
    R("svd", TALL, compute_uv=False).check(want=lambda x, **k: np.linalg.svd(x, **k), grad=True),
    R("solve", REG, A("n", 3, 2)).check(want=np.linalg.solve, grad=True),
    # JAX, and so Keras, refuses stacks of vectors.
    R("solve", REG, A("n", 3)).check(want=lambda a, b: np.linalg.solve(a, b[..., None])[..., 0], keras=False),
    R("solve_triangular", REG, A("n", 3, 2)).check(want=lambda a, b: np.linalg.solve(np.triu(a), b), grad=True),
    R("solve_triangular", REG, A("n", 3), lower=True).check(
        want=lambda a, b, lower: np.linalg.solve(np.tril(a), b[..., None])[..., 0], keras=False
    ),
    R("lstsq", A(5, 3), A(5, 2)).check(want=lambda a, b: np.linalg.lstsq(a, b)[0], grad=True, tol=1e-4),
    R("lstsq", A(3, 5), A(3)).check(want=lambda a, b: np.linalg.lstsq(a, b)[0], tol=1e-4),
    R("pinv", TALL).check(want=np.linalg.pinv, grad=True, tol=1e-4),
    R("pinv", V([[1.0, 2.0], [2.0, 4.0]])).check(want=np.linalg.pinv),
    R("matrix_rank", V([[1.0, 2.0], [2.0, 4.0]])).check(want=np.linalg.matrix_rank),
    R("matrix_rank", TALL, tol=0.1).check(want=np.linalg.matrix_rank),
    R("norm", A("n", 3)).check(want=np.linalg.norm, grad=True, dtypes="float"),
    R("norm", A("n", 3, 2)).check(want=np.linalg.norm),
    R("norm", V([3.0, 4.0])).check(want=np.linalg.norm),
    *(
        R("norm", A("n", 4, low=0.3), ord=o, axis=1).check(want=np.linalg.norm, grad=True, tol=1e-4)
        for o in (None, 1, 2, 3, 0.5)
    ),
    *(R("norm", A("n", 4), ord=o, axis=-1, keepdims=True).check(want=np.linalg.norm) for o in (0, math.inf, -math.inf)),
    *(
        R("norm", TALL, ord=o, axis=(1, 2)).check(want=np.linalg.norm, grad=True)
        for o in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)
    ),
    R("norm", TALL, ord="nuc", axis=(-2, -1), keepdims=True).check(want=np.linalg.norm),
    R("linalg.norm", TALL, ord=1, axis=(2, 0), keepdims=True).check(want=np.linalg.norm, empty=False),
    R("fft", FFT).check(want=parts(np.fft.fft), grad=True),
    R("fft2", (A("n", 4, 3), A("n", 4, 3))).check(want=parts(np.fft.fft2), grad=True),
    R("ifft2", (A("n", 4, 3), A("n", 4, 3))).check(want=parts(np.fft.ifft2), grad=True),
    R("rfft", A("n", 6)).check(want=real_parts, grad=True),
    R("rfft", A("n", 6), 4).check(want=real_parts),
    R("rfft", A("n", 6), 9).check(want=real_parts),
    R("irfft", (A("n", 4), A("n", 4))).check(want=lambda x: np.fft.irfft(x[0] + 1j * x[1]), grad=True),
    R("irfft", (A("n", 4), A("n", 4)), 7).check(want=lambda x, n: np.fft.irfft(x[0] + 1j * x[1], n)),
    R("extract_sequences", A("n", 9), 4, 2).check(grad=True, dtypes="all"),
    R("stft", A("n", 20), 6, 3, 8).check(grad=True, tol=1e-4),
    R("stft", A("n", 20), 6, 3, 8, window="hamming", center=False).check(tol=1e-4),
    R("stft", A("n", 20), 6, 3, 8, window=None).check(tol=1e-4),
    R("stft", A("n", 20), 6, 3, 6, window=A(6, low=0.1)).check(tol=1e-4),
    R("istft", (A("n", 5, 5), A("n", 5, 5)), 6, 3, 8).check(grad=True, tol=1e-4),
    R("istft", (A("n", 5, 5), A("n", 5, 5)), 6, 3, 8, length=10).check(tol=1e-4),
    # Keras's result is four times too large: its istft(stft(x)) is 4x without a window.
    R("istft", (A("n", 5, 5), A("n", 5, 5)), 6, 2, 8, window=None, center=False).check(tol=1e-4, keras=False),
]
