"""Looking into files of weights, and mending them."""

import os

import numpy as np

from keraunos.saving import archive
from keraunos.saving.hdf5_read import WeightsFile
from keraunos.saving.hdf5_write import WeightsWriter
from keraunos.saving.model_file import opened_weights, parse_json
from keraunos.saving.walk import walk
from keraunos.saving.whole import whole_file
from keraunos.util import registry
from keraunos.util.errors import near


@registry.builtin("keras.saving")
class KerasFileEditor:
    """The weights of a file, to be listed, compared with a model, renamed, added, removed, and saved again.

    Args:
        filepath: a ".weights.h5" or ".keras" file.

    Raises ``ValueError`` for other or damaged files.

    >>> import keraunos as keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.save_weights("m.weights.h5")
    >>> editor = keras.saving.KerasFileEditor("m.weights.h5")
    >>> editor.rename_object("dense", "logits")
    >>> editor.summary()
    m.weights.h5
      layers
        logits
          0: shape=(2, 1), dtype=float32
          1: shape=(1,), dtype=float32
    """

    def __init__(self, filepath):
        self.filepath = os.fspath(filepath)
        self.metadata = self.config = None
        if not self.filepath.endswith((".weights.h5", ".keras")):
            raise ValueError(f"KerasFileEditor: filepath must end in '.weights.h5' or '.keras', got {self.filepath!r}.")
        with open(self.filepath, "rb") as file:
            if self.filepath.endswith(".keras"):
                source = archive.ArchiveReader(file, self.filepath)
                self.metadata = parse_json(source.text(archive.METADATA), archive.METADATA)
                self.config = parse_json(source.text(archive.CONFIG), archive.CONFIG)
                with opened_weights(source) as weights:
                    self.weights_dict = _read_all(weights)
            else:
                with WeightsFile(file, self.filepath) as weights:
                    self.weights_dict = _read_all(weights)

    def summary(self):
        """Print the tree of objects and the shapes of their weights."""
        print(self.filepath)
        _print_tree(self.weights_dict, 1)

    def compare(self, reference_model):
        """Print how the file differs from what a model needs.

        Returns:
            A dict: "status" ("success" or "error"), "error_count", "match_count".
        """
        errors, matches = [], 0
        for path, part in walk(reference_model):
            wanted = _Collected()
            part.save_own_variables(wanted)
            stored = _weights_of(self._get(path) or {})
            if wanted and not stored:
                errors.append(f"{path} is in the model with the weights {sorted(wanted)}, but not in the file")
                continue
            for key, value in wanted.items():
                shape = np.shape(value)
                if key not in stored:
                    errors.append(f"{path}/{key} is in the model, but not in the file")
                elif stored[key].shape != shape:
                    errors.append(f"{path}/{key} has shape {shape} in the model, {stored[key].shape} in the file")
                else:
                    matches += 1
        for error in errors:
            print(error)
        fits = "does not fit" if errors else "fits"
        print(f"The file {fits} the model: {matches} weights match, {len(errors)} differences.")
        return {"status": "error" if errors else "success", "error_count": len(errors), "match_count": matches}

    def rename_object(self, object_name, new_name):
        """Give an object (by path, or by name where it is unique) another last name."""
        parent, name = self._find(object_name)
        if new_name in parent:
            raise ValueError(f"KerasFileEditor: there is already an object {new_name!r} beside {object_name!r}.")
        items = [(new_name if k == name else k, v) for k, v in parent.items()]
        parent.clear()
        parent.update(items)

    def delete_object(self, object_name):
        """Remove an object with all its weights."""
        parent, name = self._find(object_name)
        del parent[name]

    def add_object(self, object_path, weights):
        """Add an object under a full path, with a dict of weight names to arrays."""
        *above, name = _split(object_path)
        parent = self.weights_dict
        for part in above:
            parent = parent.setdefault(part, {})
        if name in parent:
            raise ValueError(f"KerasFileEditor: there is already an object {object_path!r}.")
        parent[name] = _checked(weights)

    def add_weights(self, object_name, weights):
        """Add weights to an object: a dict of names to arrays."""
        parent, name = self._find(object_name)
        parent[name].update(_checked(weights))

    def delete_weight(self, object_name, weight_name):
        """Remove one weight of an object."""
        parent, name = self._find(object_name)
        if weight_name not in _weights_of(parent[name]):
            known = sorted(_weights_of(parent[name]))
            raise ValueError(f"KerasFileEditor: {object_name!r} has no weight {weight_name!r}, only {known}.")
        del parent[name][weight_name]

    def save(self, filepath):
        """Write the weights to a ".weights.h5" file."""
        path = os.fspath(filepath)
        if not path.endswith(".weights.h5"):
            raise ValueError(f"KerasFileEditor: save: filepath must end in '.weights.h5', got {path!r}.")
        writer = WeightsWriter()
        _write_all(writer, self.weights_dict, "")
        with whole_file(path) as file:
            writer.pour(file.write)

    def resave_weights(self, filepath):
        """The older name of ``save``."""
        self.save(filepath)

    def _get(self, path):
        here = self.weights_dict
        for part in _split(path):
            here = here.get(part) if isinstance(here, dict) else None
        return here

    def _find(self, object_name):
        """(dict that holds the object, key in it) of a path, or of a name that stands once."""
        *above, name = _split(object_name)
        parent = self._get("/".join(above))
        if above or (isinstance(parent, dict) and isinstance(parent.get(name), dict)):
            places = [parent] if isinstance(parent, dict) and isinstance(parent.get(name), dict) else []
        else:
            places = [d for _, d in _objects(self.weights_dict, "") if isinstance(d.get(name), dict)]
        if len(places) != 1:
            known = [path for path, _ in _objects(self.weights_dict, "") if path]
            problem = "no object" if not places else f"{len(places)} objects (give the whole path)"
            raise ValueError(f"KerasFileEditor: {problem} {object_name!r} in the file.{near(object_name, known)}")
        return places[0], name


class _Collected(dict):
    """What ``save_own_variables(store)`` put in."""

    def __setitem__(self, key, value):
        super().__setitem__(str(key), value)


def _split(path):
    return [part for part in path.split("/") if part]


def _checked(weights):
    if not isinstance(weights, dict):
        raise ValueError(f"KerasFileEditor: weights must be a dict of names to arrays, got {type(weights).__name__}.")
    return {str(k): np.asarray(v) for k, v in weights.items()}


def _weights_of(node):
    return {k: v for k, v in node.items() if not isinstance(v, dict)}


def _objects(node, path):
    """(path, dict) of every object and container."""
    yield path, node
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _objects(value, f"{path}/{name}" if path else name)


def _read_all(weights):
    tree = {}
    for path in weights.paths():
        here = tree
        for part in _split(path):
            here = here.setdefault(part, {})
        here.update(weights.group(path).items())
    return tree


def _write_all(writer, node, path):
    own = _weights_of(node)
    if own:
        group = writer.group(path, path.rpartition("/")[2])
        for key, value in own.items():
            group[key] = value
    for name, value in node.items():
        if isinstance(value, dict):
            _write_all(writer, value, f"{path}/{name}" if path else name)


def _print_tree(node, depth):
    for name, value in node.items():
        indent = "  " * depth
        if isinstance(value, dict):
            print(f"{indent}{name}")
            _print_tree(value, depth + 1)
        else:
            print(f"{indent}{name}: shape={value.shape}, dtype={value.dtype}")
