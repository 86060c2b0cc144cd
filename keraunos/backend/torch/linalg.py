"""Products, factorisations of matrices, and Fourier transforms."""

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
    try:
        return _einsum(subscripts, *operands)
    except RuntimeError as e:
        raise ValueError(str(e)) from e


_einsum = widening(torch.einsum)


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
