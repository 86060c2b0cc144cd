"""Limits on gradients."""

from keraunos.backend import dispatch


def clip_gradients(optimizer, grads):
    """The gradients within the limits that the optimizer sets."""
    if optimizer.clipvalue is not None and optimizer.clipvalue > 0:
        limit = optimizer.clipvalue
        return [_xp(g).clip(g, -limit, limit) for g in grads]
    if optimizer.clipnorm is not None and optimizer.clipnorm > 0:
        return [_scaled(g, _norm([g]), optimizer.clipnorm) for g in grads]
    if optimizer.global_clipnorm is not None and optimizer.global_clipnorm > 0:
        norm = _norm(grads)
        return [_scaled(g, norm, optimizer.global_clipnorm) for g in grads]
    return grads


def _xp(g):
    return dispatch.engine_of(g).xp


def _norm(grads):
    xp = _xp(grads[0])
    return xp.sqrt(sum(xp.sum(g * g) for g in grads))


def _scaled(g, norm, limit):
    xp = _xp(g)
    return g * (limit / xp.maximum(norm, limit))
