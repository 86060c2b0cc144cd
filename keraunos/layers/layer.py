"""The base of all layers."""

import contextlib
import functools

from keraunos import constraints, initializers, regularizers
from keraunos.backend import dispatch
from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.core import dtype_policy
from keraunos.core.scope import LOCAL, NameScope, StateScope
from keraunos.core.tracked import track
from keraunos.core.variable import Structure, Variable, check_shape
from keraunos.layers.build_signature import build_parameters, builds_nothing
from keraunos.layers.input_spec import check_inputs, who
from keraunos.layers.layer_arrays import LayerArrays
from keraunos.layers.layer_config import LayerConfig
from keraunos.layers.layer_dtype import LayerDType
from keraunos.layers.layer_losses import LayerLosses
from keraunos.layers.mask_passing import MaskPassing
from keraunos.layers.parts import Parts, is_part
from keraunos.layers.signature import CallSignature, holds_tensor, shapes_of
from keraunos.ops.symbolic import KerasTensor, Node, Operation, any_symbolic, infer, to_symbolic
from keraunos.util import registry, tree

_PLAIN = (int, float, str, bool, type(None), tuple)


class CallContext:
    """What nested calls inherit from the outermost one."""

    __slots__ = ("entry", "training")

    def __init__(self, entry, training):
        self.entry = entry
        self.training = training


