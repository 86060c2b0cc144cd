"""The base of all layers."""

import contextlib
import functools
import warnings

from keraunos import constraints, initializers, regularizers
from keraunos.backend import dispatch
from keraunos.backend.dtypes import standardize_dtype
from keraunos.core import capture, dtype_policy
from keraunos.core.masks import get_mask, set_mask
from keraunos.core.scope import LOCAL, AutocastScope, NameScope, StateScope
from keraunos.core.tracked import track
from keraunos.core.variable import Structure, Variable, check_shape
from keraunos.layers.input_spec import check_inputs, who
from keraunos.layers.parts import Parts, is_part
from keraunos.layers.signature import CallSignature, holds_tensor, shapes_of
from keraunos.ops.symbolic import KerasTensor, Node, Operation, any_symbolic, infer, to_symbolic
from keraunos.util import registry, tree
from keraunos.util.serialization import serialize_keras_object

_PLAIN = (int, float, str, bool, type(None), tuple)


class CallContext:
    """What nested calls inherit from the outermost one."""

    __slots__ = ("entry", "training")

    def __init__(self, entry, training):
        self.entry = entry
        self.training = training


@registry.builtin("keras.layers")
class Layer(Operation, Parts):
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
        self.built = False
        self.input_spec = None
        self._supports_masking = False
        self._build_shapes = None
        self._input_shape_arg = input_shape

    # -- weights -----------------------------------------------------------------------------------------------------------

    def build(self, input_shape):
        """Make the weights. A layer whose parts are layers needs none: they are built by a run on stand-ins."""
        if type(self).build is Layer.build and not self.built:
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
        if self._engine is dispatch.current():
            return contextlib.nullcontext()
        return dispatch.use(self._engine.name)

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
            return self._run(args, kwargs, tensors, signature, context)
        finally:
            LOCAL.names = before

    def _run(self, args, kwargs, tensors, signature, context):
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
        dtype, cast = self.input_dtype, self.autocast
        convert = self._dtype_policy.convert_input
        if len(args) == 1 and not isinstance(args[0], (list, tuple, dict)) and not kwargs:
            return (convert(args[0], cast, dtype),), kwargs
        args, kwargs = tree.map_structure(lambda x: convert(x, cast, dtype), (tuple(args), dict(kwargs)))
        return args, kwargs

    def _build_for(self, tensors):
        shapes = {k: shapes_of(v) for k, v in tensors.items()}
        wanted = _build_parameters(type(self))
        with self._engine_scope():
            if type(self).build is Layer.build:
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
                self.build(**{k: shapes.get(k.removesuffix("_shape")) for k in wanted if k.removesuffix("_shape") in shapes})
        Structure.version += 1

    def symbolic_call(self, *args, **kwargs):
        """Record a node and return symbolic outputs."""
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

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
        return to_symbolic(self._infer(args, kwargs))

    def _infer(self, args, kwargs):
        def run(*args, **kwargs):
            with StateScope():
                context = CallContext(self, LOCAL.call.training if LOCAL.call else None)
                outside, LOCAL.call = LOCAL.call, context
                losses, LOCAL.losses = LOCAL.losses, {}
                try:
                    return self._run(args, kwargs, {}, self._signature, context)
                finally:
                    LOCAL.call, LOCAL.losses = outside, losses

        return infer(run, args, kwargs)

    def compute_output_shape(self, *args, **kwargs):
        """Shape(s) of the output for shape(s) of the input, batch dimension included."""
        stand_ins = [_map_shapes(lambda s: KerasTensor(s, self.compute_dtype), a) for a in args]
        named = {k.removesuffix("_shape"): _map_shapes(lambda s: KerasTensor(s, self.compute_dtype), v) for k, v in kwargs.items()}
        return tree.map_structure(lambda s: s.shape if hasattr(s, "shape") else s, self._infer(tuple(stand_ins), named))

    # -- masks -------------------------------------------------------------------------------------------------------------

    @property
    def supports_masking(self):
        """Whether masks of the input are understood or passed on."""
        return self._supports_masking

    @supports_masking.setter
    def supports_masking(self, value):
        self._supports_masking = value

    def compute_mask(self, inputs, previous_mask):
        """The mask of the output: that of the input, unless a class says otherwise."""
        return previous_mask

    def _add_masks(self, kwargs, args, tensors, signature):
        first = True
        for name, value in tensors.items():
            wanted = f"{name}_mask" if f"{name}_mask" in signature.names else "mask" if first and "mask" in signature.names else None
            first = False
            if wanted is None or kwargs.get(wanted) is not None:
                continue
            if wanted in signature.positional and len(args) > signature.positional.index(wanted):
                continue
            masks = tree.map_structure(get_mask, value)
            if any(m is not None for m in tree.flatten(masks)):
                kwargs[wanted] = masks
        return kwargs

    def _carry_masks(self, args, kwargs, tensors, outputs):
        inputs = next(iter(tensors.values()), None)
        given = kwargs.get("mask")
        previous = given if given is not None else tree.map_structure(get_mask, inputs) if inputs is not None else None
        has_mask = previous is not None and any(m is not None for m in tree.flatten(previous))
        makes_mask = type(self).compute_mask is not Layer.compute_mask
        if not has_mask and not makes_mask:
            return
        if has_mask and not self._supports_masking and not makes_mask:
            warnings.warn(
                f"{who(self)} got an input with a mask, but does not support masking (set self.supports_masking = True), so the "
                "mask ends here.",
                stacklevel=4,
            )
            return
        leaves = tree.flatten(outputs)
        if all(get_mask(x) is not None for x in leaves):
            return
        masks = self.compute_mask(inputs, previous)
        if masks is None:
            return
        for x, mask in zip(leaves, tree.flatten(masks), strict=False):
            if mask is not None and get_mask(x) is None:
                set_mask(x, mask)

    # -- losses ------------------------------------------------------------------------------------------------------------

    def add_loss(self, loss):
        """Add a scalar (or a list of them) to what is minimised; call it inside ``call``."""
        table = LOCAL.losses
        if table is None:
            table = LOCAL.losses = {}
        for x in tree.flatten(loss):
            if x is not None:
                table.setdefault(id(self), []).append(x)

    def _add_activity_losses(self, outputs):
        for x in tree.flatten(outputs):
            if hasattr(x, "shape"):
                self.add_loss(self.activity_regularizer(x) / _rows_of(x))

    def _clear_losses(self):
        if LOCAL.losses:
            for layer in self._flatten_layers():
                LOCAL.losses.pop(id(layer), None)

    @property
    def losses(self):
        """Scalars added by the last call, and penalties on trainable weights."""
        found = []
        for layer in self._flatten_layers():
            found.extend((LOCAL.losses or {}).get(id(layer), ()))
        for v in self.trainable_weights:
            if v.regularizer is not None:
                found.append(v.regularizer(v))
        return found

    # -- dtype -------------------------------------------------------------------------------------------------------------

    @property
    def dtype_policy(self):
        """Which dtypes the layer uses."""
        policy = self._dtype_policy
        return policy[self.path] if isinstance(policy, dtype_policy.DTypePolicyMap) else policy

    @dtype_policy.setter
    def dtype_policy(self, value):
        self._dtype_policy = dtype_policy.get(value)

    @property
    def path(self):
        """Name with the names of what it is in."""
        return "/".join((*LOCAL.names, self.name)) if not self.built else getattr(self, "_path", self.name)

    @property
    def compute_dtype(self):
        """Name of the dtype of the computation."""
        return self._dtype_policy.compute_dtype

    @property
    def variable_dtype(self):
        """Name of the dtype of the weights."""
        return self._dtype_policy.variable_dtype

    @property
    def input_dtype(self):
        """Name of the dtype to which float inputs are cast."""
        return self._dtype_policy.compute_dtype

    @property
    def dtype(self):
        """Name of the dtype of the weights."""
        return self._dtype_policy.variable_dtype

    @property
    def quantization_mode(self):
        """None: the layer is not quantized."""
        return None

    # -- configuration -----------------------------------------------------------------------------------------------------

    def get_config(self):
        """Arguments that make an equal layer, captured from the constructor.

        A class of your own whose constructor takes more than plain values should extend it.
        """
        args, kwargs = self._captured
        config = {"name": self.name, "trainable": self._trainable, "dtype": serialize_keras_object(self._dtype_policy)}
        for name, value in capture.bind(type(self), args, kwargs).items():
            if name in ("name", "trainable", "dtype", "activity_regularizer") and name in config:
                continue
            if name in ("input_shape", "input_dim", "batch_input_shape", "batch_size", "weights") and name not in self._own_parameters():
                continue
            value = getattr(self, name, value)
            config[name] = capture.config_value(value)
        config.pop("activity_regularizer", None)
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    def _own_parameters(self):
        return {p.name for p in capture.init_signature(type(self))}

    @classmethod
    def from_config(cls, config):
        """A layer from ``get_config()``'s dict."""
        config = dict(config)
        if isinstance(config.get("dtype"), dict):
            config["dtype"] = dtype_policy.get(config["dtype"])
        try:
            return cls(**config)
        except TypeError as e:
            raise TypeError(f"{cls.__name__}.from_config: the configuration {config} does not fit its constructor: {e}") from e

    def get_build_config(self):
        """The shapes that it was built with, or None."""
        if self._build_shapes is None:
            return None
        shapes = self._build_shapes
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": {f"{k.removesuffix('_shape')}_shape": v for k, v in shapes.items()}}

    def build_from_config(self, config):
        """Build with the shapes of ``get_build_config()``."""
        if not config or self.built:
            return
        if "shapes_dict" in config:
            self.build(**{k: _as_shape(v) for k, v in config["shapes_dict"].items()})
        elif "input_shape" in config:
            shape = _as_shape(config["input_shape"])
            if isinstance(shape, dict) and type(self).build is not Layer.build and len(_build_parameters(type(self)) or ()) > 1:
                self.build(**shape)
            else:
                self.build(shape)
        self.built = True

    # -- state as arrays ---------------------------------------------------------------------------------------------------

    def get_weights(self):
        """Weights as NumPy arrays, in the order of ``weights``."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights):
        """Set the weights from arrays in the order of ``weights``."""
        variables = self.weights
        if len(variables) != len(weights):
            hint = "" if self.built else " It has not been built yet: call it on data or build(input_shape) first."
            raise ValueError(f"{who(self)}: set_weights expected {len(variables)} arrays, got {len(weights)}.{hint}")
        for v, w in zip(variables, weights, strict=True):
            if tuple(getattr(w, "shape", ())) != v.shape:
                raise ValueError(f"{who(self)}: set_weights: {v.path!r} has shape {v.shape}, got {getattr(w, 'shape', ())}.")
        for v, w in zip(variables, weights, strict=True):
            v.assign(w)

    def count_params(self):
        """Number of scalars in the weights."""
        if not self.built:
            raise ValueError(
                f"{who(self)}: count_params needs built weights. Call the layer on data, or build(input_shape), first."
            )
        return sum(v.size for v in self.weights)

    def stateless_call(self, trainable_variables, non_trainable_variables, *args, return_losses=False, **kwargs):
        """Call with the given values for the variables, changing nothing.

        Returns:
            (outputs, new non-trainable values), and the losses third with ``return_losses``.
        """
        if not self.built:
            raise ValueError(f"{who(self)}: stateless_call needs built weights. Call it on data, or build(input_shape), first.")
        trainable, other = self.trainable_variables, self.non_trainable_variables
        _check_count(self, "trainable_variables", trainable, trainable_variables)
        _check_count(self, "non_trainable_variables", other, non_trainable_variables)
        losses_outside, LOCAL.losses = LOCAL.losses, {}
        try:
            with StateScope([*trainable, *other], [*trainable_variables, *non_trainable_variables]) as scope:
                outputs = self(*args, **kwargs)
                losses = self.losses if return_losses else None
            new = [scope.read(v) for v in other]
        finally:
            LOCAL.losses = losses_outside
        return (outputs, new, losses) if return_losses else (outputs, new)

    # -- files -------------------------------------------------------------------------------------------------------------

    def save_own_variables(self, store):
        """Write this layer's own variables (not those of its parts) into a mapping."""
        for i, v in enumerate((*self._trainable_variables, *self._non_trainable_variables)):
            store[str(i)] = v

    def load_own_variables(self, store):
        """Read this layer's own variables from a mapping."""
        own = (*self._trainable_variables, *self._non_trainable_variables)
        if len(store.keys()) != len(own):
            built = "" if self.built else " The layer has not been built: call the model on data, or build it, before loading."
            raise ValueError(f"{who(self)}: the file holds {len(store.keys())} variables, the layer has {len(own)}.{built}")
        for i, v in enumerate(own):
            v.assign(store[str(i)])

    def save_assets(self, dir_path):
        """Write files beside the weights (vocabularies); nothing by default."""

    def load_assets(self, dir_path):
        """Read what ``save_assets`` wrote."""

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def _check_initialized(self):
        if not getattr(self, "_initialized", False):
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() at the beginning of its __init__.")

    def __setattr__(self, name, value):
        if type(value) not in _PLAIN and is_part(value):
            value = track(value)
        if name[0] != "_" or is_part(value):
            Structure.version += 1
            self.__dict__["_changes"] += 1  # programs compiled before are for another layer
        object.__setattr__(self, name, value)

    def __delattr__(self, name):
        Structure.version += 1
        object.__delattr__(self, name)


