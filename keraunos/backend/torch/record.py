"""A function run once under a recorder becomes a straight list of aten calls, which later calls only repeat.

What is saved is everything between those calls: layers, scopes, dispatch, the building and walking of the gradient tape. What runs is
the same kernels in the same order, so the numbers are the same to the last bit. A function can't be recorded when what it does
depends on values (``item()``, shapes that come from data): it goes on being run as it is, and the recording says why.
"""

import os
import threading
import traceback
import warnings
from types import FunctionType

import numpy as np
import optree
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from keraunos.backend.torch import autograd
from keraunos.backend.torch.creation import asarray

_LOCAL = threading.local()

# Functions of Python's own binding that do what the aten function of that name does, in half the time of a call.
_BOUND = frozenset(
    "abs add addmm all amax amin any argmax argmin atan2 baddbmm bitwise_and bitwise_not bitwise_or bmm cat ceil clamp clamp_max "
    "clamp_min clone cos cumsum div eq erf exp expm1 floor fmod full_like gather ge gt index_select isfinite isnan le lerp log log1p "
    "logical_and logical_not logical_or logsumexp lt matmul maximum mean minimum mm mul ne neg ones_like permute pow reciprocal relu "
    "rsqrt rsub select sigmoid sign sin sqrt squeeze stack sub sum t tanh transpose unsqueeze var where zeros_like".split()
)
_METHODS = frozenset("view expand".split())
# They read values into Python, and the recorder below does not see them.
_READERS = frozenset(
    ("numpy", "tolist", "item", "__array__", "__bool__", "__int__", "__float__", "__index__", "__iter__")
)
_VALUE_TAGS = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)


class Untraceable(Exception):
    """Why a function can't be recorded."""


def opaque(fn, *args):
    """``fn(*args)``, which computes outside of torch: one entry of a recording, called again in each repetition."""
    recorder = getattr(_LOCAL, "recorder", None)
    if recorder is None:
        return fn(*args)
    with recorder.paused():
        out = fn(*args)
    recorder.note(fn, args, {}, out)
    return out


class Recorder(TorchDispatchMode):
    """Notes the aten calls of the block; ``failed`` says why they are not all that matters."""

    def __init__(self, inputs):
        super().__init__()
        self.names = {}  # id of a tensor -> its name
        self.kept = []  # all tensors met, so that no id and no storage is used again while the recording lasts
        self.calls = []  # (function, args, kwargs, names of new tensors, whether they come in a sequence), tensors as Ref
        self.constants = []
        self.failed = None
        self.count = 0
        self.off = False
        self.storages = set()
        for t in inputs:
            self._name(t)

    def _name(self, t):
        name = self.names[id(t)] = f"t{self.count}"
        self.count += 1
        self.kept.append(t)
        self.storages.add(t.untyped_storage()._cdata)
        return name

    def paused(self):
        return _Paused(self)

    def __enter__(self):
        self._before = getattr(_LOCAL, "recorder", None)
        _LOCAL.recorder = self
        return super().__enter__()

    def __exit__(self, *exc):
        _LOCAL.recorder = self._before
        return super().__exit__(*exc)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if not self.off and self.failed is None:
            if any(tag in func.tags for tag in _VALUE_TAGS):
                self.failed = f"{func} depends on values{_place()}"
            else:
                self.note(func, args, kwargs, out)
        return out

    def note(self, fn, args, kwargs, out):
        """Add a call; what it was given and what it gave are held by name."""
        args, kwargs = optree.tree_map(self.ref, (tuple(args), dict(kwargs)), none_is_leaf=True, namespace="")
        leaves = out if isinstance(out, (tuple, list)) else [out]
        names = []
        for t in leaves:
            if isinstance(t, torch.Tensor):
                known = id(t) in self.names  # a function that changes its argument returns it
                names.append(None if known else self._name(t))
            else:
                names.append(None)
        self.calls.append((fn, args, kwargs, names, leaves is out))

    def ref(self, value):
        """A tensor by name: of an input, of a result, or of a constant that was there before."""
        if not isinstance(value, torch.Tensor):
            return value
        name = self.names.get(id(value))
        if name is None:
            if value.untyped_storage()._cdata in self.storages:
                self.failed = "a tensor came back under another identity"
            name = self.names[id(value)] = f"c{len(self.constants)}"
            self.constants.append(value)
        return Ref(name)


class Ref(str):
    """The name of a tensor in a recording."""


def _place():
    """Where in the recorded function that was called: the innermost line outside of torch and this file."""
    for frame, line in traceback.walk_stack(None):
        file = frame.f_code.co_filename
        if file != __file__ and f"{os.sep}torch{os.sep}" not in file.replace(f"backend{os.sep}torch{os.sep}", ""):
            return f" ({os.path.basename(file)}, line {line}, in {frame.f_code.co_name})"
    return ""


class _Paused:
    def __init__(self, recorder):
        self.recorder = recorder

    def __enter__(self):
        self.before, self.recorder.off = self.recorder.off, True

    def __exit__(self, *exc):
        self.recorder.off = self.before


class _Readers(TorchFunctionMode):
    """Sees the reading of values, which is no aten call."""

    def __init__(self, recorder):
        super().__init__()
        self.recorder = recorder

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name in _READERS and not self.recorder.off and self.recorder.failed is None:
            self.recorder.failed = f"Tensor.{name} reads values{_place()}"
        return func(*args, **(kwargs or {}))


def _with_tensors(args):
    """(leaves, nest) of arguments, NumPy arrays among them as tensors."""
    leaves, nest = optree.tree_flatten(args)
    return [asarray(x) if isinstance(x, np.ndarray) else x for x in leaves], nest


