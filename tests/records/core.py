"""Rows of keraunos/ops/core.py, scatter.py and special.py."""

import numpy as np
from scipy import special

from tests.records import A, R, V

X = A("n", 3)
IDS = V([0, 2, -1, 2, 7])


def scattered(indices, values, shape):
    out = np.zeros(shape, values.dtype)
    np.add.at(out, tuple(np.moveaxis(indices, -1, 0)), values)
    return out


def updated(x, indices, updates, fn):
    out = x.copy()
    fn.at(out, tuple(np.moveaxis(indices, -1, 0)), updates)
    return out


def segments(fn, start):
    def run(data, ids, n):
        out = np.full((n, *data.shape[1:]), start, data.dtype)
        for row, i in zip(data, ids, strict=True):
            if 0 <= i < n:
                out[i] = fn(out[i], row)
        return out

    return run


def written(x, starts, updates):
    out = x.copy()
    out[tuple(slice(a, a + n) for a, n in zip(starts, updates.shape, strict=True))] = updates
    return out


RECORDS = [
    *(
        R("cast", A("n", 3, low=0), d).check(dtypes="all")
        for d in ("bool", "uint8", "int32", "float16", "bfloat16", "float32")
    ),
    R("saturate_cast", V([-1e9, -1.5, 0.0, 3.7, 300.0, 1e9]), "uint8").check(
        want=lambda x, d: np.clip(x, 0, 255).astype(d)
    ),
    R("saturate_cast", V([-1e10, 1e10]), "int32").check(
        want=lambda x, d: np.array([-(2**31), 2**31 - 1]), keras=False, tol=1e-7
    ),
    R("saturate_cast", A("n", dtype="int32", low=-300, high=300), "int8").check(
        want=lambda x, d: np.clip(x, -128, 127), dtypes="int"
    ),
    R("convert_to_tensor", X, "float16").check(dtypes="all"),
    R("stop_gradient", X).check(want=lambda x: x),
    R("unstack", A("n", 3, 2), axis=1).check(want=lambda x, axis: [x[:, i] for i in range(3)], grad=True),
    R("unstack", A("n", 3, 2), 2, -1).check(want=lambda x, n, axis: [x[..., i] for i in range(2)], dtypes="all"),
    R("slice", A(4, 5, 6), V([1, 0, 2]), (2, 5, 3)).check(want=lambda x, a, s: x[1:3, :, 2:5], grad=True),
    R("slice_update", A(4, 5), V([1, 2]), A(2, 3)).check(want=written, grad=True),
    R("scatter", V([[0], [2], [2]]), A(3, 2), (4, 2)).check(want=scattered, grad=True),
    R("scatter", V([[0, 1], [2, 0]]), A(2), (3, 2)).check(want=scattered, grad=True),
    R("scatter_update", A(4, 2), V([[0], [2]]), A(2, 2)).check(
        want=lambda x, i, u: np.stack([u[0], x[1], u[1], x[3]]), grad=True
    ),
    R("scatter_update", A(4), V([[0], [2], [2]]), A(3), "add").check(
        want=lambda *a: updated(*a[:3], np.add), grad=True
    ),
    R("scatter_update", A(4), V([[0], [2], [2]]), A(3), "max").check(want=lambda *a: updated(*a[:3], np.maximum)),
    R("scatter_update", A(4), V([[0], [2], [2]]), A(3), "min").check(want=lambda *a: updated(*a[:3], np.minimum)),
    R("scatter_update", A(4), V([[0], [2], [2]]), A(3), "mul").check(want=lambda *a: updated(*a[:3], np.multiply)),
    R("segment_sum", A(5, 2), IDS, 4).check(want=segments(np.add, 0), grad=True),
    R("segment_prod", A(5, 2), IDS, 4).check(want=segments(np.multiply, 1)),
    R("segment_max", A(5, 2), IDS, 4).check(want=segments(np.maximum, -np.inf)),
    R("segment_min", A(5, 2), IDS, 4).check(want=segments(np.minimum, np.inf)),
    R("segment_max", A(5, 2, dtype="int32"), IDS, 4),
    R("segment_min", A(5, 2, dtype="uint8"), IDS, 4),
    R("erf", X).check(want=special.erf, dtypes="float", grad=True),
    R("erfc", A("n", low=-3, high=9)).check(want=special.erfc, grad=True, tol=1e-6),
    R("erfinv", A("n", 3, low=-0.99, high=0.99)).check(want=special.erfinv, dtypes="all", grad=True, tol=1e-4),
    R("polar", X, A(3)).check(want=lambda r, a: r * np.exp(1j * a)),
    R("view_as_complex", A("n", 2)).check(want=lambda x: x[:, 0] + 1j * x[:, 1]),
    R("view_as_real", A("n", dtype="complex64")).check(want=lambda x: np.stack([x.real, x.imag], -1)),
]
