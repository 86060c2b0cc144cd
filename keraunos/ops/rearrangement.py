"""Arrangements written as patterns, functions made to work element by element, and bits read as another dtype."""

import re

from keraunos.backend import dispatch, dtypes
from keraunos.ops.op import op


def rearrange(tensor, pattern, **axes_lengths):
    """Axes arranged anew as a pattern says: names for axes, parentheses for axes that are one dimension, ``1`` and ``...``.

    **Shape:** as the pattern says; sizes within parentheses on the left that don't follow from the shape are keywords.

    >>> from keraunos import ops
    >>> ops.rearrange(ops.zeros((2, 6, 4)), "b (h p) c -> b h (p c)", p=3).shape
    (2, 2, 12)
    """
    return _rearrange(tensor, pattern, axes_lengths)


@op("tensor", name="rearrange")
def _rearrange(xp, tensor, pattern, lengths):
    left, right = _parse(pattern, tensor.ndim)
    sizes = _sizes(left, tensor.shape, lengths, pattern)
    names = [n for group in left for n in group]
    order = [n for group in right for n in group]
    if sorted(names) != sorted(order):
        raise ValueError(
            f"rearrange: both sides of pattern {pattern!r} must name the same axes, got {names} and {order}."
        )
    x = xp.reshape(tensor, tuple(sizes[n] for n in names))
    x = xp.permute_dims(x, tuple(names.index(n) for n in order))
    shape = []
    for group in right:
        size = 1
        for n in group:
            size *= sizes[n]
        shape.append(size)
    return xp.reshape(x, tuple(shape))


def _parse(pattern, ndim):
    """Both sides as lists of groups of names, ``...`` replaced by as many names as dimensions are left."""
    if pattern.count("->") != 1:
        raise ValueError(f"rearrange: pattern must have one '->', got {pattern!r}.")
    sides = [re.findall(r"\([^()]*\)|\.\.\.|\w+|\S", side) for side in pattern.split("->")]
    for token in sides[0] + sides[1]:
        if not re.fullmatch(r"\([\w\s]*\)|\.\.\.|\w+", token):
            raise ValueError(
                f"rearrange: pattern {pattern!r} has {token!r}, which is neither a name, 1, '...' nor (names)."
            )
    rest = ndim - len(sides[0]) + sides[0].count("...")
    if rest < 0 or (rest and "..." not in sides[0]):
        raise ValueError(f"rearrange: pattern {pattern!r} doesn't fit an array of {ndim} dimensions.")
    return [_groups(side, rest) for side in sides]


def _groups(tokens, rest):
    found = []
    for token in tokens:
        if token == "...":
            found += [[f".{i}"] for i in range(rest)]
        else:
            found.append([n for n in token.strip("()").split() if n != "1"])
    return found


def _sizes(groups, shape, lengths, pattern):
    """The size of each name."""
    sizes = {}
    for group, n in zip(groups, shape):
        known = 1
        open_names = [name for name in group if name not in lengths]
        for name in group:
            if name in lengths:
                sizes[name] = lengths[name]
                known *= lengths[name]
        if len(open_names) > 1:
            raise ValueError(
                f"rearrange: sizes of all but one of {group} in pattern {pattern!r} must be given as keywords."
            )
        if (open_names and (not known or n % known)) or (not open_names and known != n):
            raise ValueError(
                f"rearrange: the axes {group or [1]} in pattern {pattern!r} don't fit a dimension of size {n} (given: {lengths})."
            )
        for name in open_names:
            sizes[name] = n // known
    return sizes


@op(promote=None)
def view(xp, x, dtype=None):
    """The bits of x read as another dtype; None: x.

    **Shape:** that of x, the last dimension changed by the ratio of the sizes of the dtypes.

    >>> from keraunos import ops
    >>> ops.view(ops.array([1.0], "float32"), "int32").tolist()
    [1065353216]
    """
    if dtype is None:
        return x
    target = xp.to_dtype(dtypes.standardize_dtype(dtype))
    big, small = target.itemsize, x.dtype.itemsize
    if big != small and (not x.ndim or x.shape[-1] * small % big):
        raise ValueError(
            f"view: the last dimension of x, of shape {tuple(x.shape)}, can't be divided into elements of {target}."
        )
    return xp.view(x, target)


def vectorize(pyfunc, *, excluded=None, signature=None):
    """``pyfunc``, written for single elements (or for the core dimensions in ``signature``), made to work on whole arrays.

    >>> from keraunos import ops
    >>> larger = ops.vectorize(lambda a, b: ops.where(a > b, a, b))
    >>> larger(ops.array([1, 5]), ops.array(3)).tolist()
    [3, 5]
    """
    if not callable(pyfunc):
        raise TypeError(f"vectorize: pyfunc must be a function, got {type(pyfunc).__name__}.")
    excluded = frozenset(excluded or ())

    def vectorized(*args, **kwargs):
        engine = dispatch.engine_of(*args, *kwargs.values(), who="vectorize")
        return engine.xp.vectorize(pyfunc, excluded=excluded, signature=signature)(*args, **kwargs)

    return vectorized
