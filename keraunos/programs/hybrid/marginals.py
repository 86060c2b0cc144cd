"""Probabilities of labels from those of symbols, in logarithms throughout: sums over combinations, and over paths.

The logarithm of 0 is ``LOG_ZERO``, finite so that gradients never meet inf - inf; what it stands for weighs nothing in a sum.
The batch comes last inside, since segments are taken over the first dimension.
"""

import functools

import numpy as np

from keraunos import ops

LOG_ZERO = -1e30


def no_label(labels):
    """The index of a segment beyond those of the labels: what falls there is left out."""
    return len(labels)


def log_probabilities(x, from_logits):
    """log P(symbol) over the last dimension, of at least float32, from probabilities or from logits."""
    x = ops.cast(x, "float64" if x.dtype == "float64" else "float32")
    if from_logits:
        return ops.maximum(ops.log_softmax(x, axis=-1), LOG_ZERO)
    possible = x > 0
    return ops.where(possible, ops.log(ops.where(possible, x, 1.0)), LOG_ZERO)


def segment_logsumexp(x, segments, n):
    """log Σ exp over the rows of each segment, LOG_ZERO for a segment without rows.

    **Shape:** x ``(rows, batch)``, segments ``(rows,)``, to ``(n, batch)``; rows of segment n fall out.
    """
    segments = ops.convert_to_tensor(segments, dtype="int32")
    top = ops.segment_max(ops.stop_gradient(x), segments, num_segments=n + 1)
    top = ops.maximum(top, LOG_ZERO)  # (n + 1, batch)
    total = ops.segment_sum(ops.exp(x - ops.take(top, segments, axis=0)), segments, num_segments=n + 1)
    return (top + ops.log(ops.maximum(total, 1e-30)))[:n]


def of_combinations(log_probs, outcome, labels):
    """log P(label) = log Σ over the combinations with that label of Π P(symbol).

    **Shape:** a list of ``(batch, Di)`` and the label indices ``(D1, ..., Dn)``, to ``(batch, labels)``.
    """
    rows = [ops.transpose(x) for x in log_probs]  # (Di, batch)
    joint = functools.reduce(_outer_sum, rows)  # (D1 * ... * Dn, batch)
    return ops.transpose(segment_logsumexp(joint, np.ravel(outcome), labels))


def _outer_sum(a, b):
    """(A, batch) and (B, batch) to their sums (A * B, batch), b changing fastest."""
    both = ops.expand_dims(a, 1) + ops.expand_dims(b, 0)  # (A, B, batch)
    return ops.reshape(both, (a.shape[0] * b.shape[0], -1))


def of_paths(log_probs, mask, source, symbol, target, states):
    """log P(state after the last symbol) of an automaton that starts in state 0.

    **Shape:** log_probs ``(batch, n, D)``, mask ``(batch, n)`` of the symbols that are there, or None; the transitions
    ``(T,)`` each; to ``(states, batch)``. O(n·T) sums, T being at most states · D.
    """
    steps = ops.transpose(log_probs, (1, 2, 0))  # (n, D, batch)
    there = ops.ones(steps.shape[:1] + (1,), dtype="bool") if mask is None else ops.transpose(ops.cast(mask, "bool"))
    first = np.zeros((states, 1), bool)
    first[0] = True
    start = ops.where(ops.convert_to_tensor(first), ops.zeros_like(steps[0, :1]), LOG_ZERO)  # (states, batch)
    source, symbol = (ops.convert_to_tensor(i, dtype="int32") for i in (source, symbol))

    def step(before, now):
        x, real = now  # (D, batch), (batch,) or (1,)
        moved = ops.take(before, source, axis=0) + ops.take(x, symbol, axis=0)  # (T, batch)
        after = ops.maximum(segment_logsumexp(moved, target, states), LOG_ZERO)
        return ops.where(real, after, before), None

    return ops.scan(step, start, (steps, there))[0]
