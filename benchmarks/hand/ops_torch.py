"""Single functions by PyTorch's own calls."""

import torch
from torch.nn import functional as F

convert = torch.as_tensor


def attention(query, key, value):
    """Of (batch, length, heads, dim)."""
    heads_first = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    return F.scaled_dot_product_attention(*heads_first).transpose(1, 2)


def functions(a) -> dict:
    """Each figure's call, in the layouts that the arrays have."""
    images, filters = a.images.movedim(-1, 1), a.filters.permute(3, 2, 0, 1)
    return {
        "add": lambda: torch.add(a.x, a.y),
        "number": lambda: torch.add(a.x, 1.5),
        "mixed": lambda: torch.add(a.x, a.ints),
        "sqrt": lambda: torch.sqrt(a.x),
        "gelu": lambda: F.gelu(a.rows, approximate="tanh"),
        "softmax": lambda: F.softmax(a.rows, dim=-1),
        "layer_norm": lambda: F.layer_norm(a.rows, (1024,), a.gamma, a.gamma, 1e-5),
        "attention": lambda: attention(a.queries, a.keys, a.values),
        "conv": lambda: F.conv2d(images, filters, padding="same").movedim(1, -1),
        "max_pool": lambda: F.max_pool2d(images, 2).movedim(1, -1),
    }
