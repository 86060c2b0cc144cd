"""The state of a run as one file: written in one commit, verified when read."""

import hashlib
import json
import os

import numpy as np

from keraunos.backend.dtypes import numpy_dtype
from keraunos.saving.whole import whole_file

_MAGIC = b"keraunos run state 1\n"


def write_state(path, state):
    """Write a nest of dicts, lists, plain values and NumPy arrays; whole or not at all."""
    arrays = []
    head = json.dumps(_encode(state, arrays)).encode()
    pieces = [len(head).to_bytes(8, "little"), head, *(_bytes_of(a) for a in arrays)]
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    with whole_file(path) as f:
        f.write(_MAGIC + digest.digest())
        f.writelines(pieces)


def _bytes_of(array):
    """The bytes of an array, without a copy where it is contiguous."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def read_state(path):
    """What ``write_state`` wrote.

    Raises:
        ValueError: the file is damaged.
    """
    with open(path, "rb") as f:
        content = f.read()
    start = len(_MAGIC) + 32
    payload = memoryview(content)[start:]
    if content[: len(_MAGIC)] != _MAGIC or hashlib.sha256(payload).digest() != content[len(_MAGIC) : start]:
        raise ValueError(f"{os.fspath(path)!r} is damaged or no state of a run.")
    length = int.from_bytes(payload[:8], "little")
    head = json.loads(bytes(payload[8 : 8 + length]))
    return _decode(head, payload[8 + length :], [0])


def _encode(value, arrays):
    if isinstance(value, dict):
        return {"d": [[_encode(k, arrays), _encode(v, arrays)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"l": [_encode(v, arrays) for v in value]}
    if isinstance(value, (np.ndarray, np.generic)):
        value = np.asarray(value)
        arrays.append(value)
        return {"a": [list(value.shape), value.dtype.name]}
    if value is None or isinstance(value, (bool, int, str)):
        return {"v": value}
    if isinstance(value, float):
        return {"f": value.hex()}
    raise TypeError(f"The state of a callback may hold plain values and NumPy arrays, got {type(value).__name__}.")


def _decode(node, body, place):
    ((kind, value),) = node.items()
    if kind == "d":
        return {_decode(k, body, place): _decode(v, body, place) for k, v in value}
    if kind == "l":
        return [_decode(v, body, place) for v in value]
    if kind == "f":
        return float.fromhex(value)
    if kind == "v":
        return value
    shape, dtype = value
    dtype = numpy_dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    part = body[place[0] : place[0] + size]
    place[0] += size
    return np.frombuffer(part, dtype=dtype).reshape(shape).copy()
