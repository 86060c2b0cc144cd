"""Which positions attend to which."""

from keraunos import ops


def combined_mask(query, value, value_mask=None, key_mask=None, attention_mask=None, causal=False, window=None):
    """All masks as one, True where attention is allowed: ``(batch, T, S)``, or None.

    A masked query position still attends: its output is masked instead.
    """
    found = None if attention_mask is None else ops.cast(attention_mask, "bool")
    for mask in (value_mask, key_mask):
        if mask is not None:
            found = _both(found, ops.expand_dims(ops.cast(mask, "bool"), -2))  # (batch, 1, S)
    if causal or window is not None:
        found = _both(found, ops.expand_dims(_band(query.shape[1], value.shape[1], causal, window), 0))  # (1, T, S)
    return found


def _both(a, b):
    return b if a is None else ops.logical_and(a, b)


def _band(t, s, causal, window):
    distance = ops.expand_dims(ops.arange(t), 1) - ops.expand_dims(ops.arange(s), 0)  # (T, S)
    allowed = ops.ones((t, s), dtype="bool")
    if causal:
        allowed = ops.logical_and(allowed, distance >= 0)
    if window is not None:
        allowed = ops.logical_and(allowed, ops.absolute(distance) < window)
    return allowed
