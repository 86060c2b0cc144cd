"""PyTorch's fused normalisations. What they don't cover is left to the ops' bodies (``NotImplemented``)."""

import torch
import torch.nn.functional as F

from keraunos.util import settings


def _trailing(x, axis):
    """The shape of the axes, when these are the last ones of a float tensor; else None."""
    if not x.is_floating_point():
        return None
    if axis.__class__ is int:
        return x.shape[-1:] if x.ndim and axis in (-1, x.ndim - 1) else None
    found = sorted(a % x.ndim for a in axis)
    return x.shape[found[0] :] if found and found == list(range(x.ndim - len(found), x.ndim)) else None


_HALF = (torch.float16, torch.bfloat16)


def _fit(x, shape, *weights):
    return all(w is None or (w.dtype is x.dtype and w.shape == shape) for w in weights)


def layer_normalization(xp, x, gamma, beta, axis, epsilon):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta."""
    if (
        axis == -1 and x.dtype is torch.float32 and gamma is not None and beta is not None
    ):  # the usual case, of few steps
        try:
            return torch.layer_norm(x, x.shape[-1:], gamma, beta, settings.epsilon() if epsilon is None else epsilon)
        except RuntimeError:  # gamma or beta of another shape or dtype
            return NotImplemented
    shape = _trailing(x, axis)
    if shape is None or not x.numel():
        return NotImplemented
    if (
        x.dtype in _HALF
        and x.device.type == "cpu"
        and all(w is None or w.dtype is torch.float32 for w in (gamma, beta))
    ):
        if not all(w is None or w.shape == shape for w in (gamma, beta)):
            return NotImplemented  # else the kernel computes in float32, as the body does
    elif not _fit(x, shape, gamma, beta):
        return NotImplemented
    return torch.layer_norm(x, shape, gamma, beta, settings.epsilon() if epsilon is None else epsilon)


def rms_normalization(xp, x, scale, axis, epsilon):
    """x / sqrt(mean of x² + epsilon) * scale."""
    shape = _trailing(x, axis)
    if shape is None or not _fit(x, shape, scale) or not x.numel():
        return NotImplemented
    return torch.rms_norm(x, shape, scale, settings.epsilon() if epsilon is None else epsilon)


def _channels_second(x, axis):
    """x as PyTorch's batch norm wants it, and the way back; channels last are seen so without a copy."""
    axis %= x.ndim
    if axis == 1 or x.ndim == 1:
        return x, lambda y: y
    if axis == x.ndim - 1 and x.ndim == 3:  # has no memory format of its own: (rows, channels) is as good
        return x.reshape(-1, x.shape[-1]), lambda y: y.reshape(x.shape)
    return x.movedim(axis, 1), lambda y: y.movedim(1, axis)


def _normalises(x, axis, *weights, dtype=None):
    if not x.is_floating_point() or x.ndim < 2 or not x.numel() or axis.__class__ is not int:
        return False
    if not (0 < axis % x.ndim and -x.ndim <= axis < x.ndim):
        return False
    dtype, shape = dtype or x.dtype, (x.shape[axis],)
    return all(w is None or (w.dtype is dtype and w.shape == shape) for w in weights)


def batch_normalization(xp, x, mean, variance, axis, offset, scale, epsilon):
    """(x - mean) / sqrt(variance + epsilon) * scale + offset."""
    if not _normalises(x, axis, mean, variance, offset, scale) or mean.requires_grad or variance.requires_grad:
        return NotImplemented
    z, back = _channels_second(x, axis)
    return back(torch.batch_norm(z, scale, offset, mean, variance, False, 0.0, epsilon, False))


def batch_normalization_training(xp, x, scale, offset, axis, epsilon, weights):
    """Normalised by the batch's own mean and variance, which are returned too."""
    wide = torch.float32 if x.dtype in _HALF else x.dtype  # what the kernel computes in, as the body does
    if weights is not None or not _normalises(x, axis, scale, offset, dtype=wide):
        return NotImplemented
    z, back = _channels_second(x, axis)
    n = z.shape[1]
    count = z.numel() // n
    if count < 2:
        return NotImplemented
    mean, variance = torch.zeros(n, dtype=wide, device=x.device), torch.zeros(n, dtype=wide, device=x.device)
    out = torch.batch_norm(z, scale, offset, mean, variance, True, 1.0, epsilon, torch.backends.cudnn.enabled)
    return back(out), mean, variance * ((count - 1) / count)  # PyTorch's running variance is the unbiased one


def group_normalization(xp, x, scale, offset, groups, axis, epsilon):
    """Normalised by mean and variance of each of ``groups`` runs of channels."""
    if not _normalises(x, axis, scale, offset) or groups < 1 or x.shape[axis] % groups:
        return NotImplemented
    z = x.movedim(axis, 1)
    if torch.is_grad_enabled():  # PyTorch 2.13 crashes in the gradient of channels-last data that need none themselves
        z = z.contiguous()
    return F.group_norm(z, groups, scale, offset, epsilon).movedim(1, axis)


def moments(xp, x, axes, keepdims, synchronized):
    """Mean and variance in one pass."""
    if synchronized or x.dtype not in (torch.float32, torch.float64) or not x.numel():
        return NotImplemented
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    if not axes or any(not -x.ndim <= a < x.ndim for a in axes) or len({a % x.ndim for a in axes}) < len(axes):
        return NotImplemented
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=keepdims)
    return mean, variance


TABLE = {
    fn.__name__: fn
    for fn in (
        *(layer_normalization, rms_normalization, group_normalization, moments),
        *(batch_normalization, batch_normalization_training),
    )
}
