"""Products of matrices and tensors."""

import operator
import re

from keraunos.backend import dtypes
from keraunos.ops import checks
from keraunos.ops.op import op


def _wide(xp, *operands):
    """Operands of int8 as int32, as sums of their products leave the range of int8."""
    narrow = dtypes.standardize_dtype(operands[0].dtype) == "int8"
    return [xp.astype(x, "int32") for x in operands] if narrow else operands


def _fits(who, x1, x2, same):
    """Equal sizes of the dimensions that are summed over."""
    if not same:
        raise ValueError(
            f"{who}: the dimensions of x1 and x2 that are multiplied and summed must be equal, got shapes {tuple(x1.shape)} and "
            f"{tuple(x2.shape)}."
        )


@op("x1 x2")
def matmul(xp, x1, x2):
    """The matrix product Σₖ x1[..., i, k] · x2[..., k, j]; a vector counts as a row on the left, a column on the right.

    **Shape:** (..., n, k), (..., k, m) → (..., n, m).

    >>> from keraunos import ops
    >>> ops.matmul([[1, 2], [3, 4]], [[1, 0], [0, 1]]).tolist()
    [[1, 2], [3, 4]]
    """
    a, b = x1.shape, x2.shape
    if not a or not b:
        raise ValueError(
            f"matmul: x1 and x2 must have at least 1 dimension, got shapes {tuple(a)} and {tuple(b)}; use multiply."
        )
    if a[-1] != b[-2 if len(b) > 1 else 0]:
        _fits("matmul", x1, x2, False)
    return xp.matmul(*_wide(xp, x1, x2))


@op("x1 x2")
def dot(xp, x1, x2):
    """The sum of products over the last axis of x1 and the last but one of x2; with a number the plain product.

    **Shape:** (..., n, k), (..., k, m) → (..., n, ..., m), the leading dimensions of both kept.

    >>> from keraunos import ops
    >>> int(ops.dot([1, 2], [3, 4]))
    11
    """
    if not x1.ndim or not x2.ndim:
        return xp.multiply(x1, x2)
    _fits("dot", x1, x2, x1.shape[-1] == x2.shape[-2 if x2.ndim > 1 else 0])
    return xp.tensordot(x1, x2, axes=((x1.ndim - 1,), (max(x2.ndim - 2, 0),)))


@op("x1 x2")
def vdot(xp, x1, x2):
    """The scalar product of the flattened arrays, of complex ones with x1 conjugated.

    **Shape:** any, same size → ().

    >>> from keraunos import ops
    >>> int(ops.vdot([[1, 2]], [[3], [4]]))
    11
    """
    x1, x2 = xp.reshape(xp.conj(x1), (-1,)), xp.reshape(x2, (-1,))
    _fits("vdot", x1, x2, x1.shape == x2.shape)
    return xp.tensordot(x1, x2, axes=1)


@op("x1 x2")
def inner(xp, x1, x2):
    """The sum of products over the last axes of both.

    **Shape:** (..., k), (..., k) → (..., ...).

    >>> from keraunos import ops
    >>> int(ops.inner([1, 2], [3, 4]))
    11
    """
    if not x1.ndim or not x2.ndim:
        return xp.multiply(x1, x2)
    _fits("inner", x1, x2, x1.shape[-1] == x2.shape[-1])
    return xp.tensordot(x1, x2, axes=((x1.ndim - 1,), (x2.ndim - 1,)))


@op("x1 x2")
def outer(xp, x1, x2):
    """All products of an element of x1 with one of x2, both flattened.

    **Shape:** sizes n and m → (n, m).

    >>> from keraunos import ops
    >>> ops.outer([1, 2], [3, 4]).tolist()
    [[3, 4], [6, 8]]
    """
    return xp.reshape(x1, (-1, 1)) * xp.reshape(x2, (1, -1))


@op("x1 x2")
def tensordot(xp, x1, x2, axes=2):
    """The sum of products over ``axes``: a number of last axes of x1 and first of x2, or (axes of x1, axes of x2).

    **Shape:** the remaining dimensions of x1, then those of x2.

    >>> from keraunos import ops
    >>> ops.tensordot([[1, 2], [3, 4]], [1, 1], axes=1).tolist()
    [3, 7]
    """
    if hasattr(axes, "__len__"):
        left, right = ((a,) if isinstance(a, int) else tuple(a) for a in axes)
        left, right = checks.axes("tensordot", x1, left, "axes"), checks.axes("tensordot", x2, right, "axes")
    else:
        n = operator.index(axes)
        if not 0 <= n <= min(x1.ndim, x2.ndim):
            raise ValueError(
                f"tensordot: axes must be at most the dimensions of x1 and x2, {x1.ndim} and {x2.ndim}, got {n}."
            )
        left, right = tuple(range(x1.ndim - n, x1.ndim)), tuple(range(n))
    _fits("tensordot", x1, x2, [x1.shape[a] for a in left] == [x2.shape[a] for a in right])
    return xp.tensordot(x1, x2, axes=(left, right))


