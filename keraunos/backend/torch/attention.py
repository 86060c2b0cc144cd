"""PyTorch's fused attention."""

import math

import torch
import torch.nn.functional as F

from keraunos.backend.torch import autograd


def dot_product_attention(xp, query, key, value, bias, mask, scale, is_causal, flash_attention, attn_logits_soft_cap):
    """softmax(query · keyᵀ * scale + bias) · value for each head."""
    if attn_logits_soft_cap is not None or not _fit(query, key, value) or autograd.is_nested():
        return NotImplemented  # the fused kernel's gradient can't be differentiated again
    heads, shared = query.shape[2], key.shape[2]
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)  # (batch, heads, length, dim)
    if shared < heads:
        k, v = (x.repeat_interleave(heads // shared, 1) for x in (k, v))
    if bias is not None or mask is not None:
        bias = _bias(query, key, bias, mask, is_causal)
        is_causal = False
    if _is_slow(q, k):
        return _in_two_products(q, k, v, bias, is_causal, scale).transpose(1, 2)
    return F.scaled_dot_product_attention(q, k, v, bias, 0.0, is_causal, scale=scale).transpose(1, 2)


_LONG = 1024  # from here on the fused kernel is the faster one also where its gradient is slow


def _is_slow(q, k):
    """Whether the fused kernel's gradient is: on the CPU it does not use the units for 16-bit numbers (measured: 6 times slower)."""
    short = q.shape[-2] * k.shape[-2] <= _LONG**2
    return short and q.dtype in _HALF and q.device.type == "cpu" and torch.is_grad_enabled() and q.requires_grad


_HALF = (torch.bfloat16, torch.float16)


def _in_two_products(q, k, v, bias, is_causal, scale):
    """softmax(q · kᵀ * scale + bias) · v, all heads in one batch of products; q (batch, heads, length, dim)."""
    batch, heads, length, dim = q.shape
    if is_causal:
        bias = q.new_zeros(()).masked_fill(
            torch.ones((length, k.shape[2]), dtype=torch.bool).tril().logical_not(), -math.inf
        )
    rows = [x.reshape(-1, *x.shape[2:]) for x in (q, k, v)]
    scale = dim**-0.5 if scale is None else scale
    if bias is None:
        scores = torch.bmm(rows[0] * scale, rows[1].transpose(1, 2))
    else:
        bias = bias.expand(batch, heads, length, k.shape[2]).reshape(-1, length, k.shape[2]) if bias.ndim > 2 else bias
        scores = torch.baddbmm(bias, rows[0], rows[1].transpose(1, 2), alpha=scale)  # (batch · heads, length, keys)
    return torch.bmm(torch.softmax(scores, -1), rows[2]).unflatten(0, (batch, heads))


def _fit(query, key, value):
    """Whether the shapes fit; the body says what doesn't."""
    q, k, v = query.shape, key.shape, value.shape
    if not len(q) == len(k) == len(v) == 4 or not query.is_floating_point() or 0 in q or 0 in k:
        return False
    return k[:3] == v[:3] and q[0] == k[0] and q[3] == k[3] and q[2] % k[2] == 0


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