def _rows_of(x):
    return max(x.shape[0], 1) if x.shape else 1


def _check_count(layer, argument, variables, values):
    if len(variables) != len(values):
        raise ValueError(f"{who(layer)}: stateless_call: {argument} must hold {len(variables)} values, got {len(values)}.")


def _wrap_build(build):
    if getattr(build, "_wrapped", False):
        return build

    @functools.wraps(build)
    def wrapped(self, *args, **kwargs):
        inside = LOCAL.names and LOCAL.names[-1] == self.name
        with contextlib.nullcontext() if inside else NameScope(self.name):
            with self._engine_scope():
                object.__setattr__(self, "_path", "/".join(LOCAL.names))
                result = build(self, *args, **kwargs)
        if self._build_shapes is None:
            names = _build_parameters(type(self)) or ("input_shape",)
            self._build_shapes = {**dict(zip(names, args, strict=False)), **kwargs}
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
def _build_parameters(cls):
    signature = CallSignature(_unbound(cls.build))
    if signature.has_var_keyword or signature.has_var_positional:
        return None
    return tuple(signature.names)


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


def _as_shape(value):
    """Shapes from JSON: lists of ints and None become tuples."""
    if isinstance(value, dict):
        return {k: _as_shape(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        if all(d is None or isinstance(d, int) for d in value):
            return tuple(value)
        return [_as_shape(v) for v in value]
    return value


def _input_shape_argument(kwargs):
    """The batch shape that ``input_shape=``, ``input_dim=`` or ``batch_input_shape=`` of a first layer means, or None."""
    batch = kwargs.pop("batch_size", None)
    shape = kwargs.pop("input_shape", None)
    if "input_dim" in kwargs:
        shape = (kwargs.pop("input_dim"),)
    if "batch_input_shape" in kwargs or "batch_shape" in kwargs:
        return tuple(kwargs.pop("batch_input_shape", None) or kwargs.pop("batch_shape"))
    return None if shape is None else (batch, *shape)


