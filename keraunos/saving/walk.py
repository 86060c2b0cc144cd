"""Which layers and optimizers are inside a model, and under which path each stands in a file of weights.

The paths are Keras's: attributes by name, public ones first; in a list or dict the snake-case name of the class with a
counter, and ``container`` for a list in a list. What is in two places stands in the first.
"""

import functools

from keraunos.util import registry
from keraunos.util.naming import to_snake_case

_SAVED = ("layer", "optimizer")  # metrics and seeds are not in Keras's files


def walk(root):
    """(path, object) of ``root`` itself, under "", and of everything in it that has weights of its own."""
    seen = {id(root): root}  # keeps what it has seen, so that an id stays that of one object
    yield "", root
    yield from _inside(root, "", seen)


def _inside(owner, path, seen):
    for name in _attribute_names(owner):
        yield from _visit(_value(owner, name), _join(path, name), seen)


def _visit(value, path, seen):
    if is_saved(value):
        if id(value) not in seen:
            seen[id(value)] = value
            yield path, value
            yield from _inside(value, path, seen)
    elif isinstance(value, (list, tuple, dict)) and id(value) not in seen:
        seen[id(value)] = value
        yield from _in_container(value.values() if isinstance(value, dict) else value, path, seen)


def _in_container(values, path, seen):
    counts = {}
    for value in values:
        nested = isinstance(value, (list, tuple, dict))
        if not nested and not is_saved(value):
            continue
        name = "container" if nested else to_snake_case(type(value).__name__)
        count = counts[name] = counts.get(name, -1) + 1
        yield from _visit(value, _join(path, f"{name}_{count}" if count else name), seen)


def is_saved(value):
    """Whether a value is a layer or an optimizer (not the class of one)."""
    return getattr(value, "_part_kind", None) in _SAVED and not isinstance(value, type)


def _join(path, name):
    return f"{path}/{name}" if path else name


def _attribute_names(owner):
    if owner._part_kind != "layer":
        return sorted(n for n in vars(owner) if not n.startswith("__"))
    layer, model, *graph_models = _bases()
    is_model, is_graph = isinstance(owner, model), isinstance(owner, tuple(graph_models))
    names = {n for n in vars(owner) if not n.startswith("__")} - _base_names(is_model)
    names |= _properties(type(owner))
    if is_model:
        names |= {"layers", "optimizer"}
    first = ["layers"] if is_graph else []
    return first + sorted(names - set(first), key=lambda n: (n.startswith("_"), n))


@functools.cache
def _bases():
    """The base classes, whose own attributes are no parts. (They stand on this room, so they are looked up by name.)"""
    found = ("keras.layers", "Layer"), ("keras", "Model"), ("keras", "Functional"), ("keras", "Sequential")
    return tuple(registry.find_builtin(*name) for name in found)


@functools.cache
def _base_names(is_model):
    """Attributes that every layer (model) has: none of them holds a part of its own."""
    base = _bases()[is_model](name="reference")
    return frozenset(vars(base)) | {"_functional", "_graph_layers", "_operations", "_stack"}


@functools.lru_cache(maxsize=4096)
def _properties(cls):
    """Properties and class attributes that hold no part in layers (models) in general, but may in this class."""
    common = set().union(*(dir(base) for base in _bases() if issubclass(cls, base)))
    own = (n for n in dir(cls) if n not in common and not n.startswith("__"))
    return frozenset(n for n in own if not callable(getattr(cls, n, None)) or is_saved(getattr(cls, n)))


def _value(owner, name):
    try:
        return getattr(owner, name, None)
    except Exception:  # noqa: BLE001 (a property of somebody's class may not be ready; then there is nothing in it to save)
        return None
