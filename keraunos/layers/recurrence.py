"""The loop of a recurrent layer over time."""

from keraunos import ops
from keraunos.backend import dispatch
from keraunos.core.scope import LOCAL, AutocastScope, StateScope
from keraunos.core.variable import functionalize
from keraunos.util import tree


def recur(
    step,
    x,
    states,
    mask=None,
    *,
    first=None,
    stacked=False,
    zeros=False,
    backwards=False,
    unroll=False,
    recompute=False,
    variables=(),
):
    """``output, states = step(x[:, t], states)`` for each t, the states carried along.

    Args:
        step: function of one time step.
        x: ``(batch, time, ...)``.
        states: nested arrays ``(batch, ...)``.
        mask: ``(batch, time)``, or None. Where it is false the states stay, and the output is the last one.
        first: an array like an output, with which such rows begin; None: the output is the first state.
        stacked: whether the outputs of all steps are wanted.
        zeros: whether the output of a masked step is 0 instead.
        backwards: whether time runs from the end; the outputs are in the order in which they were computed.
        unroll: whether the loop is written out.
        recompute: whether the gradient computes the steps again instead of reading what they kept.
        variables: what ``step`` may change beside the states.

    **Shape:** (last output ``(batch, ...)``, all outputs ``(batch, time, ...)`` or None, states).
    """
    keep = None if mask is None else ops.cast(ops.swapaxes(mask, 0, 1), "bool")  # (time, batch)
    inputs = (ops.swapaxes(x, 0, 1), () if keep is None else keep)
    outputs_are_states = first is None

    def once(carry, inputs):
        states, before, values = carry
        here, kept = inputs
        with StateScope(variables, values) as scope:
            output, new = step(here, states)
            values = [scope.read(v) for v in variables]
        new = like(states, new)
        if keep is not None:
            new = tree.map_structure(lambda n, s: _where(kept, n, s), new, states)
            output = _where(
                kept,
                output,
                ops.zeros_like(output) if zeros else tree.flatten(new)[0] if outputs_are_states else before,
            )
        carried = () if outputs_are_states else output
        return (new, carried, values), output if stacked else None

    engine = dispatch.engine_of(x)
    begin = (states, () if outputs_are_states else first, [v.value for v in variables])
    once = engine.xp.recomputed(once) if recompute and engine.traces else once  # where the loop is a program
    (states, last, values), outputs = ops.scan(once, begin, inputs, reverse=backwards, unroll=unroll)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    if outputs_are_states:
        last = tree.flatten(states)[0]
        if zeros and keep is not None:
            last = _where(keep[0 if backwards else -1], last, ops.zeros_like(last))
    if stacked:
        outputs = ops.swapaxes(ops.flip(outputs, axis=0) if backwards else outputs, 0, 1)
    return last, outputs, states


def like(states, new):
    """New states in the nesting and the dtypes of the old ones."""
    leaves, old = tree.flatten(new), tree.flatten(states)
    if len(leaves) != len(old):
        raise ValueError(
            f"a recurrent cell must return as many states as it has, {len(old)}, but returned {len(leaves)}."
        )
    return tree.unflatten_like(states, [ops.cast(n, o.dtype) for n, o in zip(leaves, old, strict=True)])


def _where(keep, new, old):
    """Rows of ``new`` where ``keep`` (batch,) is true, of ``old`` elsewhere."""
    return ops.where(ops.reshape(keep, (-1, *(1,) * (len(new.shape) - 1))), new, old)


class Programs:
    """Compiled forms of functions with state: a loop called by itself would be compiled anew at each call. A copy begins with none."""

    def __init__(self):
        self._found = {}

    def __deepcopy__(self, memo):
        return Programs()

    def __reduce__(self):
        return Programs, ()

    def call(self, key, engine, fn, variables, *args):
        """``fn(*args)``, which reads and writes ``variables``; ``key`` says what else it depends on."""
        key = (*key, LOCAL.autocast, engine.name)
        program = self._found.get(key)
        if program is None:
            program = self._found[key] = engine.compile(functionalize(fn, variables))
        with AutocastScope(None):
            before = [v.value for v in variables]
        after, found = program(before, *args)
        for variable, value in zip(variables, after, strict=True):
            if not variable.trainable:
                variable.assign(value)
        return found
