"""Nested structures: lists, tuples, dicts and namedtuples of leaves. ``None`` is a leaf, dict keys are taken in sorted order."""

import optree

from keraunos.util import tree as base
from keraunos.util.errors import describe
from keraunos.util.tree import flatten, flatten_with_path, is_nested

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]


class MAP_TO_NONE:
    """What a function passed to ``traverse`` returns to put None somewhere, as None itself means "go on"."""


def map_structure(func, *structures, none_is_leaf=True):
    """``func`` applied to corresponding leaves; the structure of the first.

    Raises ``ValueError`` when the structures differ, ``TypeError`` when ``func`` isn't callable.

    >>> import keraunos as keras
    >>> keras.tree.map_structure(lambda a, b: a + b, {"x": [1, 2]}, {"x": [10, 20]})
    {'x': [11, 22]}
    """
    if not callable(func):
        raise TypeError(f"map_structure: func must be callable, got {describe(func)}.")
    if not structures:
        raise ValueError("map_structure: at least one structure is needed, got none.")
    return base.map_structure(func, *structures, none_is_leaf=none_is_leaf)


def map_structure_up_to(shallow_structure, func, *structures):
    """``func`` applied to what stands in ``structures`` where ``shallow_structure`` has leaves.

    Raises ``ValueError`` when a structure doesn't begin like the shallow one.

    >>> import keraunos as keras
    >>> keras.tree.map_structure_up_to([0, 0], len, [(1, 2), [3]])
    [2, 1]
    """
    if not structures:
        raise ValueError("map_structure_up_to: at least one structure is needed, got none.")
    spec = base.spec_of(shallow_structure)
    found = [func(*parts) for parts in zip(*(spec.flatten_up_to(s) for s in structures), strict=True)]
    return base.unflatten_like(shallow_structure, found)


def map_shape_structure(func, structure):
    """``func`` applied to the shapes in a structure: a shape is a tuple or list of ints and Nones.

    >>> import keraunos as keras
    >>> keras.tree.map_shape_structure(lambda s: s[-1], {"a": (None, 3), "b": [(2, 4)]})
    {'a': 3, 'b': [4]}
    """
    return optree.tree_map(func, structure, is_leaf=_is_shape, none_is_leaf=True, namespace=base.NAMESPACE)


def _is_shape(value):
    return isinstance(value, (list, tuple)) and all(isinstance(d, (int, type(None))) for d in value)


def pack_sequence_as(structure, flat_sequence):
    """A flat sequence of leaves in the nesting of ``structure``.

    Raises ``TypeError`` when ``flat_sequence`` isn't a sequence, ``ValueError`` when it has another number of leaves.

    >>> import keraunos as keras
    >>> keras.tree.pack_sequence_as({"b": [0, 0], "a": 0}, [1, 2, 3])
    {'b': [2, 3], 'a': 1}
    """
    try:
        leaves = list(flat_sequence)
    except TypeError:
        raise TypeError(f"pack_sequence_as: flat_sequence must be a sequence, got {describe(flat_sequence)}.") from None
    count = len(flatten(structure))
    if len(leaves) != count:
        raise ValueError(
            f"pack_sequence_as: flat_sequence must have the structure's {count} leaves, got {len(leaves)}."
        )
    return base.unflatten_like(structure, leaves)


def lists_to_tuples(structure):
    """The same structure with tuples for lists.

    >>> import keraunos as keras
    >>> keras.tree.lists_to_tuples([1, {"a": [2]}])
    (1, {'a': (2,)})
    """
    return traverse(lambda x: tuple(x) if isinstance(x, list) else None, structure, top_down=False)


def traverse(func, structure, top_down=True):
    """Replace parts of a structure: ``func`` sees each part, inner nodes included.

    Args:
        func: returns None to leave a part and go on into it, ``MAP_TO_NONE`` to put None there, or what to put there.
        top_down: whether a part is seen before what is inside it, or after.

    >>> import keraunos as keras
    >>> keras.tree.traverse(lambda x: sum(x) if isinstance(x, tuple) else None, [(1, 2), [3, (4,)]])
    [3, [3, 4]]
    """
    if not callable(func):
        raise TypeError(f"traverse: func must be callable, got {describe(func)}.")
    found = func(structure) if top_down else None
    if found is None:
        inner = structure
        if is_nested(structure):
            inner = optree.tree_map(
                lambda part: traverse(func, part, top_down),
                structure,
                is_leaf=lambda part: part is not structure,
                none_is_leaf=True,
                namespace=base.NAMESPACE,
            )
        found = None if top_down else func(inner)
        if found is None:
            return inner
    return None if found is MAP_TO_NONE else found


def assert_same_structure(a, b, check_types=None):
    """Raise ``ValueError`` unless two structures nest alike, types of nodes included (``check_types`` is ignored).

    >>> import keraunos as keras
    >>> keras.tree.assert_same_structure({"a": [1, 2]}, {"a": ["x", None]})
    """
    one, two = base.spec_of(a), base.spec_of(b)
    if one != two:
        raise ValueError(f"assert_same_structure: the structures nest differently: {_shown(one)} and {_shown(two)}.")


def _shown(spec):
    return str(spec).removeprefix("PyTreeSpec(").partition(", NoneIsLeaf")[0]


def assert_same_paths(a, b):
    """Raise ``ValueError`` unless two structures have leaves at the same paths (lists and tuples count as alike).

    >>> import keraunos as keras
    >>> keras.tree.assert_same_paths([1, (2,)], (1, [2]))
    """
    one, two = ({path for path, _ in flatten_with_path(s)} for s in (a, b))
    if one != two:
        raise ValueError(
            f"assert_same_paths: the structures have different paths; only the first has {sorted(one - two, key=str)}, only the "
            f"second has {sorted(two - one, key=str)}."
        )
