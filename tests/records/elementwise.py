"""Rows of keraunos/ops/elementwise.py."""

import numpy as np

from tests.records import A, R, V

X = A("n", 3)
POSITIVE = A("n", 3, low=0.1)
UNIT = A("n", 3, low=-0.9, high=0.9)
SPECIAL = V([1.0, -2.0, 0.0, -0.0, float("nan"), float("inf"), float("-inf")])
HALVES = V([0.0, 0.5, 1.0, 1.5, -0.5, -1.5, 2.5, -3.2])
Z = A("n", 3, dtype="complex64")


def smooth(name, x, want=None, **facts):
    """A differentiable function of one array."""
    return R(name, x).check(want=want or getattr(np, name), dtypes="all", grad=True, **facts)


def steps(name, x, want=None, **facts):
    """A function that isn't, or whose derivative is 0."""
    return R(name, x).check(want=want or getattr(np, name), **facts)


RECORDS = [
    smooth("exp", X),
    smooth("exp2", X),
    smooth("expm1", X),
    smooth("log", POSITIVE),
    smooth("log1p", POSITIVE),
    smooth("log2", POSITIVE),
    smooth("log10", POSITIVE),
    smooth("sin", X),
    smooth("cos", X),
    smooth("tan", UNIT),
    smooth("arcsin", UNIT),
    smooth("arccos", UNIT),
    smooth("arctan", X),
    smooth("sinh", X),
    smooth("cosh", X),
    smooth("tanh", X, kinks={0.0: 1.0, 200.0: 0.0, -200.0: 0.0}),
    smooth("arcsinh", X),
    smooth("arccosh", A("n", 3, low=1.1, high=3)),
    smooth("arctanh", UNIT),
    smooth("sinc", X, kinks={0.0: 0.0}),
    smooth("deg2rad", X),
    smooth("rad2deg", X),
    R("i0", X).check(want=np.i0, dtypes="all", grad=True),
    R("arctan2", X, A(3, low=0.5)).check(want=np.arctan2, dtypes="all", grad=True),
    steps("floor", HALVES, dtypes="all", kinks={0.5: 0.0}),
    steps("ceil", HALVES, dtypes="all", kinks={0.5: 0.0}),
    steps("trunc", HALVES, dtypes="all", kinks={0.5: 0.0}),
    steps("round", HALVES, dtypes="number", kinks={0.4: 0.0}),
    R("round", A("n", 3, low=-100, high=100), decimals=1).check(want=np.round, dtypes="number"),
    steps("isfinite", SPECIAL, dtypes="all"),
    steps("isinf", SPECIAL, dtypes="all"),
    steps("isposinf", SPECIAL, dtypes="all"),
    steps("isneginf", SPECIAL, dtypes="all"),
    steps("isnan", SPECIAL, dtypes="all"),
    steps("signbit", SPECIAL, dtypes="all"),
    steps("isreal", Z),
    R("nan_to_num", SPECIAL).check(want=lambda x: np.nan_to_num(x.astype(np.float32)), dtypes="all"),
    R("nan_to_num", SPECIAL, nan=1.0, posinf=2.0, neginf=-3.0).check(want=np.nan_to_num),
    steps("real", Z),
    steps("imag", Z),
    steps("real", X, dtypes="all"),
    steps("imag", X, dtypes="all"),
    steps("conjugate", Z),
    steps("conj", Z),
    R("conjugate", X).check(dtypes="all"),
    steps("angle", Z),
    steps("angle", X, dtypes="all"),
]
