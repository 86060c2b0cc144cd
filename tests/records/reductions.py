"""Rows of keraunos/ops/reductions.py and statistics.py."""

import numpy as np

from tests.records import A, R, V

X = A("n", 3)
D = A("n", 3, distinct=True)
CUBE = A("n", 3, 2)
HOLES = V([[1.0, float("nan"), 3.0], [float("nan"), float("nan"), -2.0], [0.5, 2.0, -1.0]])
ALL_NAN = V([[float("nan"), 1.0], [float("nan"), 2.0]])
TIES = V([[2.0, 5.0, 5.0], [1.0, 1.0, 0.0]])


def over_axes(name, x, want=None, empty=True, **facts):
    """A reduction over all axes, one, several, and with kept dimensions."""
    want = want or getattr(np, name)
    some = {"want": want, "empty": empty, "grad": facts.get("grad", False)}
    return [
        R(name, x).check(want=want, empty=empty, **facts),
        R(name, x, axis=1).check(**some),
        R(name, x, axis=-1, keepdims=True).check(**some),
        R(name, CUBE, axis=(1, 2)).check(**some),
    ]


def one_axis(name, x, want=None, **facts):
    """A reduction over all axes or one."""
    want = want or getattr(np, name)
    return [R(name, x).check(want=want, **facts), R(name, x, axis=1).check(want=want, empty=facts.get("empty", True))]


