"""Where new tensors go: the first GPU where there is one, else the CPU, unless a scope of this thread says otherwise."""

import contextlib
import threading

import torch

_CPU = torch.device("cpu")


class _Place(threading.local):
    device = None


_PLACE = _Place()
_DEFAULT = []


def device():
    """The device of new tensors."""
    found = _PLACE.device
    if found is not None:
        return found
    if not _DEFAULT:
        _DEFAULT.append(torch.device("cuda", 0) if torch.cuda.is_available() else _CPU)
    return _DEFAULT[0]


def named(name):
    """PyTorch's device of a name such as "cpu", "gpu:0" or "cuda:1"."""
    kind, _, index = name.lower().partition(":")
    kind = "cuda" if kind == "gpu" else kind
    try:
        found = torch.device(kind, int(index or 0)) if kind != "cpu" else _CPU
        torch.empty((), device=found)
    except (RuntimeError, ValueError, AssertionError) as e:
        have = ["cpu:0", *(f"gpu:{i}" for i in range(torch.cuda.device_count()))]
        raise ValueError(f"device: PyTorch has no device {name!r}; it has {have}.") from e
    return found


@contextlib.contextmanager
def scope(name):
    """New tensors of the block go to the device of that name."""
    before, _PLACE.device = _PLACE.device, named(name)
    try:
        yield
    finally:
        _PLACE.device = before
