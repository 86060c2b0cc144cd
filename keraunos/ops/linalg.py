"""Linear algebra on matrices and stacks of matrices: the functions of ``keras.ops.linalg``."""

import math

from keraunos.backend import dispatch
from keraunos.ops import checks, creation, indexing, shapes
from keraunos.ops.array_api import asarray, matrix_transpose, vecdot
from keraunos.ops.op import host_array, kind_or_none, op
from keraunos.ops.products import cross, matmul, outer, tensordot
from keraunos.util import tree
from keraunos.util.errors import describe

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "jvp",
    "lstsq",
    "lu_factor",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "norm",
    "outer",
    "pinv",
    "qr",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


@op(promote="float")
def cholesky(xp, x, upper=False):
    """The lower triangular L with L·Lᴴ = x, for a symmetric positive definite x (``upper``: Lᴴ).

    **Shape:** (..., n, n) → (..., n, n).

    >>> from keraunos import ops
    >>> ops.cholesky([[4.0, 2.0], [2.0, 2.0]]).tolist()
    [[2.0, 0.0], [1.0, 1.0]]
    """
    checks.square("cholesky", x)
    lower = xp.linalg.cholesky(x)
    return xp.conj(xp.matrix_transpose(lower)) if upper else lower


@op(promote="float")
def cholesky_inverse(xp, x, upper=False):
    """The inverse of L·Lᴴ from its Cholesky factor x = L (``upper``: x = Lᴴ).

    **Shape:** (..., n, n) → (..., n, n).

    >>> from keraunos import ops
    >>> ops.cholesky_inverse([[2.0, 0.0], [0.0, 1.0]]).tolist()
    [[0.25, 0.0], [0.0, 1.0]]
    """
    checks.square("cholesky_inverse", x)
    eye = xp.broadcast_to(xp.eye(x.shape[-1], dtype=x.dtype), x.shape)
    inverse = xp.solve_triangular(x, eye, lower=not upper)
    other = xp.conj(xp.matrix_transpose(inverse))
    return inverse @ other if upper else other @ inverse


@op(promote="float")
def det(xp, x):
    """The determinant.

    **Shape:** (..., n, n) → (...).

    >>> from keraunos import ops
    >>> float(ops.det([[2.0, 0.0], [0.0, 3.0]]))
    6.0
    """
    checks.square("det", x)
    return xp.linalg.det(x)


@op(promote="float")
def slogdet(xp, x):
    """The sign of the determinant and the logarithm of its absolute value.

    **Shape:** (..., n, n) → (...), (...).

    >>> from keraunos import ops
    >>> sign, log = ops.slogdet([[1.0, 0.0], [0.0, -1.0]])
    >>> float(sign), float(log)
    (-1.0, 0.0)
    """
    checks.square("slogdet", x)
    return tuple(xp.linalg.slogdet(x))


@op(promote="float")
def logdet(xp, x):
    """The logarithm of the determinant of a positive definite matrix.

    **Shape:** (..., n, n) → (...).

    >>> from keraunos import ops
    >>> float(ops.logdet([[1.0, 0.0], [0.0, 1.0]]))
    0.0
    """
    checks.square("logdet", x)
    return xp.linalg.slogdet(x)[1]


@op(promote="float")
def eig(xp, x):
    """Eigenvalues and right eigenvectors (in columns) of a square matrix, as complex numbers. On JAX only on the CPU.

    **Shape:** (..., n, n) → (..., n), (..., n, n).

    >>> from keraunos import ops
    >>> values, vectors = ops.eig([[2.0, 0.0], [0.0, 3.0]])
    >>> values.tolist()
    [(2+0j), (3+0j)]
    """
    checks.square("eig", x)
    return tuple(xp.eig(x))


@op(promote="float")
def eigh(xp, x):
    """Eigenvalues, rising, and orthonormal eigenvectors (in columns) of a symmetric (Hermitian) matrix.

    **Shape:** (..., n, n) → (..., n), (..., n, n).

    >>> from keraunos import ops
    >>> values, vectors = ops.eigh([[3.0, 0.0], [0.0, 2.0]])
    >>> values.tolist()
    [2.0, 3.0]
    """
    checks.square("eigh", x)
    return tuple(xp.linalg.eigh(x))


