"""Logs: names to numbers."""

from keraunos.backend import dispatch


def to_floats(logs):
    """Arrays of logs as Python floats, by name (arrays with more than one element stay arrays)."""
    found = {}
    for name, value in sorted((logs or {}).items()):
        if isinstance(value, dict):
            found[name] = to_floats(value)
            continue
        value = dispatch.to_host(value)
        found[name] = float(value) if value.size == 1 else value
    return found


def flatten_logs(logs, order=()):
    """A float, or a list of floats: first the names in ``order``, each once, then the others."""
    names = [n for n in dict.fromkeys(order) if n in logs] + [n for n in logs if n not in order]
    values = [v for n in names for v in _leaves(logs[n])]
    return values[0] if len(values) == 1 else values


def _leaves(value):
    return [v for x in value.values() for v in _leaves(x)] if isinstance(value, dict) else [value]
