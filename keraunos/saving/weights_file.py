"""``save_weights`` and ``load_weights``, in one file or in shards."""

import json
import os

from keraunos.saving import archive, legacy_h5
from keraunos.saving.hdf5_read import WeightsFile
from keraunos.saving.hdf5_write import WeightsWriter, as_array
from keraunos.saving.model_file import ModelFileNotFound, may_write, opened_weights, parse_json
from keraunos.saving.state import load_state, save_state
from keraunos.saving.walk import walk
from keraunos.saving.whole import whole_file
from keraunos.util import registry

_ONE, _INDEX = ".weights.h5", ".weights.json"


@registry.builtin("keras.saving", "save_weights")
def save_weights(model, filepath, overwrite=True, max_shard_size=None, **kwargs):
    """Write a model's weights, and its optimizer's state, to a file, whole or not at all.

    Args:
        filepath: path ending in ".weights.h5"; with ``max_shard_size`` in ".weights.json".
        overwrite: whether a file that stands there is replaced without asking.
        max_shard_size: in GB; larger models are spread over several files, which the JSON file lists.

    Raises ``ValueError`` for another ending or a model that was not built.

    >>> import keraunos as keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> keras.saving.save_weights(model, "m.weights.h5")
    >>> keras.saving.load_weights(model, "m.weights.h5")
    """
    path = os.fspath(filepath)
    if kwargs:
        raise ValueError(f"save_weights: unknown argument(s) {sorted(kwargs)}.")
    ending = _INDEX if max_shard_size is not None else _ONE
    if not path.endswith((_ONE, _INDEX) if max_shard_size is not None else _ONE):
        raise ValueError(f"save_weights: filepath must end in {ending!r}, got {path!r}.")
    if not getattr(model, "built", True):
        raise ValueError(
            f"save_weights: the model {model.name!r} has no weights yet: call it on data, or build(input_shape), first."
        )
    if not may_write(path, overwrite):
        return
    if max_shard_size is not None:
        _save_shards(model, path, max_shard_size)
        return
    writer = WeightsWriter()
    save_state(model, writer)
    with whole_file(path) as file:
        writer.pour(file.write)


def _save_shards(model, path, max_shard_size):
    limit = float(max_shard_size) * 1024**3
    if not limit > 0:
        raise ValueError(f"save_weights: max_shard_size must be a positive number of GB, got {max_shard_size!r}.")
    stem = path.removesuffix(_INDEX).removesuffix(_ONE)
    shards = _Shards(stem, limit)
    for where, part in walk(model):
        part.save_own_variables(_ShardStore(shards, where, part.name))
    shards.close()
    index = {"metadata": {"total_size": float(shards.total)}, "weight_map": shards.map}
    with whole_file(stem + _INDEX) as file:
        file.write(json.dumps(index, indent=4).encode())


class _Shards:
    """The files of a sharded save: the next is begun when a variable does not fit any more."""

    def __init__(self, stem, limit):
        self.stem, self.limit = stem, limit
        self.map = {}
        self.total = self.number = 0
        self.writer, self.groups = WeightsWriter(), {}

    def put(self, where, name, key, value):
        array = as_array(value)
        if array.nbytes > self.limit:
            raise ValueError(
                f"save_weights: max_shard_size is {self.limit:.0f} bytes, but the variable {key} of {where or name!r} alone "
                f"has {array.nbytes}."
            )
        if self.writer.nbytes + array.nbytes > self.limit:
            self.close()
            self.writer, self.groups, self.number = WeightsWriter(), {}, self.number + 1
        if where not in self.groups:
            self.groups[where] = self.writer.group(where, name)
        self.groups[where][key] = array
        self.total += array.nbytes
        files = self.map.setdefault(f"/{where}/vars" if where else "/vars", [])
        if self.file not in files:
            files.append(self.file)

    @property
    def file(self):
        """Name of the file that is filled now."""
        return f"{os.path.basename(self.stem)}_{self.number:05d}{_ONE}"

    def close(self):
        with whole_file(os.path.join(os.path.dirname(self.stem), self.file)) as file:
            self.writer.pour(file.write)


