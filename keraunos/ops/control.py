"""Control flow whose condition or length the arrays decide: loops, branches, maps and scans over functions.

Symbolic arguments record the whole call as one node.
"""

import functools

from keraunos.backend import dispatch
from keraunos.backend.dispatch import HANDLE, HOST
from keraunos.ops import symbolic
from keraunos.ops.core import convert_to_tensor
from keraunos.ops.op import kind_or_none
from keraunos.util import naming, tree


class RecordedFunction(symbolic.Operation):
    """A call in a graph of a function that takes functions."""

    def __init__(self, fn):
        super().__init__(naming.auto_name(fn.__name__))
        self.fn = fn

    def call(self, *args, **kwargs):
        return self.fn(*args, **kwargs)


def recorded(fn):
    """Let ``fn`` record a node when an argument is symbolic."""

    @functools.wraps(fn)
    def wrapped(*args, **kwargs):
        if symbolic.any_symbolic(args, kwargs):
            return RecordedFunction(fn).symbolic_call(*args, **kwargs)
        return fn(*args, **kwargs)

    return wrapped


def _value(x):
    """Variables by their value, numbers as arrays, the rest as it is."""
    kind = kind_or_none(x)
    if kind is HANDLE:
        return x.__keraunos_value__()
    return convert_to_tensor(x) if kind is HOST and x is not None else x


def _arrays(structure):
    return tree.map_structure(_value, structure)


def _engine(name, *structures):
    return dispatch.engine_of(*(leaf for s in structures for leaf in tree.flatten(s)), who=name)


def _length(name, xs):
    leaves = tree.flatten(xs)
    sizes = {x.shape[0] if x.ndim else None for x in leaves}
    if len(sizes) != 1 or None in sizes:
        raise ValueError(
            f"{name}: all arrays must have the same first dimension, got shapes {[tuple(x.shape) for x in leaves]}."
        )
    return sizes.pop()


def _callable(name, **functions):
    for key, value in functions.items():
        if not callable(value):
            raise TypeError(f"{name}: {key} must be callable, got {type(value).__name__}.")


@recorded
def cond(pred, true_fn, false_fn):
    """``true_fn()`` if pred else ``false_fn()``, with both branches in the program when pred is known at run time only.

    **Shape:** pred is a scalar; both branches return the same structure, shapes and dtypes.

    >>> from keraunos import ops
    >>> int(ops.cond(ops.convert_to_tensor(True), lambda: 1, lambda: 2))
    1
    """
    _callable("cond", true_fn=true_fn, false_fn=false_fn)
    pred = _value(pred)
    if pred.shape != () and tuple(pred.shape) != ():
        raise ValueError(f"cond: pred must be a scalar, got shape {tuple(pred.shape)}. Did you mean where?")
    engine = _engine("cond", pred)
    if not engine.is_tracer(pred):
        return true_fn() if bool(pred) else false_fn()
    return engine.xp.cond(engine.xp.astype(pred, "bool"), lambda: _arrays(true_fn()), lambda: _arrays(false_fn()))


@recorded
def switch(index, branches, *operands):
    """``branches[index](*operands)``; an index out of range is moved to the nearest end.

    **Shape:** index is a scalar; all branches return the same structure, shapes and dtypes.

    >>> from keraunos import ops
    >>> int(ops.switch(1, [lambda a, b: a + b, lambda a, b: a - b], 5, 3))
    2
    """
    if not branches:
        raise ValueError("switch: branches must be a non-empty sequence of functions, got none.")
    _callable("switch", **{f"branches[{i}]": b for i, b in enumerate(branches)})
    index, operands = _value(index), _arrays(list(operands))
    engine = _engine("switch", index, operands)
    if not engine.is_tracer(index):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)

    def among(first, last):
        """A tree of two-way branches: log2(n) of them run."""
        if first == last:
            return lambda: _arrays(branches[first](*operands))
        middle = (first + last + 1) // 2
        return lambda: engine.xp.cond(index < middle, among(first, middle - 1), among(middle, last))

    return among(0, len(branches) - 1)()


