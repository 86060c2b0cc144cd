"""The PyTorch engine: eager, with gradients by PyTorch's own tape."""

import functools

import torch

from keraunos.backend.protocol import Engine
from keraunos.backend.torch import (
    abstract,
    autograd,
    creation,
    module,
    namespace,
    natives,
    random,
    record,
    recurrent,
    updates,
)
from keraunos.backend.torch import device as places
from keraunos.backend.torch.dtypes import to_dtype

_CONVERTING = frozenset(
    "add subtract multiply maximum minimum equal not_equal less less_equal greater greater_equal".split()
)


class TorchEngine(Engine):
    """Arrays are ``torch.Tensor``; programs are Python's own.

    Tensors carry no graph outside of ``value_and_grad``, unless the user's own require gradients.
    """

    name = "torch"
    direct_types = frozenset((torch.Tensor, torch.nn.Parameter))
    xp = namespace.XP
    natives = natives.TABLE
    updates = updates.TABLE
    recurrences = recurrent.TABLE
    random = random
    pads = False
    traces = False
    tapes = True
    layer_attributes = module.ATTRIBUTES

    def is_array(self, x):
        return isinstance(x, torch.Tensor)

    def is_tracer(self, x):
        return isinstance(x, torch.Tensor) and x.is_meta

    def in_trace(self):
        """PyTorch traces nothing here."""
        return False

    def canonical(self, dtype):
        """Every dtype is itself."""
        return dtype

    def dtype(self, name):
        """The engine's own dtype object of a standard name."""
        return to_dtype(name)

    def asarray(self, x, dtype=None):
        return creation.asarray(x, dtype)

    def scalar(self, v, dtype):
        return creation.scalar(v, dtype)

    def adopt(self, x):
        return creation.from_numpy(x)

    def to_numpy(self, x):
        return creation.to_numpy(x)

    def abstract_eval(self, fn, specs):
        return abstract.evaluate(fn, specs)

    def eagerly(self):
        return abstract.eagerly()

    def compile(self, fn, donate=(), static=(), repeats=True, whole=False):
        return record.Repeated(fn, whole) if repeats else record.Plain(fn)

    def direct(self, op, given, kinds, target):
        """PyTorch's own functions bring an integer to a float's dtype in the kernel."""
        floats = {kind for kind in kinds.values() if kind.is_floating_point}
        if op.name in _CONVERTING and len(kinds) == len(given) and floats == {to_dtype(target)}:
            return functools.partial(op.bind(self), self.xp)
        return super().direct(op, given, kinds, target)

    def prepared(self, op, fn):
        return natives.with_body(fn, op.body)

    def value_and_grad(self, fn):
        return autograd.value_and_grad(fn)

    def steps(self, step, repeats=True, whole=False):
        one = self.compile(lambda i, carry, constants: step(i, carry, constants), repeats=repeats, whole=whole)

        def run(carry, constants, start, stop):
            for i in range(int(start), int(stop)):
                carry = one(torch.tensor(i), carry, constants)
            return carry

        return run

    def custom_gradient(self, fn):
        """``fn(*args) -> (output, grad_fn)`` as a function with that gradient; grad_fn may close over what fn computed."""
        return autograd.custom_gradient(fn)

    def parameter(self, variable):
        """A ``torch.nn.Parameter`` that shares the variable's memory, always the same one: it collects ``grad``, optimizers change it."""
        value, found = variable._value, getattr(variable, "_parameter", None)
        if found is None:
            found = variable._parameter = torch.nn.Parameter(value)
        elif found.data_ptr() != value.data_ptr() or found.shape != value.shape:
            found.data = value
        return found

    def as_module(self, layer):
        return module.as_module(layer)

    def taping(self):
        return torch.is_grad_enabled()

    def stored(self, value):
        return value.detach() if value.requires_grad else value

    def untaped(self):
        return torch.no_grad()

    def place(self, x, device):
        return x.to(places.named(device))

    def wait(self, x):
        if isinstance(x, torch.Tensor) and x.device.type == "cuda":
            torch.cuda.synchronize(x.device)
        return x

    def device_of(self, x):
        place = x.device
        return f"{'gpu' if place.type == 'cuda' else place.type}:{place.index or 0}"

    def device_scope(self, name):
        """Context in which new arrays go to ``name`` ("cpu", "gpu:0")."""
        return places.scope(name)


ENGINE = TorchEngine()