def logsumexp(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def average(x, axis=None, weights=None):
    return np.average(x, axis=axis, weights=weights)


RECORDS = [
    *over_axes("sum", X, dtypes="all", grad=True),
    *over_axes("prod", X, dtypes="all", grad=True),
    R("prod", X, axis=0, dtype="float16").check(tol=1e-2),
    *over_axes("mean", X, dtypes="all", grad=True),
    *over_axes("var", X, dtypes="all", grad=True),
    *over_axes("std", X, dtypes="all", grad=True),
    *over_axes("max", D, dtypes="all", grad=True, empty=False),
    *over_axes("min", D, dtypes="all", grad=True, empty=False),
    R("max", X, axis=0, initial=5.0).check(want=np.max),
    R("min", X, axis=0, initial=-5.0).check(want=np.min),
    R("max", X, axis=1).check(want=np.max),
    *over_axes("amax", D, empty=False),
    *over_axes("amin", D, empty=False),
    *over_axes("ptp", D, dtypes="number", grad=True, empty=False),
    *over_axes("all", A("n", 3, dtype="bool"), dtypes="all"),
    *over_axes("any", A("n", 3, dtype="bool"), dtypes="all"),
    R("count_nonzero", A("n", 3, dtype="int32")).check(want=np.count_nonzero, dtypes="all"),
    R("count_nonzero", A("n", 3, dtype="int32"), axis=1).check(want=np.count_nonzero),
    *one_axis("argmax", D, dtypes="all", empty=False),
    *one_axis("argmin", D, dtypes="all", empty=False),
    R("argmax", TIES, axis=1, keepdims=True).check(want=np.argmax),
    R("argmin", TIES, axis=1, keepdims=True).check(want=np.argmin),
    *over_axes("logsumexp", X, want=logsumexp, dtypes="float", grad=True, empty=False),
    R("logsumexp", V([[200.0, -200.0], [float("-inf"), float("-inf")]]), axis=1),
    R("average", X).check(want=average, dtypes="all", grad=True),
    R("average", X, axis=1).check(want=average, grad=True),
    R("average", X, axis=1, weights=A(3, low=0.5)).check(want=average, dtypes="number", grad=True),
    R("average", X, weights=A("n", 3, low=0.5)).check(want=average, grad=True, empty=False),
    *one_axis("cumsum", X, dtypes="all", grad=True),
    *one_axis("cumprod", X, dtypes="all", grad=True),
    R("cumsum", X, axis=0, dtype="int32"),
    R("nancumsum", HOLES, axis=1).check(want=np.nancumsum, dtypes="all"),
    R("nancumprod", HOLES).check(want=np.nancumprod, dtypes="all"),
    R("nansum", HOLES).check(want=np.nansum, dtypes="all"),
    R("nansum", HOLES, axis=1, keepdims=True).check(want=np.nansum),
    R("nanprod", HOLES, axis=0).check(want=np.nanprod, dtypes="all"),
    R("nanmean", HOLES, axis=1).check(want=np.nanmean, dtypes="all"),
    R("nanvar", HOLES, axis=1).check(want=np.nanvar, dtypes="all"),
    R("nanstd", HOLES, axis=1, keepdims=True).check(want=np.nanstd, dtypes="all"),
    R("nanmax", HOLES, axis=1).check(want=np.nanmax, dtypes="all"),
    R("nanmin", HOLES, axis=1).check(want=np.nanmin, dtypes="all"),
    R("nanmax", ALL_NAN, axis=0),
    R("nanmean", ALL_NAN, axis=0),
    R("nanargmax", HOLES, axis=1).check(want=np.nanargmax, dtypes="all"),
    R("nanargmin", HOLES).check(want=np.nanargmin, dtypes="all"),
    R("nanargmax", ALL_NAN, axis=0),
    *over_axes("median", D, dtypes="all", grad=True, empty=False),
    R("median", A(4, 2)).check(want=np.median),
    R("nanmedian", HOLES, axis=1).check(want=np.nanmedian, dtypes="all"),
    R("quantile", D, 0.3).check(want=np.quantile, dtypes="all", grad=True, empty=False),
    R("quantile", D, V([0.0, 0.25, 1.0]), axis=1).check(want=np.quantile, empty=False),
    R("quantile", D, 0.4, axis=1, method="nearest", keepdims=True).check(want=np.quantile, empty=False),
    R("quantile", D, 0.4, axis=0, method="lower").check(want=np.quantile, empty=False),
    R("nanquantile", HOLES, 0.5, axis=1).check(want=np.nanquantile, dtypes="all"),
    R("percentile", D, 30, axis=1).check(want=np.percentile, dtypes="all", empty=False),
    R("nanpercentile", HOLES, 30, axis=1).check(want=np.nanpercentile, dtypes="all"),
    R("corrcoef", A(3, 5)).check(want=np.corrcoef, dtypes="all"),
    R("bincount", V([0, 3, 3, 1])).check(want=np.bincount, jit=False, symbolic=False, dtypes="int"),
    R("bincount", V([0, 3, 3, 1]), minlength=6).check(want=np.bincount),
    R("bincount", V([0, 3, 3, 1]), weights=V([0.5, 1.0, 2.0, 3.0]), minlength=4).check(want=np.bincount),
    R("bincount", V([[0, 3, 3, 1], [1, 1, 1, 2]]), minlength=4),
    R("digitize", X, V([-1.0, 0.0, 1.0])).check(want=np.digitize, dtypes="number"),
    R("searchsorted", V([1.0, 2.0, 2.0, 3.0]), V([0.0, 2.0, 2.5, 9.0])).check(want=np.searchsorted, dtypes="number"),
    R("searchsorted", V([1.0, 2.0, 2.0, 3.0]), V([2.0, 3.0]), side="right").check(want=np.searchsorted),
    # Keras documents int32 for the counts and returns floats, which in float16 end at 2048.
    R("histogram", A(20)).check(want=np.histogram, keras=False),
    R("histogram", A(20), bins=4, range=(-1, 1)).check(want=np.histogram, keras=False),
    R("trapezoid", X).check(want=np.trapezoid, dtypes="all", grad=True),
    R("trapezoid", X, dx=0.5, axis=0).check(want=np.trapezoid, empty=False),
    R("trapezoid", X, x=V([0.0, 1.0, 4.0])).check(want=np.trapezoid, grad=True),
    R("cdist", X, A(5, 3)).check(
        want=lambda x, y: np.sqrt(((x[:, None] - y) ** 2).sum(-1)), grad=True, dtypes="number", tol=1e-4
    ),
]
