"""``save_model`` and ``load_model``."""

import contextlib
import datetime
import json
import os
import sys
import tempfile

from keraunos.core.variable import initial_values_wait
from keraunos.saving import archive, legacy_h5
from keraunos.saving.hdf5_read import WeightsFile
from keraunos.saving.hdf5_write import WeightsWriter
from keraunos.saving.state import load_assets, load_state, save_assets, save_state
from keraunos.saving.whole import whole_file, whole_folder
from keraunos.util import registry
from keraunos.util.serialization import deserialize_keras_object, serialize_with_sharing, sharing

KERAS_VERSION = "3.15.1"  # whose format the files have
_LEGACY = (".h5", ".hdf5")


class ModelFileNotFound(FileNotFoundError, ValueError):
    """There is no such file. (Keras raises ``ValueError``.)"""


@registry.builtin("keras.saving", "save_model")
def save_model(model, filepath, overwrite=True, zipped=None, **kwargs):
    """Write a model's architecture, weights, and state of training to a file, whole or not at all.

    Args:
        filepath: path ending in ".keras"; or in ".h5" for the format of Keras 2.
        overwrite: whether a file that stands there is replaced without asking.
        zipped: False: a folder with the members of the archive instead.

    Raises ``ValueError`` for another ending and ``OSError`` when it can't be written; what stood there is unchanged then.

    >>> import keraunos as keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> keras.saving.save_model(model, "model.keras")
    >>> keras.saving.load_model("model.keras").count_params()
    3
    """
    path = os.fspath(filepath) if isinstance(filepath, (str, os.PathLike)) else None
    include_optimizer = kwargs.pop("include_optimizer", True)
    if kwargs.pop("save_format", None) not in (None, "keras", "h5") or kwargs:
        raise ValueError(f"save_model: unknown argument(s) {sorted(kwargs) or ['save_format']}.")
    folder = zipped is False and path is not None and not path.endswith(_LEGACY)
    if path is None or not (folder or path.endswith((".keras", *_LEGACY))):
        raise ValueError(
            "save_model: filepath must end in '.keras' (or in '.h5' for the format of Keras 2; weights alone are written by "
            f"save_weights, and model.export() writes other formats), got {filepath!r}."
        )
    if not may_write(path, overwrite):
        return
    if folder:
        with whole_folder(path) as inside:
            _write_folder(model, inside)
    else:
        with whole_file(path) as file:
            if path.endswith(_LEGACY):
                legacy_h5.write_model(model, file, include_optimizer)
            else:
                _write_archive(model, file)


def may_write(path, overwrite):
    """Whether ``path`` is free, may be overwritten, or the user says that it may."""
    if overwrite or not os.path.exists(path):
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise FileExistsError(f"{path!r} exists already. Pass overwrite=True to replace it.")
    return input(f"{path!r} exists already. Overwrite it? [y/n] ").strip().lower() in ("y", "yes")


def _members(model):
    """(metadata, config) as text, and the writer of the weights."""
    config = json.dumps(serialize_with_sharing(model))
    date = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = json.dumps({"keras_version": KERAS_VERSION, "date_saved": date, "written_by": "keraunos"})
    writer = WeightsWriter()
    save_state(model, writer)
    return metadata, config, writer


def _write_archive(model, file):
    metadata, config, writer = _members(model)
    target = archive.ArchiveWriter(file)
    target.text(archive.METADATA, metadata)
    target.text(archive.CONFIG, config)
    target.poured(archive.WEIGHTS, writer.pour, writer.nbytes)
    with tempfile.TemporaryDirectory() as folder:
        save_assets(model, folder)
        target.folder(archive.ASSETS, folder)
    target.close()


def _write_folder(model, folder):
    metadata, config, writer = _members(model)
    for name, text in ((archive.METADATA, metadata), (archive.CONFIG, config)):
        with open(os.path.join(folder, name), "x", encoding="utf-8") as file:
            file.write(text)
    with open(os.path.join(folder, archive.WEIGHTS), "xb") as file:
        writer.pour(file.write)
    assets = os.path.join(folder, archive.ASSETS)
    os.mkdir(assets)
    save_assets(model, assets)
    if not any(files for _, _, files in os.walk(assets)):
        for where, _, _ in os.walk(assets, topdown=False):
            os.rmdir(where)


