"""Arguments of ``compile`` as a configuration, and back."""

from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


def compile_config_value(value):
    """One argument of ``compile`` as JSON."""
    if isinstance(value, dict):
        return {k: compile_config_value(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [compile_config_value(v) for v in value]
    return serialize_keras_object(value)


def from_compile_config(value):
    """An argument of ``compile`` from JSON."""
    if isinstance(value, dict) and "class_name" in value:
        return deserialize_keras_object(value)
    if isinstance(value, dict):
        return {k: from_compile_config(v) for k, v in value.items()}
    if isinstance(value, list):
        return [from_compile_config(v) for v in value]
    return value
