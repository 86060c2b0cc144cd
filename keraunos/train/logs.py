"""Logs: names to numbers."""

import numpy as np


def to_floats(logs):
    """Arrays of logs as Python floats (arrays with more than one element stay arrays)."""
    found = {}
    for name, value in (logs or {}).items():
        if isinstance(value, dict):
            found[name] = to_floats(value)
            continue
        value = np.asarray(value.__keraunos_value__() if hasattr(value, "__keraunos_value__") else value)
        found[name] = float(value) if value.size == 1 else value
    return found


def flatten_logs(logs):
    """A float, or a list of floats, from a dict of logs."""
    values = list(_values(logs))
    return values[0] if len(values) == 1 else values


def _values(logs):
    for v in logs.values():
        if isinstance(v, dict):
            yield from _values(v)
        else:
            yield v
