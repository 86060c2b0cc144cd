"""Whole models and weights in the HDF5 format of Keras 2 (``.h5``), which Keras 3 still reads and writes.

The configuration is JSON in an attribute; the weights of each layer of the model lie in a group of its name, in the order of
the group's attribute ``weight_names``.
"""

import io
import json
import warnings

import lazy_loader
import numpy as np

from keraunos.saving.hdf5_read import WeightsFile
from keraunos.saving.hdf5_write import as_array
from keraunos.util.serialization import SafeModeScope, deserialize_keras_object, serialize_keras_object

h5py = lazy_loader.load("h5py")
SIGNATURE = b"\x89HDF\r\n\x1a\n"
_NAMES_LIMIT = 64512  # bytes that an attribute may have; longer lists are cut into several


# -- reading ---------------------------------------------------------------------------------------------------------


def read_model(file, name, custom_objects, compile, safe_mode):
    """The model in an open ``.h5`` file."""
    with WeightsFile(file, name) as weights:
        config = _json_attribute(weights, "model_config")
        if config is None:
            raise ValueError(
                f"{name} holds weights only, no model. Build the model as it was, then call model.load_weights({name!r})."
            )
        with SafeModeScope(safe_mode):
            model = deserialize_keras_object(_modern(config), custom_objects=custom_objects, safe_mode=safe_mode)
        root = weights.root
        _load_in_order(model, weights, root["model_weights"] if "model_weights" in root else root)
        training = _json_attribute(weights, "training_config")
        if compile and training is not None:
            _compile(model, training, weights)
        elif compile:
            warnings.warn(
                f"{name}: the model was not compiled when it was saved; compile it before training.", stacklevel=3
            )
    return model


def read_weights(model, file, name, skip_mismatch=False, by_name=False):
    """Weights in an open ``.h5`` file into a model."""
    with WeightsFile(file, name) as weights:
        root = weights.root
        group = root["model_weights"] if "model_weights" in root else root
        if by_name:
            _load_by_name(model, weights, group, skip_mismatch)
        else:
            _load_in_order(model, weights, group, skip_mismatch)


def _json_attribute(weights, key):
    text = weights.root.attrs.get(key)
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as e:
        raise ValueError(f"{weights.name}: the attribute {key!r} is not readable JSON: {e}") from e


_RENAMED = {"lr": "learning_rate"}


def _modern(config):
    """A configuration of Keras 2 in the words of Keras 3."""
    if isinstance(config, list):
        return [_modern(v) for v in config]
    if not isinstance(config, dict):
        return config
    config = {k: _modern(v) for k, v in config.items()}
    inner = config.get("config")
    if config.get("class_name") == "InputLayer" and isinstance(inner, dict) and "batch_input_shape" in inner:
        inner["batch_shape"] = inner.pop("batch_input_shape")
    if (
        config.get("class_name") == "BatchNormalization"
        and isinstance(inner, dict)
        and isinstance(inner.get("axis"), list)
    ):
        inner["axis"] = inner["axis"][0] if len(inner["axis"]) == 1 else inner["axis"]
    if config.get("class_name") in ("GRU", "LSTM", "SimpleRNN") and isinstance(inner, dict):
        for gone in ("time_major", "implementation"):
            inner.pop(gone, None)
    return config


def _names(weights, attrs, key):
    """A list of names in one attribute, or cut into ``key0``, ``key1``, …"""
    if key in attrs:
        found = list(attrs[key])
    else:
        found, i = [], 0
        while f"{key}{i}" in attrs:
            found.extend(attrs[f"{key}{i}"])
            i += 1
    found = [n.decode("utf-8") if isinstance(n, bytes) else n for n in found]
    if not all(isinstance(n, str) for n in found):
        raise ValueError(f"{weights.name}: the attribute {key!r} must be a list of names.")
    return found


def _stored_layers(weights, group):
    """(layer name, its arrays' places) of the layers that have weights."""
    if "layer_names" not in group.attrs and "layer_names0" not in group.attrs:
        raise ValueError(f"{weights.name} has no list of layers: it is not a file of Keras 2.")
    for name in _names(weights, group.attrs, "layer_names"):
        layer = weights.descend(group, name)
        places = _names(weights, layer.attrs, "weight_names")
        if places:
            yield name, [weights.descend(layer, place) for place in places]


