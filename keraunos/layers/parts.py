"""What a layer is made of: its own variables, layers, metrics, seeds, found by a walk over its attributes."""

from keraunos.core.tracked import walk
from keraunos.core.variable import Structure, Variable

_IGNORED = {"_captured", "_compile_config", "_inbound_nodes", "_outbound_nodes", "_own", "_parts_cache"}


def is_part(value):
    """Whether an attribute's value is, or may hold, a part that has variables."""
    return isinstance(value, (Variable, list, dict)) or hasattr(value, "_part_kind")


class Parts:
    """Mixin of ``Layer``: lists of parts, made anew when some structure has changed.

    A part says what it is by ``_part_kind``: "layer", "metric", "seed" or "optimizer".
    """

    _part_kind = "layer"

    def _init_parts(self):
        object.__setattr__(self, "_own", [])
        object.__setattr__(self, "_changes", 0)
        object.__setattr__(self, "_parts_cache", (-1, None))

    def _add_own(self, variable):
        self._own.append(variable)
        Structure.version += 1

    def _parts(self):
        version, parts = self._parts_cache
        if version != Structure.version:
            parts = self._find_parts()
            object.__setattr__(self, "_parts_cache", (Structure.version, parts))
        return parts

    def _find_parts(self):
        found = {"variable": list(self._own), "layer": [], "metric": [], "seed": [], "optimizer": []}
        seen = {id(v) for v in self._own} | {id(self)}
        for name, value in self.__dict__.items():
            if name in _IGNORED or not (is_part(value) or isinstance(value, tuple)):
                continue
            for part in walk(value):
                kind = "variable" if isinstance(part, Variable) else getattr(part, "_part_kind", None)
                if kind is not None and not isinstance(part, type) and id(part) not in seen:
                    seen.add(id(part))
                    found[kind].append(part)
        return found

    def _fingerprint(self):
        """What a compiled program depends on: the parts, their settings, which weights are trained."""
        return tuple(
            (id(layer), layer._changes, layer._trainable, tuple(v.trainable for v in layer._parts()["variable"]))
            for layer in self._flatten_layers()
        )

    @property
    def _layers(self):
        """Layers among the attributes, in the order in which they were set."""
        return self._parts()["layer"]

    @property
    def _metrics(self):
        return self._parts()["metric"]

    @property
    def _trainable_variables(self):
        return [v for v in self._parts()["variable"] if v.made_trainable]

    @property
    def _non_trainable_variables(self):
        return [v for v in self._parts()["variable"] if not v.made_trainable]

    def _flatten_layers(self, recursive=True, include_self=True):
        """This layer and all inside it, outer first."""
        seen, out, todo = set(), [], [self]
        while todo:
            layer = todo.pop(0)
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            if include_self or layer is not self:
                out.append(layer)
            if recursive or layer is self:
                todo[:0] = layer._layers
        return out

    def _collect(self, of_layer):
        found, seen = [], set()
        for layer in self._flatten_layers():
            for v in of_layer(layer):
                if id(v) not in seen:
                    seen.add(id(v))
                    found.append(v)
        return found

    @property
    def weights(self):
        """All weights, without seeds and metrics."""
        return self._collect(lambda layer: (*layer._trainable_variables, *layer._non_trainable_variables))

    @property
    def variables(self):
        """All variables of the state, seeds included, metrics not."""
        return self._collect(
            lambda layer: (
                *layer._trainable_variables,
                *layer._non_trainable_variables,
                *(s.state for s in layer._parts()["seed"]),
            )
        )

    @property
    def trainable_variables(self):
        """Variables that are trained."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self):
        """Variables of the state that are not trained."""
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    @property
    def trainable_weights(self):
        """Weights that are trained."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self):
        """Weights that are not trained."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def metrics(self):
        """Metrics of this layer and those inside it."""
        found = []
        for layer in self._flatten_layers():
            found.extend(m for m in layer._metrics if m not in found)
        return found

    @property
    def metrics_variables(self):
        """Variables of the metrics."""
        return [v for m in self.metrics for v in m.variables]

    @property
    def trainable(self):
        """Whether the weights are trained; setting it sets all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        value = bool(value)
        for layer in self._flatten_layers():
            object.__setattr__(layer, "_trainable", value)
            for v in layer._trainable_variables:
                v.trainable = value
        Structure.version += 1
