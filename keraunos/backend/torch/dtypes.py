"""Dtypes of PyTorch by their standard names, and functions made to work on the dtypes for which it has no kernel."""

import functools

import ml_dtypes
import numpy as np
import torch

from keraunos.backend import dtypes
from keraunos.util import tree

TORCH = {
    name: getattr(torch, name)
    for name in (
        "bool",
        *dtypes.INTS[1:],
        *dtypes.FLOATS,
        *dtypes.FLOAT8,
        *dtypes.COMPLEX,
    )
}
dtypes.register({found: name for name, found in TORCH.items()})

_ANY = {**TORCH, **{found: found for found in TORCH.values()}}
_ANY |= {bool: torch.bool, int: torch.int32, complex: torch.complex64}
_ANY |= {dtypes.numpy_dtype(name): found for name, found in TORCH.items()}

# Types that NumPy has from ml_dtypes only, and PyTorch can't exchange with it: the integers that hold their bits.
BITS = {torch.bfloat16: torch.int16, torch.float8_e4m3fn: torch.uint8, torch.float8_e5m2: torch.uint8}
FROM_BITS = {
    np.dtype(ml_dtypes.bfloat16): (np.int16, torch.bfloat16),
    np.dtype(ml_dtypes.float8_e4m3fn): (np.uint8, torch.float8_e4m3fn),
    np.dtype(ml_dtypes.float8_e5m2): (np.uint8, torch.float8_e5m2),
}


def to_dtype(name):
    """PyTorch's dtype of a standard name, of a Python number type, or of a NumPy dtype."""
    found = _ANY.get(name)
    if found is None:
        found = TORCH.get(dtypes.standardize_dtype(name))
    if found is None:
        raise TypeError(f"PyTorch has no dtype {name}; it has {', '.join(TORCH)}.")
    return found


_UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)
_WIDER = dict.fromkeys(_UNSIGNED, torch.int64)
_WIDER |= {torch.bool: torch.int32, torch.float16: torch.float32, torch.bfloat16: torch.float32}


def widening(fn):
    """``fn``, which computes in a wider dtype where PyTorch has no kernel for that of the arguments, and goes back."""

    @functools.wraps(fn)
    def run(*args, **kwargs):
        try:
            return fn(*args, **kwargs)
        except RuntimeError as e:
            found = _retry(fn, args, kwargs)
            if found is None:
                raise
            if isinstance(found, RuntimeError):
                raise e from found
            return found

    return run


def _retry(fn, args, kwargs):
    """The result of ``fn`` on widened arguments, or its error; None when none of them can be widened."""
    dtype = kwargs.get("dtype")
    given = [x.dtype for x in tree.flatten((args, kwargs)) if isinstance(x, torch.Tensor)]
    narrow = next((d for d in (dtype, *given) if d in _WIDER), None)
    if narrow is None:
        return None
    if dtype in _WIDER:
        kwargs = {**kwargs, "dtype": _WIDER[dtype]}
    wide_args, wide_kwargs = tree.map_structure(_widened, (args, kwargs))
    try:
        found = fn(*wide_args, **wide_kwargs)
    except RuntimeError as e:
        return e
    back = dtype if dtype in _WIDER else narrow
    return tree.map_structure(
        lambda x: x.to(back) if isinstance(x, torch.Tensor) and x.dtype == _WIDER[back] else x, found
    )


def _widened(x):
    if not isinstance(x, torch.Tensor) or x.dtype not in _WIDER:
        return x
    wide = x.to(_WIDER[x.dtype])
    if x.dtype is torch.uint64 and bool((wide < 0).any()):
        raise OverflowError("PyTorch computes with uint64 numbers below 2^63 only; cast to a float type first.")
    return wide
