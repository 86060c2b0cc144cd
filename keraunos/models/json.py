"""A model's architecture as JSON."""

import json

from keraunos.models.model import Model
from keraunos.util.serialization import deserialize_keras_object


def model_from_json(json_string, custom_objects=None):
    """A model, with new weights, from what ``model.to_json()`` gave.

    >>> import keraunos as keras
    >>> m = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    >>> keras.models.model_from_json(m.to_json()).count_params()
    9
    """
    try:
        config = json.loads(json_string)
    except ValueError as e:
        raise ValueError(f"model_from_json: json_string is no JSON: {e}") from e
    model = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"model_from_json: the JSON describes a {type(model).__name__}, not a model.")
    return model
