"""``jit``: stateful functions as compiled programs."""

import functools

import numpy as np

from keraunos.core.scope import LOCAL, NotingScope
from keraunos.core.variable import Structure
from keraunos.ops.symbolic import KerasTensor
from keraunos.train.nests import check_function, engine_of, own_losses, split
from keraunos.util import settings, tree
from keraunos.util.errors import describe

_MOST_FINDS = 2  # the first run may build layers and optimizers; the second one meets what they made


def jit(fn=None, static_argnums=(), static_argnames=()):
    """``fn`` as a compiled program, which may read and change variables: weights, statistics, seeds, metrics, optimizer slots.

    The variables are found by running ``fn`` at the first call with arguments of a kind; they go into the program with the arguments,
    and what it changed is written back. On JAX the program is XLA's; on PyTorch it is a recording of the kernels that ``fn`` called (or
    ``fn`` as it is, where what it does depends on values); on NumPy it is ``fn``.

    Arrays and numbers are data. Everything else (flags, strings, models, functions) is a part of the program, which is compiled once
    for each such value and for each shape and dtype of the data. Python code runs only meanwhile: nothing is printed and no attribute is
    counted up by later calls. It is compiled anew after a layer anywhere gained, lost or froze a part, so make what a loop needs (models,
    metrics, optimizers) before the loop. Inside a layer's call it is ``fn``, which the model's own program takes in.

    Args:
        fn: a function, or a method where ``jit`` stands above one as a decorator.
        static_argnums: place or places of arguments that are no data though they are numbers.
        static_argnames: name or names of such keyword arguments.

    Raises:
        TypeError: an argument that is no data has no hash, or is symbolic.
        ValueError: ``fn`` makes new variables at each call, whose values would be lost.

    >>> import keraunos as keras
    >>> v = keras.Variable(1.0)
    >>> @keras.jit
    ... def step(x):
    ...     v.assign_add(x)
    ...     return v * 2
    >>> [float(step(4.0)), float(step(1.0)), float(v)]
    [10.0, 12.0, 6.0]
    """
    if fn is None:
        return functools.partial(jit, static_argnums=static_argnums, static_argnames=static_argnames)
    check_function(fn, "jit")
    places = {static_argnums} if isinstance(static_argnums, int) else set(static_argnums)
    names = {static_argnames} if isinstance(static_argnames, str) else set(static_argnames)
    programs = _Programs(fn)

    @functools.wraps(fn)
    def run(*args, **kwargs):
        if LOCAL.call is not None:
            return fn(*args, **kwargs)
        args = tuple([_Fixed(x) if places & {i, i - len(args)} else x for i, x in enumerate(args)])
        kwargs = {name: _Fixed(x) if name in names else x for name, x in kwargs.items()}
        return programs.run((args, kwargs))

    return run


class _Fixed:
    """An argument that is no data, whatever it is."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is _Fixed and type(other.value) is type(self.value) and other.value == self.value

    def __hash__(self):
        return hash(self.value)

    def __repr__(self):
        return repr(self.value)


class _Programs:
    """The programs of one function: one for each kind of arguments."""

    def __init__(self, fn):
        self.fn = fn
        self.known = {}
        self.version = None

    def run(self, given):
        """The function of ``given``, a pair (arguments, keyword arguments)."""
        engine = engine_of((given, getattr(self.fn, "__self__", None)), "jit")
        leaves = tree.flatten(given)
        data = [_as_data(engine, x) for x in leaves]
        fixed = [x if a is None else None for x, a in zip(leaves, data, strict=True)]
        kinds = tuple([x if a is None else (a.shape, a.dtype) for x, a in zip(leaves, data, strict=True)])
        key = engine.name, tree.spec_of(given), kinds, settings.snapshot(), LOCAL.autocast
        if self.version != Structure.version:
            self.known.clear()
        try:
            program = self.known.get(key)
        except TypeError as e:
            raise TypeError(
                f"jit: what is neither an array nor a number is a part of the program and needs a hash, but {_unhashable(fixed)} has none. "
                "Pass the arrays in it, or let the function reach it from outside."
            ) from e
        if program is None:
            nest = tree.map_structure(lambda _: None, given)
            program = self.known[key] = _Program(self.fn, engine, nest, fixed, [a is not None for a in data])
        out = program.run([a for a in data if a is not None])
        self.version = Structure.version  # the first run may have built layers
        return out


def _as_data(engine, x):
    """An array or a number as an array; None for anything else."""
    if isinstance(x, (np.ndarray, np.generic)) or engine.is_array(x):
        return x
    if isinstance(x, KerasTensor):
        raise TypeError(
            "jit: an argument is symbolic. A graph records layers and ops; its model compiles it as a whole."
        )
    return engine.asarray(x) if type(x) in (int, float, complex) else None


def _unhashable(leaves):
    for x in leaves:
        try:
            hash(x)
        except TypeError:
            return describe(x)


class _StateFound(Exception):
    """Raised out of a program that is being traced when it turns out to need more state than it was given."""


class _Program:
    """A function compiled for arguments of one kind.

    Args:
        nest: nested like the arguments.
        fixed: the leaves that are no data, None for those that are.
        is_data: which leaves are data.
    """

    def __init__(self, fn, engine, nest, fixed, is_data):
        self.fn, self.engine = fn, engine
        self.nest, self.fixed, self.is_data = nest, fixed, is_data
        self.variables = []  # that the function reads
        self.changed = []  # that it changes
        self.finds = 0
        self.fill_out = None
        self.compiled = engine.compile(self._pure)

    def run(self, arrays):
        """The function of the data; what it changed is written back."""
        while True:
            try:
                found, new = self.compiled([v._plain() for v in self.variables], arrays)
            except _StateFound:
                continue
            break
        at_once = LOCAL.state is None and not self.engine.in_trace()
        for v, value in zip(self.changed, new, strict=True):
            if at_once:
                v._value = value
            else:
                v.assign(value)
        return self.fill_out(found)

    def _pure(self, values, arrays):
        given = iter(arrays)
        leaves = [next(given) if data else x for x, data in zip(self.fixed, self.is_data, strict=True)]
        leaves = [x.value if type(x) is _Fixed else x for x in leaves]
        args, kwargs = tree.unflatten_like(self.nest, leaves)
        with NotingScope(self.variables, values) as scope, own_losses():
            found, self.fill_out = split(self.fn(*args, **kwargs), self.engine)
        self.changed = list(scope.written.values())
        self._note_found(scope)
        return found, [scope.values[id(v)] for v in self.changed]

    def _note_found(self, scope):
        """Add to the state what the function read beside it; a trace is given up, as it took that for constants."""
        known = {id(v) for v in self.variables}
        found = [v for key, (v, _) in scope.seen.items() if key not in known]
        if not found:
            return
        if self.finds == _MOST_FINDS:
            raise ValueError(
                f"jit: {getattr(self.fn, '__name__', self.fn)!r} makes new variables at each call "
                f"({', '.join(v.path for v in found[:3])}), whose values would be lost. Make layers, metrics, optimizers and seed "
                "generators outside of it."
            )
        self.finds += 1
        self.variables = [*self.variables, *found]
        if self.engine.in_trace():
            raise _StateFound
