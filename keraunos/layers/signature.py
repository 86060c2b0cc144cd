"""What a layer's ``call`` takes, looked up once per class."""

import inspect

from keraunos.backend import dispatch


class CallSignature:
    """The parameters of ``call``: which there are, and whether it takes ``training`` and masks."""

    def __init__(self, fn):
        parameters = list(inspect.signature(fn).parameters.values())
        self.names = [
            p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        self.positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.has_var_positional = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.has_var_keyword = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.required = [
            p.name
            for p in parameters
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        self.training_default = next((p.default for p in parameters if p.name == "training"), None)
        self.has_training = "training" in self.names or self.has_var_keyword
        self.takes_training = "training" in self.names

    def positional_index(self, name):
        """The place of a parameter among the positional ones; beyond all when it is keyword-only."""
        return self.positional.index(name) if name in self.positional else 1000

    def named(self, args, kwargs):
        """Arguments by name; surplus positional ones of ``*args`` as ``*0``, ``*1``, …"""
        found = dict(zip(self.positional, args, strict=False))
        for i, extra in enumerate(args[len(self.positional) :]):
            found[f"*{i}"] = extra
        found.update(kwargs)
        return found


def holds_tensor(value):
    """Whether a value is an array or symbolic tensor, or a list, tuple or dict in which there is one."""
    if isinstance(value, (list, tuple)):
        return any(holds_tensor(v) for v in value)
    if isinstance(value, dict):
        return any(holds_tensor(v) for v in value.values())
    if value is None or isinstance(value, (int, float, str, bool)):
        return False
    kind = dispatch.kind_of.get(type(value)) or dispatch.classify(value)
    if kind is None:
        return False
    return kind is not dispatch.HOST or hasattr(value, "shape")


def shapes_of(value):
    """Nested shapes of nested arrays (tuples of ints, ``None`` for unknown)."""
    if isinstance(value, dict):
        return {k: shapes_of(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [shapes_of(v) for v in value] if isinstance(value, list) else tuple(shapes_of(v) for v in value)
    shape = getattr(value, "shape", None)
    return None if shape is None else tuple(shape)
