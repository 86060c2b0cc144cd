"""Functions of PyTorch that replace the body of an op: its fused kernels.

Some return ``NotImplemented`` for arguments that the kernel does not cover, or that are wrong; then the body runs.
"""

import torch

from keraunos.backend.torch import activations, attention, conv, losses, normalization, pooling


def top_k(xp, x, k, sorted):
    """One sort that leaves equal elements in their order."""
    if not x.ndim or k.__class__ is not int or not 0 <= k <= x.shape[-1] or x.dtype in (torch.uint16, torch.uint32):
        return NotImplemented
    values, places = torch.sort(x, dim=-1, descending=True, stable=True)
    return values[..., :k], places[..., :k].int()


def dense(xp, x, kernel, bias):
    """x · kernel + bias; PyTorch makes one product of two matrices of it by itself."""
    if kernel.ndim != 2 or not x.ndim or x.shape[-1] != kernel.shape[0]:
        return NotImplemented
    if bias is None:
        return xp.matmul(x, kernel)
    if not x.is_floating_point() or bias.shape != kernel.shape[1:]:
        return NotImplemented
    return torch.nn.functional.linear(x, kernel.t(), bias)


TABLE = {
    "dense": dense,
    "top_k": top_k,
    **activations.TABLE,
    **attention.TABLE,
    **conv.TABLE,
    **losses.TABLE,
    **normalization.TABLE,
    **pooling.TABLE,
}


def with_body(fn, body):
    """The native function ``fn``, and the body for what it does not cover, or has no kernel for."""
    if fn is body:
        return fn

    def run(xp, *args):
        try:
            found = fn(xp, *args)
        except NotImplementedError:
            found = NotImplemented
        return body(xp, *args) if found is NotImplemented else found

    return run
