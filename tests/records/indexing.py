"""Rows of keraunos/ops/indexing.py."""

import numpy as np

from tests.records import A, R, V

X = A("n", 3)
D = A("n", 5, distinct=True)
CUBE = A("n", 3, 2)
SQUARE = A(4, 4)
TIES = V([[2.0, 5.0, 5.0, 1.0], [1.0, 1.0, 0.0, 1.0]])


def top_k(x, k):
    order = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, order, -1), order


def ranks(indices):
    """Only which three come first: the order within a part is free."""
    return np.sort(np.asarray(indices)[..., :3], axis=-1)


RECORDS = [
    R("take", X, V([2, 0, -1]), axis=1).check(want=np.take, grad=True),
    R("take", A(5, 3), V([[1, 0], [4, 2]]), axis=0).check(want=np.take, grad=True),
    R("take", A(5, 3), V([7, 0])).check(want=np.take),
    R("take", A(5, 3), 2, axis=0).check(want=np.take, dtypes="all"),
    R("take_along_axis", X, V([[2], [0], [1], [0]]), axis=1).check(
        want=np.take_along_axis, grad=True, empty=False, symbolic=False
    ),
    R("take_along_axis", A(4, 3), V([[2], [0], [1], [0]]), axis=1).check(want=np.take_along_axis),
    R("take_along_axis", A(4, 3), V([3, 0, -1]), axis=None).check(want=np.take_along_axis),
    R("where", A("n", 3, dtype="bool"), X, A(3)).check(want=np.where, grad=True),
    R("where", V([True, False]), A(2), A(2)).check(want=np.where, dtypes=""),
    R("where", V([True, False]), 1, A(2)).check(want=np.where),
    R("where", V([True, False, True])).check(want=np.where, jit=False, symbolic=False),
    R("nonzero", V([[1, 0, 2], [0, 0, 3]])).check(want=np.nonzero, jit=False, symbolic=False, dtypes="all"),
    R("get_item", X, 1).check(want=lambda x, k: x[k], empty=False, symbolic=True),
    R("get_item", CUBE, (slice(None), 0)).check(want=lambda x, k: x[k], grad=True, dtypes="all"),
    R("get_item", CUBE, (Ellipsis, None, slice(0, 1))).check(want=lambda x, k: x[k]),
    R("get_item", CUBE, (slice(None), slice(None, None, -1), 1)).check(want=lambda x, k: x[k]),
    R("get_item", A(5, 3), (V([4, 0]), slice(1, None))).check(want=lambda x, k: x[k], grad=True),
    R("get_item", A(3), V([True, False, True])).check(want=lambda x, k: x[k], jit=False, symbolic=False),
    R("diagonal", SQUARE).check(want=np.diagonal, dtypes="all", grad=True),
    R("diagonal", A("n", 3, 4), offset=1, axis1=1, axis2=2).check(want=np.diagonal),
    R("trace", SQUARE).check(want=np.trace, dtypes="all", grad=True),
    R("trace", A("n", 3, 4), offset=-1, axis1=1, axis2=2).check(want=np.trace),
    R("diag", A(3)).check(want=np.diag, dtypes="all", grad=True),
    R("diag", A(3), k=2).check(want=np.diag),
    R("diag", A(3), k=-1).check(want=np.diag),
    R("diag", A(3, 4), k=1).check(want=np.diag, grad=True),
    R("diagflat", A(2, 2), k=1).check(want=np.diagflat, dtypes="all"),
    R("diagflat", A(2, 2), k=-2).check(want=np.diagflat),
    R("tril", CUBE).check(want=np.tril, dtypes="all", grad=True),
    R("tril", SQUARE, k=-1).check(want=np.tril),
    R("triu", CUBE, k=1).check(want=np.triu, dtypes="all", grad=True),
    R("sort", D).check(want=np.sort, dtypes="all", grad=True),
    R("sort", D, axis=0).check(want=np.sort),
    R("sort", D, axis=None).check(want=np.sort, keras=False),  # Keras takes an int only
    R("argsort", D).check(want=np.argsort, dtypes="all"),
    R("argsort", TIES, axis=-1).check(want=lambda x, axis: np.argsort(x, axis, stable=True)),
    R("argsort", D, axis=None).check(want=np.argsort),
    R("argpartition", A("n", 6, distinct=True), 2).check(want=np.argpartition, dtypes="number", reduce=ranks),
    R("top_k", D, 2).check(want=top_k, dtypes="all", grad=True),
    R("top_k", TIES, 3).check(want=top_k),
    R("top_k", A("n", 5, dtype="uint8", high=255), 2),
    R("in_top_k", V([2, 0, 1, 3]), A(4, 4, distinct=True), 2).check(dtypes=""),
    R("in_top_k", V([0, 3]), TIES, 1),
    R("in_top_k", V([1, 3]), TIES, 3),
    R("unravel_index", V([0, 5, 11]), (3, 4)).check(want=np.unravel_index, dtypes="int"),
    R("unravel_index", V([[7, 3]]), (2, 2, 3)).check(want=np.unravel_index),
    R("select", [V([True, False]), V([True, True])], [A(2), A(2)], 0).check(want=np.select, symbolic=False),
    R("isin", A("n", 3, dtype="int32", high=9), V([1, 5, 2])).check(want=np.isin, dtypes="all"),
    R("isin", A("n", 3, dtype="int32", high=9), V([1, 5, 2]), invert=True).check(want=np.isin),
    R("unique", V([3, 1, 3, 2])).check(want=lambda x: np.unique(x), jit=False, symbolic=False, dtypes="all"),
    R("unique", V([3, 1, 3, 2]), return_index=True, return_inverse=True, return_counts=True).check(
        want=lambda x, **k: np.unique(x, **k), jit=False, symbolic=False
    ),
    R("unique", V([3, 1, 3, 2]), size=5, return_counts=True),
    R("unique", V([3, 1, 3, 2]), size=2, return_index=True),
    R("unique", V([3, 1, 3, 2]), size=6, fill_value=-1),
    R("unique", V([[1, 0], [0, 1], [1, 0]]), axis=0, return_inverse=True).check(
        want=lambda x, **k: np.unique(x, **k), jit=False, symbolic=False
    ),
]
