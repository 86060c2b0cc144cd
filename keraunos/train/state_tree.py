"""The state of a model and its training as nested arrays."""

from keraunos.layers.input_spec import who


class StateTree:
    """Mixin of ``Trainer``."""

    def get_state_tree(self, value_format="backend_tensor"):
        """All variables by path, in groups: trainable, non-trainable, optimizer's, metrics'.

        Args:
            value_format: "backend_tensor" for arrays of the engine, "numpy_array" for NumPy's.
        """
        if value_format not in ("backend_tensor", "numpy_array"):
            raise ValueError(
                f"{who(self)}: get_state_tree: value_format must be 'backend_tensor' or 'numpy_array', got {value_format!r}."
            )
        as_value = (lambda v: v.numpy()) if value_format == "numpy_array" else (lambda v: v.value)
        return {name: _nest_by_path(group, as_value) for name, group in self._state_groups().items()}

    def set_state_tree(self, state_tree):
        """Assign what ``get_state_tree`` gave; groups and variables that are missing are left alone."""
        groups = self._state_groups()
        for name, nest in state_tree.items():
            if name not in groups:
                raise ValueError(f"{who(self)}: set_state_tree: unknown group {name!r}; there are {list(groups)}.")
            by_path = {v.path: v for v in groups[name]}
            for path, value in _flat_by_path(nest):
                if path not in by_path:
                    raise ValueError(f"{who(self)}: set_state_tree: there is no variable {path!r} in {name!r}.")
                by_path[path].assign(value)

    def _state_groups(self):
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": self.optimizer.variables if self.optimizer is not None else [],
            "metrics_variables": self.metrics_variables,
        }


def _nest_by_path(variables, as_value):
    """Values nested by the parts of the variables' paths."""
    nest = {}
    for v in variables:
        *folders, name = v.path.split("/")
        place = nest
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = as_value(v)
    return nest


def _flat_by_path(nest, prefix=""):
    """Pairs (path, value) of nested values."""
    for name, value in nest.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _flat_by_path(value, path + "/")
        else:
            yield path, value
