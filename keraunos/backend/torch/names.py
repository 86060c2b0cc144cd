"""Names of tensors in a recording."""

import optree


class Ref(str):
    """The name of a tensor: "t5" of an input or a result, "c2" of a constant."""


def refs(nest):
    """The names in nested arguments."""
    return {r for r in optree.tree_leaves(nest) if isinstance(r, Ref)}
