"""A layer of keraunos as a module of PyTorch."""

import torch

from keraunos.backend import dispatch

# What code written for PyTorch asks of a model.
ATTRIBUTES = frozenset(
    "parameters named_parameters buffers named_buffers state_dict load_state_dict zero_grad train eval requires_grad_ modules "
    "named_modules children named_children register_forward_hook register_forward_pre_hook cuda cpu half bfloat16 float double".split()
)


class LayerModule(torch.nn.Module):
    """A ``torch.nn.Module`` that computes with a layer and shares its weights: whichever side changes them, both see it."""

    def __init__(self, layer):
        super().__init__()
        self.__dict__["layer"] = layer  # not a submodule: it is no module
        self._register()

    def _register(self):
        """Parameters and buffers by the paths of the layer's variables, for those that it has by now."""
        engine = dispatch.get_engine("torch")
        for name, v in self._named():
            if v.trainable:
                self._parameters[name] = engine.parameter(v)
                self._buffers.pop(name, None)
            else:
                self._buffers[name] = v._value
                self._parameters.pop(name, None)

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
        found = self.layer(*args, **kwargs)
        self._register()  # statistics have new values, and a first call makes weights
        return found

    def _apply(self, fn, recurse=True):
        """``to``, ``cuda``, ``half`` ...: what they make of the tensors is the layer's from then on."""
        self._register()
        super()._apply(fn, recurse)
        self._take_back()
        return self

    def load_state_dict(self, state_dict, strict=True, assign=False):
        self._register()
        found = super().load_state_dict(state_dict, strict=strict, assign=assign)
        self._take_back()
        return found

    def state_dict(self, *args, **kwargs):
        self._register()
        return super().state_dict(*args, **kwargs)

    def _take_back(self):
        held = {**self._parameters, **self._buffers}
        for name, v in self._named():
            tensor = held[name]
            v._value = tensor.detach()
            if isinstance(tensor, torch.nn.Parameter):
                v._parameter = tensor

    def extra_repr(self):
        return repr(self.layer)


def as_module(layer):
    """The module of a layer, always the same one."""
    found = layer.__dict__.get("_torch_module")
    if found is None:
        found = LayerModule(layer)
        object.__setattr__(layer, "_torch_module", found)
    return found
