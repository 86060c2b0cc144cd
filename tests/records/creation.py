"""Rows of keraunos/ops/creation.py."""

import numpy as np

from tests.records import A, R, V

X = A("n", 3)


def made(name, *args, want=None, **kwargs):
    """An array from numbers alone."""
    return R(name, *args, **kwargs).check(want=want, symbolic=False, jit=False)


RECORDS = [
    made("zeros", (2, 3), want=np.zeros),
    made("zeros", 4, dtype="int32", want=np.zeros),
    made("ones", [2, 3], want=np.ones),
    made("ones", (2,), dtype="bool", want=np.ones),
    made("full", (2, 3), 7, want=np.full),
    made("full", (2,), 7, dtype="int32", want=np.full),
    made("full", (2, 2), V([1.0, 2.0]), want=np.full),
    R("zeros_like", X).check(want=np.zeros_like, dtypes="all"),
    R("ones_like", X).check(want=np.ones_like, dtypes="all"),
    R("ones_like", X, dtype="int32").check(want=np.ones_like),
    R("full_like", X, 2).check(want=np.full_like, dtypes="all"),
    R("full_like", X, V([1, 2, 3]), dtype="float16").check(want=np.full_like),
    made("eye", 3, want=np.eye),
    made("eye", 3, 4, k=1, dtype="int32", want=np.eye),
    made("eye", 3, 2, k=-1, want=np.eye),
    made("identity", 3, want=np.identity),
    made("tri", 3, want=np.tri),
    made("tri", 3, 4, k=1, want=np.tri),
    made("arange", 5, want=np.arange),
    made("arange", 1, 7, 2, want=np.arange),
    made("arange", 0.0, 1.0, 0.25, want=np.arange),
    made("arange", 5, 0, -2, want=np.arange),
    made("arange", 3, dtype="float32", want=np.arange),
    made("arange", 1, 3.0),
    made("linspace", 0, 1, 5, want=np.linspace),
    made("linspace", 0, 1, 5, endpoint=False, want=np.linspace),
    made("linspace", 0, 10, 3, dtype="int32", want=np.linspace),
    made("linspace", 2, 3, 1, want=np.linspace),
    made("linspace", 2, 3, 0, want=np.linspace),
    made("linspace", 0, 1, 5, retstep=True, want=np.linspace),
    R("linspace", A("n", 3), A(3), 4).check(want=np.linspace, dtypes="number", grad=True),
    R("linspace", A("n", 3), A(3), 4, axis=-1).check(want=np.linspace),
    R("logspace", A("n", 3), A(3), 4).check(want=np.logspace, dtypes="number", grad=True, tol=1e-4),
    made("logspace", 0, 3, 4, base=2, want=np.logspace),
    made("geomspace", 1, 1000, 4, want=np.geomspace).check(tol=1e-4),
    made("geomspace", -1.0, -8.0, 4, want=np.geomspace).check(tol=1e-4),
    R("geomspace", A("n", 3, low=1), A(3, low=1), 4).check(want=np.geomspace, dtypes="number", tol=1e-4),
    R("meshgrid", A("n"), A(3)).check(want=np.meshgrid, dtypes="all"),
    R("meshgrid", A("n"), A(3), A(2), indexing="ij").check(want=np.meshgrid),
    R("array", X).check(want=np.array, dtypes="all"),
    R("array", [1, 2.5]).check(want=np.array, symbolic=False),
    R("array", [[1, 2]], dtype="float16").check(want=np.array, symbolic=False),
    R("vander", A(4)).check(want=np.vander, dtypes="number", grad=True),
    R("vander", A(4), N=2, increasing=True).check(want=np.vander),
    *(
        made(name, n, want=getattr(np, name))
        for name in ("bartlett", "blackman", "hamming", "hanning")
        for n in (1, 2, 7)
    ),
    made("kaiser", 7, 3.0, want=np.kaiser),
]
