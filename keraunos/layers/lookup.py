"""Layers by their configuration."""

from keraunos.layers.layer import Layer
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


def serialize(layer):
    """The configuration of a layer.

    >>> import keraunos as keras
    >>> keras.layers.serialize(keras.layers.Flatten())["class_name"]
    'Flatten'
    """
    return serialize_keras_object(layer)


def deserialize(config, custom_objects=None):
    """A layer from its configuration.

    Raises ``ValueError`` when the configuration is of something else.

    >>> import keraunos as keras
    >>> keras.layers.deserialize({"class_name": "Flatten", "config": {"name": "flat"}}).name
    'flat'
    """
    layer = deserialize_keras_object(config, custom_objects=custom_objects, module="keras.layers")
    if not isinstance(layer, Layer):
        raise ValueError(f"deserialize: config must be that of a layer, but it is that of {describe(layer)}.")
    return layer