def _ordered(layer):
    """Weights in the order of the old format: those that are trained first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _load_in_order(model, weights, group, skip_mismatch=False):
    stored = list(_stored_layers(weights, group))
    layers = [layer for layer in model.layers if _ordered(layer)]
    if len(stored) != len(layers):
        raise ValueError(
            f"{weights.name} holds weights of {len(stored)} layers {[n for n, _ in stored][:10]}, the model has {len(layers)} "
            f"layers with weights {[layer.name for layer in layers][:10]}."
        )
    pairs = [(name, layer, datasets) for (name, datasets), layer in zip(stored, layers, strict=True)]
    top = (
        _names(weights, group["top_level_model_weights"].attrs, "weight_names")
        if "top_level_model_weights" in group
        else []
    )
    if top:
        own = [*model._trainable_variables, *model._non_trainable_variables]
        datasets = [weights.descend(group["top_level_model_weights"], place) for place in top]
        _assign_all(weights, [(model.name, own, datasets)], skip_mismatch)
    _assign_all(weights, [(name, _ordered(layer), datasets) for name, layer, datasets in pairs], skip_mismatch)


def _load_by_name(model, weights, group, skip_mismatch):
    layers = {layer.name: layer for layer in model.layers if _ordered(layer)}
    stored = [(name, datasets) for name, datasets in _stored_layers(weights, group) if name in layers]
    _assign_all(weights, [(name, _ordered(layers[name]), datasets) for name, datasets in stored], skip_mismatch)


def _assign_all(weights, parts, skip_mismatch):
    """Assign the arrays of (name, variables, datasets) after all shapes were compared."""
    good = []
    for name, variables, datasets in parts:
        expected, got = [tuple(v.shape) for v in variables], [tuple(d.shape) for d in datasets]
        if expected == got:
            good.append((name, variables, datasets))
            continue
        text = f"{weights.name}: layer {name!r}: expected weights of shapes {expected}, got {got}."
        if not skip_mismatch:
            raise ValueError(text)
        warnings.warn(f"{text} It is skipped.", stacklevel=5)
    for name, variables, datasets in good:
        for variable, dataset in zip(variables, datasets, strict=True):
            variable.assign(weights.read(dataset, f"{name}/{variable.name}"))


def _compile(model, training, weights):
    optimizer = training.get("optimizer_config")
    config = {k: v for k, v in training.items() if k in _COMPILE_KEYS}
    if optimizer is not None:
        inner = {
            _RENAMED.get(k, k): v for k, v in optimizer.get("config", {}).items() if k not in ("decay", "jit_compile")
        }
        config["optimizer"] = {**optimizer, "module": "keras.optimizers", "config": inner}
    model.compile_from_config(config)
    root = weights.root
    if "optimizer_weights" in root and getattr(model, "optimizer", None) is not None:
        group = root["optimizer_weights"]
        datasets = [weights.descend(group, place) for place in _names(weights, group.attrs, "weight_names")]
        if not model.optimizer.built and len(datasets) > 2:
            model.optimizer.build(model.trainable_variables)
        variables = list(model.optimizer.variables)
        if [tuple(v.shape) for v in variables] != [tuple(d.shape) for d in datasets]:
            warnings.warn(f"{weights.name}: the state of the optimizer does not fit and is not loaded.", stacklevel=4)
            return
        for variable, dataset in zip(variables, datasets, strict=True):
            variable.assign(weights.read(dataset, f"optimizer/{variable.name}"))


_COMPILE_KEYS = (
    "loss",
    "loss_weights",
    "metrics",
    "weighted_metrics",
    "run_eagerly",
    "steps_per_execution",
    "jit_compile",
)


# -- writing ---------------------------------------------------------------------------------------------------------


def write_model(model, file, include_optimizer=True):
    """The model into an open file, in the old format."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as root:
        _stamp(root)
        config = {"class_name": type(model).__name__, "config": serialize_keras_object(model)["config"]}
        root.attrs["model_config"] = json.dumps(config)
        _write_weights(model, root.create_group("model_weights"))
        compile_config = (
            model.get_compile_config() if include_optimizer and hasattr(model, "get_compile_config") else None
        )
        if compile_config:
            _write_training(model, serialize_keras_object(compile_config), root)
    file.write(buffer.getbuffer())


def _stamp(group):
    group.attrs["keras_version"] = "3.15.1"
    group.attrs["backend"] = "jax"


def _write_weights(model, group):
    _stamp(group)
    _put_names(group.attrs, "layer_names", [layer.name for layer in model.layers])
    for layer in model.layers:
        _write_arrays(group.create_group(layer.name), _ordered(layer))
    own = [*model._trainable_variables, *model._non_trainable_variables]
    _write_arrays(group.create_group("top_level_model_weights"), own)


def _write_arrays(group, variables):
    names = []
    for variable in variables:
        name = variable.path
        names.append(f"{name}_{names.count(name)}" if name in names else name)
    _put_names(group.attrs, "weight_names", names)
    for name, variable in zip(names, variables, strict=True):
        group.create_dataset(name, data=as_array(variable))


def _write_training(model, config, root):
    optimizer = config.pop("optimizer", None)
    if isinstance(optimizer, dict):
        config["optimizer_config"] = {"class_name": optimizer["class_name"], "config": optimizer["config"]}
    root.attrs["training_config"] = json.dumps(config)
    if getattr(model, "optimizer", None) is not None:
        _write_arrays(root.create_group("optimizer_weights"), list(model.optimizer.variables))


def _put_names(attrs, key, names):
    """A list of names as one attribute, or as several where it is long."""
    text = [n.encode("utf-8") for n in names]
    if sum(map(len, text)) < _NAMES_LIMIT and max(map(len, text), default=0) * len(text) < _NAMES_LIMIT:
        attrs[key] = np.array(text) if text else np.array([], dtype="S1")
        return
    per_part = max(1, _NAMES_LIMIT // (max(map(len, text)) + 1))
    for i in range(0, len(text), per_part):
        attrs[f"{key}{i // per_part}"] = np.array(text[i : i + per_part])
