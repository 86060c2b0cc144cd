"""Generators over a raw key (uint32, shape (2,)): the numbers of the host, so that they are those of all engines.

Masks of dropout alone are drawn by PyTorch, which takes a tenth of the time; they are the same for the same key.
"""

import functools

import numpy as np
import torch

from keraunos.backend import host_random
from keraunos.backend.torch.abstract import inferring
from keraunos.backend.torch.creation import from_numpy, to_numpy
from keraunos.backend.torch.dtypes import to_dtype
from keraunos.backend.torch.record import opaque


def _host(x):
    return to_numpy(x) if isinstance(x, torch.Tensor) else x


def _on_host(fn, like):
    """The draw ``fn`` of the host, as a tensor; ``like(*args)`` is (shape, dtype) of what it gives."""

    def draw(key, *args):
        return from_numpy(np.asarray(fn(np.asarray(_host(key)), *map(_host, args))))

    @functools.wraps(fn)
    def run(key, *args):
        if inferring():
            shape, dtype = like(*args)
            return torch.empty(shape, dtype=to_dtype(dtype), device="meta")
        return opaque(draw, key, *args)

    return run


def _first_two(shape, dtype, *values):
    return shape, dtype


def _last_two(*args):
    return args[-2:]


next_key = _on_host(host_random.next_key, lambda ordered: ((2,), "uint32"))
uniform = _on_host(host_random.uniform, _first_two)
normal = _on_host(host_random.normal, _first_two)
truncated_normal = _on_host(host_random.truncated_normal, _first_two)
randint = _on_host(host_random.randint, lambda shape, low, high, dtype: (shape, dtype))
categorical = _on_host(host_random.categorical, lambda logits, count: ((logits.shape[0], count), "int32"))
gamma = _on_host(host_random.gamma, _last_two)
beta = _on_host(host_random.beta, _last_two)
binomial = _on_host(host_random.binomial, _last_two)
_shuffle = _on_host(host_random.shuffle, lambda places, axis: (places.shape, "int64"))


def shuffle(key, x, axis):
    """Each line along an axis in a random order of its own; the gradient goes the same ways."""
    axis %= x.ndim
    places = np.arange(x.shape[axis]).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
    return torch.take_along_dim(x, _shuffle(key, np.broadcast_to(places, x.shape), axis).to(x.device), axis)


def dropout(key, x, rate, noise_shape):
    """x / (1 - rate), and 0 where noise says so."""
    if inferring():
        return torch.empty_like(x, device="meta")
    return x * opaque(_kept, key, 1 - rate, noise_shape, x.dtype, x.device)


def _kept(key, share, shape, dtype, device):
    """1 / share with that probability, else 0."""
    noise = torch.Generator(device).manual_seed(_mixed(_host(key)))
    return torch.empty(shape, dtype=dtype, device=device).bernoulli_(share, generator=noise).div_(share)


def _mixed(key):
    """A seed of which each bit depends on all of the key: PyTorch's generator on the CPU reads the lower half only."""
    z = int(key[0]) << 32 | int(key[1])
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # SplitMix64 (Steele et al., 2014)
        z = (z ^ z >> shift) * factor % 2**64
    return z ^ z >> 31
