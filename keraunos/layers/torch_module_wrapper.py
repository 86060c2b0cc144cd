"""A module of PyTorch as a layer."""

import base64
import contextlib
import io

from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.core.variable import Variable
from keraunos.layers.foreign import ForeignLayer
from keraunos.layers.input_spec import who
from keraunos.util import registry, tree
from keraunos.util.errors import describe
from keraunos.util.lambdas import SafeModeScope, in_safe_mode, scoped_safe_mode


class ModuleVariable(Variable):
    """A variable whose value is a module's own tensor: whichever side changes it, both see it.

    Args:
        tensors: the module's dict of parameters or of buffers.
        key: the tensor's name there.
        is_parameter: which of the two dicts it is.
    """

    def __init__(self, tensors, key, is_parameter, **kwargs):
        self._tensors, self._key, self._is_parameter = tensors, key, is_parameter
        trainable = is_parameter and tensors[key].requires_grad
        super().__init__(tensors[key].detach(), trainable=trainable, autocast=False, **kwargs)

    @property
    def _value(self):
        return self._tensors[self._key].detach()

    @_value.setter
    def _value(self, value):
        if not self._is_parameter:
            self._tensors[self._key] = value
        elif value.data_ptr() != self._tensors[self._key].data_ptr():
            self._tensors[self._key].data = value  # PyTorch's optimizers know a parameter by its identity

    @property
    def _parameter(self):
        return self._tensors[self._key] if self._is_parameter else None

    @_parameter.setter
    def _parameter(self, parameter):
        self._tensors[self._key] = parameter

    @property
    def trainable(self):
        """Whether gradients are wanted; the parameter's ``requires_grad`` follows."""
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        Variable.trainable.fset(self, value)
        if self._is_parameter:
            self._parameter.requires_grad_(bool(value))


