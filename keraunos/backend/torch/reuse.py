"""Memory of a recording that nobody reads again is written over: what works element by element then makes no new tensor.

The kernels are the same, and so are the numbers; what is saved is memory that has to be got, cleared and brought into the cache.
"""

import math

import torch

from keraunos.backend.torch.names import Ref, refs

_EITHER = (torch.ops.aten.add.Tensor, torch.ops.aten.mul.Tensor)  # their two arguments may change places


def in_place(calls, recorder, results):
    """The calls, those that can write into their first argument made to do it."""
    memory = {f"t{i}": _key(t) for i, t in enumerate(recorder.kept)}
    taken = {_key(t) for t in (*recorder.kept[: recorder.given], *recorder.constants)}
    last = {}  # memory -> its last reader
    for k, (fn, args, kwargs, names, _) in enumerate(calls):
        seen = {memory[n] for n in (*refs((args, kwargs)), *filter(None, names)) if n in memory}
        last |= dict.fromkeys(seen, k)
        if not isinstance(fn, torch._ops.OpOverload):
            taken |= seen  # a function outside of torch may keep what it was given
    last |= {memory[r]: math.inf for r in results if r in memory}
    found = []
    for k, call in enumerate(calls):
        changed = _changed(call, k, memory, last, taken, recorder)
        if changed is not None:
            (out,), target = call[3], changed[0]
            old, new = memory[out], memory[target]
            memory |= {name: new for name, key in memory.items() if key == old}
            last[new] = last[old]
            call = (*changed[1:], call[3], call[4])
        found.append(call)
    return found


def _changed(call, k, memory, last, taken, recorder):
    """(the argument that is written over, function, arguments, keyword arguments), or None."""
    fn, args, kwargs, names, several = call
    if several or not args or not isinstance(fn, torch._ops.OpOverload) or torch.Tag.pointwise not in fn.tags:
        return None
    orders = [args, (args[1], args[0])] if fn in _EITHER and len(args) == 2 and not kwargs else [args]
    for given in orders:
        x = given[0]
        others = [r for r in refs((given[1:], kwargs)) if r != x]
        if not isinstance(x, Ref) or x not in memory or memory[x] in taken or last[memory[x]] != k:
            continue
        if not _alike(recorder.tensor(x), recorder.tensor(names[0])) or memory[x] in map(memory.get, others):
            continue
        changing = _changing(fn, x)
        if changing is not None:
            return x, changing[0], given, {**kwargs, **changing[1]}
    return None


def _changing(fn, x):
    """(function that writes into its first argument, further keyword arguments), or None."""
    name = fn._schema.name.removeprefix("aten::")
    if fn._schema.is_mutable or fn._schema.name == name:
        return None
    overloads = getattr(torch.ops.aten, name).overloads()
    if "grad_input" in overloads and fn._overloadname == "default":
        return getattr(torch.ops.aten, name).grad_input, {"grad_input": x}
    changing = getattr(torch.ops.aten, f"{name}_", None)
    if changing is None or fn._overloadname not in changing.overloads():
        return None
    return getattr(torch.Tensor, f"{name}_", getattr(changing, fn._overloadname)), {}


def _alike(x, out):
    """Whether a result fits into the memory of an argument, each element in a place of its own."""
    same = x.shape == out.shape and x.dtype is out.dtype and x.stride() == out.stride() and x.device == out.device
    return same and torch._debug_has_internal_overlap(x) == 0


def _key(t):
    return t.untyped_storage()._cdata