@registry.builtin("keras.saving", "load_model")
def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    """The model that a file holds: one of ``save_model``, or of Keras.

    Args:
        filepath: a ".keras" file (or unzipped folder), or an ".h5" file of Keras 2 or 3.
        custom_objects: dict of names to classes and functions of your own that are not registered.
        compile: whether the optimizer, loss and metrics are restored too.
        safe_mode: refuse files that carry Python code (``Lambda`` layers).

    Raises ``ValueError`` when there is no such file, it is damaged, or names something unknown. Nothing in the file is run, and
    nothing is imported because of it.

    >>> import keraunos as keras
    >>> keras.saving.save_model(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="m"), "m.keras")
    >>> keras.saving.load_model("m.keras").name
    'm'
    """
    path = os.fspath(filepath)
    if not os.path.exists(path):
        raise ModelFileNotFound(
            f"File not found: {path!r}. load_model needs the path of an existing .keras file (or .h5 file of Keras 2)."
        )
    if os.path.isdir(path):
        return _load_folder(path, custom_objects, compile, safe_mode)
    with open(path, "rb") as file:
        start = file.read(8)
        if start == legacy_h5.SIGNATURE:
            return legacy_h5.read_model(file, path, custom_objects, compile, safe_mode)
        return _load_archive(file, path, custom_objects, compile, safe_mode)


def _load_archive(file, path, custom_objects, compile, safe_mode):
    source = archive.ArchiveReader(file, path)
    source.text(archive.METADATA)
    config = parse_json(source.text(archive.CONFIG), f"{path}: {archive.CONFIG}")
    with opened_weights(source) as weights, initial_values_wait(), tempfile.TemporaryDirectory() as folder:
        model = make_model(config, custom_objects, compile, safe_mode)
        load_state(model, weights)
        if source.unpack_folder(archive.ASSETS, folder):
            load_assets(model, folder)
    return model


def _load_folder(path, custom_objects, compile, safe_mode):
    with open(os.path.join(path, archive.CONFIG), encoding="utf-8") as file:
        config = parse_json(file.read(), os.path.join(path, archive.CONFIG))
    with initial_values_wait():
        return _load_members(path, make_model(config, custom_objects, compile, safe_mode))


def _load_members(path, model):
    name = os.path.join(path, archive.WEIGHTS)
    with open(name, "rb") as file, WeightsFile(file, name) as weights:
        load_state(model, weights)
    load_assets(model, os.path.join(path, archive.ASSETS))
    return model


@contextlib.contextmanager
def opened_weights(source, verify=False):
    """The weights in an archive; ``ValueError`` after the block when they were damaged, with ``verify`` before it."""
    file, start, size, fits = source.region(archive.WEIGHTS)
    name = f"{source.name}: {archive.WEIGHTS}"
    with contextlib.nullcontext() if source.owns(file) else file:
        if verify and not fits():
            raise _damaged(file, name, start, size)
        try:
            with WeightsFile(file, name, start, size, check=False) as weights:
                yield weights
        finally:
            if not fits():  # whatever went wrong in the block, this is why
                raise _damaged(file, name, start, size)


def _damaged(file, name, start, size):
    """The error for weights whose checksum does not fit; it names the first that is damaged, if the file knows."""
    try:
        with WeightsFile(file, name, start, size) as weights:
            weights.verify()
    except ValueError as e:
        return e
    return ValueError(f"{name} is damaged: its checksum does not fit.")


def parse_json(text, name):
    """The dict that a text holds, or an error that names the file."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise ValueError(f"{name} is not readable JSON: {e}") from e
    if not isinstance(found, dict):
        raise ValueError(f"{name} must hold a configuration (a dict), got a {type(found).__name__}.")
    return found


def make_model(config, custom_objects, compile, safe_mode):
    """A model from its configuration, compiled if wanted."""
    if not compile:
        config = {k: v for k, v in config.items() if k != "compile_config"}
    with sharing("read"):
        model = deserialize_keras_object(config, custom_objects=custom_objects, safe_mode=safe_mode)
    if not hasattr(model, "_part_kind"):
        raise ValueError(f"The file must hold a model or layer, got a configuration of {type(model).__name__}.")
    return model
