"""Python's operators on symbolic tensors and on whatever gets them by install_operators: the same as on NumPy arrays."""

import operator

import numpy as np
import pytest

from keraunos import ops
from keraunos.ops.operators import install_operators
from keraunos.ops.symbolic import KerasTensor

A = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]], np.float32)
B = np.array([2.0, 3.0, -1.0], np.float32)
N = np.array([6, 3, 1], np.int32)
M = np.array([True, False, True])


class Box:
    """A value with an address, as a variable has it."""

    def __init__(self, value):
        self.value = value

    def __keraunos_value__(self):
        return self.value

    dtype = property(lambda self: self.value.dtype)


install_operators(Box)

BINARY = [getattr(operator, n) for n in "add sub mul truediv floordiv mod lt le gt ge ne".split()]
CASES = [(f, A, B) for f in BINARY] + [(operator.pow, np.abs(A), B), (operator.matmul, A, A.T), (operator.eq, A, B)]
CASES += [(f, N, N[::-1].copy()) for f in (operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift)]
CASES += [(f, M, ~M) for f in (operator.and_, operator.or_, operator.xor)]


@pytest.mark.parametrize(("fn", "left", "right"), CASES)
def test_binary(fn, left, right):
    want = fn(left, right)
    for a, b in ((Box(left), right), (Box(left), Box(right))):
        np.testing.assert_allclose(np.asarray(fn(a, b)), want, rtol=1e-6)
    if fn not in (operator.eq, operator.lt, operator.le, operator.gt, operator.ge, operator.ne):
        reflected = getattr(Box, f"__r{fn.__name__.strip('_')}__")
        np.testing.assert_allclose(np.asarray(reflected(Box(right), left)), want, rtol=1e-6)
    if fn is not operator.eq:
        found = fn(KerasTensor(left.shape, left.dtype.name), KerasTensor(right.shape, right.dtype.name))
        assert (found.shape, found.dtype) == (want.shape, want.dtype.name)


def test_numbers_on_the_left():
    x = Box(B)
    np.testing.assert_allclose(np.asarray(2 - x), 2 - B)
    np.testing.assert_allclose(np.asarray(2 / x), 2 / B)
    np.testing.assert_allclose(np.asarray(2**x), 2**B)
    assert (2 - KerasTensor((None, 3))).shape == (None, 3)


def test_arrays_on_the_left_leave_the_operation_to_the_tensor():
    x = KerasTensor((None, 3))
    assert isinstance(B + x, KerasTensor)
    assert isinstance(B * x, KerasTensor)


@pytest.mark.parametrize("fn", [operator.neg, operator.abs, operator.pos, round])
def test_unary(fn):
    want = np.round(A) if fn is round else fn(A)
    found = fn(Box(A))
    np.testing.assert_allclose(np.asarray(found.value if isinstance(found, Box) else found), want)
    assert fn(KerasTensor((None, 3))).shape == (None, 3)


def test_invert():
    np.testing.assert_array_equal(np.asarray(~Box(M)), ~M)
    np.testing.assert_array_equal(np.asarray(~Box(N)), ~N)


@pytest.mark.parametrize(
    "key", [0, -1, slice(1, None), (slice(None), 1), (Ellipsis, None), (slice(None), np.array([2, 0]))]
)
def test_getitem(key):
    np.testing.assert_array_equal(np.asarray(Box(A)[key]), A[key])
    assert KerasTensor(A.shape)[key].shape == A[key].shape


def test_getitem_of_an_unknown_dimension():
    x = KerasTensor((None, 4, 3))
    assert x[:, 0].shape == (None, 3)
    assert x[..., 1:].shape == (None, 4, 2)
    assert x[:, None].shape == (None, 1, 4, 3)


def test_identity_of_symbolic_tensors():
    x, y = KerasTensor((2,)), KerasTensor((2,))
    assert x in [y, x] and (x == y) is False and len({x, y}) == 2


def test_methods_of_symbolic_tensors():
    x = KerasTensor((None, 1, 6))
    assert x.reshape(-1, 2, 3).shape == x.reshape((-1, 2, 3)).shape == (None, 2, 3)
    assert x.squeeze(1).shape == (None, 6)
    assert x.T.shape == (6, 1, None)


def test_size():
    assert ops.size(A) == 6 and ops.ndim(A) == 2
    assert ops.size(KerasTensor((None, 3))).shape == ()
    assert ops.ndim(KerasTensor((None, 3))) == 2
