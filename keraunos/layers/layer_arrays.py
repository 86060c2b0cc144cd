"""A layer's state as arrays: set, count, call without changing, write to files."""

from keraunos.backend import Engine, dispatch
from keraunos.core.scope import LOCAL, StateScope
from keraunos.core.variable import Structure
from keraunos.layers.input_spec import who


class LayerArrays:
    """Mixin of ``Layer``."""

    def get_weights(self):
        """Weights as NumPy arrays, in the order of ``weights``."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights):
        """Set the weights from arrays in the order of ``weights``."""
        variables = self.weights
        if len(variables) != len(weights):
            hint = "" if self.built else " It has not been built yet: call it on data or build(input_shape) first."
            raise ValueError(f"{who(self)}: set_weights expected {len(variables)} arrays, got {len(weights)}.{hint}")
        for v, w in zip(variables, weights, strict=True):
            if tuple(getattr(w, "shape", ())) != v.shape:
                raise ValueError(
                    f"{who(self)}: set_weights: {v.path!r} has shape {v.shape}, got {getattr(w, 'shape', ())}."
                )
        for v, w in zip(variables, weights, strict=True):
            v.assign(w)

    def count_params(self):
        """Number of scalars in the weights."""
        if not self.built:
            raise ValueError(
                f"{who(self)}: count_params needs built weights. Call the layer on data, or build(input_shape), first."
            )
        return sum(v.size for v in self.weights)

    def stateless_call(self, trainable_variables, non_trainable_variables, *args, return_losses=False, **kwargs):
        """Call with the given values for the variables, changing nothing.

        Returns:
            (outputs, new non-trainable values), and the losses third with ``return_losses``.
        """
        if not self.built:
            raise ValueError(
                f"{who(self)}: stateless_call needs built weights. Call it on data, or build(input_shape), first."
            )
        trainable, other = self.trainable_variables, self.non_trainable_variables
        _check_count(self, "trainable_variables", trainable, trainable_variables)
        _check_count(self, "non_trainable_variables", other, non_trainable_variables)
        losses_outside, LOCAL.losses = LOCAL.losses, {}
        try:
            with StateScope([*trainable, *other], [*trainable_variables, *non_trainable_variables]) as scope:
                outputs = self(*args, **kwargs)
                losses = self.losses if return_losses else None
            new = [scope.read(v) for v in other]
        finally:
            LOCAL.losses = losses_outside
        return (outputs, new, losses) if return_losses else (outputs, new)

    def to(self, target):
        """Move the layer, all inside it and all that belongs to its training to another engine or device; returns the layer.

        Weights, optimizer slots, metrics and seeds move, so that training goes on where it was.

        Args:
            target: the name of an engine ("jax", "torch", "numpy"), or of a device of the present one ("cpu", "gpu:0", "cuda:1").

        Raises:
            ValueError: there is no such engine or device.

        >>> import keraunos as keras
        >>> layer = keras.layers.Dense(2)
        >>> layer.build((None, 3))
        >>> type(layer.to("numpy")(keras.ops.ones((1, 3)).tolist())).__name__
        'ndarray'
        """
        name = str(target)
        engine = dispatch.get_engine(name) if name in dispatch.engine_names() else None
        for layer in self._flatten_layers():
            layer._check_engine(engine or layer._engine)
        for v in self._all_state():
            v.to(engine, None if engine is not None else name)
        for layer in self._flatten_layers():
            if engine is not None:
                layer._take_engine(engine)
            object.__setattr__(layer, "_device", None if engine is not None else name)
        Structure.version += 1
        return self

    def _check_engine(self, engine):
        """Raise ``ValueError`` where the layer can't compute on ``engine``; keraunos's own layers compute on all."""

    def _all_state(self):
        """Every variable of the layer and of its training, each once."""
        found = [*self.variables]
        for layer in self._flatten_layers():
            parts = layer._parts()
            found += [v for m in (*parts["metric"], *layer.metrics) for v in m.variables]
            found += [v for o in parts["optimizer"] for v in o.variables]
        return list({id(v): v for v in found}.values())

    def _take_engine(self, engine):
        """Compute on ``engine`` from now on; arrays among the attributes follow."""
        self._engine = engine
        self.__dict__["_changes"] += 1  # programs compiled before were for the other engine
        for name, value in list(self.__dict__.items()):
            kind = dispatch.kind_of.get(type(value))
            if isinstance(kind, Engine) and kind is not engine:
                object.__setattr__(self, name, engine.asarray(kind.to_numpy(value)))

    def save_own_variables(self, store):
        """Write this layer's own variables (not those of its parts) into a mapping."""
        for i, v in enumerate((*self._trainable_variables, *self._non_trainable_variables)):
            store[str(i)] = v

    def load_own_variables(self, store):
        """Read this layer's own variables from a mapping."""
        own = (*self._trainable_variables, *self._non_trainable_variables)
        if len(store.keys()) != len(own):
            built = (
                ""
                if self.built
                else " The layer has not been built: call the model on data, or build it, before loading."
            )
            raise ValueError(
                f"{who(self)}: the file holds {len(store.keys())} variables, the layer has {len(own)}.{built}"
            )
        for i, v in enumerate(own):
            v.assign(store[str(i)])

    def save_assets(self, dir_path):
        """Write files beside the weights (vocabularies); nothing by default."""

    def load_assets(self, dir_path):
        """Read what ``save_assets`` wrote."""


def _check_count(layer, argument, variables, values):
    if len(variables) != len(values):
        raise ValueError(
            f"{who(layer)}: stateless_call: {argument} must hold {len(variables)} values, got {len(values)}."
        )
