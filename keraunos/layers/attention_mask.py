"""Which positions attend to which."""

import numpy as np

from keraunos import ops


def combined_mask(t, s, value_mask=None, key_mask=None, attention_mask=None, causal=False, window=None):
    """All masks as one, True where attention is allowed: ``(batch, T, S)``, or None.

    A masked query position still attends: its output is masked instead.
    """
    found = None if attention_mask is None else ops.cast(attention_mask, "bool")
    for mask in (value_mask, key_mask):
        if mask is not None:
            found = _both(found, ops.expand_dims(ops.cast(mask, "bool"), -2))  # (batch, 1, S)
    if causal or window is not None:
        found = _both(found, ops.convert_to_tensor(_band(t, s, causal, window)))
    return found


def _both(a, b):
    return b if a is None else ops.logical_and(a, b)


def _band(t, s, causal, window):
    distance = np.arange(t)[:, None] - np.arange(s)  # (T, S)
    allowed = distance >= (0 if causal else -s)
    return allowed[None] if window is None else (allowed & (np.abs(distance) < window))[None]
