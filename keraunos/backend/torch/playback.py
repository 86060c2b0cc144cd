"""What repeats a recording: its calls as the source of a Python function, without what a repetition does not need."""

from types import FunctionType

import optree
import torch

from keraunos.backend.torch import reuse
from keraunos.backend.torch.names import Ref, refs
from keraunos.backend.torch.operators import as_operator

# Functions of Python's own binding that do what the aten function of that name does, in half the time of a call.
_BOUND = frozenset(
    "abs add addmm all amax amin any argmax argmin atan2 baddbmm bitwise_and bitwise_not bitwise_or bmm cat ceil clamp clamp_max "
    "clamp_min clone cos cumsum div eq erf exp expm1 floor fmod full_like gather ge gt index_select isfinite isnan le lerp log log1p "
    "logical_and logical_not logical_or logsumexp lt matmul maximum mean minimum mm mul ne neg ones_like permute pow reciprocal relu "
    "rsqrt rsub select sigmoid sign sin sqrt squeeze stack sub sum t tanh transpose unsqueeze var where zeros_like".split()
)
_METHODS = frozenset("view expand".split())


def source(recorder, n_inputs, results, whole):
    """A Python function of the recorded calls, each result let go after its last use; ``whole``: as ``torch.compile`` can take it."""
    calls = _read(_without_aliases(recorder.calls, results), results)
    if whole:
        calls = [as_operator(c, recorder.tensor) if isinstance(c[0], FunctionType) else c for c in calls]
    else:
        calls = reuse.in_place(calls, recorder, results)
    used = {r for r in results if isinstance(r, Ref)}
    lines, scope = [], {f"c{i}": c for i, c in enumerate(recorder.constants)}
    for k, (fn, args, kwargs, names, several) in reversed(list(enumerate(calls))):
        mentioned = refs((args, kwargs))
        done = sorted(n for n in (mentioned | set(filter(None, names))) - used if not n.startswith("c"))
        used |= mentioned
        fast, args = _bound(fn, args)
        scope[f"f{k}"] = fast
        call = ", ".join([_text(a, scope) for a in args] + [f"{n}={_text(v, scope)}" for n, v in kwargs.items()])
        left = ", ".join(n or "_" for n in names) + ("," if several else "")
        lines.append(f"    {left} = f{k}({call})" + (f"; {' = '.join(done)} = None" if done else ""))
    head = f"def repeat({', '.join(f't{i}' for i in range(n_inputs))}):\n"
    tail = f"\n    return [{', '.join(_text(r, scope) for r in results)}]\n"
    exec(head + "\n".join(reversed(lines)) + tail, scope)  # made of this module's own names
    return scope["repeat"]


def _read(calls, results):
    """The calls that matter: whose results are read, or that act."""
    used, kept = {r for r in results if isinstance(r, Ref)}, []
    for call in reversed(calls):
        fn, args, kwargs, names, _ = call
        if used.intersection(filter(None, names)) or _acts(fn):
            used |= refs((args, kwargs))
            kept.append(call)
    return kept[::-1]


def _acts(fn):
    """Whether a call matters though nobody reads its result: it changes an argument, or draws from a generator."""
    schema = getattr(fn, "_schema", None)
    return schema is None or schema.is_mutable or torch.Tag.nondeterministic_seeded in fn.tags


def _without_aliases(calls, results):
    """The calls without ``detach`` and ``alias``, which stand for the gradient tape that a repetition does not write."""
    same, kept = {}, []

    def seen(value):
        while isinstance(value, Ref) and value in same:
            value = same[value]
        return value

    for fn, args, kwargs, names, several in calls:
        args, kwargs = optree.tree_map(seen, (args, kwargs), none_is_leaf=True)
        if fn in (torch.ops.aten.detach.default, torch.ops.aten.alias.default):
            same[names[0]] = args[0]
        else:
            kept.append((fn, args, kwargs, names, several))
    results[:] = [seen(r) for r in results]
    return kept


def _rnn_layer(x, *args):
    """oneDNN's recurrent layer keeps what its gradient reads only while it sees that one is wanted."""
    with torch.enable_grad():
        found = torch.ops.aten.mkldnn_rnn_layer.default(x.detach().requires_grad_(), *args)
    return [t.detach() for t in found]


def _bound(fn, args):
    """The quickest function that does the same, and its arguments."""
    if fn is torch.ops.aten.mkldnn_rnn_layer.default and args[-1] is True:
        return _rnn_layer, args
    if not isinstance(fn, torch._ops.OpOverload):
        return fn, args
    name = fn._schema.name.removeprefix("aten::")
    if fn._schema.name.startswith("aten::") and not fn._schema.is_mutable:
        if name in _BOUND:
            return getattr(torch, name), args
        if name in _METHODS:
            return getattr(torch.Tensor, name), args
    return fn, args


_LITERALS = (bool, int, str, type(None))


def _text(value, scope):
    """An argument as source; what has no literal is put into the scope."""
    if isinstance(value, Ref):
        return str.__str__(value)
    if type(value) in _LITERALS:
        return repr(value)
    if type(value) in (tuple, list) and all(isinstance(v, Ref) or type(v) in _LITERALS for v in value):
        inner = ", ".join(_text(v, scope) for v in value)
        return f"[{inner}]"
    name = f"v{len(scope)}"
    scope[name] = value
    return name