@registry.builtin("keras.layers")
class Layer(Parts, MaskPassing, LayerLosses, LayerDType, LayerConfig, LayerArrays, Operation):
    """A function with weights.

    ``__init__`` holds configuration, ``build(input_shape)`` makes weights, ``call(inputs)`` is the maths. The output's shape is
    inferred, the configuration is captured from the constructor's signature.

    Args:
        activity_regularizer: penalty on the output.
        trainable: whether its weights are trained.
        dtype: a dtype, policy, or name of one ("mixed_bfloat16").
        autocast: whether float inputs are cast to the compute dtype.
        name: unique name, made from the class when missing.

    >>> import keraunos as keras
    >>> class Scale(keras.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale()(keras.ops.ones((2, 3))).shape
    (2, 3)
    """

    # A layer is row-wise when each row of its output depends on the same row of its inputs only (batch statistics that leave out
    # padded rows count as row-wise). Then a partial batch may be padded. Layers of others are taken not to be.
    _row_wise = False
    _is_input = False
    _casts_inputs = True  # a graph takes inputs in the dtypes of its own
    _passing = frozenset()  # attributes that no program depends on
    _outside_config = ()  # parameters of the constructor that get_config leaves out

    def __new__(cls, *args, **kwargs):
        layer = super().__new__(cls)
        object.__setattr__(layer, "_captured", (args, kwargs))
        layer._init_parts()
        return layer

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _wrap_build(cls.__dict__["build"])
        if "_row_wise" not in cls.__dict__ and not cls.__module__.startswith("keraunos."):
            cls._row_wise = False

    def __init__(self, *, activity_regularizer=None, trainable=True, dtype=None, autocast=True, name=None, **kwargs):
        self._initialized = True
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: name must be a string, got {name!r}.")
        input_shape = _input_shape_argument(kwargs)
        if kwargs:
            raise ValueError(f"{type(self).__name__}: unknown argument(s) {sorted(kwargs)}.")
        Operation.__init__(self, name)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._dtype_policy = dtype_policy.get(dtype)
        self.autocast = autocast
        self._trainable = bool(trainable)
        self._engine = dispatch.current()
        self._device = None
        self.built = False
        self.input_spec = None
        self._supports_masking = False
        self._build_shapes = None
        self._input_shape_arg = input_shape

    # -- weights -----------------------------------------------------------------------------------------------------------

    def build(self, input_shape):
        """Make the weights. A layer whose parts are layers needs none: they are built by a run on stand-ins."""
        if builds_nothing(type(self)) and not self.built:
            self._build_by_running(input_shape)
        self.built = True

    def _build_by_running(self, input_shape):
        if type(self).call is Operation.call:
            return
        shapes = input_shape if _is_nested_shape(input_shape) else tuple(input_shape)
        stand_ins = _map_shapes(lambda s: KerasTensor(s, self.compute_dtype), shapes)
        try:
            with NameScope(self.name):
                self._infer((stand_ins,), {})
        except (TypeError, ValueError) as e:
            raise ValueError(
                f"{who(self)}: build({input_shape}) ran `call` on stand-ins of that shape, which failed: {e}. Define build(), or "
                "call the layer on real data once."
            ) from e

    def add_weight(
        self,
        shape=None,
        initializer=None,
        dtype=None,
        trainable=True,
        autocast=True,
        regularizer=None,
        constraint=None,
        aggregation="none",
        overwrite_with_gradient=False,
        name=None,
    ):
        """A new variable of this layer.

        Args:
            shape: tuple of ints; () for a scalar.
            initializer: name, ``Initializer`` or function; default "glorot_uniform" for floats, "zeros" otherwise.
            dtype: default: the layer's variable dtype.
            trainable, autocast, regularizer, constraint, name: see ``keras.Variable``.
        """
        self._check_initialized()
        shape = check_shape(() if shape is None else shape, f"{who(self)}: add_weight {name or ''}".rstrip())
        dtype = standardize_dtype(dtype) if dtype is not None else self.variable_dtype
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype else "zeros"
        with self._engine_scope(), self._name_scope_for_weights():
            variable = Variable(
                initializers.get(initializer),
                shape=shape,
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        if not self._trainable:
            variable.trainable = False
        self._add_own(variable)
        return variable

    add_variable = add_weight

    def _name_scope_for_weights(self):
        """Weights made outside of a call or build still carry the layer's name."""
        if LOCAL.names and LOCAL.names[-1] == self.name:
            return contextlib.nullcontext()
        return NameScope(self.name)

    def _engine_scope(self):
        """A context in which what is made from nothing is of the layer's engine, on its device."""
        if self._device is not None:
            return self._on_device()
        if self._engine is dispatch.current():
            return contextlib.nullcontext()
        return dispatch.use(self._engine.name)

    @contextlib.contextmanager
    def _on_device(self):
        with dispatch.use(self._engine.name), self._engine.device_scope(self._device):
            yield

    # -- calling -----------------------------------------------------------------------------------------------------------

    @property
    def _signature(self):
        return _call_signature(type(self))

    def __call__(self, *args, **kwargs):
        self._check_initialized()
        outer = LOCAL.call
        if outer is None:
            with self._engine_scope():
                self._clear_losses()
                LOCAL.call = CallContext(self, None)
                try:
                    return self._call_in_context(args, kwargs, LOCAL.call)
                finally:
                    LOCAL.call = None
        return self._call_in_context(args, kwargs, outer)

    def _call_in_context(self, args, kwargs, context):
        signature = self._signature
        args, kwargs = self._convert(args, kwargs)
        named = signature.named(args, kwargs)
        tensors = {k: v for k, v in named.items() if holds_tensor(v)}
        if not args and not kwargs and signature.required:
            raise ValueError(f"{who(self)}: call needs the argument {signature.required[0]!r}, got none.")
        if self.input_spec is not None and tensors:
            check_inputs(self, self.input_spec, next(iter(tensors.values())))
        before = LOCAL.names
        LOCAL.names = (*before, self.name)
        try:
            if not self.built:
                self._build_for(tensors)
            if any_symbolic(args, kwargs):
                return self.symbolic_call(*args, **kwargs)
            return self._compute(args, kwargs, tensors, signature, context)
        finally:
            LOCAL.names = before

    def _compute(self, args, kwargs, tensors, signature, context):
        kwargs = self._add_masks(dict(kwargs), args, tensors, signature)
        training_outside = context.training
        training = kwargs.get("training")
        if signature.takes_training and training is None and len(args) > signature.positional_index("training"):
            training = args[signature.positional_index("training")]
        if training is None:
            training = training_outside
        if training is None:
            training = signature.training_default
        if signature.takes_training and len(args) <= signature.positional_index("training"):
            kwargs["training"] = training
        elif "training" in kwargs and not signature.has_training:
            del kwargs["training"]
        context.training = training
        cast_outside = LOCAL.autocast
        LOCAL.autocast = self.compute_dtype if self.autocast else None
        try:
            outputs = self.call(*args, **kwargs)
        finally:
            LOCAL.autocast = cast_outside
            context.training = training_outside
        if self.activity_regularizer is not None:
            self._add_activity_losses(outputs)
        self._carry_masks(args, kwargs, tensors, outputs)
        return outputs

    def _convert(self, args, kwargs):
        if not self._casts_inputs:
            return args, kwargs
        dtype, cast = self.input_dtype, self.autocast
        convert = self._dtype_policy.convert_input
        if len(args) == 1 and not isinstance(args[0], (list, tuple, dict)) and not kwargs:
            return (convert(args[0], cast, dtype),), kwargs
        args, kwargs = tree.map_structure(lambda x: convert(x, cast, dtype), (tuple(args), dict(kwargs)))
        return args, kwargs

    def _build_for(self, tensors):
        shapes = {k: shapes_of(v) for k, v in tensors.items()}
        wanted = build_parameters(type(self))
        with self._engine_scope():
            if builds_nothing(type(self)):
                self.built = True
                self._build_shapes = shapes
                return
            if wanted is None or len(wanted) == 1 or len(shapes) == 1:
                first = next(iter(shapes.values()), None)
                key = wanted[0] if wanted else "input_shape"
                given = shapes.get(key.removesuffix("_shape"), first) if key != "input_shape" else first
                if wanted and key.endswith("_shapes") or not wanted:
                    given = first
                self.build(given) if wanted or wanted is None else self.build()
            else:
                self.build(
                    **{k: shapes.get(k.removesuffix("_shape")) for k in wanted if k.removesuffix("_shape") in shapes}
                )
        Structure.version += 1

    def symbolic_call(self, *args, **kwargs):
        """Record a node and return symbolic outputs."""
        seen_args, seen_kwargs = tree.map_structure(self._as_seen, (args, kwargs))
        outputs = self.compute_output_spec(*seen_args, **seen_kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def _as_seen(self, x):
        """A symbolic float in the dtype in which ``call`` will get it."""
        if not isinstance(x, KerasTensor) or not self._casts_inputs or not self.autocast:
            return x
        dtype = self.input_dtype
        return KerasTensor(x.shape, dtype, name=x.name) if is_float_dtype(x.dtype) and x.dtype != dtype else x

    def compute_output_spec(self, *args, **kwargs):
        """Symbolic outputs for symbolic inputs: by ``compute_output_shape`` if the class defines it, else by a run on stand-ins."""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            tensors = self._signature.named(args, kwargs)
            shapes = {k: shapes_of(v) for k, v in tensors.items() if holds_tensor(v)}
            wanted = _shape_parameters(type(self))
            if len(wanted) <= 1:
                found = self.compute_output_shape(next(iter(shapes.values())))
            else:
                found = self.compute_output_shape(**{k: shapes.get(k.removesuffix("_shape")) for k in wanted})
            return _map_shapes(lambda s: KerasTensor(s, self.compute_dtype), found)
        return self._infer_spec(*args, **kwargs)

    def _infer_spec(self, *args, **kwargs):
        """Symbolic outputs, by a run on stand-ins."""
        return to_symbolic(self._infer(args, kwargs))

    def _infer(self, args, kwargs):
        def run(*args, **kwargs):
            with StateScope():
                context = CallContext(self, LOCAL.call.training if LOCAL.call else None)
                outside, LOCAL.call = LOCAL.call, context
                losses, LOCAL.losses = LOCAL.losses, {}
                try:
                    return self._compute(args, kwargs, {}, self._signature, context)
                finally:
                    LOCAL.call, LOCAL.losses = outside, losses

        return infer(run, args, kwargs)

    def compute_output_shape(self, *args, **kwargs):
        """Shape(s) of the output for shape(s) of the input, batch dimension included."""
        stand_ins = [_map_shapes(lambda s: KerasTensor(s, self.compute_dtype), a) for a in args]
        named = {
            k.removesuffix("_shape"): _map_shapes(lambda s: KerasTensor(s, self.compute_dtype), v)
            for k, v in kwargs.items()
        }
        return tree.map_structure(lambda s: s.shape if hasattr(s, "shape") else s, self._infer(tuple(stand_ins), named))

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def _check_initialized(self):
        if not getattr(self, "_initialized", False):
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() at the beginning of its __init__.")

    def __setattr__(self, name, value):
        if type(value) not in _PLAIN and is_part(value):
            value = track(value)
            Structure.version += 1  # what it is made of is looked up anew
        elif name[0] != "_" and name not in self._passing and not _same(self.__dict__.get(name, self), value):
            Structure.version += 1
            self.__dict__["_changes"] += 1  # programs compiled before were for other settings
        object.__setattr__(self, name, value)

    def __getattr__(self, name):
        engine = self.__dict__.get("_engine")
        if engine is not None and name in engine.layer_attributes:
            return getattr(engine.as_module(self), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __delattr__(self, name):
        Structure.version += 1
        object.__delattr__(self, name)


def _same(old, new):
    """Whether an attribute is set to what it was."""
    return old is new or (type(old) is type(new) and isinstance(old, _PLAIN) and old == new)


setattr(Layer.build, "_is_base", True)  # noqa: B010 (a mark on the function, for builds_nothing)


def _wrap_build(build):
    if getattr(build, "_wrapped", False):
        return build

    @functools.wraps(build)
    def wrapped(self, *args, **kwargs):
        inside = LOCAL.names and LOCAL.names[-1] == self.name
        shapes_before = self._build_shapes
        if shapes_before is None:  # noted first: a build inside this one, of the base class, may be given other shapes
            names = build_parameters(type(self)) or ("input_shape",)
            self._build_shapes = {**dict(zip(names, args, strict=False)), **kwargs}
        try:
            with contextlib.nullcontext() if inside else NameScope(self.name), self._engine_scope():
                object.__setattr__(self, "_path", "/".join(LOCAL.names))
                result = build(self, *args, **kwargs)
        except BaseException:
            self._build_shapes = shapes_before
            raise
        self.built = True
        Structure.version += 1
        return result

    wrapped._wrapped = True
    return wrapped


@functools.lru_cache(maxsize=4096)
def _call_signature(cls):
    return CallSignature(_unbound(cls.call))


def _unbound(fn):
    return functools.partial(fn, None)


@functools.lru_cache(maxsize=4096)
def _shape_parameters(cls):
    signature = CallSignature(_unbound(cls.compute_output_shape))
    return tuple(n for n in signature.names if n.endswith("_shape") or n == "input_shapes")


def _is_nested_shape(shape):
    if isinstance(shape, dict):
        return True
    return isinstance(shape, (list, tuple)) and any(isinstance(s, (list, tuple, dict)) for s in shape)


def _map_shapes(fn, shape):
    """``fn`` on each shape of a nest of shapes."""
    if isinstance(shape, dict):
        return {k: _map_shapes(fn, v) for k, v in shape.items()}
    if _is_nested_shape(shape):
        return type(shape)(_map_shapes(fn, s) for s in shape)
    return fn(tuple(shape))


def _input_shape_argument(kwargs):
    """The batch shape that ``input_shape=``, ``input_dim=`` or ``batch_input_shape=`` of a first layer means, or None."""
    batch = kwargs.pop("batch_size", None)
    shape = kwargs.pop("input_shape", None)
    if "input_dim" in kwargs:
        shape = (kwargs.pop("input_dim"),)
    if "batch_input_shape" in kwargs or "batch_shape" in kwargs:
        return tuple(kwargs.pop("batch_input_shape", None) or kwargs.pop("batch_shape"))
    return None if shape is None else (batch, *shape)
