"""Limits on gradients."""

from keraunos.backend import dispatch
from keraunos.backend.dtypes import standardize_dtype

_HALF = ("float16", "bfloat16")


def clip_gradients(optimizer, grads):
    """The gradients within the limits that the optimizer sets (a limit of None or 0 is none)."""
    if optimizer.clipnorm:
        return [_scaled(g, _norm([g]), optimizer.clipnorm) for g in grads]
    if optimizer.global_clipnorm:
        norm = _norm(grads)
        return [_scaled(g, norm, optimizer.global_clipnorm) for g in grads]
    if optimizer.clipvalue:
        limit = optimizer.clipvalue
        return [_xp(g).clip(g, -limit, limit) for g in grads]
    return grads


def _xp(g):
    return dispatch.engine_of(g).xp


def _norm(grads):
    """The root of the sum of all squares, in float32 for narrower gradients, whose squares overflow."""
    xp = _xp(grads[0])
    wide = [xp.astype(g, "float32") if standardize_dtype(g.dtype) in _HALF else g for g in grads]
    return xp.sqrt(sum(xp.sum(g * g) for g in wide))


def _scaled(g, norm, limit):
    xp = _xp(g)
    return g * xp.astype(limit / xp.maximum(norm, limit), g.dtype)
