"""Functions of one element: powers and logarithms, trigonometry, rounding, and of what kind a number is.

**Shape:** the result has the shape of x. Integers are computed as floats where the result isn't an integer.
"""

from keraunos.backend import dtypes
from keraunos.ops import checks
from keraunos.ops.op import op


@op(promote="float")
def exp(xp, x):
    """eˣ.

    >>> from keraunos import ops
    >>> ops.exp([0.0]).tolist()
    [1.0]
    """
    return xp.exp(x)


@op(promote="float")
def exp2(xp, x):
    """2ˣ.

    >>> from keraunos import ops
    >>> ops.exp2([0.0, 3.0]).tolist()
    [1.0, 8.0]
    """
    return xp.exp2(x)


@op(promote="float")
def expm1(xp, x):
    """eˣ - 1, exact for small x.

    >>> from keraunos import ops
    >>> ops.expm1([0.0]).tolist()
    [0.0]
    """
    return xp.expm1(x)


@op(promote="float")
def log(xp, x):
    """ln x; -inf at 0, NaN below.

    >>> from keraunos import ops
    >>> ops.log([1.0]).tolist()
    [0.0]
    """
    return xp.log(x)


@op(promote="float")
def log1p(xp, x):
    """ln(1 + x), exact for small x.

    >>> from keraunos import ops
    >>> ops.log1p([0.0]).tolist()
    [0.0]
    """
    return xp.log1p(x)


@op(promote="float")
def log2(xp, x):
    """log₂ x.

    >>> from keraunos import ops
    >>> ops.log2([1.0, 8.0]).tolist()
    [0.0, 3.0]
    """
    return xp.log2(x)


@op(promote="float")
def log10(xp, x):
    """log₁₀ x.

    >>> from keraunos import ops
    >>> ops.log10([1.0]).tolist()
    [0.0]
    """
    return xp.log10(x)


@op(promote="float")
def sin(xp, x):
    """The sine of x in radians.

    >>> from keraunos import ops
    >>> ops.sin([0.0]).tolist()
    [0.0]
    """
    return xp.sin(x)


@op(promote="float")
def cos(xp, x):
    """The cosine of x in radians.

    >>> from keraunos import ops
    >>> ops.cos([0.0]).tolist()
    [1.0]
    """
    return xp.cos(x)


@op(promote="float")
def tan(xp, x):
    """The tangent of x in radians.

    >>> from keraunos import ops
    >>> ops.tan([0.0]).tolist()
    [0.0]
    """
    return xp.tan(x)


@op(promote="float")
def arcsin(xp, x):
    """The angle in [-π/2, π/2] whose sine is x.

    >>> from keraunos import ops
    >>> ops.arcsin([0.0]).tolist()
    [0.0]
    """
    return xp.asin(x)


@op(promote="float")
def arccos(xp, x):
    """The angle in [0, π] whose cosine is x.

    >>> from keraunos import ops
    >>> ops.arccos([1.0]).tolist()
    [0.0]
    """
    return xp.acos(x)


@op(promote="float")
def arctan(xp, x):
    """The angle in [-π/2, π/2] whose tangent is x.

    >>> from keraunos import ops
    >>> ops.arctan([0.0]).tolist()
    [0.0]
    """
    return xp.atan(x)


@op("x1 x2", promote="float")
def arctan2(xp, x1, x2):
    """The angle in [-π, π] of the point with ordinate x1 and abscissa x2.

    **Shape:** broadcast of x1 and x2.

    >>> from keraunos import ops
    >>> float(ops.arctan2(0.0, 1.0))
    0.0
    """
    return xp.atan2(x1, x2)


@op(promote="float")
def sinh(xp, x):
    """The hyperbolic sine.

    >>> from keraunos import ops
    >>> ops.sinh([0.0]).tolist()
    [0.0]
    """
    return xp.sinh(x)


@op(promote="float")
def cosh(xp, x):
    """The hyperbolic cosine.

    >>> from keraunos import ops
    >>> ops.cosh([0.0]).tolist()
    [1.0]
    """
    return xp.cosh(x)


@op(promote="float")
def tanh(xp, x):
    """The hyperbolic tangent.

    >>> from keraunos import ops
    >>> ops.tanh([0.0]).tolist()
    [0.0]
    """
    return xp.tanh(x)


@op(promote="float")
def arcsinh(xp, x):
    """The number whose hyperbolic sine is x.

    >>> from keraunos import ops
    >>> ops.arcsinh([0.0]).tolist()
    [0.0]
    """
    return xp.asinh(x)


@op(promote="float")
def arccosh(xp, x):
    """The number ≥ 0 whose hyperbolic cosine is x ≥ 1.

    >>> from keraunos import ops
    >>> ops.arccosh([1.0]).tolist()
    [0.0]
    """
    return xp.acosh(x)


@op(promote="float")
def arctanh(xp, x):
    """The number whose hyperbolic tangent is x in (-1, 1).

    >>> from keraunos import ops
    >>> ops.arctanh([0.0]).tolist()
    [0.0]
    """
    return xp.atanh(x)


@op(promote="float")
def sinc(xp, x):
    """sin(πx) / (πx), 1 at 0.

    >>> from keraunos import ops
    >>> ops.sinc([0.0]).tolist()
    [1.0]
    """
    return xp.sinc(x)