@op("operands[]", name="einsum")
def _einsum(xp, subscripts, operands):
    """``einsum`` of a list."""
    try:
        return xp.einsum(subscripts, *_wide(xp, *operands))
    except (TypeError, ValueError, IndexError) as e:
        shapes = ", ".join(str(tuple(x.shape)) for x in operands)
        raise ValueError(f"einsum: subscripts {subscripts!r} don't fit operands of shapes {shapes}: {e}") from e


def einsum(subscripts, *operands, **kwargs):
    """Einstein's summation: dimensions with one letter are multiplied, letters missing behind ``->`` are summed over.

    **Shape:** as the subscripts say.

    >>> from keraunos import ops
    >>> ops.einsum("ij,j->i", [[1, 2], [3, 4]], [1, 1]).tolist()
    [3, 7]
    """
    if set(kwargs) - {"optimize"}:
        raise TypeError(f"einsum: unknown arguments {sorted(set(kwargs) - {'optimize'})}; the only option is optimize.")
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: subscripts must be a string such as 'ij,jk->ik', got {type(subscripts).__name__}.")
    if not re.fullmatch(r"[a-zA-Z,.\s]*(->[a-zA-Z.\s]*)?", subscripts):
        raise ValueError(f"einsum: subscripts must be letters, ',', '...' and '->', got {subscripts!r}.")
    return _einsum(subscripts, list(operands))


@op("x1 x2")
def cross(xp, x1, x2, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """The cross product of vectors of 3 components (of 2: their third is 0; of two such vectors the third component alone).

    **Shape:** (..., 3), (..., 3) → (..., 3), the vectors along ``axis`` (or axisa, axisb and in the result axisc).

    >>> from keraunos import ops
    >>> ops.cross([1, 0, 0], [0, 1, 0]).tolist()
    [0, 0, 1]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a = xp.moveaxis(x1, checks.axis("cross", x1, axisa, "axisa"), -1)
    b = xp.moveaxis(x2, checks.axis("cross", x2, axisb, "axisb"), -1)
    for name, v in (("x1", a), ("x2", b)):
        if v.shape[-1] not in (2, 3):
            raise ValueError(f"cross: {name} must have 2 or 3 components along its axis, got {v.shape[-1]}.")
    z = xp.subtract(a[..., 0] * b[..., 1], a[..., 1] * b[..., 0])
    if a.shape[-1] == b.shape[-1] == 2:
        return z
    a3 = a[..., 2] if a.shape[-1] == 3 else xp.zeros_like(a[..., 0])
    b3 = b[..., 2] if b.shape[-1] == 3 else xp.zeros_like(b[..., 0])
    x = xp.subtract(a[..., 1] * b3, a3 * b[..., 1])
    y = xp.subtract(a3 * b[..., 0], a[..., 0] * b3)
    found = xp.stack([x, y, z], axis=-1)
    return xp.moveaxis(found, -1, checks.axis("cross", found, axisc, "axisc"))


@op("x1 x2")
def kron(xp, x1, x2):
    """The Kronecker product: x1 with each element replaced by itself times x2.

    **Shape:** dimension i is the product of both dimensions i.

    >>> from keraunos import ops
    >>> ops.kron([1, 2], [1, 10]).tolist()
    [1, 10, 2, 20]
    """
    n = max(x1.ndim, x2.ndim)
    a, b = (1,) * (n - x1.ndim) + tuple(x1.shape), (1,) * (n - x2.ndim) + tuple(x2.shape)
    left = xp.reshape(x1, tuple(d for s in a for d in (s, 1)))
    right = xp.reshape(x2, tuple(d for s in b for d in (1, s)))
    return xp.reshape(left * right, tuple(s * t for s, t in zip(a, b)))


@op("x1 x2", promote="float")
def correlate(xp, x1, x2, mode="valid"):
    """The cross-correlation Σₙ x1[n + k] · conj(x2[n]) of two vectors.

    **Shape:** (n,), (m,) → (|n - m| + 1,) in mode "valid", (max(n, m),) in "same", (n + m - 1,) in "full".

    >>> from keraunos import ops
    >>> ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0]).tolist()
    [2.0, 3.0]
    """
    checks.choice("correlate", mode, ("valid", "same", "full"), "mode")
    if x1.ndim != 1 or x2.ndim != 1 or 0 in x1.shape or 0 in x2.shape:
        raise ValueError(
            f"correlate: x1 and x2 must be vectors, not empty, got shapes {tuple(x1.shape)} and {tuple(x2.shape)}."
        )
    return xp.correlate(x1, x2, mode=mode)