@recorded
def while_loop(cond, body, loop_vars, maximum_iterations=None):
    """Repeat ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)``, at most ``maximum_iterations`` times.

    **Shape:** kept from one iteration to the next. A single variable that is not in a tuple or list stays so.

    >>> from keraunos import ops
    >>> i, total = ops.while_loop(lambda i, t: i < 4, lambda i, t: (i + 1, t + i), (0, 0))
    >>> int(total)
    6
    """
    _callable("while_loop", cond=cond, body=body)
    single = not isinstance(loop_vars, (list, tuple))
    state = _arrays((loop_vars,) if single else tuple(loop_vars))
    engine = _engine("while_loop", state)
    specs = [x.dtype for x in tree.flatten(state)]

    def step(i, values):
        found = body(*values)
        found = (found,) if not isinstance(found, (list, tuple)) else tuple(found)
        if len(found) != len(values):
            raise ValueError(f"while_loop: body must return {len(values)} values as it got, returned {len(found)}.")
        leaves = tree.flatten(_arrays(found))
        leaves = [x if x.dtype == d else engine.xp.astype(x, d) for x, d in zip(leaves, specs, strict=True)]
        return i + 1, tree.unflatten_like(values, leaves)

    def goes_on(state):
        i, values = state
        on = _value(cond(*values))
        return on if maximum_iterations is None else (i < maximum_iterations) & on

    start = engine.asarray(0, "int32")
    _, state = engine.xp.while_loop(goes_on, lambda s: step(*s), (start, state))
    return state[0] if single else state


@recorded
def fori_loop(lower, upper, body_fun, init_val):
    """Repeat ``val = body_fun(i, val)`` for i from lower to upper - 1, from ``init_val`` on.

    **Shape:** of ``val``, kept from one iteration to the next.

    >>> from keraunos import ops
    >>> int(ops.fori_loop(0, 4, lambda i, total: total + i, 0))
    6
    """
    _callable("fori_loop", body_fun=body_fun)
    value, upper = _arrays(init_val), _value(upper)
    engine = _engine("fori_loop", value, upper)
    specs = [x.dtype for x in tree.flatten(value)]

    def step(state):
        i, value = state
        leaves = tree.flatten(_arrays(body_fun(i, value)))
        leaves = [x if x.dtype == d else engine.xp.astype(x, d) for x, d in zip(leaves, specs, strict=True)]
        return i + 1, tree.unflatten_like(value, leaves)

    start = engine.xp.astype(_value(lower), upper.dtype)
    return engine.xp.while_loop(lambda s: s[0] < upper, step, (start, value))[1]


@recorded
def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    """Carry a state along the first axis: ``carry, ys[i] = f(carry, xs[i])`` for each i, from ``carry = init`` on.

    **Shape:** xs nested ``(length, ...)``, or None with ``length`` given; returns the last carry and ys nested
    ``(length, ...)``. ``unroll`` is the number of steps (or True for all) in one iteration of the compiled loop.

    >>> from keraunos import ops
    >>> last, sums = ops.scan(lambda c, x: (c + x, c + x), 0, ops.convert_to_tensor([1, 2, 3]))
    >>> sums.tolist()
    [1, 3, 6]
    """
    _callable("scan", f=f)
    init, xs = _arrays(init), None if xs is None else _arrays(xs)
    n = None if xs is None else _length("scan", xs)
    if n is None and length is None:
        raise ValueError("scan: xs or length must be given.")
    if n is not None and length is not None and int(length) != n:
        raise ValueError(f"scan: length is {length}, but xs has {n} rows.")
    engine = _engine("scan", init, xs)
    specs = [x.dtype for x in tree.flatten(init)]

    def step(carry, x):
        new, y = f(carry, x)
        leaves = tree.flatten(_arrays(new))
        leaves = [
            a if a is None or a.dtype == d else engine.xp.astype(a, d) for a, d in zip(leaves, specs, strict=True)
        ]
        return tree.unflatten_like(carry, leaves), None if y is None else _arrays(y)

    return engine.xp.scan(step, init, xs, length=int(length) if n is None else n, reverse=reverse, unroll=unroll)


