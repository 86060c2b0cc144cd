"""A functional model's graph as a configuration, and back."""

from keraunos.layers.layer import Layer
from keraunos.layers.signature import holds_tensor
from keraunos.ops.symbolic import KerasTensor
from keraunos.saving.recorded_ops import call_arguments, operation_config, operation_from_config
from keraunos.util import tree
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


def graph_config(model):
    """The configuration of a functional model."""
    nodes = {id(n) for n in model._nodes}
    layers = []
    for operation in model._operations:
        entry = serialize_keras_object(operation) if isinstance(operation, Layer) else operation_config(operation)
        mine = [n for n in operation._inbound_nodes if id(n) in nodes]
        entry["name"] = operation.name
        entry["inbound_nodes"] = [_node_config(n, nodes) for n in mine if not n.is_input]
        layers.append(entry)
    place = lambda t: _place(t, nodes)
    return {
        "name": model.name,
        "trainable": model._trainable,
        "layers": layers,
        "input_layers": _map_tensors(place, model._inputs_struct),
        "output_layers": _map_tensors(place, model._outputs_struct),
    }


def _place(tensor, nodes):
    """[operation name, index of the node among those in the graph, index of the tensor]."""
    operation = tensor.node.operation
    mine = [n for n in operation._inbound_nodes if id(n) in nodes]
    index = next(i for i, n in enumerate(mine) if n is tensor.node)
    return [operation.name, index, tensor.index]


def _map_tensors(fn, structure):
    if isinstance(structure, dict):
        return {k: _map_tensors(fn, v) for k, v in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [_map_tensors(fn, v) for v in structure]
    return fn(structure)


def _node_config(node, nodes):
    def leaf(x):
        if isinstance(x, KerasTensor):
            return {
                "class_name": "__keras_tensor__",
                "config": {"shape": list(x.shape), "dtype": x.dtype, "keras_history": _place(x, nodes)},
            }
        return serialize_keras_object(x)

    def convert(x):
        if isinstance(x, dict):
            return {k: convert(v) for k, v in x.items()}
        if isinstance(x, (list, tuple)) and any(isinstance(t, KerasTensor) for t in tree.flatten(x)):
            return [convert(v) for v in x]
        return leaf(x)

    args, kwargs = call_arguments(node)
    if isinstance(node.operation, Layer):
        kwargs = {**kwargs, **_unsaid(node.operation._signature, args, kwargs)}
    return {"args": [convert(a) for a in args], "kwargs": {k: convert(v) for k, v in kwargs.items()}}


def _unsaid(signature, args, kwargs):
    """What Keras writes beside the arguments of a call: the default of ``training``, and that there was no mask."""
    said = signature.named(args, kwargs)
    found = {}
    if signature.training_default is not None and "training" not in said:
        found["training"] = signature.training_default
    tensors = [v for v in said.values() if holds_tensor(v)]
    if len(tensors) == 1 and isinstance(tensors[0], KerasTensor) and "mask" in signature.names and "mask" not in said:
        found["mask"] = None
    return found


def graph_from_config(config, custom_objects=None):
    """(inputs, outputs, name, trainable) of the functional model that a configuration describes."""
    operations, waiting = {}, []
    for entry in config["layers"]:
        operation = _make_operation(entry, custom_objects)
        operations[entry["name"]] = operation
        waiting.extend((operation, i, node) for i, node in enumerate(entry.get("inbound_nodes", ())))
    made = {}  # (name, node index) -> outputs; nodes of a shared layer are counted in this graph only
    for name, operation in operations.items():
        if operation._inbound_nodes and getattr(operation, "_is_input", False):
            made[name, 0] = operation._inbound_nodes[0].outputs
    _run_waiting(waiting, made)
    find = lambda where: made[where[0], where[1]][where[2]]
    inputs = _map_places(find, config["input_layers"])
    outputs = _map_places(find, config["output_layers"])
    return inputs, outputs, config.get("name"), config.get("trainable", True)


def _make_operation(entry, custom_objects):
    found = operation_from_config(entry)
    if found is not None:
        return found
    return deserialize_keras_object(
        {k: v for k, v in entry.items() if k not in ("inbound_nodes", "name")}, custom_objects
    )


def _run_waiting(waiting, made):
    """Call each operation as its nodes say, as soon as what they need is there."""
    while waiting:
        later = []
        done = set()
        for operation, index, node in waiting:
            args, kwargs, ready = _node_arguments(node, made)
            if not ready or operation.name in done:
                later.append((operation, index, node))
                done.add(operation.name)  # the nodes of one operation are made in order
                continue
            outputs = operation(*args, **kwargs)
            made[operation.name, index] = tree.flatten(outputs)
        if len(later) == len(waiting):
            names = sorted({operation.name for operation, _, _ in later})
            raise ValueError(f"The configuration's graph can't be built: {names} need tensors that no layer makes.")
        waiting = later


def _node_arguments(node, made):
    if isinstance(node, list):
        return _legacy_arguments(node, made)
    ready = True

    def convert(x):
        nonlocal ready
        if isinstance(x, dict) and x.get("class_name") == "__keras_tensor__":
            name, index, place = x["config"]["keras_history"]
            if (name, index) not in made:
                ready = False
                return None
            return made[name, index][place]
        if isinstance(x, dict) and "class_name" in x:
            return deserialize_keras_object(x)
        if isinstance(x, dict):
            return {k: convert(v) for k, v in x.items()}
        if isinstance(x, (list, tuple)):  # a configuration that was never JSON still has tuples
            return type(x)(convert(v) for v in x)
        return x

    args = [convert(a) for a in node["args"]]
    kwargs = {k: convert(v) for k, v in node["kwargs"].items()}
    return args, kwargs, ready


def _legacy_arguments(node, made):
    """A node of Keras 2: a list of [name, node index, tensor index, kwargs]."""
    found, kwargs, ready = [], {}, True
    for name, index, place, *rest in node:
        if (name, index) not in made:
            return (), {}, False
        found.append(made[name, index][place])
        kwargs.update(rest[0] if rest else {})
    return [found[0] if len(found) == 1 else found], kwargs, ready


def _map_places(fn, places):
    if isinstance(places, dict):
        return {k: _map_places(fn, v) for k, v in places.items()}
    if len(places) == 3 and isinstance(places[0], str) and isinstance(places[1], int):
        return fn(places)
    return [_map_places(fn, p) for p in places]