@op(promote="float")
def i0(xp, x):
    """The modified Bessel function of the first kind and order 0.

    >>> from keraunos import ops
    >>> ops.round(ops.i0([0.0])).tolist()
    [1.0]
    """
    return xp.i0(x)


@op(promote="float")
def deg2rad(xp, x):
    """Degrees in radians: x·π/180.

    >>> from keraunos import ops
    >>> ops.deg2rad([0.0]).tolist()
    [0.0]
    """
    return xp.deg2rad(x)


@op(promote="float")
def rad2deg(xp, x):
    """Radians in degrees: x·180/π.

    >>> from keraunos import ops
    >>> ops.rad2deg([0.0]).tolist()
    [0.0]
    """
    return xp.rad2deg(x)


@op(promote="float")
def floor(xp, x):
    """The greatest whole number ≤ x, as a float.

    >>> from keraunos import ops
    >>> ops.floor([1.7, -1.2]).tolist()
    [1.0, -2.0]
    """
    return xp.floor(x)


@op(promote="float")
def ceil(xp, x):
    """The least whole number ≥ x, as a float.

    >>> from keraunos import ops
    >>> ops.ceil([1.2, -1.7]).tolist()
    [2.0, -1.0]
    """
    return xp.ceil(x)


@op
def trunc(xp, x):
    """x without what follows the point.

    >>> from keraunos import ops
    >>> ops.trunc([1.7, -1.7]).tolist()
    [1.0, -1.0]
    """
    return xp.trunc(x) if dtypes.is_float_dtype(x.dtype) else x


@op
def round(xp, x, decimals=0):
    """x rounded to ``decimals`` digits after the point; halves go to the even neighbour.

    >>> from keraunos import ops
    >>> ops.round([0.5, 1.5, 2.4]).tolist()
    [0.0, 2.0, 2.0]
    """
    if checks.is_bool(x):
        x = xp.astype(x, "int32")
    return xp.round(x, decimals)


@op
def isfinite(xp, x):
    """Whether x is neither infinite nor NaN.

    >>> from keraunos import ops
    >>> ops.isfinite([1.0, float("inf"), float("nan")]).tolist()
    [True, False, False]
    """
    return xp.isfinite(x)


@op
def isinf(xp, x):
    """Whether x is ∞ or -∞.

    >>> from keraunos import ops
    >>> ops.isinf([1.0, float("-inf")]).tolist()
    [False, True]
    """
    return xp.isinf(x)


@op
def isposinf(xp, x):
    """Whether x is ∞.

    >>> from keraunos import ops
    >>> ops.isposinf([float("inf"), float("-inf")]).tolist()
    [True, False]
    """
    return x == float("inf")


@op
def isneginf(xp, x):
    """Whether x is -∞.

    >>> from keraunos import ops
    >>> ops.isneginf([float("inf"), float("-inf")]).tolist()
    [False, True]
    """
    return x == float("-inf")


@op
def isnan(xp, x):
    """Whether x is NaN.

    >>> from keraunos import ops
    >>> ops.isnan([1.0, float("nan")]).tolist()
    [False, True]
    """
    return xp.isnan(x)


@op
def isreal(xp, x):
    """Whether the imaginary part of x is 0.

    >>> from keraunos import ops
    >>> ops.isreal([1.0, 2.0]).tolist()
    [True, True]
    """
    return xp.isreal(x)


@op
def signbit(xp, x):
    """Whether the sign bit of x is set (-0.0 has it too).

    >>> from keraunos import ops
    >>> ops.signbit([1.0, -0.0]).tolist()
    [False, True]
    """
    return xp.signbit(xp.astype(x, "int32") if checks.is_bool(x) else x)


@op
def nan_to_num(xp, x, nan=0.0, posinf=None, neginf=None):
    """x with NaN and infinities replaced; ``None``: the largest (smallest) finite number.

    >>> from keraunos import ops
    >>> ops.nan_to_num([1.0, float("nan"), float("inf")], posinf=9.0).tolist()
    [1.0, 0.0, 9.0]
    """
    return xp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@op
def real(xp, x):
    """The real part.

    >>> from keraunos import ops
    >>> float(ops.real(1 + 2j))
    1.0
    """
    return xp.real(x)


@op
def imag(xp, x):
    """The imaginary part; 0 for real x.

    >>> from keraunos import ops
    >>> float(ops.imag(1 + 2j))
    2.0
    """
    return xp.imag(x)


@op
def conjugate(xp, x):
    """The complex conjugate; x itself when it is real.

    >>> from keraunos import ops
    >>> complex(ops.conjugate(1 + 2j))
    (1-2j)
    """
    return xp.conj(x)


@op
def conj(xp, x):
    """The complex conjugate, as ``conjugate``.

    >>> from keraunos import ops
    >>> complex(ops.conj(1 + 2j))
    (1-2j)
    """
    return xp.conj(x)


@op(promote="float")
def angle(xp, x):
    """The angle of a complex number in (-π, π]; of a real one 0 or π.

    >>> from keraunos import ops
    >>> float(ops.angle(1 + 0j))
    0.0
    """
    return xp.angle(x)
