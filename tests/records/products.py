"""Rows of keraunos/ops/products.py."""

import numpy as np

from tests.records import A, R

X = A("n", 3)

RECORDS = [
    R("matmul", X, A(3, 2)).check(want=np.matmul, dtypes="number", grad=True),
    R("matmul", A("n", 4, 3), A("n", 3, 2)).check(want=np.matmul, grad=True),
    R("matmul", A("n", 4, 3), A(3, 2)).check(want=np.matmul, grad=True),
    R("matmul", A(3), A(3, 2)).check(want=np.matmul),
    R("matmul", X, A(3)).check(want=np.matmul),
    R("dot", X, A(3, 2)).check(want=np.dot, dtypes="all", grad=True),
    R("dot", A(3), A(3)).check(want=np.dot),
    R("dot", A("n", 2, 3), A(4, 3, 2)).check(want=np.dot),
    R("dot", X, 2.0).check(want=np.dot),
    R("vdot", A(3, 2), A(3, 2)).check(want=np.vdot, dtypes="all", grad=True),
    R("vdot", A(3, dtype="complex64"), A(3, dtype="complex64")).check(want=np.vdot),
    R("inner", X, A(2, 3)).check(want=np.inner, dtypes="all", grad=True),
    R("inner", A(3), A(3)).check(want=np.inner),
    R("outer", A("n"), A(3)).check(want=np.outer, dtypes="all", grad=True),
    R("outer", A(2, 2), A(3)).check(want=np.outer),
    R("tensordot", A("n", 3, 2), A(3, 2, 5)).check(want=np.tensordot, dtypes="all", grad=True),
    R("tensordot", X, A(3, 2), axes=1).check(want=np.tensordot),
    R("tensordot", A("n", 3, 2), A(2, 5, 3), axes=((1, 2), (2, 0))).check(want=np.tensordot),
    R("tensordot", A("n", 3), A(5, 3), axes=((1,), (1,))).check(want=np.tensordot),
    R("tensordot", A("n", 3), A(2), axes=0).check(want=np.tensordot),
    R("einsum", "ij,jk->ik", X, A(3, 2)).check(want=np.einsum, dtypes="number", grad=True),
    R("einsum", "bij,bjk->bik", A("n", 4, 3), A("n", 3, 2)).check(want=np.einsum, grad=True),
    R("einsum", "...i,ij->...j", A("n", 4, 3), A(3, 2)).check(want=np.einsum),
    R("einsum", "ii->i", A(3, 3)).check(want=np.einsum, dtypes="all"),
    R("einsum", "abc,cde->abde", A("n", 2, 3), A(3, 2, 2)).check(want=np.einsum),
    R("einsum", "aecd,abcd->acbe", A("n", 2, 3, 2), A("n", 4, 3, 2)).check(want=np.einsum),
    R("cross", X, A(3)).check(want=np.cross, dtypes="number", grad=True),
    R("cross", A(3, "n"), A(3, "n"), axis=0).check(want=np.cross),
    R("cross", A("n", 2), A(3)),
    R("cross", A("n", 2), A("n", 2)),
    R("kron", A(2, 3), A(4, 2)).check(want=np.kron, dtypes="number", grad=True),
    R("kron", A("n"), A(2, 2)).check(want=np.kron),
    R("correlate", A(6), A(3)).check(want=np.correlate, dtypes="number", grad=True),
    R("correlate", A(6), A(3), mode="same").check(want=lambda *a, mode: np.correlate(*a, mode)),
    R("correlate", A(6), A(3), mode="full").check(want=lambda *a, mode: np.correlate(*a, mode)),
]
