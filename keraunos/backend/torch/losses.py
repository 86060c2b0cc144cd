"""Cross entropies by PyTorch's fused kernels."""

import torch
import torch.nn.functional as F

from keraunos.backend.torch.dtypes import widening
from keraunos.util import settings


def binary_crossentropy(xp, target, output, from_logits):
    """-target * log(p) - (1 - target) * log(1 - p), elementwise."""
    if target.shape != output.shape:
        return NotImplemented
    if from_logits:
        return F.binary_cross_entropy_with_logits(output, target, reduction="none")
    e = settings.epsilon()
    return _binary(torch.clamp(output, e, 1 - e), target, reduction="none")


_binary = widening(F.binary_cross_entropy)


_NO_CLASS = -(2**63)  # labels that PyTorch would ignore; by default that is -100


def sparse_categorical_crossentropy(xp, target, output, from_logits, axis):
    """-log(p[target]), NaN for a target that is no class."""
    rank = output.ndim
    if not rank or not output.is_floating_point() or axis not in (-1, rank - 1):
        return NotImplemented
    if target.ndim == rank and target.shape[-1] == 1:
        target = target.squeeze(-1)
    if target.shape != output.shape[:-1] or not output.numel():
        return NotImplemented
    target, n = target.long(), output.shape[-1]
    if from_logits and output.device.type == "cpu":
        try:
            rows, classes = output.reshape(-1, n), target.reshape(-1)
            found = F.cross_entropy(rows, classes, ignore_index=_NO_CLASS, reduction="none")
            return found.reshape(target.shape)
        except IndexError:
            pass  # a target is no class: the long way gives NaN for it (a GPU would end the process)
    place = target.clamp(0, n - 1).unsqueeze(-1)
    if from_logits:
        loss = -torch.log_softmax(output, -1).gather(-1, place).squeeze(-1)
    else:
        e = settings.epsilon()
        p = output.gather(-1, place).squeeze(-1) / output.sum(-1)
        loss = -torch.log(torch.clamp(p, e, 1 - e))
    return torch.where((target >= 0) & (target < n), loss, float("nan"))


TABLE = {fn.__name__: fn for fn in (binary_crossentropy, sparse_categorical_crossentropy)}
