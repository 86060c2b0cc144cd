"""Tensors from values and from shapes."""

import math
import operator

import numpy as np
import torch

from keraunos.backend.torch.abstract import eagerly, inferring
from keraunos.backend.torch.device import device
from keraunos.backend.torch.dtypes import BITS, FROM_BITS, to_dtype
from keraunos.util import settings


def asarray(x, dtype=None):
    """A tensor from anything array-like; a tensor keeps its device, other values are copied to the present one."""
    if dtype is not None and dtype.__class__ is not torch.dtype:
        dtype = to_dtype(dtype)
    if isinstance(x, torch.Tensor):
        return x if dtype is None or x.dtype is dtype else x.to(dtype)
    if dtype is not None and x.__class__ is float:
        return torch.tensor(x, dtype=dtype, device=device())
    if not isinstance(x, np.ndarray):
        x = _gathered(x, dtype)
        if isinstance(x, torch.Tensor):
            return x
    return from_numpy(x, dtype, copy=True)


def _gathered(x, dtype):
    """A NumPy array of numbers and nested lists; a tensor when tensors are among them."""
    if isinstance(x, (list, tuple)) and any(isinstance(v, torch.Tensor) for v in x):
        rows = [asarray(v, dtype) for v in x]
        return torch.stack(rows)
    if x.__class__ is int and dtype is not None and not dtype.is_floating_point and not dtype.is_complex:
        return np.asarray(x, str(dtype)[6:])  # OverflowError where it is out of range
    return np.asarray(x)


_KEPT = {}  # (number, its type, dtype, device) -> scalar tensor
NUMBERS = {}  # id of such a tensor -> the number


def scalar(v, dtype):
    """A number as a tensor, which is kept: making one takes longer than a small addition."""
    key = v or str(v), v.__class__, dtype, device()  # str tells 0.0 from -0.0
    found = _KEPT.get(key)
    if found is not None:
        return found
    found = asarray(v, dtype)
    if not (found.is_meta or found.is_inference() or torch._C._functorch.is_functorch_wrapped_tensor(found)):
        if len(_KEPT) > 10_000:
            _KEPT.clear()
            NUMBERS.clear()
        _KEPT[key] = found
        NUMBERS[id(found)] = v
    return found


def from_numpy(x, dtype=None, copy=False):
    """A tensor of a NumPy array; without ``copy`` it may share its memory."""
    bits = FROM_BITS.get(x.dtype)
    if not x.flags.c_contiguous or not x.flags.writeable or not x.dtype.isnative:
        x, copy = np.array(x, x.dtype.newbyteorder("="), order="C"), False
    found = torch.from_numpy(x if bits is None else x.view(bits[0]))
    if bits is not None:
        found = found.view(bits[1])
    place = device()
    moved = found.to(device=place, dtype=dtype or found.dtype)
    return moved.clone() if copy and moved is found else moved


def to_numpy(x):
    """The values as a NumPy array, which shares the memory of a tensor on the CPU and is read-only, as JAX's are."""
    if isinstance(x, np.ndarray):
        return x
    if inferring():  # a tensor that has values all the same
        with eagerly():
            return to_numpy(x)
    x = x.detach()
    if x.device.type != "cpu":
        x = x.cpu()
    if x.is_conj() or x.is_neg():
        x = x.resolve_conj().resolve_neg()
    bits = BITS.get(x.dtype)
    found = x.numpy() if bits is None else x.view(bits).numpy().view(_numpy_of(x.dtype))
    found.flags.writeable = False
    return found


def _numpy_of(dtype):
    return next(kind for kind, (_, found) in FROM_BITS.items() if found is dtype)


def zeros(shape, dtype=None):
    """Zeros, float32 unless given."""
    return torch.zeros(shape, dtype=_dtype(dtype), device=device())


def ones(shape, dtype=None):
    """Ones, float32 unless given."""
    return torch.ones(shape, dtype=_dtype(dtype), device=device())


def empty(shape, dtype=None):
    """Values that are not to be relied on."""
    return torch.empty(shape, dtype=_dtype(dtype), device=device())


def full(shape, fill_value, dtype=None):
    """One value everywhere."""
    if isinstance(fill_value, torch.Tensor):
        return torch.broadcast_to(asarray(fill_value, dtype), shape)
    if isinstance(fill_value, np.generic):
        fill_value = fill_value.item()
    return torch.full(shape, fill_value, dtype=None if dtype is None else to_dtype(dtype), device=device())


def _dtype(dtype):
    if dtype is None:
        return to_dtype(settings.floatx())
    return dtype if dtype.__class__ is torch.dtype else to_dtype(dtype)


def eye(n, m=None, k=0, dtype=None):
    """Ones on diagonal k."""
    m, place = n if m is None else m, device()
    return (torch.arange(n, device=place)[:, None] + k == torch.arange(m, device=place)).to(_dtype(dtype))


def tri(n, m=None, k=0, dtype=None):
    """Ones on diagonal k and below."""
    m, place = n if m is None else m, device()
    return (torch.arange(n, device=place)[:, None] + k >= torch.arange(m, device=place)).to(_dtype(dtype))


def arange(start, stop=None, step=1, dtype=None):
    """start, start + step, ... below stop, int32 or floatx unless given; empty where there is no such number."""
    if stop is None:
        start, stop = 0, start
    start, stop, step = (_number(v) for v in (start, stop, step))
    if dtype is None:
        dtype = torch.int32 if all(isinstance(v, int) for v in (start, stop, step)) else to_dtype(settings.floatx())
    dtype, place = _dtype(dtype), device()
    count = math.ceil((stop - start) / step)
    if count <= 0:
        return torch.empty((0,), dtype=dtype, device=place)
    if dtype in _RANGES:
        return torch.arange(start, stop, step, dtype=dtype, device=place)
    return (torch.arange(count, device=place) * step + start).to(dtype)


_RANGES = (torch.int32, torch.int64, torch.float32, torch.float64)


def _number(v):
    if isinstance(v, (int, float)):
        return v
    v = v.item() if hasattr(v, "item") else v
    return v if isinstance(v, float) else operator.index(v)


def linspace(start, stop, num):
    """num numbers from start to stop, which are tensors."""
    share = torch.arange(num, dtype=start.dtype, device=start.device) / max(num - 1, 1)
    return start * (1 - share) + stop * share  # exact at both ends


FUNCTIONS = (asarray, zeros, ones, empty, full, eye, tri, arange, linspace)
