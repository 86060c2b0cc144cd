"""Checks of arguments that name the function and the argument. They run before the engine's work and cost well under a microsecond."""

import operator

import numpy as np

from keraunos.backend.dtypes import is_int_dtype, standardize_dtype
from keraunos.util.errors import describe


def integer(who, value, name, least=None):
    """A Python int, not less than ``least``."""
    try:
        found = operator.index(value)
    except TypeError as e:
        raise TypeError(f"{who}: {name} must be an int, got {describe(value)}.") from e
    if least is not None and found < least:
        raise ValueError(f"{who}: {name} must be at least {least}, got {found}.")
    return found


def axis(who, x, value, name="axis"):
    """One axis of x, made non-negative."""
    n = len(x.shape)
    a = value if value.__class__ is int else integer(who, value, name)
    if -n <= a < n:
        return a + n if a < 0 else a
    raise ValueError(
        f"{who}: {name} must be in [{-n}, {n - 1}] for an array of shape {tuple(x.shape)}, got {value}."
        if n
        else f"{who}: {name} must not be given for an array without dimensions, got {value}."
    )


def axes(who, x, value, name="axis"):
    """None, or one axis, or a tuple of different axes, made non-negative."""
    if value is None:
        return None
    if isinstance(value, (tuple, list)):
        found = tuple(axis(who, x, a, name) for a in value)
        if len(set(found)) != len(found):
            raise ValueError(
                f"{who}: {name} names an axis twice: {tuple(value)} for an array of shape {tuple(x.shape)}."
            )
        return found
    return axis(who, x, value, name)


def new_axis(who, x, value, extra=1, name="axis"):
    """A place in the shape that x gets when ``extra`` dimensions are added."""
    n = len(x.shape) + extra
    a = integer(who, value, name)
    if -n <= a < n:
        return a + n if a < 0 else a
    raise ValueError(
        f"{who}: {name} must be in [{-n}, {n - 1}] to add to an array of shape {tuple(x.shape)}, got {value}."
    )


def shape(who, value, name="shape"):
    """A shape as a tuple of ints from an int, or a sequence of ints."""
    try:
        found = (operator.index(value),) if not hasattr(value, "__len__") else tuple(map(operator.index, value))
    except TypeError as e:
        raise TypeError(
            f"{who}: {name} must be ints, got {value!r}. A dimension that is unknown (None) in a symbolic tensor has no size until "
            f"data comes; use {who}_like, or -1 in reshape."
        ) from e
    if any(d < 0 for d in found):
        raise ValueError(f"{who}: {name} must not be negative, got {value!r}.")
    return found


def min_rank(who, x, n, name="x"):
    """At least n dimensions."""
    if len(x.shape) < n:
        raise ValueError(f"{who}: {name} must have at least {n} dimensions, got shape {tuple(x.shape)}.")


def square(who, x, name="x"):
    """A matrix or a stack of matrices with as many rows as columns."""
    s = x.shape
    if len(s) < 2 or s[-1] != s[-2]:
        raise ValueError(f"{who}: {name} must be square matrices (..., n, n), got shape {tuple(s)}.")


def is_bool(x):
    """Whether x holds truth values."""
    return standardize_dtype(x.dtype) == "bool"


def choice(who, value, allowed, name):
    """One of the allowed values."""
    if value not in allowed:
        raise ValueError(f"{who}: {name} must be one of {', '.join(map(repr, allowed))}, got {value!r}.")


def in_range(who, engine, indices, size, name="indices"):
    """Integer indices in [-size, size), where their values are known."""
    if engine.is_tracer(indices) or not is_int_dtype(indices.dtype):
        return
    found = np.asarray(indices if isinstance(indices, np.generic) else engine.to_numpy(indices))
    if found.size and not (-size <= found.min() and found.max() < size):
        wrong = found[(found < -size) | (found >= size)].flat[0]
        raise IndexError(f"{who}: {name} must be in [{-size}, {size - 1}], got {wrong}.")


def between(who, engine, values, low, high, name):
    """Numbers in [low, high], where they are known."""
    if not engine.is_tracer(values):
        found = engine.to_numpy(values)
        if ((found < low) | (found > high)).any():
            raise ValueError(f"{who}: {name} must be in [{low}, {high}], got {found.tolist()}.")
