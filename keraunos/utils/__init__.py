"""Utilities around training: data, labels, seeds, custom objects, pictures of models."""

from keraunos.backend.dtypes import standardize_dtype
from keraunos.callbacks.progress import Progbar
from keraunos.data.categorical import normalize, to_categorical
from keraunos.data.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from keraunos.data.py_dataset import PyDataset
from keraunos.data.sequences import pad_sequences
from keraunos.data.split import split_dataset
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
from keraunos.util.settings import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from keraunos.utils.plotting import model_to_dot, plot_model
from keraunos.utils.session import clear_session
from keraunos.utils.sources import get_source_inputs

Sequence = PyDataset

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
