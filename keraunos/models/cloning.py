"""A copy of a model with weights of its own."""

from keraunos.core.graph import Function
from keraunos.layers.input_layer import Input, InputLayer
from keraunos.models.functional import Functional
from keraunos.models.model import Model
from keraunos.models.sequential import Sequential
from keraunos.util import tree


def clone_model(model, input_tensors=None, clone_function=None, call_function=None, recursive=False, **kwargs):
    """A model of the same architecture with new weights.

    Args:
        model: a ``Model``.
        input_tensors: symbolic tensors to build on (functional and sequential models).
        clone_function: ``layer -> layer``, default a copy from the configuration.
        call_function: ``(layer, *args, **kwargs) -> outputs``, default a call.
        recursive: whether ``clone_function`` is applied inside nested models too.

    >>> import keraunos as keras
    >>> m = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> keras.models.clone_model(m).count_params()
    3
    """
    if kwargs:
        raise ValueError(f"clone_model: unknown argument(s) {sorted(kwargs)}.")
    if not isinstance(model, Model):
        raise ValueError(f"clone_model: model must be a keras Model, got {type(model).__name__}.")
    if not isinstance(model, (Functional, Sequential)):
        if clone_function or call_function or input_tensors is not None:
            raise ValueError(
                "clone_model: clone_function, call_function and input_tensors work on functional and sequential models only."
            )
        return type(model).from_config(model.get_config())
    copy = _layer_copier(clone_function, call_function, recursive)
    if isinstance(model, Sequential):
        return _clone_sequential(model, input_tensors, copy)
    return _clone_functional(model, input_tensors, copy, call_function)


def _layer_copier(clone_function, call_function, recursive):
    def copy(layer):
        if recursive and isinstance(layer, (Functional, Sequential)):
            return clone_model(layer, clone_function=clone_function, call_function=call_function, recursive=True)
        if clone_function is not None and not isinstance(layer, InputLayer):
            return clone_function(layer)
        return type(layer).from_config(layer.get_config())

    return copy


def _clone_sequential(model, input_tensors, copy):
    made = Sequential(name=model.name, trainable=model.trainable)
    if input_tensors is not None:
        tensor = tree.flatten(input_tensors)[0]
        made.add(
            tensor.node.operation
            if tensor.node is not None and tensor.node.is_input
            else Input(batch_shape=tensor.shape).node.operation,
            rebuild=False,
        )
    elif model._stack and isinstance(model._stack[0], InputLayer):
        made.add(copy(model._stack[0]), rebuild=False)
    for layer in model.layers:
        made.add(copy(layer), rebuild=False)
    made._maybe_rebuild()
    return made


def _clone_functional(model, input_tensors, copy, call_function):
    if input_tensors is not None:
        inputs = tree.unflatten_like(model._inputs_struct, tree.flatten(input_tensors))
    else:
        inputs = tree.map_structure(
            lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), model._inputs_struct
        )
    copies = {}

    def function_of(operation):
        if id(operation) not in copies:
            copies[id(operation)] = copy(operation) if hasattr(operation, "weights") else operation
        made = copies[id(operation)]
        if call_function is None:
            return made
        return lambda *args, **kwargs: call_function(made, *args, **kwargs)

    outputs = Function._run_graph(model, inputs, function_of)
    return Functional(inputs, outputs, name=model.name)
