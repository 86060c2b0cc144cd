"""What computes outside of PyTorch as operators of its own, which ``torch.compile`` takes into a graph as they are."""

import itertools

import optree
import torch

from keraunos.backend.torch.names import Ref

_LIBRARY = torch.library.Library("keraunos", "FRAGMENT")
_COUNT = itertools.count()


def as_operator(call, tensor_of):
    """A recorded call of a Python function as one of an operator; ``tensor_of(name)`` is a tensor that it was given or gave."""
    fn, args, kwargs, names, several = call
    leaves, nest = optree.tree_flatten((args, kwargs), none_is_leaf=True)
    refs = [x for x in leaves if isinstance(x, Ref)]
    kinds = [(t.shape, t.stride(), t.dtype, t.device) for t in map(tensor_of, names)]

    def run(tensors):
        given = iter(tensors)
        filled = [next(given) if isinstance(x, Ref) else x for x in leaves]
        args, kwargs = optree.tree_unflatten(nest, filled)
        found = fn(*args, **kwargs)
        return list(found) if several else [found]

    def shapes(tensors):
        return [torch.empty_strided(shape, stride, dtype=dtype, device=d) for shape, stride, dtype, d in kinds]

    name = f"call_{next(_COUNT)}"
    _LIBRARY.define(f"{name}(Tensor[] tensors) -> Tensor[]")
    _LIBRARY.impl(name, run, "CompositeExplicitAutograd")
    torch.library.register_fake(f"keraunos::{name}", shapes, lib=_LIBRARY)
    return getattr(torch.ops.keraunos, name).default, (refs,), {}, names, True
