"""PyTorch's kernels in place of ops' bodies: the same values and gradients, and where memory is written over, nothing is lost."""

import numpy as np
import pytest

import keraunos as keras
from keraunos.ops.conv import biased_conv

torch = pytest.importorskip("torch")

from keraunos.backend.torch import linalg, namespace, record, updates  # noqa: E402  (where PyTorch is installed)

RNG = np.random.RandomState(0)


def array(*shape, dtype=torch.float32):
    return torch.from_numpy(RNG.normal(size=shape).astype("float32")).to(dtype)


def both(op, *args):
    """(values and gradients) of an op by its native function, and by its body."""
    found = []
    body = op.op.body
    for fn in (op, lambda *a: body(namespace.XP, *a)):
        leaves = [a.clone().requires_grad_() if isinstance(a, torch.Tensor) else a for a in args]
        out = fn(*leaves)
        out = out[0] if isinstance(out, tuple) else out
        up = torch.cos(torch.arange(out.numel())).reshape(out.shape).to(out.dtype)
        wanted = [a for a in leaves if isinstance(a, torch.Tensor)]
        found.append([out.detach(), *torch.autograd.grad(out, wanted, up)])
    return found


CONVOLUTIONS = {
    "same": ((2, 7, 6, 4), (3, 3, 4, 5), (1, "same", None, 1)),
    "valid, strides": ((2, 7, 6, 4), (3, 2, 4, 5), ((2, 1), "valid", None, 1)),
    "channels first": ((2, 4, 7, 6), (3, 3, 4, 5), (1, "same", "channels_first", 2)),
    "groups": ((2, 7, 6, 4), (3, 3, 2, 6), (1, "same", None, 1)),
    "unequal padding": ((2, 7, 6, 4), (2, 2, 4, 5), (1, "same", None, 1)),
    "sequence": ((2, 9, 4), (3, 4, 5), (1, "causal", None, 1)),
    "volume": ((1, 4, 5, 4, 2), (3, 3, 3, 2, 3), (1, "same", None, 1)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution_with_bias(name):
    x, w, rest = CONVOLUTIONS[name]
    for a, b in zip(*both(biased_conv, array(*x), array(*w), array(w[-1]), *rest), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (4,)])
def test_dense_with_bias(shape):
    for a, b in zip(*both(keras.ops.dense, array(*shape), array(4, 5), array(5)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match=r"dense: bias must have shape \(5,\), got \(4,\)"):
        keras.ops.dense(array(*shape), array(4, 5), array(4))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_normalised_in_float32(dtype):
    x, scale, shift = array(4, 5, 6, 3, dtype=dtype), array(3), array(3)
    from_bodies = {
        "layer": both(keras.ops.layer_normalization.__globals__["_layer_normalization"], x, scale, shift, -1, 1e-3),
        "batch": both(keras.ops.batch_normalization_training, x, scale, shift, -1, 1e-3, None),
    }
    for found, want in from_bodies.values():
        assert [t.dtype for t in found] == [dtype, dtype, torch.float32, torch.float32]
        for a, b in zip(found, want, strict=True):
            torch.testing.assert_close(a, b, rtol=0.02, atol=0.02)


BIAS, MASK = array(2, 1, 5, 5), torch.ones(2, 1, 5, 5).bool().tril(1)
ATTENTION = [
    {},
    {"is_causal": True},
    {"bias": BIAS},
    {"mask": MASK},
    {"bias": BIAS, "mask": MASK, "is_causal": True, "scale": 0.3},
]


@pytest.mark.parametrize("kwargs", ATTENTION, ids=lambda k: "+".join(k) or "plain")
def test_attention_in_bfloat16_with_gradients_is_that_of_float32(kwargs):
    wide = [array(2, 5, 3, 4).requires_grad_() for _ in range(3)]
    half = [x.detach().bfloat16().requires_grad_() for x in wide]
    want = keras.ops.dot_product_attention(*wide, **kwargs)
    narrow = {name: v.bfloat16() if name == "bias" else v for name, v in kwargs.items()}
    found = keras.ops.dot_product_attention(*half, **narrow)
    assert found.dtype is torch.bfloat16
    torch.testing.assert_close(found.float(), want, rtol=0.03, atol=0.03)
    pairs = zip(torch.autograd.grad(found.sum(), half), torch.autograd.grad(want.sum(), wide), strict=True)
    for a, b in pairs:
        torch.testing.assert_close(a.float(), b, rtol=0.06, atol=0.06)


EQUATIONS = {  # and how many letters are summed as one product of two matrices; 0: by einsum
    "abc,cde->abde": ((2, 3, 4), (4, 5, 6), 1),
    "abxy,xyA->abA": ((2, 3, 4, 5), (4, 5, 6), 2),
    "ab,bc->ac": ((2, 3), (3, 4), 1),
    "abc,bc->a": ((2, 3, 4), (3, 4), 2),
    "ab,bc->ca": ((2, 3), (3, 4), 0),
    "ab,cb->ac": ((2, 3), (4, 3), 0),
    "ab,bc->abc": ((2, 3), (3, 4), 0),
    "aab,bc->aac": ((2, 2, 3), (3, 4), 0),
    "abc,bcd->ad": ((2, 3, 4), (3, 4, 5), 2),
    "ab,ab->ab": ((2, 3), (2, 3), 0),
}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_sums_that_are_products_of_matrices(equation):
    first, second, summed = EQUATIONS[equation]
    assert linalg._summed(equation, 2) == summed
    if equation != "aab,bc->aac":  # a letter twice in the output: einsum refuses it
        x, w = array(*first), array(*second)
        torch.testing.assert_close(keras.ops.einsum(equation, x, w), torch.einsum(equation, x, w))


def reused(x, y):
    """Results that die at once, that are seen through a view, that are returned, and that share memory."""
    a = torch.relu(x + 1)
    b = a * y
    view = b.t()
    c = view + view
    d = torch.relu(b)  # b is read again below
    e = x * 2
    wide = e[:, :1].expand(2, 3)
    return [c, d + b, torch.sigmoid(wide), torch.neg(e[:, 1:]), a.sum()]


def test_memory_is_written_over_only_where_nobody_reads_it():
    inputs = [array(2, 3), array(2, 3)]
    _, repeat = record.record(reused, inputs)
    changing = [
        v for k, v in repeat.__globals__.items() if k[0] == "f" and k[1:].isdigit() and v.__name__.endswith("_")
    ]
    assert len(changing) >= 2
    for _ in range(2):
        x, y = array(2, 3), array(2, 3)
        before = x.clone(), y.clone()
        for a, b in zip(repeat(x, y), reused(x, y), strict=True):
            assert torch.equal(a, b)
        assert torch.equal(x, before[0]) and torch.equal(y, before[1])


def test_adam_lays_weights_as_their_gradients_lie():
    shape, rate = (3, 3, 4, 5), torch.tensor(0.1)
    w, m, v = array(*shape), torch.zeros(shape), torch.zeros(shape)
    g = array(5, 3, 3, 4).permute(1, 2, 3, 0)
    found = [x[0] for x in updates.adam([w], [g], [m], [v], rate, 0.9, 0.999, 1e-7)]
    want = [x[0] for x in updates.adam([w], [g.contiguous()], [m], [v], rate, 0.9, 0.999, 1e-7)]
    for a, b in zip(found, want, strict=True):
        assert a.stride() == g.stride() and b.is_contiguous()
        torch.testing.assert_close(a, b)
    # A gradient with gaps between its elements (a part of a larger one) can't be followed.
    part = array(3, 3, 4, 9)[..., :5]
    assert updates.adam([w], [part], [m], [v], rate, 0.9, 0.999, 1e-7)[0][0].is_contiguous()
