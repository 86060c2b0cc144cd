"""Optimizers by name and configuration."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.util import registry
from keraunos.util.errors import describe, near
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

_MODULE = "keras.optimizers"


def get(identifier):
    """An optimizer from its name, configuration, or itself.

    Raises:
        ValueError: an unknown name, or something else altogether.

    >>> import keraunos as keras
    >>> keras.optimizers.get("adam").beta_1
    0.9
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    raise ValueError(
        f"An optimizer must be one of {_MODULE}, its name or its configuration, got {describe(identifier)}."
    )


def serialize(optimizer):
    """The configuration of an optimizer."""
    return serialize_keras_object(optimizer)


def deserialize(config, custom_objects=None):
    """An optimizer from its configuration; class names of keraunos count in any case ("adam", "Adam")."""
    name = config.get("class_name")
    if isinstance(name, str) and config.get("registered_name") is None:
        classes = {n.lower(): n for n in registry.builtin_names(_MODULE)}
        custom = registry.get_registered_object(name, custom_objects)
        if custom is None and config.get("module") in (None, _MODULE):
            if name.lower() not in classes:
                raise ValueError(f"Unknown optimizer: {name!r}.{near(name.lower(), classes)}{_HINT}")
            config = {**config, "class_name": classes[name.lower()]}
    return deserialize_keras_object(config, custom_objects=custom_objects, module=_MODULE)


_HINT = " A class of your own must be registered with @keras.saving.register_keras_serializable() or passed in custom_objects."