class _ShardStore:
    """What ``save_own_variables(store)`` gets in a sharded save."""

    def __init__(self, shards, where, name):
        self._shards, self._where, self._name = shards, where, name

    def __setitem__(self, key, value):
        self._shards.put(self._where, self._name, str(key), value)


@registry.builtin("keras.saving", "load_weights")
def load_weights(model, filepath, skip_mismatch=False, **kwargs):
    """Read weights of ``save_weights``, ``save_model`` or Keras into a model of the same structure.

    Args:
        filepath: a ".weights.h5", ".weights.json", ".keras" or (Keras 2) ".h5" file.
        skip_mismatch: leave out layers whose weights differ in number or shape, with a warning.
        by_name: (".h5" of Keras 2 only) match layers by name instead of by order.

    Raises ``ValueError`` where the weights don't fit or the file is damaged; nothing is loaded then.

    >>> import keraunos as keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.save_weights("m.weights.h5")
    >>> model.load_weights("m.weights.h5")
    """
    path = os.fspath(filepath)
    by_name = kwargs.pop("by_name", False)
    if kwargs:
        raise ValueError(f"load_weights: unknown argument(s) {sorted(kwargs)}.")
    if not os.path.isfile(path):
        raise ModelFileNotFound(
            f"File not found: {path!r}. load_weights needs the path of an existing file of weights."
        )
    legacy = path.endswith((".h5", ".hdf5")) and not path.endswith(_ONE)
    if by_name and not legacy:
        raise ValueError(f"load_weights: by_name is for .h5 files of Keras 2 only, got {path!r}.")
    with open(path, "rb") as file:
        if path.endswith(_INDEX):
            _load_shards(model, file, path, skip_mismatch)
        elif path.endswith(".keras"):
            with opened_weights(archive.ArchiveReader(file, path), verify=True) as weights:
                load_state(model, weights, skip_mismatch)
        elif legacy:
            legacy_h5.read_weights(model, file, path, skip_mismatch, by_name)
        elif path.endswith(_ONE):
            with WeightsFile(file, path) as weights:
                weights.verify()
                weights.check = False
                load_state(model, weights, skip_mismatch)
        else:
            raise ValueError(f"load_weights: filepath must end in '.weights.h5', '.keras' or '.h5', got {path!r}.")


def _load_shards(model, file, path, skip_mismatch):
    index = parse_json(file.read().decode("utf-8", "replace"), path)
    with _ShardedFile(index.get("weight_map"), path) as weights:
        load_state(model, weights, skip_mismatch)


class _ShardedFile:
    """Several files of weights that look like one."""

    def __init__(self, weight_map, path):
        self.name = path
        if not isinstance(weight_map, dict):
            raise ValueError(f"{path} must have a dict 'weight_map', got {type(weight_map).__name__}.")
        self._map = {k.strip("/").removesuffix("vars").strip("/"): _file_names(v, path) for k, v in weight_map.items()}
        self._open = {}

    def __enter__(self):
        folder = os.path.dirname(self.name)
        try:
            for name in sorted({name for names in self._map.values() for name in names}):
                file = open(os.path.join(folder, name), "rb")
                self._open[name] = (WeightsFile(file, os.path.join(folder, name)), file)
                self._open[name][0].verify()
        except (OSError, ValueError) as e:
            self.__exit__()
            raise ValueError(f"{self.name}: a shard can't be read: {e}") from e
        return self

    def __exit__(self, *exc):
        for weights, file in self._open.values():
            weights.close()
            file.close()

    def group(self, path):
        """The mapping of the variables of one object, from all shards that have some of them."""
        groups = [self._open[name][0].group(path) for name in self._map.get(path, ())]
        groups = [g for g in groups if g is not None]
        return _Joined(groups) if groups else None

    def paths(self):
        """Paths of the objects that have variables."""
        return list(self._map)


def _file_names(names, path):
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(n, str) and n == os.path.basename(n) and n for n in names):
        raise ValueError(f"{path}: shards must be files of the same folder, got {names!r}.")
    return names


class _Joined(dict):
    """The variables of one object in several shards, read when asked for."""

    def __init__(self, groups):
        super().__init__({key: group for group in groups for key in group})

    def __getitem__(self, key):
        return super().__getitem__(key)[key]

    def shape(self, key):
        """The declared shape of a variable."""
        return super().__getitem__(key).shape(key)
