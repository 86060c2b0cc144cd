"""The graph of a model as boxes of text and arrows between them."""

import dataclasses

from keraunos.layers.input_layer import InputLayer


@dataclasses.dataclass
class Box:
    """What is drawn of one operation."""

    key: str  # unique
    lines: list  # the title first
    trainable: bool | None  # None: has no weights
    group: tuple  # names of the nested models around it, outermost first


@dataclasses.dataclass
class Graph:
    """Boxes in the order from inputs to outputs, and arrows as pairs of keys."""

    boxes: list
    arrows: list


@dataclasses.dataclass(frozen=True)
class Shown:
    """What a box tells."""

    shapes: bool = False
    dtype: bool = False
    names: bool = True
    activations: bool = False
    expand: bool = False


def graph_of(model, shown):
    """The graph of a model; of one whose ``call`` is free code, a single box."""
    graph = Graph([], [])
    inner = _function(model)
    if inner is not None:
        _add(inner, shown, graph, ())
    elif _stack(model):
        boxes = [_box(layer, shown, (), ()) for layer in _stack(model)]
        graph.boxes, graph.arrows = boxes, [(a.key, b.key) for a, b in zip(boxes, boxes[1:])]
    else:
        graph.boxes.append(_box(model, shown, (), ()))
    graph.arrows = list(dict.fromkeys(graph.arrows))
    return graph


def _function(operation):
    """The recorded graph inside a model, or None."""
    found = getattr(operation, "_functional", None) or operation
    return found if hasattr(found, "_plan") else None


def _stack(model):
    """The layers of a Sequential that has not been built."""
    return getattr(model, "_stack", None)


def _add(function, shown, graph, group):
    """Add a graph; returns (keys of its inputs, keys of what makes its outputs), in their order."""
    nodes = {id(n) for n in function._nodes}
    ends = {}  # id(operation) -> (keys that arrows go to, keys that arrows come from)
    for operation in function._operations:
        mine = [n for n in operation._inbound_nodes if id(n) in nodes]
        inner = _function(operation) if shown.expand else None
        if inner is not None:
            ends[id(operation)] = _add(inner, shown, graph, (*group, operation.name))
        else:
            box = _box(operation, shown, group, mine)
            graph.boxes.append(box)
            ends[id(operation)] = [box.key], [box.key]
        for node in mine:
            _connect(node, ends, graph)
    return [ends[id(t.node.operation)][0][0] for t in function.inputs], [_made_by(t, ends) for t in function.outputs]


def _made_by(tensor, ends):
    keys = ends[id(tensor.node.operation)][1]
    return keys[tensor.index] if tensor.index < len(keys) else keys[0]


def _connect(node, ends, graph):
    into = ends[id(node.operation)][0]
    for i, tensor in enumerate(node.inputs):
        if tensor.node is not None and id(tensor.node.operation) in ends:
            graph.arrows.append((_made_by(tensor, ends), into[i] if i < len(into) else into[0]))


def _box(operation, shown, group, nodes):
    kind = type(operation).__name__
    lines = [f"{operation.name} ({kind})" if shown.names else kind]
    activation = getattr(operation, "activation", None)
    if shown.activations and activation is not None:
        lines.append(f"activation: {getattr(activation, '__name__', None) or type(activation).__name__}")
    node = nodes[0] if nodes else None
    if shown.shapes:
        if node is not None:
            ins = [t.shape for t in node.inputs]
            lines += [f"in: {_list(ins)}"] if ins else []
            lines.append(f"out: {_list([t.shape for t in node.outputs])}")
        elif isinstance(operation, InputLayer):
            lines.append(f"out: {operation.batch_shape}")
        else:
            lines.append("not built")
    if shown.dtype:
        dtypes = [t.dtype for t in node.outputs] if node is not None else [getattr(operation, "dtype", "?")]
        lines.append(f"dtype: {_list(dict.fromkeys(dtypes))}")
    has_weights = bool(getattr(operation, "weights", ()))
    return Box("/".join((*group, operation.name)), lines, operation.trainable if has_weights else None, group)


def _list(items):
    return ", ".join(str(i) for i in items)
