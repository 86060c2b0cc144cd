"""PyTorch's fused attention."""

import torch
import torch.nn.functional as F

from keraunos.backend.torch import autograd


def dot_product_attention(xp, query, key, value, bias, mask, scale, is_causal, flash_attention, attn_logits_soft_cap):
    """softmax(query · keyᵀ * scale + bias) · value for each head."""
    if attn_logits_soft_cap is not None or not _fit(query, key, value) or autograd.is_nested():
        return NotImplemented  # the fused kernel's gradient can't be differentiated again
    heads, shared = query.shape[2], key.shape[2]
    q, k, v = (x.transpose(1, 2) for x in (query, key, value))  # (batch, heads, length, dim)
    if shared < heads:
        k, v = (x.repeat_interleave(heads // shared, 1) for x in (k, v))
    if bias is not None or mask is not None:
        bias = _bias(query, key, bias, mask, is_causal)
        is_causal = False
    return F.scaled_dot_product_attention(q, k, v, bias, 0.0, is_causal, scale=scale).transpose(1, 2)


def _fit(query, key, value):
    """Whether the shapes fit; the body says what doesn't."""
    if not query.ndim == key.ndim == value.ndim == 4 or not query.is_floating_point() or not query.numel():
        return False
    shared = key.shape[2]
    return (
        key.shape[:3] == value.shape[:3]
        and query.shape[0] == key.shape[0]
        and query.shape[3] == key.shape[3]
        and key.numel() > 0
        and query.shape[2] % shared == 0
    )


def _bias(query, key, bias, mask, is_causal):
    """What is added to the logits: where nothing may be seen a large negative number, finite so that a row of them is no NaN."""
    allowed = None if mask is None else torch.as_tensor(mask, device=query.device).bool()
    if is_causal:
        causal = torch.ones((query.shape[1], key.shape[1]), dtype=torch.bool, device=query.device).tril()
        allowed = causal if allowed is None else allowed & causal
    if bias is not None:
        bias = bias.to(query.dtype)
    if allowed is None:
        return bias
    bias = query.new_zeros(()) if bias is None else bias
    return torch.where(allowed, bias, torch.finfo(query.dtype).min * 0.7)


TABLE = {"dot_product_attention": dot_product_attention}
