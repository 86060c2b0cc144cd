"""Targets, predictions and weights brought to one engine, dtype and rank, with errors instead of silent broadcasting."""

from keraunos.backend import dispatch
from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.ops.core import cast
from keraunos.ops.shapes import expand_dims, reshape, squeeze
from keraunos.ops.symbolic import KerasTensor
from keraunos.util import settings, tree


def as_array(engine, x, dtype=None):
    """x as an array of ``engine``; symbolic tensors stay symbolic. ``dtype`` None keeps its own."""
    if isinstance(x, KerasTensor):
        return x if dtype is None or x.dtype == dtype else cast(x, dtype)
    if hasattr(x, "__keraunos_value__"):
        x = x.__keraunos_value__()
    if dtype is None and isinstance(x, float):
        dtype = settings.floatx()
    return engine.asarray(x, dtype)


def map_arrays(fn, y):
    """``fn`` of each array of a nesting; nested lists of plain numbers are one array."""
    if is_nesting(y):
        return tree.map_structure(fn, y)
    return fn(y)


def is_nesting(y):
    """Whether y is a list, tuple or dict of arrays (nested lists of plain numbers are not)."""
    return tree.is_nested(y) and (isinstance(y, dict) or any(hasattr(x, "shape") or x is None for x in tree.flatten(y)))


def rank(x):
    """Number of dimensions."""
    return len(x.shape)


def match_ranks(x, y):
    """x and y without the last dimension of size 1 that one of them has more than the other.

    A vector gains the dimension, anything else loses it.
    """
    more = rank(x) - rank(y)
    if more == 1 and x.shape[-1] == 1:
        return (x, expand_dims(y, -1)) if rank(y) == 1 else (squeeze(x, -1), y)
    if more == -1 and y.shape[-1] == 1:
        return (expand_dims(x, -1), y) if rank(x) == 1 else (x, squeeze(y, -1))
    return x, y


def pair(who, y_true, y_pred):
    """Both as arrays of the float dtype of y_pred and of equal shape; a scalar y_true counts for all elements."""
    engine = dispatch.engine_of(y_true, y_pred, who=who)
    y_pred = as_array(engine, y_pred)
    if not is_float_dtype(y_pred.dtype):
        y_pred = cast(y_pred, settings.floatx())
    y_true = as_array(engine, y_true, standardize_dtype(y_pred.dtype))
    y_true, y_pred = match_ranks(y_true, y_pred)
    if rank(y_true):
        check_same_shape(who, y_true, y_pred)
    return y_true, y_pred


def check_same_shape(who, y_true, y_pred):
    """An error unless the shapes are equal, as far as they are known."""
    same = rank(y_true) == rank(y_pred) and all(
        a is None or b is None or a == b for a, b in zip(y_true.shape, y_pred.shape, strict=True)
    )
    if not same:
        raise ValueError(
            f"{who}: y_true must have the shape of y_pred, {tuple(y_pred.shape)}, got {tuple(y_true.shape)}. Broadcasting them "
            "would compare every target with several predictions."
        )


def match_weights(who, weights, values):
    """(weights, values) such that weights broadcast over values: one weight per sample, per step, ... or per value.

    Weights of shape (n,) are those of the n samples, whatever dimensions follow in values.
    """
    weights, values = match_ranks(weights, values)
    if rank(weights) < rank(values) and rank(weights):
        weights = reshape(weights, (*weights.shape, *([1] * (rank(values) - rank(weights)))))
    fits = rank(weights) <= rank(values) and all(
        w is None or v is None or w in (1, v) for w, v in zip(weights.shape, values.shape, strict=False)
    )
    if not fits:
        raise ValueError(
            f"{who}: sample_weight must have the shape of the values, {tuple(values.shape)}, or of their first dimensions, got "
            f"{tuple(weights.shape)}."
        )
    return weights, values
