"""A layer of keraunos as a module of PyTorch."""

import torch

from keraunos.backend import dispatch
from keraunos.backend.dtypes import standardize_dtype

# What code written for PyTorch asks of a model.
ATTRIBUTES = frozenset(
    "parameters named_parameters buffers named_buffers state_dict load_state_dict zero_grad train eval requires_grad_ modules "
    "named_modules children named_children register_forward_hook register_forward_pre_hook cuda cpu half bfloat16 float double".split()
)


class LayerModule(torch.nn.Module):
    """A ``torch.nn.Module`` that computes with a layer and shares its weights: whichever side changes them, both see it.

    Its parameters and buffers are the layer's variables by their paths, looked up anew whenever PyTorch asks for them.
    """

    def __init__(self, layer):
        self.__dict__.update(layer=layer, **_nothing())  # a layer is no submodule
        super().__init__()

    def __getstate__(self):
        """Copies and pickles look at their own layer."""
        return {**self.__dict__, **_nothing()}

    # PyTorch's constructor sets both of these to empty dicts.
    @property
    def _parameters(self):
        self._look()
        return self._found_parameters

    @_parameters.setter
    def _parameters(self, empty):
        self._found_parameters.update(empty)

    @property
    def _buffers(self):
        self._look()
        return self._found_buffers

    @_buffers.setter
    def _buffers(self, empty):
        self._found_buffers.update(empty)

    def _look(self):
        """Take up variables that are new or have another value; what PyTorch put in the place of the others stays."""
        for name, v in self._named():
            seen = v._value, v.trainable
            if not _same(self._seen.get(name), seen):
                self._seen[name] = seen
                home, other = self._found_parameters, self._found_buffers
                if not v.trainable:
                    home, other = other, home
                other.pop(name, None)
                home[name] = self._own_tensor(name, v)

    def _named(self):
        """Pairs (name without dots, variable); a number follows where two variables have one path."""
        found = {}
        for v in self.layer.variables:
            name = base = v.path.replace("/", "__").replace(".", "_")
            while name in found:
                name = f"{base}_{len(found)}"
            found[name] = v
        return found.items()

    def forward(self, *args, **kwargs):
        if "training" not in kwargs and self.layer._signature.takes_training:
            kwargs["training"] = self.training
        self._look()
        held = {**self._found_parameters, **self._found_buffers}
        if all(held[name] is self._own_tensor(name, v) for name, v in self._named()):
            return self.layer(*args, **kwargs)
        return self._call_with(held, args, kwargs)

    def _own_tensor(self, name, variable):
        """What PyTorch's code is given for a variable."""
        return dispatch.get_engine("torch").parameter(variable) if variable.trainable else self._seen[name][0]

    def _call_with(self, held, args, kwargs):
        """The layer with tensors of others in the place of its weights (``torch.func.functional_call``)."""
        names = {id(v): name for name, v in self._named()}
        layer = self.layer
        trained, carried = (
            [names[id(v)] for v in group] for group in (layer.trainable_variables, layer.non_trainable_variables)
        )
        outputs, new = layer.stateless_call([held[n] for n in trained], [held[n] for n in carried], *args, **kwargs)
        self._found_buffers.update(
            {n: value for n, value in zip(carried, new, strict=True) if n in self._found_buffers}
        )
        return outputs

    def _apply(self, fn, recurse=True):
        """``to``, ``cuda``, ``half`` ...: what they make of the tensors is the layer's from then on."""
        super()._apply(fn, recurse)
        self._take_back()
        return self

    def load_state_dict(self, state_dict, strict=True, assign=False):
        found = super().load_state_dict(state_dict, strict=strict, assign=assign)
        self._take_back()
        return found

    def _take_back(self):
        """Give the layer the tensors that PyTorch has put in the place of its own, and their dtype."""
        held = {**self._found_parameters, **self._found_buffers}
        changed = None
        for name, v in self._named():
            tensor, before = held[name], v._dtype
            if isinstance(tensor, torch.nn.Parameter):
                v._parameter = tensor
            v._value = tensor.detach()
            v._dtype = standardize_dtype(tensor.dtype)
            changed = v._dtype if v._dtype != before else changed
        if changed is not None:
            for layer in self.layer._flatten_layers():
                layer.dtype_policy = changed

    def extra_repr(self):
        return repr(self.layer)


def _nothing():
    """What a module that has not looked at its layer yet has found."""
    return {"_found_parameters": {}, "_found_buffers": {}, "_seen": {}}


def _same(old, new):
    """Whether a variable's tensor is still in the same memory, and trained or not as before."""
    if old is None or old[1] != new[1]:
        return False
    (a, _), (b, _) = old, new
    return a is b or (a.data_ptr() == b.data_ptr() != 0 and a.shape == b.shape and a.dtype is b.dtype)


def as_module(layer):
    """The module of a layer, always the same one."""
    found = layer.__dict__.get("_torch_module")
    if found is None:
        found = LayerModule(layer)
        object.__setattr__(layer, "_torch_module", found)
    return found