class Plain:
    """``fn`` as it is, on tensors, without the tape."""

    def __init__(self, fn):
        self.fn = fn

    def __call__(self, *args):
        leaves, nest = _with_tensors(args)
        with torch.no_grad():
            return self.fn(*optree.tree_unflatten(nest, leaves))


def _inductor(repeat):
    """A recording compiled by ``torch.compile``: as one graph, or in parts, which is said."""
    whole = torch.compile(repeat, fullgraph=True, dynamic=False)

    def first(*tensors):
        nonlocal run
        try:
            found = whole(*tensors)
            run = whole
        except (torch._dynamo.exc.TorchDynamoException, torch._inductor.exc.InductorError) as e:
            reason = next((line for line in str(e).splitlines() if line.strip()), type(e).__name__)
            warnings.warn(
                f"compile(jit_compile=True): torch.compile can't take the step as one graph ({reason}); it compiles parts of it.",
                stacklevel=2,
            )
            run = torch.compile(repeat, dynamic=False)
            found = run(*tensors)
        return found

    run = first
    return lambda *tensors: run(*tensors)


class Repeated:
    """``fn``, repeated from a recording from the third call with arguments of one kind on.

    The first call runs it as it is: what is made on first use is made. ``why_not`` lists the kinds that can't be recorded, with reasons.
    """

    def __init__(self, fn, whole=False):
        self.fn, self.whole = fn, whole
        self.kinds = {}
        self.why_not = {}

    def __call__(self, *args):
        leaves, nest = _with_tensors(args)
        if _is_inside(leaves):
            return self.fn(*optree.tree_unflatten(nest, leaves))
        kind = nest, tuple([(x.shape, x.dtype) if isinstance(x, torch.Tensor) else (type(x), x) for x in leaves])
        repeat = self.kinds.get(kind, self)
        with torch.no_grad():
            if repeat is self:
                self.kinds[kind] = None
                return self.fn(*optree.tree_unflatten(nest, leaves))
            if repeat is None:
                return self._record(kind, nest, leaves)
            if isinstance(repeat, Untraceable):
                return self.fn(*optree.tree_unflatten(nest, leaves))
            repeat, out = repeat
            return optree.tree_unflatten(out, repeat(*[x for x in leaves if isinstance(x, torch.Tensor)]))

    def _record(self, kind, nest, leaves):
        kept = {}

        def flat(*tensors):
            given = iter(tensors)
            filled = [next(given) if isinstance(x, torch.Tensor) else x for x in leaves]
            found, kept["nest"] = optree.tree_flatten(self.fn(*optree.tree_unflatten(nest, filled)))
            return found

        found, repeat = record(flat, [x for x in leaves if isinstance(x, torch.Tensor)], self.whole)
        if isinstance(repeat, Untraceable):
            self.why_not[kind] = str(repeat)
            self.kinds[kind] = repeat
        else:
            self.kinds[kind] = _inductor(repeat) if self.whole else repeat, kept["nest"]
        return optree.tree_unflatten(kept["nest"], found)


def _is_inside(leaves):
    """Whether a call is a part of a recording, a gradient, a map over rows or an inference of shapes, which have to see all of it."""
    if getattr(_LOCAL, "recorder", None) is not None or autograd.is_inside():
        return True
    return any(isinstance(x, torch.Tensor) and x.is_meta for x in leaves)


def record(fn, inputs, whole=False):
    """Run ``fn(*inputs) -> flat list`` once; returns (its result, a function that repeats it, or ``Untraceable``)."""
    recorder = Recorder(inputs)
    with _Readers(recorder), recorder:
        outputs = fn(*inputs)
    results = [recorder.ref(o) for o in outputs]
    if recorder.failed is not None:
        return outputs, Untraceable(recorder.failed)
    return outputs, _source(recorder, len(inputs), results, whole)


def _source(recorder, n_inputs, results, whole):
    """A Python function of the recorded calls, each result let go after its last use; ``whole``: as ``torch.compile`` can take it."""
    calls = _without_aliases(recorder.calls, results)
    used = {r for r in results if isinstance(r, Ref)}
    lines, scope = [], {f"c{i}": c for i, c in enumerate(recorder.constants)}
    for k, (fn, args, kwargs, names, several) in reversed(list(enumerate(calls))):
        made = [n for n in names if n is not None]
        if not used.intersection(made) and not _acts(fn):
            continue  # nothing reads it
        mentioned = {r for r in optree.tree_leaves((args, kwargs)) if isinstance(r, Ref)}
        done = sorted(n for n in (mentioned | set(made)) - used if not n.startswith("c"))
        used |= mentioned
        fast, args = _bound(fn, args)
        if whole and isinstance(fn, FunctionType):
            fast = torch.compiler.disable(fn)  # it computes outside of torch
        scope[f"f{k}"] = fast
        call = ", ".join([_text(a, scope) for a in args] + [f"{n}={_text(v, scope)}" for n, v in kwargs.items()])
        left = ", ".join(n or "_" for n in names) + ("," if several else "")
        lines.append(f"    {left} = f{k}({call})" + (f"; {' = '.join(done)} = None" if done else ""))
    head = f"def repeat({', '.join(f't{i}' for i in range(n_inputs))}):\n"
    tail = f"\n    return [{', '.join(_text(r, scope) for r in results)}]\n"
    exec(head + "\n".join(reversed(lines)) + tail, scope)  # made of this module's own names
    return scope["repeat"]


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
