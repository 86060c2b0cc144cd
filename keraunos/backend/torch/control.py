"""Loops, branches and maps over functions: Python's own, as PyTorch computes at once."""

import re

import torch
from torch.utils.checkpoint import checkpoint

from keraunos.backend.torch.creation import asarray
from keraunos.util import tree


def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    """A loop over the leading axis, results stacked."""
    if xs is not None:
        rows = [x.unbind(0) for x in tree.flatten(xs)]
        length = len(rows[0])
    carry, found = init, [None] * length
    for i in range(length - 1, -1, -1) if reverse else range(length):
        here = None if xs is None else tree.unflatten_like(xs, [row[i] for row in rows])
        carry, found[i] = f(carry, here)
    if length == 0 or found[0] is None:
        return carry, None
    return carry, tree.map_structure(lambda *a: torch.stack(a), *found)


def while_loop(cond, body, state):
    """A loop over a tuple of state."""
    while True:
        on = cond(state)
        if isinstance(on, torch.Tensor) and on.is_meta:
            return body(state)  # no values, only shapes, which stay the same
        if not on:
            return state
        state = body(state)


def cond(pred, true_fn, false_fn):
    """One of two branches."""
    return true_fn() if pred.is_meta or pred else false_fn()


def vmap(fn, in_axes=0, out_axes=0):
    """``fn`` over a leading axis, all rows at once."""
    return torch.vmap(fn, in_axes, out_axes, randomness="different")


def recomputed(fn):
    """``fn``, whose intermediate results are computed again for the gradient instead of kept."""

    def run(*args):
        if not torch.is_grad_enabled():
            return fn(*args)
        return checkpoint(fn, *args, use_reentrant=False, preserve_rng_state=False)

    return run


def is_traced(x):
    """Whether x has no values, because shapes are being inferred."""
    return isinstance(x, torch.Tensor) and x.is_meta


def jvp(fun, primals, tangents, has_aux=False):
    """The value and the derivative in a direction."""
    return torch.func.jvp(fun, tuple(primals), tuple(tangents), has_aux=has_aux)


def vectorize(pyfunc, excluded=frozenset(), signature=None):
    """``pyfunc`` over all elements, or over the dimensions before those that ``signature`` names."""

    def vectorized(*args, **kwargs):
        places = [i for i in range(len(args)) if i not in excluded]
        arrays = [asarray(args[i]) for i in places]
        ranks = [0] * len(arrays) if signature is None else _core_ranks(signature)
        lead = torch.broadcast_shapes(*(a.shape[: a.ndim - r] for a, r in zip(arrays, ranks, strict=True)))
        rows = [a.expand(*lead, *a.shape[a.ndim - r :]) for a, r in zip(arrays, ranks, strict=True)]
        rows = [a.reshape(-1, *a.shape[len(lead) :]) for a in rows]

        def one(*row):
            full = list(args)
            for i, a in zip(places, row, strict=True):
                full[i] = a
            return pyfunc(*full, **kwargs)

        return tree.map_structure(lambda a: a.reshape(*lead, *a.shape[1:]), torch.vmap(one)(*rows))

    return vectorized


def _core_ranks(signature):
    """How many dimensions each argument of "(n),(n,m)->(m)" has."""
    return [len(re.findall(r"\w+", part)) for part in re.findall(r"\(([^)]*)\)", signature.split("->")[0])]


FUNCTIONS = (scan, while_loop, cond, vmap, recomputed, is_traced, jvp, vectorize)
