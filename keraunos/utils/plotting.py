"""Pictures of models: with Graphviz where it is installed, else drawn here with matplotlib."""

import pathlib
import shutil

from keraunos.util.optional import loaded, require
from keraunos.utils.layout import place
from keraunos.utils.model_graph import Shown, graph_of

_DIRECTIONS = ("TB", "BT", "LR", "RL")
_FONT = 9.0  # points
_EDGE = "#33475b"
_FILL = {None: "#eef1f4", True: "#dcebfa", False: "#f7e3d4"}  # no weights, trainable, not trainable
_MARGIN = 14.0


def model_to_dot(
    model,
    show_shapes=False,
    show_dtype=False,
    show_layer_names=True,
    rankdir="TB",
    expand_nested=False,
    dpi=200,
    subgraph=False,
    show_layer_activations=False,
    show_trainable=False,
    splines="ortho",
    **kwargs,
):
    """The graph of a model as a ``pydot.Dot`` (or a ``pydot.Cluster`` with ``subgraph``).

    Args: see ``plot_model``.

    Raises ``ImportError`` without the package pydot.

    >>> import keraunos as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> len(keras.utils.model_to_dot(model).get_edges())
    1
    """
    _check(model, rankdir, kwargs, "model_to_dot")
    pydot = require("pydot", who="model_to_dot")
    shown = Shown(show_shapes, show_dtype, show_layer_names, show_layer_activations, expand_nested)
    graph = graph_of(model, shown)
    dot = pydot.Cluster(model.name, label=model.name) if subgraph else pydot.Dot()
    if not subgraph:
        dot.set("rankdir", rankdir)
        dot.set("dpi", dpi)
        dot.set("splines", splines)
    dot.set_node_defaults(shape="box", style="rounded,filled", fontname="Helvetica", fontsize=_FONT, color=_EDGE)
    clusters = {(): dot}
    for box in graph.boxes:
        _cluster(pydot, clusters, box.group).add_node(
            pydot.Node(
                pydot.quote_id_if_necessary(box.key),
                label='"' + "\\n".join(line.replace('"', "'") for line in box.lines) + '"',
                fillcolor=_FILL[box.trainable if show_trainable else None],
            )
        )
    for a, b in graph.arrows:
        dot.add_edge(pydot.Edge(pydot.quote_id_if_necessary(a), pydot.quote_id_if_necessary(b), color=_EDGE))
    return dot


def _cluster(pydot, clusters, group):
    if group not in clusters:
        made = pydot.Cluster("_".join(group), label=group[-1], style="dashed")
        _cluster(pydot, clusters, group[:-1]).add_subgraph(made)
        clusters[group] = made
    return clusters[group]


def plot_model(
    model,
    to_file="model.png",
    show_shapes=False,
    show_dtype=False,
    show_layer_names=False,
    rankdir="TB",
    expand_nested=False,
    dpi=200,
    show_layer_activations=False,
    show_trainable=False,
    splines="ortho",
    **kwargs,
):
    """Draw a model's graph into a file.

    Graphviz does it when the package pydot and the program ``dot`` are installed, matplotlib otherwise.

    Args:
        model: functional or sequential; another model is one box.
        to_file: name of a file; its ending says the format (png, svg, pdf).
        show_shapes, show_dtype, show_layer_names, show_layer_activations: what the boxes tell besides the class.
        rankdir: "TB", "BT", "LR" or "RL": where the graph goes, from top to bottom and so on.
        expand_nested: draw models inside the model with what is in them.
        dpi: dots per inch.
        show_trainable: colour layers by whether their weights are trained.
        splines: how Graphviz draws arrows.

    Returns:
        An image in a notebook, None elsewhere.

    Raises ``ValueError`` for an unknown ``rankdir``, ``ImportError`` when neither package is there.

    >>> import os
    >>> import keraunos as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> keras.utils.plot_model(model, "model.png", show_shapes=True)
    >>> os.path.getsize("model.png") > 1000
    True
    """
    _check(model, rankdir, kwargs, "plot_model")
    to_file = pathlib.Path(to_file)
    options = {
        "show_shapes": show_shapes,
        "show_dtype": show_dtype,
        "show_layer_names": show_layer_names,
        "expand_nested": expand_nested,
        "show_layer_activations": show_layer_activations,
    }
    if shutil.which("dot") and _has_pydot():
        dot = model_to_dot(model, **options, rankdir=rankdir, dpi=dpi, show_trainable=show_trainable, splines=splines)
        dot.write(str(to_file), format=to_file.suffix[1:] or "png")
    else:
        shown = Shown(show_shapes, show_dtype, show_layer_names, show_layer_activations, expand_nested)
        _draw(graph_of(model, shown), rankdir, show_trainable).savefig(to_file, dpi=dpi)
    return _image(to_file)


def _check(model, rankdir, unknown, who):
    if unknown:
        raise ValueError(f"{who}: unknown argument(s) {sorted(unknown)}.")
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"{who}: rankdir must be one of {_DIRECTIONS}, got {rankdir!r}.")
    if not hasattr(model, "_flatten_layers"):
        raise ValueError(f"{who}: model must be a model, got {type(model).__name__}.")


