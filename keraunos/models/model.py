"""The base of models: a layer that can be compiled, trained, saved."""

import json

import numpy as np

from keraunos.callbacks.history import History  # noqa: F401 (the type of model.history)
from keraunos.core.scope import LOCAL
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.models.summary import print_summary
from keraunos.ops.symbolic import Operation
from keraunos.saving import load_weights, save_model, save_weights
from keraunos.train.trainer import Trainer
from keraunos.util import registry
from keraunos.util.serialization import serialize_keras_object


@registry.builtin("keras")
class Model(Trainer, Layer):
    """Layers that are trained together.

    Three ways to make one: ``keras.Model(inputs, outputs)`` from symbolic tensors, ``keras.Sequential([...])``, or a subclass with
    layers as attributes and a ``call``.

    Args:
        inputs, outputs: symbolic tensors (functional model only).
        name, trainable, dtype: as for layers.

    >>> import keraunos as keras
    >>> x = keras.Input((4,))
    >>> model = keras.Model(x, keras.layers.Dense(2)(x))
    >>> model.count_params()
    10
    """

    _functional_class = None  # set by models/functional.py, which stands on this class

    def __new__(cls, *args, **kwargs):
        if cls is Model and _is_functional(args, kwargs):
            return Model._functional_class.__new__(Model._functional_class, *args, **kwargs)
        return Layer.__new__(cls, *args, **kwargs)

    def __init__(self, *args, **kwargs):
        if _is_functional(args, kwargs):
            _become_functional(type(self))
            Model._functional_class.__init__(self, *args, **kwargs)
            return
        if args:
            raise TypeError(
                f"{type(self).__name__}: Model takes keyword arguments only (name, trainable, dtype), got {args!r}."
            )
        Layer.__init__(self, **kwargs)
        self._init_trainer()

    @property
    def layers(self):
        """Layers among the attributes."""
        return list(self._layers)

    def get_layer(self, name=None, index=None):
        """The layer of that name or place.

        Raises:
            ValueError: there is none; the message lists the names.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(f"{who(self)}: get_layer needs either a name or an index.")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(
                    f"{who(self)}: get_layer: index {index} is out of range, the model has {len(layers)} layers."
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in layers]
        raise ValueError(f"{who(self)}: no layer named {name!r}; there are {names}.{registry.near(name, names)}")

    def call(self, *args, **kwargs):
        """What the model computes; a subclass defines it."""
        raise NotImplementedError(f"{who(self)}: define call(self, inputs), or make the model from inputs and outputs.")

    def __call__(self, *args, **kwargs):
        if (
            len(args) == 1
            and LOCAL.call is None
            and LOCAL.state is None
            and not kwargs.get("training")
            and len(kwargs) <= 1
        ):
            if self._can_run_compiled(args[0], kwargs):
                with self._engine_scope():
                    return self._programs.forward(_standard_floats(args[0], self), "_inference")
        return Layer.__call__(self, *args, **kwargs)

    def _inference(self, inputs):
        return Layer.__call__(self, inputs, training=False)

    def _can_run_compiled(self, x, kwargs):
        """Whether a call on concrete data is one compiled program: a built graph of keraunos's own layers only."""
        if kwargs and "training" not in kwargs:
            return False
        engine = self._engine
        if not (type(x) is np.ndarray or (engine.is_array(x) and not engine.is_tracer(x))) or not engine.trains:
            return False
        if engine.in_trace() or engine.tapes and engine.taping():  # the user may take gradients of the outputs
            return False
        return self.built and not self.run_eagerly and self._is_known()

    def _is_known(self):
        self._programs.refresh()
        cached = self.__dict__.get("_known")
        if cached is None or cached[0] != self._programs._version:
            layers = self._flatten_layers()
            known = all(layer._row_wise and layer.built and layer.activity_regularizer is None for layer in layers)
            known = known and not any(getattr(layer, "_has_own_mode", False) for layer in layers)
            cached = (self._programs._version, known)
            object.__setattr__(self, "_known", cached)
        return cached[1]

    def summary(
        self,
        line_length=None,
        positions=None,
        print_fn=None,
        expand_nested=False,
        show_trainable=False,
        layer_range=None,
    ):
        """Print a table of the layers, their output shapes and numbers of parameters."""
        print_summary(
            self,
            line_length=line_length,
            positions=positions,
            print_fn=print_fn,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )

    def save(self, filepath, overwrite=True, zipped=None, **kwargs):
        """Write the model to a ``.keras`` file (whole or not at all)."""
        return save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath, overwrite=True, max_shard_size=None):
        """Write the weights to a ``.weights.h5`` file."""
        return save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath, skip_mismatch=False, **kwargs):
        """Read weights from a ``.weights.h5`` or ``.keras`` file."""
        return load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def to_json(self, **kwargs):
        """The architecture as JSON; see ``keras.models.model_from_json``."""
        return json.dumps(serialize_keras_object(self), **kwargs)

    def build_from_config(self, config):
        """Build with the shapes of ``get_build_config()``."""
        if not config or self.built:
            return
        Layer.build_from_config(self, config)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        if "layers" in config and "input_layers" in config:
            functional = Model._functional_class
            return functional.from_config(config, custom_objects=custom_objects)
        return super().from_config(config)

    @property
    def input(self):
        """Symbolic input(s); functional models only."""
        return Operation.input.fget(self)


setattr(Model.call, "_is_abstract", True)  # noqa: B010 (a mark on the function)


def _is_functional(args, kwargs):
    return len(args) == 2 or (len(args) == 1 and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs)


def _become_functional(cls):
    """Let a subclass that calls ``super().__init__(inputs, outputs)`` stand on ``Functional`` instead of ``Model``."""
    functional = Model._functional_class
    if issubclass(cls, functional):
        return
    for base in cls.__mro__:
        if Model in base.__bases__ and base is not functional:
            base.__bases__ = tuple(functional if b is Model else b for b in base.__bases__)
            return


def _standard_floats(x, model):
    """NumPy floats in the dtype that the first layer would cast to, so that no second program is compiled for float64."""
    if type(x) is np.ndarray and x.dtype == np.float64:
        return x.astype(np.float32)
    return x
