"""Masks that travel with arrays.

A mask belongs to an array object. Arrays of most engines take no attributes, so masks stand in a table by identity, from which
an entry goes when its array goes.
"""

import weakref

from keraunos.ops.symbolic import KerasTensor

_MASKS = {}  # id -> (weak reference to the array, mask)


def get_mask(x):
    """The mask of an array or symbolic tensor, or None."""
    if isinstance(x, KerasTensor):
        return x._keras_mask
    if not _MASKS:
        return None
    found = _MASKS.get(id(x))
    return found[1] if found is not None and found[0]() is x else None


def set_mask(x, mask):
    """Let ``mask`` travel with ``x`` (None: no mask)."""
    if isinstance(x, KerasTensor):
        x._keras_mask = mask
        return
    key = id(x)
    if mask is None:
        _MASKS.pop(key, None)
        return
    try:
        ref = weakref.ref(x, lambda _, key=key: _MASKS.pop(key, None))
    except TypeError:  # Python scalars: nothing to carry
        return
    _MASKS[key] = ref, mask
