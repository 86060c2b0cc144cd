"""A stack of layers."""

from keraunos.layers.input_layer import Input, InputLayer
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.models.functional import Functional
from keraunos.models.model import Model
from keraunos.ops.symbolic import KerasTensor
from keraunos.util import registry
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


@registry.builtin("keras")
class Sequential(Model):
    """A plain stack of layers: one input, one output, each layer fed by the one before.

    Args:
        layers: list of layers; the first may be ``keras.Input(shape)``.

    **Shape:** input of the first layer to output of the last.

    >>> import keraunos as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="relu"), keras.layers.Dense(1)])
    >>> model.output_shape
    (None, 1)
    """

    _row_wise = True

    def __init__(self, layers=None, trainable=True, name=None, **kwargs):
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._stack = []
        self._functional = None
        if layers is not None:
            for layer in layers:
                self.add(layer, rebuild=False)
            self._maybe_rebuild()

    @property
    def _layers(self):
        return list(self._stack)

    @property
    def layers(self):
        """The layers, the input left out."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def add(self, layer, rebuild=True):
        """Put a layer on top of the stack."""
        if isinstance(layer, KerasTensor) and layer.node is not None and layer.node.is_input:
            layer = layer.node.operation
        if not isinstance(layer, Layer):
            raise ValueError(f"{who(self)}: only layers can be added, got {type(layer).__name__}: {layer!r}.")
        if not self._stack and not isinstance(layer, InputLayer) and layer._input_shape_arg is not None:
            self._stack = [Input(batch_shape=layer._input_shape_arg, dtype=layer.compute_dtype).node.operation]
        if isinstance(layer, InputLayer) and self._stack:
            raise ValueError(
                f"{who(self)}: an Input can only stand first; the stack already holds {[x.name for x in self._stack]}."
            )
        if layer.name in [x.name for x in self._stack]:
            raise ValueError(f"{who(self)}: layer names must be unique; there is already a layer {layer.name!r}.")
        self._stack = [*self._stack, layer]
        self._functional = None
        self.built = False
        if rebuild:
            self._maybe_rebuild()

    def pop(self, rebuild=True):
        """Take the top layer off and return it."""
        if not self.layers:
            raise ValueError(f"{who(self)}: pop: the stack is empty.")
        layer = self._stack[-1]
        self._stack = self._stack[:-1]
        self._functional = None
        self.built = False
        if rebuild:
            self._maybe_rebuild()
        return layer

    def _maybe_rebuild(self):
        if self._stack and isinstance(self._stack[0], InputLayer) and len(self._stack) > 1:
            self.build(self._stack[0].batch_shape)

    def build(self, input_shape=None):
        """Make the graph and the weights for inputs of that shape."""
        if not self.layers and not self._stack:
            raise ValueError(f"{who(self)}: build: the stack has no layers.")
        if self._stack and isinstance(self._stack[0], InputLayer):
            if input_shape is not None and not _agree(self._stack[0].batch_shape, input_shape):
                raise ValueError(
                    f"{who(self)}: built for inputs of shape {self._stack[0].batch_shape}, got {tuple(input_shape)}."
                )
        else:
            if input_shape is None:
                raise ValueError(
                    f"{who(self)}: build needs input_shape (with the batch dimension) when no Input stands first."
                )
            dtype = self._stack[0].compute_dtype
            self._stack = [Input(batch_shape=input_shape, dtype=dtype).node.operation, *self._stack]
        x = inputs = self._stack[0].output
        for layer in self._stack[1:]:
            try:
                x = layer(x)
            except NotImplementedError:
                return  # a layer without call: it can be listed, but not run
        self._functional = Functional(inputs, x, name=self.name)
        self._functional._shown_as = type(self).__name__  # in messages
        self.built = True

    def _build_for(self, tensors):
        shape = tuple(next(iter(tensors.values())).shape)
        with self._engine_scope():
            self.build((None, *shape[1:]))

    def build_from_config(self, config):
        if config and not self.built and config.get("input_shape") is not None:
            self.build(tuple(config["input_shape"]))

    def get_build_config(self):
        return {"input_shape": self._stack[0].batch_shape} if self.built and self._stack else None

    def call(self, inputs, training=None, mask=None):
        """Run the stack."""
        if self._functional is not None:
            return self._functional.call(inputs, training=training, mask=mask)
        x = inputs
        for layer in self.layers:
            x = layer(x)
        return x

    def compute_output_spec(self, inputs, training=None, mask=None):
        if self._functional is not None:
            return self._functional.compute_output_spec(inputs)
        for layer in self.layers:
            inputs = layer.compute_output_spec(inputs)
        return inputs

    def compute_output_shape(self, input_shape):
        shape = input_shape
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def _infer(self, args, kwargs):
        return self.compute_output_spec(*args, **kwargs).spec

    def compute_mask(self, inputs, previous_mask):
        return None

    @property
    def input_shape(self):
        """Shape of the input."""
        return self._graph("input_shape").input_shape

    @property
    def output_shape(self):
        """Shape of the output."""
        return self._graph("output_shape").output_shape

    @property
    def inputs(self):
        """Symbolic inputs, flat."""
        return self._graph("inputs").inputs

    @property
    def outputs(self):
        """Symbolic outputs, flat."""
        return self._graph("outputs").outputs

    @property
    def input(self):
        """Symbolic input."""
        return self._graph("input").input

    @property
    def output(self):
        """Symbolic output."""
        return self._graph("output").output

    @property
    def _graph_outputs(self):
        return self._functional._outputs_struct if self._functional is not None else None

    @property
    def output_names(self):
        """Name of the last layer."""
        return [self._stack[-1].name] if self._stack else None

    def _graph(self, what):
        if self._functional is None:
            raise AttributeError(
                f"{who(self)} has no {what} yet: it has not been built. Put keras.Input(shape) first, call build(input_shape), or "
                "call it on data."
            )
        return self._functional

    def get_config(self):
        layers = [serialize_keras_object(layer) for layer in self._stack]
        config = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": serialize_keras_object(self._dtype_policy),
            "layers": layers,
        }
        if self.built and self._stack:
            config["build_input_shape"] = self._stack[0].batch_shape
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        if "layers" not in config:
            return cls(**config)
        model = cls(name=config.get("name"))
        for entry in config["layers"]:
            model.add(deserialize_keras_object(entry, custom_objects=custom_objects), rebuild=False)
        model._maybe_rebuild()
        shape = config.get("build_input_shape")
        if not model.built and shape and isinstance(shape, (tuple, list)):
            model.build(tuple(shape))
        if not config.get("trainable", True):
            model.trainable = False
        return model


def _agree(known, given):
    return len(known) == len(given) and all(a is None or b is None or a == b for a, b in zip(known, given, strict=True))
