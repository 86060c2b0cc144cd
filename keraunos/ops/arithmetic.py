"""Arithmetic, element by element.

**Shape:** two arrays broadcast against each other; the result has the broadcast shape. One array keeps its shape.
Arrays of different dtypes meet in the least dtype above both; Python numbers take the dtype of the array.
"""

from keraunos.ops import checks
from keraunos.ops.op import op


@op("x1 x2")
def add(xp, x1, x2):
    """x1 + x2.

    >>> from keraunos import ops
    >>> ops.add([1, 2], 3).tolist()
    [4, 5]
    """
    return xp.add(x1, x2)


@op("x1 x2")
def subtract(xp, x1, x2):
    """x1 - x2.

    >>> from keraunos import ops
    >>> ops.subtract([1, 2], 3).tolist()
    [-2, -1]
    """
    if checks.is_bool(x1):
        raise TypeError(
            "subtract: x1 and x2 are booleans, which have no difference; use logical_xor, or cast them to integers."
        )
    return xp.subtract(x1, x2)


@op("x1 x2")
def multiply(xp, x1, x2):
    """x1 · x2.

    >>> from keraunos import ops
    >>> ops.multiply([1, 2], 3).tolist()
    [3, 6]
    """
    return xp.multiply(x1, x2)


@op("x1 x2", promote="float")
def divide(xp, x1, x2):
    """x1 / x2; integers give floats.

    >>> from keraunos import ops
    >>> ops.divide([1, 2], 4).tolist()
    [0.25, 0.5]
    """
    return xp.divide(x1, x2)


@op("x1 x2", promote="float")
def true_divide(xp, x1, x2):
    """x1 / x2, as ``divide``.

    >>> from keraunos import ops
    >>> ops.true_divide([1, 2], 4).tolist()
    [0.25, 0.5]
    """
    return xp.divide(x1, x2)


@op("x1 x2", promote="float")
def divide_no_nan(xp, x1, x2):
    """x1 / x2, and 0 where x2 is 0 (with gradient 0 there).

    >>> from keraunos import ops
    >>> ops.divide_no_nan([1.0, 2.0], [0.0, 4.0]).tolist()
    [0.0, 0.5]
    """
    zero = x2 == 0
    return xp.where(zero, 0, x1 / xp.where(zero, 1, x2))


@op("x1 x2")
def floor_divide(xp, x1, x2):
    """⌊x1 / x2⌋, in the arrays' own dtype.

    >>> from keraunos import ops
    >>> ops.floor_divide([7, -7], 2).tolist()
    [3, -4]
    """
    return xp.floor_divide(x1, x2)


@op("x1 x2")
def mod(xp, x1, x2):
    """The remainder x1 - x2·⌊x1 / x2⌋, with the sign of x2.

    >>> from keraunos import ops
    >>> ops.mod([7, -7], 3).tolist()
    [1, 2]
    """
    if checks.is_bool(x1):
        x1, x2 = xp.astype(x1, "int32"), xp.astype(x2, "int32")
    return xp.remainder(x1, x2)


@op("x1 x2")
def fmod(xp, x1, x2):
    """The remainder of division rounded towards 0, with the sign of x1.

    >>> from keraunos import ops
    >>> ops.fmod([7, -7], 3).tolist()
    [1, -1]
    """
    if checks.is_bool(x1):
        x1, x2 = xp.astype(x1, "int32"), xp.astype(x2, "int32")
    return xp.fmod(x1, x2)


@op("x1 x2")
def power(xp, x1, x2):
    """x1 to the power x2.

    >>> from keraunos import ops
    >>> ops.power([2.0, 3.0], 2).tolist()
    [4.0, 9.0]
    """
    if checks.is_bool(x1):
        x1, x2 = xp.astype(x1, "int32"), xp.astype(x2, "int32")
    return xp.pow(x1, x2)


@op
def negative(xp, x):
    """-x.

    >>> from keraunos import ops
    >>> ops.negative([1, -2]).tolist()
    [-1, 2]
    """
    return xp.negative(x)


@op
def absolute(xp, x):
    """|x|; of a complex number its modulus. The gradient at 0 is 0.

    >>> from keraunos import ops
    >>> ops.absolute([1, -2]).tolist()
    [1, 2]
    """
    return x if checks.is_bool(x) else xp.abs(x)


@op
def abs(xp, x):
    """|x|, as ``absolute``.

    >>> from keraunos import ops
    >>> ops.abs([1, -2]).tolist()
    [1, 2]
    """
    return x if checks.is_bool(x) else xp.abs(x)


@op(promote="float")
def fabs(xp, x):
    """|x| as a float.

    >>> from keraunos import ops
    >>> ops.fabs([1, -2]).tolist()
    [1.0, 2.0]
    """
    return xp.abs(x)


