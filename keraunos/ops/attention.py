"""Scaled dot-product attention."""

import math

from keraunos.ops.op import op


@op("query key value bias")
def dot_product_attention(
    xp,
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale=None,
    is_causal=False,
    flash_attention=None,
    attn_logits_soft_cap=None,
):
    """softmax(query · keyᵀ * scale + bias) · value for each head, where positions with a false ``mask`` get no weight.

    **Shape:** query ``(batch, T, heads, dim)``, key and value ``(batch, S, kv_heads, dim)`` with kv_heads a divisor of
    heads; bias and mask broadcast to ``(batch, heads, T, S)``; result like query. scale is 1 / sqrt(dim) unless given.
    ``is_causal`` hides the positions after each query. ``attn_logits_soft_cap`` c replaces logits x by c * tanh(x / c).
    ``flash_attention=True`` asks for the engine's fused kernel and raises where there is none; None leaves the choice.
    Half-precision inputs are weighed in float32. Source: Vaswani et al., 2017, https://arxiv.org/abs/1706.03762.

    >>> from keraunos import ops
    >>> q = ops.convert_to_tensor([[[[0.0]], [[0.0]]]])
    >>> ops.dot_product_attention(q, q, ops.convert_to_tensor([[[[1.0]], [[3.0]]]]), is_causal=True).tolist()
    [[[[1.0]], [[2.0]]]]
    """
    check_attention(query, key, value)
    if flash_attention:
        raise ValueError(
            "dot_product_attention: flash_attention=True, but this engine has no fused kernel for these inputs and device. "
            "Leave it None."
        )
    return composed_attention(xp, query, key, value, bias, mask, scale, is_causal, attn_logits_soft_cap)


def check_attention(query, key, value):
    """Raise when the shapes don't fit."""
    shapes = f"query {tuple(query.shape)}, key {tuple(key.shape)}, value {tuple(value.shape)}"
    if query.ndim != 4 or key.ndim != 4 or value.ndim != 4:
        raise ValueError(
            f"dot_product_attention: all inputs must have rank 4, (batch, length, heads, dim); got {shapes}."
        )
    if tuple(key.shape[:3]) != tuple(value.shape[:3]):
        raise ValueError(f"dot_product_attention: key and value must agree in batch, length and heads; got {shapes}.")
    if query.shape[3] != key.shape[3]:
        raise ValueError(f"dot_product_attention: query and key must have the same last dimension; got {shapes}.")
    if key.shape[2] == 0 or query.shape[2] % key.shape[2]:
        raise ValueError(f"dot_product_attention: the heads of key must divide those of query; got {shapes}.")


def composed_attention(xp, query, key, value, bias, mask, scale, is_causal, soft_cap):
    """Attention by two matrix products; with fewer heads of key than of query, neighbours share one."""
    batch, t, heads, dim = query.shape
    s, shared = key.shape[1], key.shape[2]
    scale = 1 / math.sqrt(dim) if scale is None else scale
    q = xp.moveaxis(xp.reshape(query, (batch, t, shared, heads // shared, dim)), 1, 3)  # (batch, shared, group, T, dim)
    k = xp.expand_dims(xp.moveaxis(key, 1, 3), axis=2)  # (batch, shared, 1, dim, S)
    v = xp.expand_dims(xp.moveaxis(value, 1, 2), axis=2)  # (batch, shared, 1, S, dim)
    logits = xp.reshape(xp.matmul(q * scale, k), (batch, heads, t, s))
    if "float16" in str(logits.dtype):
        logits = xp.astype(logits, "float32")
    if soft_cap is not None:
        logits = soft_cap * xp.tanh(logits / soft_cap)
    if bias is not None:
        logits = logits + xp.astype(bias, logits.dtype)
    allowed = None if mask is None else xp.astype(xp.asarray(mask), "bool")
    if is_causal:
        causal = xp.tril(xp.ones((t, s), dtype="bool"))
        allowed = causal if allowed is None else allowed & causal
    if allowed is not None:
        logits = xp.where(allowed, logits, -0.7 * 3.4e38)
    logits = logits - xp.stop_gradient(xp.max(logits, axis=-1, keepdims=True))
    weights = xp.exp(logits)
    weights = xp.astype(weights / xp.sum(weights, axis=-1, keepdims=True), value.dtype)
    weights = xp.reshape(weights, (batch, shared, heads // shared, t, s))
    out = xp.matmul(weights, v)  # (batch, shared, group, T, dim)
    return xp.reshape(xp.moveaxis(out, 3, 1), (batch, t, heads, value.shape[3]))
