"""A function run once under a recorder becomes a straight list of aten calls, which later calls only repeat.

What is saved is everything between those calls: layers, scopes, dispatch, the building and walking of the gradient tape. What runs is
the same kernels in the same order, so the numbers are the same to the last bit. A function can't be recorded when what it does
depends on values (``item()``, shapes that come from data): it goes on being run as it is, and the recording says why.
"""

import os
import threading
import traceback
import warnings

import numpy as np
import optree
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from keraunos.backend.torch import autograd
from keraunos.backend.torch.creation import asarray
from keraunos.backend.torch.names import Ref
from keraunos.backend.torch.playback import source

_LOCAL = threading.local()

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
        self.given = len(inputs)
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

    def tensor(self, name):
        """The tensor of that name, while the recording lasts."""
        return (self.constants if name.startswith("c") else self.kept)[int(name[1:])]

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
        kind = nest, tuple([_kind(x) if isinstance(x, torch.Tensor) else (type(x), x) for x in leaves])
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
            if self.whole:
                warnings.warn(f"compile(jit_compile=True): {repeat}, so it is run uncompiled.", stacklevel=2)
        else:
            self.kinds[kind] = _inductor(repeat) if self.whole else repeat, kept["nest"]
        return optree.tree_unflatten(kept["nest"], found)


def _kind(x):
    """What a recording depends on: views that it makes are views only where the tensor lies in memory as it did."""
    return (x.shape, x.dtype) if x.is_contiguous() else (x.shape, x.dtype, x.stride())


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
    return outputs, source(recorder, len(inputs), results, whole)
