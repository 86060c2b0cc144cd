"""Nested arguments and results of functions that are transformed: the arrays in them, and the rest."""

import contextlib

import numpy as np

from keraunos.backend import dispatch
from keraunos.backend.protocol import Engine
from keraunos.core.scope import LOCAL
from keraunos.util import tree
from keraunos.util.errors import describe


def raw(x):
    """The array that a variable shows, anything else as it is."""
    return x.__keraunos_value__() if hasattr(x, "__keraunos_value__") else x


def split(structure, engine):
    """(the engine's arrays in a nest, a function that puts others in their places).

    >>> from keraunos.backend import current
    >>> from keraunos import ops
    >>> from keraunos.train.nests import split
    >>> arrays, fill = split({"a": ops.ones((2,)), "b": "text"}, current())
    >>> len(arrays), fill([1])
    (1, {'a': 1, 'b': 'text'})
    """
    leaves = [raw(x) for x in tree.flatten(structure)]
    places = [i for i, x in enumerate(leaves) if engine.is_array(x)]
    arrays = [leaves[i] for i in places]
    rest = [None if engine.is_array(x) else x for x in leaves]  # arrays are not kept alive
    nest = tree.map_structure(lambda _: None, structure)

    def fill(values):
        filled = list(rest)
        for i, value in zip(places, values, strict=True):
            filled[i] = value
        return tree.unflatten_like(nest, filled)

    return arrays, fill


def with_arrays(structure, engine):
    """A nest with NumPy's arrays made the engine's, whose operators don't all take them."""
    return tree.map_structure(lambda x: engine.asarray(x) if isinstance(x, (np.ndarray, np.generic)) else x, structure)


def engine_of(structure, who):
    """The engine of the arrays and variables in a nest, else that of its layers, else the default one."""
    leaves = tree.flatten(structure)
    owner = next((x._engine for x in leaves if isinstance(getattr(x, "_engine", None), Engine)), None)
    arrays = [x for x in leaves if hasattr(x, "shape")]
    with contextlib.nullcontext() if owner is None else dispatch.use(owner.name):
        return dispatch.engine_of(*arrays, who=who)


def check_function(fn, who):
    """An error if ``fn`` can't be called."""
    if not callable(fn):
        raise TypeError(f"{who}: the first argument must be a function, got {describe(fn)}.")


@contextlib.contextmanager
def own_losses():
    """Losses that layers add in the block are seen in the block only; those from before are seen there too."""
    before = LOCAL.losses
    LOCAL.losses = None if before is None else {key: list(group) for key, group in before.items()}
    try:
        yield
    finally:
        LOCAL.losses = before