@op
def sign(xp, x):
    """-1, 0 or 1 by the sign of x.

    >>> from keraunos import ops
    >>> ops.sign([-3.0, 0.0, 2.0]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return xp.sign(xp.astype(x, "int32") if checks.is_bool(x) else x)


@op
def square(xp, x):
    """x².

    >>> from keraunos import ops
    >>> ops.square([-3.0, 2.0]).tolist()
    [9.0, 4.0]
    """
    if checks.is_bool(x):
        x = xp.astype(x, "int32")
    return xp.square(x)


@op(promote="float")
def sqrt(xp, x):
    """√x; NaN for negative x.

    >>> from keraunos import ops
    >>> ops.sqrt([9.0, 4.0]).tolist()
    [3.0, 2.0]
    """
    return xp.sqrt(x)


@op(promote="float")
def rsqrt(xp, x):
    """1 / √x.

    >>> from keraunos import ops
    >>> ops.rsqrt([4.0, 16.0]).tolist()
    [0.5, 0.25]
    """
    return 1 / xp.sqrt(x)


@op(promote="float")
def cbrt(xp, x):
    """∛x, also of negative x.

    >>> from keraunos import ops
    >>> ops.round(ops.cbrt([8.0, -1.0])).tolist()
    [2.0, -1.0]
    """
    return xp.cbrt(x)


@op(promote="float")
def reciprocal(xp, x):
    """1 / x.

    >>> from keraunos import ops
    >>> ops.reciprocal([2.0, 4.0]).tolist()
    [0.5, 0.25]
    """
    return 1 / x


@op("x1 x2")
def maximum(xp, x1, x2):
    """The larger of x1 and x2; NaN when either is. At a tie each gets half of the gradient.

    >>> from keraunos import ops
    >>> ops.maximum([1, 5], 3).tolist()
    [3, 5]
    """
    return xp.maximum(x1, x2)


@op("x1 x2")
def minimum(xp, x1, x2):
    """The smaller of x1 and x2; NaN when either is. At a tie each gets half of the gradient.

    >>> from keraunos import ops
    >>> ops.minimum([1, 5], 3).tolist()
    [1, 3]
    """
    return xp.minimum(x1, x2)


@op("x1 x2")
def fmax(xp, x1, x2):
    """The larger of x1 and x2; where one of them is NaN, the other.

    >>> from keraunos import ops
    >>> ops.fmax([1.0, float("nan")], 0.5).tolist()
    [1.0, 0.5]
    """
    return xp.fmax(x1, x2)


@op("x1 x2")
def fmin(xp, x1, x2):
    """The smaller of x1 and x2; where one of them is NaN, the other.

    >>> from keraunos import ops
    >>> ops.fmin([1.0, float("nan")], 0.5).tolist()
    [0.5, 0.5]
    """
    return xp.fmin(x1, x2)


@op("x x_min x_max")
def clip(xp, x, x_min, x_max):
    """x limited to [x_min, x_max].

    >>> from keraunos import ops
    >>> ops.clip([-1.0, 0.5, 3.0], 0, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    if checks.is_bool(x):
        x, x_min, x_max = (a if a is None else xp.astype(xp.asarray(a), "int32") for a in (x, x_min, x_max))
    return xp.clip(x, x_min, x_max)


@op("x1 x2", promote="float")
def hypot(xp, x1, x2):
    """√(x1² + x2²), without overflow on the way.

    >>> from keraunos import ops
    >>> float(ops.hypot(3.0, 4.0))
    5.0
    """
    return xp.hypot(x1, x2)


@op("x1 x2", promote="float")
def logaddexp(xp, x1, x2):
    """ln(eˣ¹ + eˣ²), without overflow on the way.

    >>> from keraunos import ops
    >>> round(float(ops.logaddexp(100.0, 100.0)), 4)
    100.6931
    """
    return xp.logaddexp(x1, x2)


@op("x1 x2", promote="float")
def logaddexp2(xp, x1, x2):
    """log₂(2ˣ¹ + 2ˣ²), without overflow on the way.

    >>> from keraunos import ops
    >>> float(ops.logaddexp2(3.0, 3.0))
    4.0
    """
    return xp.logaddexp2(x1, x2)


@op("x1 x2", promote="float")
def heaviside(xp, x1, x2):
    """0 where x1 < 0, x2 where x1 = 0, 1 where x1 > 0.

    >>> from keraunos import ops
    >>> ops.heaviside([-1.0, 0.0, 2.0], 0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    step = xp.where(x1 == 0, x2, xp.astype(x1 > 0, x1.dtype))
    return xp.where(xp.isnan(x1), x1, step)


@op("x1 x2", promote="float")
def nextafter(xp, x1, x2):
    """The next float after x1 towards x2.

    >>> from keraunos import ops
    >>> bool(ops.nextafter(1.0, 2.0) > 1.0)
    True
    """
    return xp.nextafter(x1, x2)


@op("x1 x2", promote=None)
def ldexp(xp, x1, x2):
    """x1 · 2ˣ², x2 integers.

    >>> from keraunos import ops
    >>> ops.ldexp([0.5, 3.0], [2, 1]).tolist()
    [2.0, 6.0]
    """
    return xp.ldexp(x1, x2)


@op("x1 x2")
def gcd(xp, x1, x2):
    """The greatest common divisor of integers.

    >>> from keraunos import ops
    >>> ops.gcd([12, 20], 8).tolist()
    [4, 4]
    """
    return xp.gcd(x1, x2)


@op("x1 x2")
def lcm(xp, x1, x2):
    """The least common multiple of integers.

    >>> from keraunos import ops
    >>> ops.lcm([4, 6], 10).tolist()
    [20, 30]
    """
    return xp.lcm(x1, x2)
