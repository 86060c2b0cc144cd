"""Functions made into others: mapped over rows (``vmap``), recomputed instead of kept (``checkpoint``). ``jit`` is in compiled.py."""

import functools

from keraunos.backend import dispatch
from keraunos.core.scope import LOCAL, NotingScope, StateScope, Surroundings
from keraunos.train.nests import check_function, engine_of, own_losses, raw, split, with_arrays
from keraunos.util import tree
from keraunos.util.errors import describe


def vmap(fn, in_axes=0, out_axes=0):
    """``fn`` mapped over an axis of its arguments, all rows at once: ``out[i] = fn(x[i], y[i], …)``.

    On NumPy it is a loop. Layers may be called inside. What ``fn`` changes in variables must be the same for all rows (a counter, a seed)
    and is kept; a seed drawn inside gives the same numbers to all rows, so noise that should differ is an argument.

    Args:
        fn: function of arrays or nests of arrays.
        in_axes: the axis that is mapped, for all arguments; or a tuple with, for each argument, an axis, None (given whole to every row),
            or a nest of them like the argument.
        out_axes: where the axis stands in the results; an integer or a nest of them like the result.

    **Shape:** mapped arguments have the same size along their axes; results have an axis of that size more.

    Raises:
        ValueError: sizes differ, nothing is mapped, axes don't fit the arguments, or a variable would get another value in each row.

    >>> import keraunos as keras
    >>> dot = keras.vmap(lambda x, y: keras.ops.sum(x * y), in_axes=(0, None))
    >>> keras.ops.convert_to_numpy(dot(keras.ops.eye(3), keras.ops.array([1.0, 2.0, 3.0]))).tolist()
    [1.0, 2.0, 3.0]
    """
    check_function(fn, "vmap")

    @functools.wraps(fn)
    def mapped(*args):
        engine = engine_of(args, "vmap")
        leaves = [raw(x) for x in tree.flatten(with_arrays(list(args), engine))]
        axes = _axes_of(args, in_axes)
        rows = [i for i, axis in enumerate(axes) if axis is not None]
        axes = [_checked_axis(leaves[i], axes[i], i) for i in rows]
        _check_sizes([leaves[i].shape[axis] for i, axis in zip(rows, axes, strict=True)])
        changed, fill_out = [], None

        def pure(*arrays):
            nonlocal fill_out
            filled = list(leaves)
            for i, x in zip(rows, arrays, strict=True):
                filled[i] = x
            with NotingScope() as scope, own_losses():
                out = tree.map_structure(
                    lambda x: x if x is None else engine.asarray(raw(x)), fn(*tree.unflatten_like(list(args), filled))
                )
            arrays, fill_out = split(out, engine)
            changed[:] = scope.written.values()
            return arrays, [scope.values[id(v)] for v in changed]

        run = engine.xp.vmap(pure, in_axes=tuple(axes), out_axes=(0, None))
        try:
            found, new = run(*[leaves[i] for i in rows])
        except ValueError as e:
            if not changed:
                raise
            raise ValueError(
                f"vmap: {', '.join(v.path for v in changed)}: a variable can't be assigned inside a mapped function, which would give it "
                "another value in each row. Return the values, and assign what they amount to outside."
            ) from e
        for v, x in zip(changed, new, strict=True):
            v.assign(x)
        if out_axes == 0:
            return fill_out(found)
        moved = zip(found, _like(fill_out(found), out_axes, "out_axes"), strict=True)
        return fill_out([engine.xp.moveaxis(x, 0, axis) for x, axis in moved])

    return mapped


def _axes_of(args, in_axes):
    """An axis, or None, for each leaf of the arguments."""
    if in_axes is None or isinstance(in_axes, int):
        in_axes = (in_axes,) * len(args)
    if not isinstance(in_axes, (tuple, list)) or len(in_axes) != len(args):
        raise ValueError(
            f"vmap: in_axes must be an integer or a tuple with an entry for each of the {len(args)} arguments, got {in_axes!r}."
        )
    return [axis for arg, own in zip(args, in_axes, strict=True) for axis in _like(arg, own, "in_axes")]


def _like(structure, axes, name):
    """Axes for the leaves of a nest: one for all, or nested alike."""
    leaves = tree.flatten(structure)
    if axes is None or isinstance(axes, int):
        return [None if x is None else axes for x in leaves]
    if not tree.is_nested(axes) or not tree.same_structure(structure, axes):
        raise ValueError(f"vmap: {name} must be an integer, or nested like what it is for; got {axes!r}.")
    return tree.flatten(axes)


def _checked_axis(x, axis, place):
    """The axis counted from the front."""
    rank = len(getattr(x, "shape", ()))
    if not -rank <= axis < rank:
        raise ValueError(
            f"vmap: array {place} of the arguments has no axis {axis} to map over: {describe(x)}. Give None in in_axes for what is the "
            "same in every row."
        )
    return axis % rank


def _check_sizes(sizes):
    if not sizes:
        raise ValueError("vmap: in_axes maps no argument: there must be at least one array with an axis to map over.")
    if len(set(sizes)) > 1:
        raise ValueError(f"vmap: all mapped axes must have the same size, got {sizes}.")


def checkpoint(fn):
    """``fn``, whose intermediate results are computed again for the gradient instead of kept: less memory for more time.

    Values, gradients and changes of variables are those of ``fn``; layers may be called inside.

    Args:
        fn: function of arrays or nests of arrays.

    Source: Chen et al., 2016, "Training deep nets with sublinear memory cost".

    >>> import keraunos as keras
    >>> block = keras.checkpoint(lambda x: keras.ops.tanh(keras.ops.tanh(x)))
    >>> float(block(keras.ops.zeros(())))
    0.0
    """
    check_function(fn, "checkpoint")

    @functools.wraps(fn)
    def run(*args, **kwargs):
        engine = engine_of((args, kwargs), "checkpoint")
        given, fill = split(with_arrays((args, kwargs), engine), engine)
        around = Surroundings()
        first = None  # what the first run read: when the function runs again, variables may have other values
        fill_results, changed = None, []

        def pure(*arrays):
            nonlocal first, fill_results
            positional, named = fill(arrays)
            with around, dispatch.use(engine.name):
                LOCAL.losses = {}
                with NotingScope() if first is None else StateScope(*first) as scope:
                    out = fn(*positional, **named)
                results, fill_again = split((out, LOCAL.losses), engine)
            if first is None:
                first = [v for v, _ in scope.seen.values()], [x for _, x in scope.seen.values()]
                fill_results = fill_again
                changed[:] = scope.written.values()
            return results, [scope.values[id(v)] for v in changed]

        results, new = engine.xp.recomputed(pure)(*given)
        out, losses = fill_results(results)
        for v, x in zip(changed, new, strict=True):
            v.assign(x)
        if losses:
            LOCAL.losses = LOCAL.losses or {}
            for key, group in losses.items():
                LOCAL.losses.setdefault(key, []).extend(group)
        return out

    return run
