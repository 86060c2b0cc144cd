"""Comparisons, logic and bits, element by element.

**Shape:** two arrays broadcast against each other; comparisons and logic give booleans, functions of bits keep the integer dtype.
"""

from keraunos.ops.op import op


@op("x1 x2")
def equal(xp, x1, x2):
    """x1 = x2.

    >>> from keraunos import ops
    >>> ops.equal([1, 2], 2).tolist()
    [False, True]
    """
    return xp.equal(x1, x2)


@op("x1 x2")
def not_equal(xp, x1, x2):
    """x1 ≠ x2.

    >>> from keraunos import ops
    >>> ops.not_equal([1, 2], 2).tolist()
    [True, False]
    """
    return xp.not_equal(x1, x2)


@op("x1 x2")
def less(xp, x1, x2):
    """x1 < x2.

    >>> from keraunos import ops
    >>> ops.less([1, 2], 2).tolist()
    [True, False]
    """
    return xp.less(x1, x2)


@op("x1 x2")
def less_equal(xp, x1, x2):
    """x1 ≤ x2.

    >>> from keraunos import ops
    >>> ops.less_equal([1, 3], 2).tolist()
    [True, False]
    """
    return xp.less_equal(x1, x2)


@op("x1 x2")
def greater(xp, x1, x2):
    """x1 > x2.

    >>> from keraunos import ops
    >>> ops.greater([1, 3], 2).tolist()
    [False, True]
    """
    return xp.greater(x1, x2)


@op("x1 x2")
def greater_equal(xp, x1, x2):
    """x1 ≥ x2.

    >>> from keraunos import ops
    >>> ops.greater_equal([1, 2], 2).tolist()
    [False, True]
    """
    return xp.greater_equal(x1, x2)


@op("x1 x2", promote="float")
def isclose(xp, x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |x1 - x2| ≤ atol + rtol·|x2|.

    >>> from keraunos import ops
    >>> ops.isclose([1.0, 1.1], 1.0).tolist()
    [True, False]
    """
    return xp.isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)


@op("x1 x2", promote="float")
def allclose(xp, x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |x1 - x2| ≤ atol + rtol·|x2| everywhere.

    **Shape:** broadcast → ().

    >>> from keraunos import ops
    >>> bool(ops.allclose([1.0, 1.0], 1.0))
    True
    """
    return xp.all(xp.isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan))


@op("x1 x2", promote=None)
def logical_and(xp, x1, x2):
    """x1 and x2; what isn't 0 counts as true.

    >>> from keraunos import ops
    >>> ops.logical_and([True, False], True).tolist()
    [True, False]
    """
    return xp.logical_and(xp.astype(x1, "bool"), xp.astype(x2, "bool"))


@op("x1 x2", promote=None)
def logical_or(xp, x1, x2):
    """x1 or x2; what isn't 0 counts as true.

    >>> from keraunos import ops
    >>> ops.logical_or([True, False], False).tolist()
    [True, False]
    """
    return xp.logical_or(xp.astype(x1, "bool"), xp.astype(x2, "bool"))


@op("x1 x2", promote=None)
def logical_xor(xp, x1, x2):
    """Either x1 or x2, not both.

    >>> from keraunos import ops
    >>> ops.logical_xor([True, False], True).tolist()
    [False, True]
    """
    return xp.logical_xor(xp.astype(x1, "bool"), xp.astype(x2, "bool"))


@op(promote=None)
def logical_not(xp, x):
    """Whether x is false (0).

    >>> from keraunos import ops
    >>> ops.logical_not([True, False]).tolist()
    [False, True]
    """
    return xp.logical_not(xp.astype(x, "bool"))


@op("x y")
def bitwise_and(xp, x, y):
    """Bits set in both integers.

    >>> from keraunos import ops
    >>> ops.bitwise_and([6], 3).tolist()
    [2]
    """
    return xp.bitwise_and(x, y)


@op("x y")
def bitwise_or(xp, x, y):
    """Bits set in either integer.

    >>> from keraunos import ops
    >>> ops.bitwise_or([6], 3).tolist()
    [7]
    """
    return xp.bitwise_or(x, y)


@op("x y")
def bitwise_xor(xp, x, y):
    """Bits set in one of the integers, not in both.

    >>> from keraunos import ops
    >>> ops.bitwise_xor([6], 3).tolist()
    [5]
    """
    return xp.bitwise_xor(x, y)


@op
def bitwise_invert(xp, x):
    """All bits turned over.

    >>> from keraunos import ops
    >>> ops.bitwise_invert([0, 5]).tolist()
    [-1, -6]
    """
    return xp.bitwise_invert(x)


@op
def bitwise_not(xp, x):
    """All bits turned over, as ``bitwise_invert``.

    >>> from keraunos import ops
    >>> ops.bitwise_not([0, 5]).tolist()
    [-1, -6]
    """
    return xp.bitwise_invert(x)


@op("x y")
def bitwise_left_shift(xp, x, y):
    """x with its bits moved y places up: x·2ʸ.

    >>> from keraunos import ops
    >>> ops.bitwise_left_shift([3], 2).tolist()
    [12]
    """
    return xp.bitwise_left_shift(x, y)


@op("x y")
def left_shift(xp, x, y):
    """x·2ʸ, as ``bitwise_left_shift``.

    >>> from keraunos import ops
    >>> ops.left_shift([3], 2).tolist()
    [12]
    """
    return xp.bitwise_left_shift(x, y)


@op("x y")
def bitwise_right_shift(xp, x, y):
    """x with its bits moved y places down: ⌊x / 2ʸ⌋.

    >>> from keraunos import ops
    >>> ops.bitwise_right_shift([13], 2).tolist()
    [3]
    """
    return xp.bitwise_right_shift(x, y)


@op("x y")
def right_shift(xp, x, y):
    """⌊x / 2ʸ⌋, as ``bitwise_right_shift``.

    >>> from keraunos import ops
    >>> ops.right_shift([13], 2).tolist()
    [3]
    """
    return xp.bitwise_right_shift(x, y)
