"""PyTorch's activation functions, where their gradients at kinks are those that the ops document."""

import torch
import torch.nn.functional as F

from keraunos.backend.torch.dtypes import widening

_relu, _clamp = widening(torch.relu), widening(torch.clamp)


def relu(xp, x):
    """max(x, 0)."""
    return _relu(x.int() if x.dtype is torch.bool else x)


def hard_tanh(xp, x):
    """x limited to [-1, 1]; ``hardtanh`` would have the gradient 0 at the ends."""
    if x.dtype is torch.bool:
        return x.int()
    return _clamp(x, -1 if x.dtype.is_signed else 0, 1)


def leaky_relu(xp, x, negative_slope):
    """x where x >= 0, else negative_slope * x; PyTorch's own has the slope as its gradient at 0."""
    if x.requires_grad and torch.is_grad_enabled():
        return _LeakyRelu.apply(x, negative_slope)
    return F.leaky_relu(x, negative_slope)


class _LeakyRelu(torch.autograd.Function):
    """``leaky_relu`` with the gradient 1 at 0."""

    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return F.leaky_relu(x, slope)

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        # With the least positive number added, 0 counts as positive (float16 is added up in float32).
        least = 2**-24 if x.dtype is torch.float16 else torch.finfo(x.dtype).smallest_normal
        return torch.ops.aten.leaky_relu_backward(upstream, x + least, ctx.slope, False), None


def _along_one_axis(fn):
    """``fn(x, axis)``, which PyTorch has for one axis that is in range; of size 1 the body warns."""

    def run(xp, x, axis):
        if axis.__class__ is not int or not -x.ndim <= axis < x.ndim or x.shape[axis] == 1:
            return NotImplemented
        return fn(x, axis)

    return run


def glu(xp, x, axis):
    """Half of x times sigmoid of the other half."""
    if not -x.ndim <= axis < x.ndim or x.shape[axis] % 2:
        return NotImplemented
    return F.glu(x, axis)


def logsumexp(xp, x, axis, keepdims):
    """ln Σ eˣ."""
    axes = range(-x.ndim, 0) if axis is None else (axis,) if isinstance(axis, int) else axis
    if not x.numel() or any(not -x.ndim <= a < x.ndim for a in axes) or not x.ndim:
        return NotImplemented
    return torch.logsumexp(x, tuple(axes), keepdims)


TABLE = {
    "celu": lambda xp, x, alpha: torch.celu(x, alpha),
    "elu": lambda xp, x, alpha: F.elu(x, alpha),
    "gelu": lambda xp, x, approximate: F.gelu(x, approximate="tanh" if approximate else "none"),
    "glu": glu,
    "hard_shrink": lambda xp, x, threshold: F.hardshrink(x, threshold),
    "hard_sigmoid": lambda xp, x: F.hardsigmoid(x),
    "hard_silu": lambda xp, x: F.hardswish(x),
    "hard_tanh": hard_tanh,
    "leaky_relu": leaky_relu,
    "log_sigmoid": lambda xp, x: F.logsigmoid(x),
    "log_softmax": _along_one_axis(torch.log_softmax),
    "logsumexp": logsumexp,
    "relu": relu,
    "relu6": lambda xp, x: F.relu6(x),
    "rsqrt": lambda xp, x: torch.rsqrt(x),
    "selu": lambda xp, x: torch.selu(x),
    "sigmoid": lambda xp, x: torch.sigmoid(x),
    "silu": lambda xp, x: F.silu(x),
    "soft_shrink": lambda xp, x, threshold: F.softshrink(x, threshold),
    "softmax": _along_one_axis(torch.softmax),
    "softplus": lambda xp, x: F.softplus(x, threshold=40),  # up to where 1 + eˣ is eˣ also in float64
    "threshold": lambda xp, x, threshold, default_value: F.threshold(x, threshold, default_value),
}