@recorded
def associative_scan(f, elems, reverse=False, axis=0):
    """All prefixes combined by an associative ``f(a, b)``, in about log2(n) rounds of whole-array calls.

    **Shape:** elems nested with the same size along ``axis``, kept. f gets and returns that structure.

    >>> from keraunos import ops
    >>> ops.associative_scan(lambda a, b: a + b, ops.convert_to_tensor([1, 2, 3])).tolist()
    [1, 3, 6]
    """
    _callable("associative_scan", f=f)
    elems = _arrays(elems)
    leaves = tree.flatten(elems)
    if any(not -x.ndim <= axis < x.ndim for x in leaves):
        raise ValueError(
            f"associative_scan: axis {axis} is out of range for shapes {[tuple(x.shape) for x in leaves]}."
        )
    xp = _engine("associative_scan", elems).xp
    leaves = [xp.moveaxis(x, axis, 0) for x in leaves]
    if len({x.shape[0] for x in leaves}) != 1:
        raise ValueError(f"associative_scan: all elems must have the same size along axis {axis}.")
    if reverse:
        leaves = [xp.flip(x, axis=0) for x in leaves]

    def combine(a, b):
        """f on leaves, whose scanned axis is put back where f expects it."""
        a, b = ([xp.moveaxis(x, 0, axis) for x in group] for group in (a, b))
        found = f(tree.unflatten_like(elems, a), tree.unflatten_like(elems, b))
        return [xp.moveaxis(x, axis, 0) for x in tree.flatten(found)]

    leaves = _prefixes(xp, combine, leaves)
    if reverse:
        leaves = [xp.flip(x, axis=0) for x in leaves]
    return tree.unflatten_like(elems, [xp.moveaxis(x, 0, axis) for x in leaves])


def _prefixes(xp, combine, leaves):
    """Pair neighbours, scan the half as many pairs, and fill in between (Blelloch, 1990)."""
    n = leaves[0].shape[0]
    if n < 2:
        return leaves
    pairs = combine([x[: n - 1 : 2] for x in leaves], [x[1::2] for x in leaves])
    odd = _prefixes(xp, combine, pairs)  # prefixes that end at 1, 3, 5, …
    shorter = [x[:-1] for x in odd] if n % 2 == 0 else odd
    even = [x[2::2] for x in leaves]
    if n > 2:
        even = combine(shorter, even)
    even = [xp.concat([x[:1], e], axis=0) for x, e in zip(leaves, even, strict=True)]
    return [_interleave(xp, e, o) for e, o in zip(even, odd, strict=True)]


def _interleave(xp, even, odd):
    """even[0], odd[0], even[1], odd[1], …; even may be one longer."""
    both = xp.stack([even[: odd.shape[0]], odd], axis=1)
    both = xp.reshape(both, (-1, *even.shape[1:]))
    return both if even.shape[0] == odd.shape[0] else xp.concat([both, even[-1:]], axis=0)


@recorded
def map(f, xs):
    """``f`` applied to each row of the first axis, one after the other, results stacked.

    **Shape:** nested ``(n, ...)`` to nested ``(n, ...)``. ``vectorized_map`` does all rows at once.

    >>> from keraunos import ops
    >>> ops.map(lambda x: x * x, ops.convert_to_tensor([1, 2, 3])).tolist()
    [1, 4, 9]
    """
    _callable("map", f=f)
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


@recorded
def vectorized_map(function, elements):
    """``function`` applied to each row of the first axis, all rows at once, results stacked.

    **Shape:** nested ``(n, ...)`` to nested ``(n, ...)``.

    >>> from keraunos import ops
    >>> ops.vectorized_map(lambda x: x * x, ops.convert_to_tensor([1, 2, 3])).tolist()
    [1, 4, 9]
    """
    _callable("vectorized_map", function=function)
    elements = _arrays(elements)
    _length("vectorized_map", elements)
    leaves = tree.flatten(elements)
    engine = _engine("vectorized_map", elements)
    mapped = engine.xp.vmap(lambda *rows: _arrays(function(tree.unflatten_like(elements, rows))))
    return mapped(*leaves)
