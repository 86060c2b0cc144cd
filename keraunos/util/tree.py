"""Nested structures: lists, tuples, dicts and namedtuples of leaves. ``None`` is a leaf, dict keys are sorted."""

import optree

NAMESPACE = "keraunos"


def is_nested(structure):
    """True for a list, tuple or dict."""
    return isinstance(structure, (list, tuple, dict))


def flatten(structure):
    """The leaves, in order.

    >>> from keraunos.util import tree
    >>> tree.flatten({"b": [1, None], "a": (2,)})
    [2, 1, None]
    """
    if not is_nested(structure):
        return [structure]
    return optree.tree_leaves(structure, none_is_leaf=True, namespace=NAMESPACE)


def map_structure(fn, *structures, none_is_leaf=True):
    """``fn`` applied to corresponding leaves; the structure of the first."""
    if len(structures) == 1 and not is_nested(structures[0]):
        return fn(structures[0])
    return optree.tree_map(fn, *structures, none_is_leaf=none_is_leaf, namespace=NAMESPACE)


def flatten_with_path(structure):
    """Pairs (path, leaf); a path is a tuple of keys and indices."""
    paths, leaves, _ = optree.tree_flatten_with_path(structure, none_is_leaf=True, namespace=NAMESPACE)
    return list(zip(paths, leaves, strict=True))


def unflatten_like(structure, leaves):
    """The structure of ``structure`` with other leaves."""
    if not is_nested(structure):
        (leaf,) = leaves
        return leaf
    return optree.tree_unflatten(spec_of(structure), leaves)


def spec_of(structure):
    """A hashable description of the nesting."""
    return optree.tree_structure(structure, none_is_leaf=True, namespace=NAMESPACE)


def same_structure(a, b):
    """Whether two structures nest alike (leaves may differ)."""
    if not is_nested(a) and not is_nested(b):
        return True
    return spec_of(a) == spec_of(b)
