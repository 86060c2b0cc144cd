"""Utilities around training."""

from keraunos.backend.dtypes import standardize_dtype
from keraunos.callbacks.progress import Progbar
from keraunos.data.categorical import normalize, to_categorical
from keraunos.data.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from keraunos.data.sequences import pad_sequences
from keraunos.ops.symbolic import is_keras_tensor
from keraunos.random.seed import set_random_seed
from keraunos.util.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object
from keraunos.utils.session import clear_session

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
