"""Arguments of constructors, kept, so that a plain class needs no ``get_config``."""

import functools
import inspect

from keraunos.util import naming  # noqa: F401 (re-exported for layers)
from keraunos.util.serialization import serialize_keras_object


@functools.lru_cache(maxsize=4096)
def init_signature(cls):
    """Names of the constructor's parameters, without self and without ``*args``/``**kwargs``."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return tuple(p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))


def bind(cls, args, kwargs):
    """Constructor arguments by name, defaults filled in; extra keyword arguments are kept too."""
    parameters = init_signature(cls)
    found = dict(zip((p.name for p in parameters), args, strict=False)) | kwargs
    ordered = {p.name: found.pop(p.name, p.default) for p in parameters if p.name in found or p.default is not p.empty}
    return ordered | found


def config_value(value):
    """A constructor argument as it stands in a configuration."""
    if callable(value) and hasattr(value, "_config_name"):  # functions of keras.activations and the like
        return value._config_name
    if isinstance(value, (list, dict)):
        if isinstance(value, dict):
            return {k: config_value(v) for k, v in value.items()}
        return [config_value(v) for v in value]
    if isinstance(value, tuple):
        return (
            tuple(config_value(v) for v in value)
            if not any(hasattr(v, "get_config") for v in value)
            else [config_value(v) for v in value]
        )
    return serialize_keras_object(value)
