"""Small objects with a configuration (initializers, regularizers, constraints): found by name, written, read."""

import functools
import inspect

from keraunos.util import naming, registry
from keraunos.util.errors import describe, near
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


class Configured:
    """An object whose configuration is its constructor's arguments, kept as attributes of the same names."""

    def get_config(self):
        """Arguments that make an equal object."""
        try:
            return {name: getattr(self, name) for name in parameters(type(self))}
        except AttributeError as e:
            raise NotImplementedError(
                f"{type(self).__name__} must define get_config(), as it doesn't keep its constructor's argument {e.name!r} as "
                "an attribute of that name."
            ) from e

    @classmethod
    def from_config(cls, config):
        """An object from ``get_config()``'s dict."""
        return cls(**config)


@functools.lru_cache(maxsize=4096)
def parameters(cls):
    """Names of the constructor's parameters."""
    if cls.__init__ is object.__init__:
        return ()
    found = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return tuple(p.name for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))


class Family:
    """Objects of one kind: those of a public module, and the user's.

    Args:
        module: the public module, such as "keras.initializers".
        kind: what messages call one of them.
        aliases: dict of further names to classes.
    """

    def __init__(self, module, kind, aliases):
        self.module, self.kind, self.aliases = module, kind, aliases

    def get(self, identifier):
        """An object from its name, configuration, class, or itself; any callable is taken as it is, None is None."""
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            found = self.deserialize(identifier)
        elif isinstance(identifier, str):
            found = self._named(identifier)
        else:
            found = identifier
        if isinstance(found, type):
            found = found()
        if not callable(found):
            raise ValueError(
                f"The {self.kind} must be one of {self.module} or its name, a configuration or a function, got "
                f"{describe(identifier)}."
            )
        return found

    def _named(self, name):
        found = registry.get_registered_object(name)
        if found is None:
            found = self.classes().get(name)
        if found is None:
            raise ValueError(
                f"Unknown {self.kind}: {name!r}.{near(name, self.classes())} A class or function of your own must be "
                "registered with @keras.saving.register_keras_serializable()."
            )
        return found

    def classes(self):
        """All names: of classes, the same in snake case, and aliases."""
        found = {}
        for name in registry.builtin_names(self.module):
            cls = registry.find_builtin(self.module, name)
            found[name] = found[naming.to_snake_case(name)] = cls
        return found | self.aliases

    def serialize(self, obj):
        """The configuration of an object."""
        return serialize_keras_object(obj)

    def deserialize(self, config, custom_objects=None):
        """An object from its configuration or its name."""
        if isinstance(config, str):
            with registry.CustomObjectScope(custom_objects):
                return self.get(config)
        if isinstance(config, dict):
            known = self.classes().get(config.get("class_name"))  # "glorot_uniform", as older files say
            if known is not None and config.get("registered_name") is None:
                config = {**config, "class_name": known.__name__}
        return deserialize_keras_object(config, custom_objects=custom_objects, module=self.module)
