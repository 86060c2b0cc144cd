"""The table that ``model.summary()`` prints."""

import math

from keraunos.layers.input_layer import InputLayer
from keraunos.util import settings
from keraunos.util.optional import require


def print_summary(
    model, line_length=None, positions=None, print_fn=None, expand_nested=False, show_trainable=False, layer_range=None
):
    """Print a table of the layers: name and class, output shape, parameters, and for graphs what each is fed by."""
    box = require("rich", who="summary", module="rich.box")
    tables = require("rich", who="summary", module="rich.table")
    consoles = require("rich", who="summary", module="rich.console")
    is_graph = _is_graph(model)
    table = tables.Table(box=box.HEAVY_HEAD, show_lines=True, expand=line_length is not None)
    table.add_column("Layer (type)", overflow="fold", ratio=_ratio(positions, 0))
    table.add_column("Output Shape", overflow="fold", ratio=_ratio(positions, 1))
    table.add_column("Param #", justify="right", ratio=_ratio(positions, 2))
    if is_graph:
        table.add_column("Connected to", overflow="fold", ratio=_ratio(positions, 3))
    if show_trainable:
        table.add_column("Trainable", justify="center")
    for layer, depth in _rows(model, layer_range, expand_nested):
        table.add_row(*_cells(model, layer, depth, is_graph, show_trainable))
    lines = [f"Model: {model.name!r}".replace("'", '"'), table, *_totals(model)]
    if print_fn is None and settings.is_interactive_logging_enabled():
        console = consoles.Console(highlight=False, width=line_length)
        for line in lines:
            console.print(line, markup=False)
        return
    console = consoles.Console(highlight=False, width=line_length or 100, record=True, file=_Nowhere())
    for line in lines:
        console.print(line, markup=False)
    (print_fn or print)(console.export_text())


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, text):
        return len(text)

    def flush(self):
        return None


def _ratio(positions, i):
    if not positions:
        return None
    before = positions[i - 1] if i else 0
    return max(1, round((positions[i] - before) * 100)) if i < len(positions) else None


def _is_graph(model):
    """Whether the layers are more than a chain, so that what feeds each of them is worth a column."""
    if not hasattr(model, "_plan"):
        return False
    fed = [id(x.node) for node in model._nodes for x in node.inputs]
    return len(set(fed)) < len(fed) or any(len(node.inputs) > 1 for node in model._nodes) or len(model.inputs) > 1


def _rows(model, layer_range, expand_nested, depth=0):
    layers = model.layers
    if layer_range is not None:
        if len(layer_range) != 2:
            raise ValueError(f"summary: layer_range must be a pair of layer names, got {layer_range!r}.")
        names = [layer.name for layer in layers]
        missing = [n for n in layer_range if n not in names]
        if missing:
            raise ValueError(f"summary: layer_range: no layer named {missing}; there are {names}.")
        layers = layers[names.index(layer_range[0]) : names.index(layer_range[1]) + 1]
    for layer in layers:
        yield layer, depth
        if expand_nested and hasattr(layer, "layers"):
            yield from _rows(layer, None, True, depth + 1)


def _cells(model, layer, depth, is_graph, show_trainable):
    cells = [
        "   " * depth + "└ " * bool(depth) + f"{layer.name} ({type(layer).__name__})",
        _shape_text(layer),
        _count_text(layer),
    ]
    if is_graph:
        cells.append((", ".join(_sources(model, layer)) if depth == 0 else "") or "-")
    if show_trainable:
        cells.append("-" if not layer.weights else "Y" if layer.trainable else "N")
    return cells


def _shape_text(layer):
    if isinstance(layer, InputLayer):
        return str(layer.batch_shape)
    nodes = getattr(layer, "_inbound_nodes", None)
    if nodes:
        shapes = [t.shape for t in nodes[0].outputs]
        return ", ".join(str(s) for s in shapes)
    try:
        return str(layer.output_shape if hasattr(layer, "output_shape") else _shape_by_build(layer))
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return "?"  # never built, or its shapes don't say what it gives


def _shape_by_build(layer):
    """The shape of the output for the shapes that a layer was built with."""
    return layer.compute_output_shape(*(layer._build_shapes or {}).values())


def _count_text(layer):
    if not layer.built:
        return "0 (unbuilt)"
    return f"{layer.count_params():,}"


def _sources(model, layer):
    nodes = {id(n) for n in model._nodes}
    found = []
    for node in layer._inbound_nodes:
        if id(node) in nodes:
            for t in node.inputs:
                operation, index, place = t._keras_history
                found.append(f"{operation.name}[{index}][{place}]")
    return found


def _totals(model):
    trainable = _count(model.trainable_variables)
    other = _count(v for v in model.non_trainable_variables if not _is_seed(v))
    lines = [
        f" Total params: {trainable[0] + other[0]:,} ({_bytes(trainable[1] + other[1])})",
        f" Trainable params: {trainable[0]:,} ({_bytes(trainable[1])})",
        f" Non-trainable params: {other[0]:,} ({_bytes(other[1])})",
    ]
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and optimizer.built:
        n, size = _count(optimizer.variables)
        lines[0] = f" Total params: {trainable[0] + other[0] + n:,} ({_bytes(trainable[1] + other[1] + size)})"
        lines.append(f" Optimizer params: {n:,} ({_bytes(size)})")
    return lines


def _is_seed(v):
    return v._dtype == "uint32" and v.shape == (2,)


def _count(variables):
    n = size = 0
    for v in variables:
        n += v.size
        size += v.size * _itemsize(v._dtype)
    return n, size


def _itemsize(dtype):
    if dtype == "bool":
        return 1
    digits = "".join(c for c in dtype.split("_")[0] if c.isdigit())
    return math.ceil(int(digits) / 8)


def _bytes(n):
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if n < 1024 or unit == "TB":
            return f"{n:.2f} {unit}"
        n /= 1024
    return ""
