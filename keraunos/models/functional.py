"""Models made of a graph of layers."""

import numpy as np

from keraunos.backend.dtypes import standardize_dtype
from keraunos.core.dtype_policy import convert_input
from keraunos.core.graph import Function, describe_nest
from keraunos.layers.input_layer import Input, InputLayer
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.models.graph_config import graph_config, graph_from_config
from keraunos.models.model import Model
from keraunos.ops.core import cast
from keraunos.ops.symbolic import KerasTensor
from keraunos.util import registry, tree


@registry.builtin("keras")
class Functional(Function, Model):
    """A model given by its symbolic inputs and outputs; made by ``keras.Model(inputs, outputs)``.

    **Shape:** those of the given inputs and outputs.
    """

    _casts_inputs = False

    def __new__(cls, *args, **kwargs):
        return Layer.__new__(cls, *args, **kwargs)

    def __init__(self, inputs, outputs, name=None, **kwargs):
        trainable = kwargs.pop("trainable", None)
        Model.__init__(self, name=name, **kwargs)
        inputs = tree.map_structure(_as_input, inputs)
        if not all(isinstance(x, KerasTensor) for x in tree.flatten(inputs)):
            raise ValueError(f"Model: inputs must come from keras.Input, got {inputs!r}.")
        if any(x.node is None or not x.node.is_input for x in tree.flatten(inputs)):
            inputs, outputs = _cut(inputs, outputs)
        self._set_graph(inputs, outputs)
        self._graph_layers = [op for op in self._operations if isinstance(op, Layer)]
        _check_names(self)
        self.input_spec = None
        self.built = True
        self._build_shapes = None
        if trainable is not None:
            self.trainable = trainable

    @property
    def _layers(self):
        return self._graph_layers

    @property
    def layers(self):
        """The layers, inputs included, in the order of the graph."""
        return list(self._graph_layers)

    @property
    def input_shape(self):
        """Shape of the input, or list of the shapes of the inputs."""
        return _shapes(self._inputs)

    @property
    def output_shape(self):
        """Shape of the output, or list of the shapes of the outputs."""
        return _shapes(self._outputs)

    @property
    def input(self):
        """Symbolic input(s)."""
        return self._inputs_struct

    @property
    def output(self):
        """Symbolic output(s)."""
        return self._outputs_struct

    @property
    def _graph_outputs(self):
        return self._outputs_struct

    @property
    def output_names(self):
        """Names of the operations that make the outputs."""
        return [x._keras_history[0].name for x in self._outputs]

    @property
    def input_names(self):
        """Names of the inputs."""
        return [x.name for x in self._inputs]

    def build(self, input_shape=None):
        """A functional model is built from the beginning."""
        self.built = True

    def get_build_config(self):
        return {"input_shape": None}

    def compute_output_spec(self, inputs, training=None, mask=None):
        return Function.compute_output_spec(self, self._fit_inputs(inputs))

    def compute_output_shape(self, input_shape):
        return Function.compute_output_shape(self, input_shape)

    def call(self, inputs, training=None, mask=None):
        """Run the graph. A given ``training`` takes the place of what single layers were called with when the graph was made."""
        function_of = (lambda operation: operation) if training is None else _in_mode(training)
        return self._run_graph(self._fit_inputs(inputs), function_of)

    @property
    def _row_wise(self):
        """Nothing is known of recorded functions: they may mix rows."""
        return type(self).call is Functional.call and all(isinstance(op, Layer) for op in self._operations)

    @property
    def _has_own_mode(self):
        """Whether layers were called with ``training=True`` when the graph was made."""
        return any(node.kwargs.get("training") for node in self._nodes)

    def _fit_inputs(self, inputs):
        """Inputs nested like the model's, of its dtypes: dicts go by name, a missing or surplus last axis of size 1 is mended."""
        leaves = self._ordered(inputs)
        fitted = [_of_dtype(self._fit_rank(x, ref), ref.dtype) for x, ref in zip(leaves, self._inputs, strict=True)]
        return tree.unflatten_like(self._inputs_struct, fitted)

    def _ordered(self, inputs):
        if isinstance(inputs, dict):
            if isinstance(self._inputs_struct, dict):
                names = sorted(self._inputs_struct)
            else:
                names = [x.name for x in self._inputs]
            missing = [n for n in names if n not in inputs]
            if missing:
                raise ValueError(
                    f"{who(self)}: missing inputs {missing}; the model takes {names}, got the keys {sorted(inputs)}."
                )
            return [inputs[n] for n in names]
        leaves = tree.flatten(inputs)
        if len(leaves) != len(self._inputs):
            raise ValueError(
                f"{who(self)}: expected {len(self._inputs)} input(s) {[x.name for x in self._inputs]}, got {describe_nest(inputs)}."
            )
        return leaves

    def _fit_rank(self, x, ref):
        shape = getattr(x, "shape", None)
        if shape is None:
            if x is None and getattr(ref.node.operation, "optional", False):
                return x
            raise ValueError(
                f"{who(self)}: input {ref.name!r} must be an array of shape {ref.shape}, got {type(x).__name__}."
            )
        n, want = len(shape), len(ref.shape)
        if n == want + 1 and shape[-1] == 1:
            x = x.squeeze(-1) if hasattr(x, "squeeze") else x
        elif n == want - 1 and ref.shape[-1] == 1:
            x = x[..., None]
        shape = tuple(x.shape)
        fits = len(shape) == want and all(
            a is None or b is None or a == b for a, b in zip(shape, ref.shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"{who(self)}: expected input {ref.name!r} of shape {ref.shape}, got shape {tuple(getattr(x, 'shape', ()))}."
            )
        return x

    def compute_mask(self, inputs, previous_mask):
        """Masks were set by the layers inside."""
        return None

    def _infer(self, args, kwargs):
        found = self.compute_output_spec(*args, **kwargs)
        return tree.map_structure(lambda x: x.spec, found)

    def get_config(self):
        if type(self).__init__ is not Functional.__init__:
            return Model.get_config(self)
        return graph_config(self)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        if "layers" not in config:
            return cls(**config)
        inputs, outputs, name, trainable = graph_from_config(config, custom_objects)
        return cls(inputs=inputs, outputs=outputs, name=name, trainable=trainable)


def _in_mode(training):
    """Operations of a graph as functions that run in training mode or not."""

    def function_of(operation):
        if not isinstance(operation, Layer) or not operation._signature.takes_training:
            return operation
        place = operation._signature.positional_index("training")
        return lambda *args, **kwargs: operation(*args[:place], *args[place + 1 :], **{**kwargs, "training": training})

    return function_of


def _shapes(tensors):
    return tensors[0].shape if len(tensors) == 1 else [x.shape for x in tensors]


def _of_dtype(x, dtype):
    """An input as an array of the dtype that the graph wants; symbolic tensors and texts as they are."""
    x = convert_input(x, False, dtype)
    if x is None or isinstance(x, KerasTensor) or (isinstance(x, np.ndarray) and x.dtype.kind in "OUS"):
        return x
    return x if standardize_dtype(x.dtype) == dtype else cast(x, dtype)


def _as_input(x):
    return x.output if isinstance(x, InputLayer) else x


def _cut(inputs, outputs):
    """New inputs in the place of inner tensors, and the outputs computed from them."""
    fresh = tree.map_structure(
        lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.node.operation.name + "_input"), inputs
    )
    inner = Function(inputs, outputs)
    inner_values = {id(old): new for old, new in zip(tree.flatten(inputs), tree.flatten(fresh), strict=True)}
    for operation, node in inner._plan:
        if all(id(out) in inner_values for out in node.outputs):
            continue
        args, kwargs = node.fill(lambda t: inner_values[id(t)])
        made = operation(*args, **kwargs)
        for ref, x in zip(node.outputs, tree.flatten(made), strict=True):
            inner_values[id(ref)] = x
    return fresh, tree.map_structure(lambda x: inner_values[id(x)], outputs)


def _check_names(model):
    names = [layer.name for layer in model._operations]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(f"{who(model)}: layer names must be unique, these stand twice: {twice}.")


Model._functional_class = Functional