def _has_pydot():
    try:
        require("pydot", who="plot_model")
    except ImportError:
        return False
    return True


def _image(path):
    """The picture for a notebook."""
    ipython = loaded("IPython")
    if ipython is None or ipython.get_ipython() is None or path.suffix != ".png":
        return None
    return ipython.display.Image(filename=str(path))


# -- drawing with matplotlib -----------------------------------------------------------------------------------------


def _draw(graph, rankdir, show_trainable):
    figures = require("matplotlib", who="plot_model without Graphviz", module="matplotlib.figure")
    sizes = {box.key: _size(box.lines) for box in graph.boxes}
    flat = rankdir in ("LR", "RL")
    centres, bends, (width, height) = place({k: s[::-1] if flat else s for k, s in sizes.items()}, graph.arrows)

    def turn(point):
        x, y = point
        if rankdir in ("BT", "RL"):
            y = height - y
        return (y, x) if flat else point if rankdir == "TB" else (x, y)

    if flat:
        extent = height, width
    else:
        extent = width, height
    margin = _MARGIN * (1 + max((len(b.group) for b in graph.boxes), default=0))
    figure = figures.Figure(figsize=[(e + 2 * margin) / 72 for e in extent])
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-margin, extent[0] + margin)
    axes.set_ylim(extent[1] + margin, -margin)  # y grows downwards
    axes.axis("off")
    centres = {k: turn(c) for k, c in centres.items()}
    _draw_groups(axes, graph, centres, sizes)
    for pair in graph.arrows:
        _draw_arrow(axes, pair, centres, sizes, [turn(p) for p in bends[pair]], rankdir)
    for box in graph.boxes:
        _draw_box(axes, box, centres[box.key], sizes[box.key], show_trainable)
    return figure


def _size(lines):
    """Width and height of a box in points."""
    return max(0.6 * _FONT * max(len(line) for line in lines) + 16, 60.0), 1.35 * _FONT * len(lines) + 10


def _draw_box(axes, box, centre, size, show_trainable):
    patches = require("matplotlib", who="plot_model", module="matplotlib.patches")
    (x, y), (w, h) = centre, size
    fill = _FILL[box.trainable if show_trainable else None]
    style = "round,pad=0,rounding_size=4"
    axes.add_patch(
        patches.FancyBboxPatch((x - w / 2, y - h / 2), w, h, boxstyle=style, fc=fill, ec=_EDGE, lw=0.8, zorder=3)
    )
    for i, line in enumerate(box.lines):
        at = y + (i - (len(box.lines) - 1) / 2) * 1.35 * _FONT
        weight = "bold" if i == 0 else "normal"
        axes.text(x, at, line, ha="center", va="center", fontsize=_FONT, weight=weight, color="#1c2733", zorder=4)


def _draw_arrow(axes, pair, centres, sizes, bends, rankdir):
    start, end = _side(pair[0], centres, sizes, rankdir, 1), _side(pair[1], centres, sizes, rankdir, -1)
    points = [start, *bends, end]
    if len(points) > 2:
        axes.plot(*zip(*points[:-1]), color=_EDGE, lw=0.9, zorder=2, solid_joinstyle="round")
    style = {"arrowstyle": "-|>", "color": _EDGE, "lw": 0.9, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
    axes.annotate("", xy=points[-1], xytext=points[-2], arrowprops=style, zorder=2)


def _side(key, centres, sizes, rankdir, sign):
    """The middle of the side of a box where arrows leave (sign 1) or arrive (-1)."""
    (x, y), (w, h) = centres[key], sizes[key]
    sign = -sign if rankdir in ("BT", "RL") else sign
    return (x + sign * w / 2, y) if rankdir in ("LR", "RL") else (x, y + sign * h / 2)


def _draw_groups(axes, graph, centres, sizes):
    """A dashed frame around the boxes of each nested model, with its name."""
    patches = require("matplotlib", who="plot_model", module="matplotlib.patches")
    groups = {box.group[:i] for box in graph.boxes for i in range(1, len(box.group) + 1)}
    deepest = max((len(g) for g in groups), default=0)
    for group in sorted(groups, key=len):
        keys = [box.key for box in graph.boxes if box.group[: len(group)] == group]
        pad = 6.0 * (deepest - len(group) + 1)
        low = [min(centres[k][i] - sizes[k][i] / 2 for k in keys) - pad for i in (0, 1)]
        high = [max(centres[k][i] + sizes[k][i] / 2 for k in keys) + pad for i in (0, 1)]
        frame = patches.Rectangle(low, high[0] - low[0], high[1] - low[1], fill=False, ec="#8a99a8", ls="--", lw=0.8)
        axes.add_patch(frame)
        axes.text(low[0] + 3, low[1] + 2, group[-1], fontsize=_FONT - 2, color="#5b6b7b", ha="left", va="top")