@registry.builtin("keras.layers")
class TorchModuleWrapper(ForeignLayer):
    """A ``torch.nn.Module`` as a layer; its parameters are trained, its buffers are carried as weights that are not trained.

    The tensors stay the module's own, so what ``fit`` trains is seen in the module, and what PyTorch changes in the layer.

    Args:
        module: the module. A lazy one has to be called once before.
        name: of the layer.
        output_shape: shape of the output, batch included; inferred when missing.

    **Shape:** the module's.

    Raises:
        TypeError: ``module`` is no module of PyTorch.
        ValueError: the layer is on another engine than PyTorch; the module is lazy and was never called.

    >>> import torch
    >>> import keraunos as keras
    >>> with keras.backend.use("torch"):
    ...     layer = keras.layers.TorchModuleWrapper(torch.nn.Linear(3, 2))
    >>> [tuple(w.shape) for w in layer.trainable_weights]
    [(2, 3), (2,)]
    """

    _only = "torch"
    _outside_config = ("module",)

    def __init__(self, module, name=None, output_shape=None, **kwargs):
        super().__init__(name=name, **kwargs)
        import torch

        if not isinstance(module, torch.nn.Module):
            raise TypeError(f"{who(self)}: module must be a torch.nn.Module, got {describe(module)}.")
        if any(torch.nn.parameter.is_lazy(t) for t in (*module.parameters(), *module.buffers())):
            raise ValueError(f"{who(self)}: the module has parameters without a shape. Call it on data once before.")
        self.module = module
        self.output_shape = output_shape
        with self._engine_scope(), self._name_scope_for_weights():
            self._by_name = {
                name: ModuleVariable(*place, name=name.replace("/", "_")) for name, place in _places(module).items()
            }
        if not self._trainable:
            self.trainable = False
        self.built = True

    def call(self, *args, training=None, **kwargs):
        import torch

        if training is not None and self.module.training != bool(training):
            self.module.train(bool(training))
        self._check_arrays(args, kwargs)
        buffers = {name: v.value.clone() for name, v in self._by_name.items() if not v._is_parameter}
        before = {name: _stamp(t) for name, t in buffers.items()}
        held = {name: v.value for name, v in self._by_name.items() if v._is_parameter} | buffers
        with self._precision():
            outputs = torch.func.functional_call(self.module, held, args, kwargs)
        may_change = any(part.training for part in self.module.modules())  # kernels of statistics leave no stamp
        for name, stamp in before.items():
            if may_change or _stamp(held[name]) != stamp:
                self._by_name[name].assign(held[name])
        return tree.map_structure(self._cast, outputs) if self._is_mixed else outputs

    # Mixed precision is PyTorch's own here: the module gets float32, and each of its functions takes the dtype that suits it.

    @property
    def input_dtype(self):
        """Name of the dtype to which float inputs are cast."""
        return self.variable_dtype

    @property
    def _is_mixed(self):
        return self.compute_dtype != self.variable_dtype

    def _precision(self):
        import torch

        kind = next((v._value.device.type for v in self._by_name.values()), "cpu")
        if not self._is_mixed or kind == "meta":  # where shapes are inferred, all is in the dtype of the inputs
            return contextlib.nullcontext()
        return torch.autocast(kind, self._engine.dtype(self.compute_dtype))

    def _cast(self, x):
        is_float = hasattr(x, "dtype") and is_float_dtype(standardize_dtype(x.dtype))
        return self._engine.xp.astype(x, self._engine.dtype(self.compute_dtype)) if is_float else x

    def compute_output_spec(self, *args, **kwargs):
        if self.output_shape is None:
            return self._infer_spec(*args, **kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def compute_output_shape(self, input_shape):
        if self.output_shape is None:
            return super().compute_output_shape(input_shape)
        return tuple(self.output_shape)

    # -- files ---------------------------------------------------------------------------------------------------------------

    def save_own_variables(self, store):
        """Write the module's ``state_dict`` into a mapping, by its own names."""
        for name, tensor in self.module.state_dict().items():
            store[name] = self._engine.to_numpy(tensor)

    def load_own_variables(self, store):
        """Read the module's ``state_dict`` from a mapping."""
        found = {name: self._engine.asarray(store[name]) for name in store.keys()}
        try:
            self.module.load_state_dict(found)
        except RuntimeError as e:
            raise ValueError(f"{who(self)}: what the file holds does not fit the module: {e}") from e

    def get_config(self):
        """Arguments that make an equal layer; the module is in it as ``torch.save`` writes it."""
        import torch

        written = io.BytesIO()
        torch.save(self.module, written)
        return {**super().get_config(), "module": base64.b64encode(written.getvalue()).decode("ascii")}

    @classmethod
    def from_config(cls, config, custom_objects=None, safe_mode=None):
        """A layer from its configuration. A module in it is a pickle, which is code, so that needs ``safe_mode=False``."""
        config = dict(config)
        if isinstance(config.get("module"), str):
            with SafeModeScope(scoped_safe_mode(True if safe_mode is None else safe_mode)):
                config["module"] = _read(config["module"], f"{cls.__name__} {config.get('name')!r}")
        return super().from_config(config)


def _places(module):
    """(dict that holds it, key, whether it is a parameter) of every tensor of a module by its full name, shared ones once."""
    found, seen = {}, set()
    for kind, is_parameter in (("_parameters", True), ("_buffers", False)):
        for prefix, owner in module.named_modules():
            tensors = getattr(owner, kind)
            for key, tensor in tensors.items():
                if tensor is not None and id(tensor) not in seen:
                    seen.add(id(tensor))
                    found[f"{prefix}.{key}" if prefix else key] = tensors, key, is_parameter
    return found


def _stamp(tensor):
    """What changes when a tensor is replaced or written to."""
    return id(tensor), 0 if tensor.is_inference() else tensor._version


def _read(text, who_reads):
    """The module of a configuration."""
    if in_safe_mode():
        raise ValueError(
            f"{who_reads}: the configuration holds a module of PyTorch as a pickle, that is, code that would run in this process; it is "
            "refused by default. If you trust where it comes from, pass safe_mode=False or call "
            "keras.config.enable_unsafe_deserialization()."
        )
    import torch

    return torch.load(io.BytesIO(base64.b64decode(text)), weights_only=False)
