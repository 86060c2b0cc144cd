"""Updates of all weights at once, by PyTorch's fused kernels."""

import torch

from keraunos.backend.torch.abstract import inferring
from keraunos.backend.torch.record import opaque

_STEPS = {}  # device -> a step number so large that 1 - beta ** step is 1: the rate has that in it already


def adam(values, gradients, means, squares, rate, beta_1, beta_2, epsilon):
    """``w − rate · m/(√v + ε)`` for lists of tensors of one dtype: (new values, new means, new squares)."""
    if inferring():
        return values, means, squares
    n = len(values)
    found = opaque(_adam, list(values), list(gradients), list(means), list(squares), rate, beta_1, beta_2, epsilon)
    return found[:n], found[n : 2 * n], found[2 * n :]


def _adam(values, gradients, means, squares, rate, beta_1, beta_2, epsilon):
    # The kernel goes through memory, so all have to lie alike. Gradients of convolutions and recurrent layers come permuted, as these
    # kernels want their weights: from the first update on the weights lie so too, and nobody has to bring them into that order.
    gradients = [g if _is_dense(g) else g.contiguous() for g in gradients]
    values, means, squares = (
        [_copied_like(x, g) for x, g in zip(group, gradients, strict=True)] for group in (values, means, squares)
    )
    steps = _STEPS.get(rate.device)
    if steps is None:
        steps = _STEPS[rate.device] = torch.tensor(1e9, dtype=torch.float32, device=rate.device)
    torch._fused_adam_(
        values,
        gradients,
        means,
        squares,
        [],
        [steps] * len(values),
        lr=rate,
        beta1=beta_1,
        beta2=beta_2,
        weight_decay=0.0,
        eps=epsilon,
        amsgrad=False,
        maximize=False,
    )
    return [*values, *means, *squares]


def _is_dense(x):
    """Whether the elements fill their memory without gaps, in whatever order of the axes."""
    if x.is_contiguous():
        return True
    size = 1
    for stride, n in sorted(zip(x.stride(), x.shape, strict=True)):
        if n != 1:
            if stride != size:
                return False
            size *= n
    return True


def _copied_like(x, like):
    """A copy of x that lies in memory as ``like`` does."""
    if x.stride() == like.stride():
        return x.clone()
    return torch.empty_strided(x.shape, like.stride(), dtype=x.dtype, device=x.device).copy_(x)


TABLE = {"adam": adam}
