"""Products, factorisations of matrices, and Fourier transforms."""

import functools
import math
import re
import types

import torch
import torch.nn.functional as F

from keraunos.backend.torch.dtypes import widening

matmul = widening(torch.matmul)


def tensordot(x1, x2, axes=2):
    """The sum of products over axes."""
    return _tensordot(x1, x2, axes if isinstance(axes, int) else [list(a) for a in axes])


_tensordot = widening(torch.tensordot)


def einsum(subscripts, *operands):
    """Einstein's summation."""
    summed = _summed(subscripts, len(operands))
    if summed and _is_product(*operands, summed):
        return _product(*operands, summed)
    try:
        return _einsum(subscripts, *operands)
    except RuntimeError as e:
        raise ValueError(str(e)) from e


_einsum = widening(torch.einsum)


@functools.lru_cache(maxsize=1024)
def _summed(subscripts, count):
    """How many letters are summed, where these end the first operand and begin the second, and nothing else happens; else 0."""
    found = _TWO.fullmatch(subscripts.replace(" ", "")) if count == 2 else None
    if found is None:
        return 0
    left, right, out = found.groups()
    summed = len(left) + len(right) - len(out)
    kept, n = left[: len(left) - summed // 2], summed // 2
    fits = n > 0 and summed == 2 * n and left[len(kept) :] == right[:n] and kept + right[n:] == out
    return n if fits and len(set(left + right[n:])) == len(left) + len(right) - n else 0


_TWO = re.compile("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)")


def _is_product(x, w, n):
    return (
        x.is_floating_point() and x.ndim >= n <= w.ndim and x.shape[x.ndim - n :] == w.shape[:n] and x.dtype is w.dtype
    )


def _product(x, w, n):
    """The product of two matrices that such a sum is: PyTorch would take it for one of many small ones."""
    kept, new = x.shape[: x.ndim - n], w.shape[n:]
    size = math.prod(w.shape[:n])
    return torch.matmul(x.reshape(*kept, size), w.reshape(size, math.prod(new))).reshape(*kept, *new)


def correlate(x1, x2, mode="valid"):
    """Σₙ x1[n + k] · conj(x2[n])."""
    n, m = x1.shape[0], x2.shape[0]
    full = _conv1d(F.pad(x1, (m - 1, m - 1))[None, None], x2.conj()[None, None])[0, 0]  # (n + m - 1,)
    if mode == "full":
        return full
    if mode == "valid":
        return full[min(n, m) - 1 : max(n, m)]
    start = (m - 1) // 2 if n >= m else n // 2
    return full[start : start + max(n, m)]


_conv1d = widening(F.conv1d)


def solve_triangular(a, b, lower):
    """The solution of a triangular system, columns in b (..., n, m)."""
    return torch.linalg.solve_triangular(a, b, upper=not lower)


def lu_factor(x):
    """LAPACK's factors and pivots, which count from 0."""
    factors, pivots = torch.linalg.lu_factor(x)
    return factors, pivots - 1


def svd(x, full_matrices=True, compute_uv=True):
    """U, s and Vᴴ, or s alone."""
    return torch.linalg.svd(x, full_matrices=full_matrices) if compute_uv else torch.linalg.svdvals(x)


def _symmetric(x):
    """(x + xᴴ) / 2, as only one triangle is read otherwise, of which the gradient knows nothing."""
    return (x + x.mH) / 2


def _transform(fn):
    """A Fourier transform that takes an empty stack of signals too."""

    def run(x, **kwargs):
        if x.numel():
            return fn(x, **kwargs)
        stand_in = fn(x.to("meta"), **kwargs)
        return torch.empty(stand_in.shape, dtype=stand_in.dtype, device=x.device)

    return run


fft = types.SimpleNamespace(
    **{name: _transform(getattr(torch.fft, name)) for name in ("fft", "fft2", "ifft", "ifft2", "rfft", "irfft")}
)

linalg = types.SimpleNamespace(
    cholesky=widening(lambda x: torch.linalg.cholesky(_symmetric(x))),
    det=widening(torch.linalg.det),
    eigh=widening(lambda x: torch.linalg.eigh(_symmetric(x))),
    inv=widening(torch.linalg.inv),
    qr=widening(torch.linalg.qr),
    slogdet=widening(torch.linalg.slogdet),
    solve=widening(torch.linalg.solve),
    svd=widening(svd),
)

FUNCTIONS = {fn.__name__: fn for fn in (matmul, tensordot, einsum, correlate)}
FUNCTIONS |= {fn.__name__: widening(fn) for fn in (solve_triangular, lu_factor)}
FUNCTIONS |= {"eig": widening(torch.linalg.eig), "linalg": linalg, "fft": fft}
