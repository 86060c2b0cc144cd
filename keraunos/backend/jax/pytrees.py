"""Nested values as JAX sees them: dicts, lists, and every class that registered itself."""

import jax


def named_leaves(values):
    """(list of (name, leaf), the nest, whose ``unflatten(leaves)`` gives the values back)."""
    found, nest = jax.tree_util.tree_flatten_with_path(values)
    return [(jax.tree_util.keystr(path, simple=True, separator="_"), leaf) for path, leaf in found], nest


def leaves(values):
    """The leaves in the same order."""
    return jax.tree_util.tree_leaves(values)
