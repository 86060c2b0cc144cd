"""Shapes and dtypes of results without computing: on PyTorch's device "meta", whose tensors have no values."""

import contextlib
import functools
import threading

import numpy as np
import optree
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from keraunos.backend.dtypes import standardize_dtype
from keraunos.backend.spec import Spec
from keraunos.backend.torch.dtypes import to_dtype
from keraunos.util import tree


class _Local(threading.local):
    inferring = False
    real = 0  # how many blocks of `eagerly` are open inside


_LOCAL = _Local()


class OnMeta(TorchDispatchMode):
    """Everything in the block happens on "meta", also to tensors that have values."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if _LOCAL.real:
            return func(*args, **kwargs)
        args, kwargs = optree.tree_map(_to_meta, (tuple(args), dict(kwargs)), none_is_leaf=True)
        if _takes_device(func):
            kwargs["device"] = torch.device("meta")
        return func(*args, **kwargs)


def _to_meta(x):
    if not isinstance(x, torch.Tensor) or x.is_meta:
        return x
    return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device="meta")


@functools.lru_cache(maxsize=4096)
def _takes_device(func):
    return any(a.name == "device" for a in func._schema.arguments)


@contextlib.contextmanager
def eagerly():
    """What happens in the block happens on real tensors, though shapes are being inferred around it."""
    _LOCAL.real += 1
    try:
        yield
    finally:
        _LOCAL.real -= 1


def inferring():
    """Whether what happens now is to give shapes only."""
    return _LOCAL.inferring and not _LOCAL.real


def evaluate(fn, specs):
    """``fn(list of stand-ins)`` for the specs, its nested result with specs for arrays."""
    before = _LOCAL.inferring, _LOCAL.real
    _LOCAL.inferring, _LOCAL.real = True, 0
    try:
        with torch.no_grad(), OnMeta():
            out = fn([torch.empty(s.shape, dtype=to_dtype(s.dtype), device="meta") for s in specs])
    finally:
        _LOCAL.inferring, _LOCAL.real = before
    return tree.map_structure(_spec, out)


def _spec(x):
    if isinstance(x, torch.Tensor):
        return Spec(tuple(x.shape), standardize_dtype(x.dtype))
    return Spec(x.shape, x.dtype.name) if isinstance(x, (np.ndarray, np.generic)) else x