@op(promote="float")
def inv(xp, x):
    """The inverse matrix.

    **Shape:** (..., n, n) → (..., n, n).

    >>> from keraunos import ops
    >>> ops.inv([[2.0, 0.0], [0.0, 4.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    checks.square("inv", x)
    return xp.linalg.inv(x)


@op(promote="float")
def lu_factor(xp, x):
    """The factors of P·x = L·U in one matrix (L below the diagonal, with ones on it that aren't stored), and the row exchanges.

    **Shape:** (..., n, n) → (..., n, n), (..., n) int32.

    >>> from keraunos import ops
    >>> factors, pivots = ops.lu_factor([[2.0, 1.0], [1.0, 3.0]])
    >>> factors.tolist(), pivots.tolist()
    ([[2.0, 1.0], [0.5, 2.5]], [0, 1])
    """
    checks.square("lu_factor", x)
    factors, pivots = xp.lu_factor(x)
    return factors, xp.astype(pivots, "int32")


@op(promote="float")
def qr(xp, x, mode="reduced"):
    """Q with orthonormal columns and an upper triangular R with Q·R = x.

    **Shape:** (..., n, m) → (..., n, k), (..., k, m) with k = min(n, m); in mode "complete" k = n.

    >>> from keraunos import ops
    >>> q, r = ops.qr([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> q.shape, r.shape
    ((3, 2), (2, 2))
    """
    checks.min_rank("qr", x, 2)
    checks.choice("qr", mode, ("reduced", "complete"), "mode")
    return tuple(xp.linalg.qr(x, mode=mode))


@op(promote="float")
def svd(xp, x, full_matrices=True, compute_uv=True):
    """The singular value decomposition x = U·diag(s)·Vᴴ, s falling; without ``compute_uv`` only s.

    **Shape:** (..., n, m) → U (..., n, n), s (..., k), Vᴴ (..., m, m), k = min(n, m); not full: U (..., n, k), Vᴴ (..., k, m).

    >>> from keraunos import ops
    >>> ops.svd([[3.0, 0.0], [0.0, 2.0]], compute_uv=False).tolist()
    [3.0, 2.0]
    """
    checks.min_rank("svd", x, 2)
    found = xp.linalg.svd(x, full_matrices=full_matrices, compute_uv=compute_uv)
    return tuple(found) if compute_uv else found


@op("a b", promote="float")
def solve(xp, a, b):
    """The x with a·x = b.

    **Shape:** a (..., n, n), b (..., n) or (..., n, m) → as b.

    >>> from keraunos import ops
    >>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).tolist()
    [1.0, 0.5]
    """
    checks.square("solve", a, "a")
    return _for_vectors("solve", a, b, xp.linalg.solve)


@op("a b", promote="float")
def solve_triangular(xp, a, b, lower=False):
    """The x with a·x = b for a triangular a, of which the other triangle is not read.

    **Shape:** a (..., n, n), b (..., n) or (..., n, m) → as b.

    >>> from keraunos import ops
    >>> ops.solve_triangular([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).tolist()
    [1.0, 0.5]
    """
    checks.square("solve_triangular", a, "a")
    return _for_vectors("solve_triangular", a, b, lambda a, b: xp.solve_triangular(a, b, lower=lower))


def _for_vectors(who, a, b, solve):
    """``solve`` for a b of columns, or with one dimension less."""
    vector = b.ndim == a.ndim - 1
    if (b.shape[-1:] if vector else b.shape[-2:-1]) != a.shape[-1:]:
        raise ValueError(
            f"{who}: b must be (..., n) or (..., n, m) for a (..., n, n), got shapes {tuple(b.shape)}, {tuple(a.shape)}."
        )
    return solve(a, b[..., None])[..., 0] if vector else solve(a, b)


@op("a b", promote="float")
def lstsq(xp, a, b, rcond=None):
    """The x of least norm among those that minimise |a·x - b|². Singular values below rcond times the largest count as 0.

    **Shape:** a (n, m), b (n,) or (n, k) → (m,) or (m, k).

    >>> from keraunos import ops
    >>> ops.round(ops.lstsq([[1.0], [1.0]], [1.0, 3.0]), 4).tolist()
    [2.0]
    """
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise ValueError(
            f"lstsq: a must be (n, m) and b (n,) or (n, k), got shapes {tuple(a.shape)} and {tuple(b.shape)}."
        )
    ratio = _epsilon(xp, a) * max(a.shape) if rcond is None else rcond
    return _pseudoinverse(xp, a, ratio) @ b


@op(promote="float")
def pinv(xp, x, rcond=None):
    """The pseudoinverse V·diag(1/s)·Uᴴ, where singular values up to rcond times the largest count as 0.

    **Shape:** (..., n, m) → (..., m, n).

    >>> from keraunos import ops
    >>> ops.pinv([[2.0, 0.0], [0.0, 0.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.0]]
    """
    checks.min_rank("pinv", x, 2)
    return _pseudoinverse(xp, x, 10 * max(x.shape[-2:]) * _epsilon(xp, x) if rcond is None else rcond)


def _pseudoinverse(xp, x, ratio):
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    keep = s > ratio * s[..., :1]
    inverse = xp.where(keep, 1 / xp.where(keep, s, 1), 0)
    return xp.conj(xp.matrix_transpose(vh)) @ (inverse[..., None] * xp.conj(xp.matrix_transpose(u)))


def _epsilon(xp, x):
    return float(xp.finfo(x.dtype).eps)


@op(promote="float")
def matrix_rank(xp, x, tol=None):
    """The number of singular values above ``tol`` (None: the largest times max(n, m) times the dtype's epsilon).

    **Shape:** (..., n, m) → (...), int32.

    >>> from keraunos import ops
    >>> int(ops.matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
    1
    """
    checks.min_rank("matrix_rank", x, 2)
    s = xp.linalg.svd(x, full_matrices=False, compute_uv=False)
    if tol is None:
        tol = s[..., :1] * (max(x.shape[-2:]) * _epsilon(xp, x))
    return xp.sum(xp.astype(s > tol, "int32"), axis=-1, dtype=xp.to_dtype("int32"))


@op(promote="float")
def norm(xp, x, ord=None, axis=None, keepdims=False):
    """The norm of vectors (``axis`` an int) or matrices (two axes; None: all of x).

    Vectors: (Σ |x|^ord)^(1/ord), the largest and smallest |x| for ±inf, the number of others than 0 for 0. Matrices: "fro" (None), "nuc",
    ±1 and ±inf (largest and smallest sum of a column, of a row), ±2 (largest and smallest singular value). The gradient at 0 is 0.

    **Shape:** ``axis`` is left out, or has size 1 when ``keepdims``.

    >>> from keraunos import ops
    >>> float(ops.norm([3.0, 4.0]))
    5.0
    """
    axis = checks.axes("norm", x, axis)
    if axis is None and ord is not None and x.ndim not in (1, 2):
        raise ValueError(f"norm: axis must be given with ord={ord!r} for x of shape {tuple(x.shape)}.")
    if isinstance(axis, tuple) and len(axis) not in (1, 2):
        raise ValueError(f"norm: axis must be one axis (vectors) or two (matrices), got {axis}.")
    if ord is None:
        return _safe_sqrt(xp, xp.sum(xp.square(xp.abs(x)), axis=axis, keepdims=keepdims))
    if axis is None:
        axis = tuple(range(x.ndim))
    if isinstance(axis, int) or len(axis) == 1:
        return _vector_norm(xp, x, ord, axis if isinstance(axis, int) else axis[0], keepdims)
    return _matrix_norm(xp, x, ord, axis, keepdims)


def _safe_sqrt(xp, x):
    positive = x > 0
    return xp.where(positive, xp.sqrt(xp.where(positive, x, 1)), x)


def _vector_norm(xp, x, ord, axis, keepdims):
    if isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is a norm of matrices, axis={axis} asks for one of vectors.")
    size = xp.abs(x)
    if ord == math.inf:
        return xp.max(size, axis=axis, keepdims=keepdims)
    if ord == -math.inf:
        return xp.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return xp.sum(xp.astype(x != 0, size.dtype), axis=axis, keepdims=keepdims)
    if ord == 1:
        return xp.sum(size, axis=axis, keepdims=keepdims)
    if ord == 2:
        return _safe_sqrt(xp, xp.sum(xp.square(size), axis=axis, keepdims=keepdims))
    return xp.pow(xp.sum(xp.pow(size, ord), axis=axis, keepdims=keepdims), 1 / ord)


def _matrix_norm(xp, x, ord, axes, keepdims):
    rows, columns = axes
    if ord == "fro":
        return _safe_sqrt(xp, xp.sum(xp.square(xp.abs(x)), axis=axes, keepdims=keepdims))
    checks.choice("norm", ord, ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf), "ord")
    if ord in ("nuc", 2, -2):
        s = xp.linalg.svd(xp.moveaxis(x, axes, (-2, -1)), full_matrices=False, compute_uv=False)
        fn = xp.sum if ord == "nuc" else xp.max if ord == 2 else xp.min
        found = fn(s, axis=-1)
        for a in sorted(axes) if keepdims else ():
            found = xp.expand_dims(found, axis=a)
        return found
    summed, other = (rows, columns) if ord in (1, -1) else (columns, rows)
    sums = xp.sum(xp.abs(x), axis=summed, keepdims=True)
    found = (xp.max if ord > 0 else xp.min)(sums, axis=other, keepdims=True)
    return found if keepdims else xp.squeeze(found, axis=axes)


def jvp(fun, primals, tangents, has_aux=False):
    """The value of ``fun`` at ``primals`` and its derivative in the direction ``tangents``, by forward differentiation.

    Returns (value, derivative), and what else ``fun`` returns when ``has_aux``.

    >>> from keraunos import ops
    >>> value, slope = ops.jvp(ops.square, (3.0,), (1.0,))
    >>> float(value), float(slope)
    (9.0, 6.0)
    """
    if len(primals) != len(tangents):
        raise ValueError(
            f"jvp: primals and tangents must have the same length, got {len(primals)} and {len(tangents)}."
        )
    engine = dispatch.engine_of(*tree.flatten((primals, tangents)), who="jvp")

    def arrays(structure):
        return tree.map_structure(lambda v: _differentiable(engine, v), tuple(structure))

    return engine.xp.jvp(fun, arrays(primals), arrays(tangents), has_aux=has_aux)


def _differentiable(engine, value):
    if kind_or_none(value) is dispatch.HANDLE:
        value = value.__keraunos_value__()
    if kind_or_none(value) is dispatch.SYMBOLIC:
        raise TypeError(f"jvp: primals and tangents must be arrays, got {describe(value)}.")
    return value if engine.is_array(value) else engine.asarray(host_array(value))


# -- names of the array API standard that Keras lacks, made of those above -------------------------------------------


def diagonal(x, *, offset=0):
    """The diagonals of matrices.

    **Shape:** (..., n, m) → (..., length of the diagonal).

    >>> from keraunos import ops
    >>> ops.linalg.diagonal([[1, 2], [3, 4]]).tolist()
    [1, 4]
    """
    return indexing.diagonal(x, offset, -2, -1)


def trace(x, *, offset=0):
    """The sums of the diagonals of matrices.

    **Shape:** (..., n, m) → (...).

    >>> from keraunos import ops
    >>> int(ops.linalg.trace([[1, 2], [3, 4]]))
    5
    """
    return indexing.trace(x, offset, -2, -1)


def eigvals(x):
    """Eigenvalues, complex, in no order.

    **Shape:** (..., n, n) → (..., n).

    >>> from keraunos import ops
    >>> sorted(ops.linalg.eigvals([[3.0, 0.0], [0.0, 2.0]]).real.tolist())
    [2.0, 3.0]
    """
    return eig(x)[0]


def eigvalsh(x):
    """Eigenvalues of a symmetric (Hermitian) matrix, rising.

    **Shape:** (..., n, n) → (..., n).

    >>> from keraunos import ops
    >>> ops.linalg.eigvalsh([[3.0, 0.0], [0.0, 2.0]]).tolist()
    [2.0, 3.0]
    """
    return eigh(x)[0]


def svdvals(x):
    """Singular values, falling.

    **Shape:** (..., n, m) → (..., min(n, m)).

    >>> from keraunos import ops
    >>> ops.linalg.svdvals([[3.0, 0.0], [0.0, 2.0]]).tolist()
    [3.0, 2.0]
    """
    return svd(x, compute_uv=False)


def matrix_power(x, n):
    """The n-th power of a square matrix; of its inverse for negative n.

    **Shape:** (..., n, n) → (..., n, n).

    >>> from keraunos import ops
    >>> ops.linalg.matrix_power([[1.0, 1.0], [0.0, 1.0]], 3).tolist()
    [[1.0, 3.0], [0.0, 1.0]]
    """
    x = x if hasattr(x, "shape") else asarray(x)
    checks.square("matrix_power", x)
    if n < 0:
        x, n = inv(x), -n
    found = None
    while n:  # by squares: x¹³ = x · x⁴ · x⁸
        if n % 2:
            found = x if found is None else matmul(found, x)
        n //= 2
        x = matmul(x, x) if n else x
    return creation.zeros_like(x) + creation.eye(x.shape[-1], dtype=x.dtype) if found is None else found


def matrix_norm(x, *, keepdims=False, ord="fro"):
    """The norm of each matrix, see ``norm``.

    **Shape:** (..., n, m) → (...).

    >>> from keraunos import ops
    >>> float(ops.linalg.matrix_norm([[3.0, 0.0], [0.0, 4.0]]))
    5.0
    """
    return norm(x, ord, (-2, -1), keepdims)


def vector_norm(x, *, axis=None, keepdims=False, ord=2):
    """The norm of vectors along an axis, along several as if they were one, or of all of x; see ``norm``.

    **Shape:** ``axis`` is left out, or has size 1 when ``keepdims``.

    >>> from keraunos import ops
    >>> float(ops.linalg.vector_norm([[3.0, 0.0], [0.0, 4.0]]))
    5.0
    """
    x = x if hasattr(x, "shape") else asarray(x)
    reduced = tuple(range(len(x.shape))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    reduced = checks.axes("vector_norm", x, reduced)
    kept = [a for a in range(len(x.shape)) if a not in reduced]
    flat = shapes.reshape(
        shapes.transpose(x, (*kept, *reduced)), (*(x.shape[a] for a in kept), math.prod(x.shape[a] for a in reduced))
    )
    found = norm(flat, ord, -1)
    return shapes.expand_dims(found, sorted(reduced)) if keepdims else found
