"""Updates that hold only under a condition known at run time: computed, then selected by value, so that they compile."""

from keraunos.core.scope import StateScope


def update_where(condition, update):
    """Run ``update()``; of what it changes in variables, keep only what changes where ``condition`` (a scalar array) holds.

    >>> import keraunos as keras
    >>> from keraunos.optimizers.selection import update_where
    >>> v = keras.Variable(1.0)
    >>> update_where(v.value > 3, lambda: v.assign(5.0))
    >>> float(v)
    1.0
    """
    with StateScope() as scope:
        update()
    for v in scope.written.values():
        v.assign(v.engine.xp.where(condition, scope.values[id(v)], v.value))


def accumulate(optimizer, grads, variables):
    """Add up gradients; every ``gradient_accumulation_steps`` calls, apply their mean and start anew."""
    k = optimizer.gradient_accumulation_steps
    xp = variables[0].engine.xp
    due = (optimizer._iterations.value + 1) % k == 0
    sums = [optimizer._accumulated_gradients[optimizer._get_variable_index(v)] for v in variables]
    totals = [s.value + xp.astype(g, s._dtype) for s, g in zip(sums, grads)]
    update_where(due, lambda: optimizer._update([t / k for t in totals], variables))
    for s, total in zip(sums, totals):
        s.assign(xp.where(due, xp.zeros_like(total), total))
