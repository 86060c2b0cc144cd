"""Functions of JAX as a layer."""

import inspect
from typing import Any, NamedTuple

import numpy as np

from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.core.variable import outside_scopes
from keraunos.layers.foreign import ForeignLayer
from keraunos.layers.input_spec import who
from keraunos.random.seed import SeedGenerator, make_default_seed
from keraunos.util import registry, tree
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object

_OF_CALL = ("params", "state", "rng", "inputs", "training")
_OF_INIT = ("rng", "inputs", "training")


class Leaves(NamedTuple):
    """A pytree whose leaves are variables."""

    variables: list
    nest: Any  # what JAX calls a treedef

    def filled(self, of_variable):
        """The pytree with ``of_variable(v)`` at each leaf."""
        return self.nest.unflatten([of_variable(v) for v in self.variables])


@registry.builtin("keras.layers")
class JaxLayer(ForeignLayer):
    """A pure function of JAX with its weights as a layer: ``outputs = call_fn(params, inputs)``.

    ``call_fn`` names what it wants among ``params`` (trained), ``state`` (carried from call to call, not trained; then it returns
    ``(outputs, new state)``), ``rng`` (in training a key, another one at each call; else None), ``inputs`` (an array or a pytree of
    them) and ``training``. ``init_fn`` takes ``rng``, ``inputs`` (zeros of the right shape) and perhaps ``training``, and returns
    ``params``, or ``(params, state)`` where ``call_fn`` takes a state.

    Args:
        call_fn: the function.
        init_fn: makes params and state when the layer is built; needed unless they are given.
        params: pytree of the trained arrays.
        state: pytree of the arrays that are carried from call to call.
        seed: integer; None for one drawn from the global seed.
        native_serialization_platforms: kept in the configuration, for Keras on TensorFlow.

    **Shape:** the function's.

    Raises:
        ValueError: the layer is on another engine than JAX; a function takes other arguments; there is nothing to begin with.

    >>> import jax
    >>> import keraunos as keras
    >>> layer = keras.layers.JaxLayer(
    ...     call_fn=lambda params, inputs: inputs @ params["w"],
    ...     init_fn=lambda rng, inputs: {"w": jax.random.normal(rng, (inputs.shape[-1], 2))},
    ... )
    >>> layer(keras.ops.ones((4, 3))).shape, layer.weights[0].shape
    ((4, 2), (3, 2))
    """

    _only = "jax"
    _outside_config = ("params", "state")

    def __init__(
        self,
        call_fn,
        init_fn=None,
        params=None,
        state=None,
        seed=None,
        native_serialization_platforms=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._takes = _arguments(self, "call_fn", call_fn, _OF_CALL, "inputs")
        self._init_takes = _arguments(self, "init_fn", init_fn, _OF_INIT, "inputs") if init_fn is not None else ()
        given = params is not None or state is not None
        if init_fn is None and not given and {"params", "state"} & set(self._takes):
            raise ValueError(
                f"{who(self)}: call_fn takes params or a state, so one of init_fn, params and state must be given; a layer from a "
                "configuration needs the init_fn."
            )
        self.call_fn = call_fn
        self.init_fn = init_fn
        self.seed = seed
        self.native_serialization_platforms = native_serialization_platforms
        if "rng" in self._takes:
            self.seed_generator = SeedGenerator(seed)
        self._input_dtypes = None
        self._held = {}
        if given or init_fn is None:
            self._hold(params, state)

    # -- weights -------------------------------------------------------------------------------------------------------------

    @property
    def params(self):
        """The trained arrays as a pytree of variables; None before it is built."""
        return self._held["params"].filled(lambda v: v) if self._held else None

    @property
    def state(self):
        """The carried arrays as a pytree of variables; None before it is built."""
        return self._held["state"].filled(lambda v: v) if self._held else None

    def _hold(self, params, state):
        self._held = {"params": self._leaves(params, "params", True), "state": self._leaves(state, "state", False)}

    def _leaves(self, values, kind, trainable):
        found, nest = self._engine.pytrees.named_leaves(values)
        return Leaves([self._variable(name or kind, value, kind, trainable) for name, value in found], nest)

    def _variable(self, name, value, kind, trainable):
        if isinstance(value, (bool, int, float)):
            value = self._engine.asarray(value)
        if not hasattr(value, "dtype"):
            raise TypeError(f"{who(self)}: {kind} must hold arrays and numbers, got {describe(value)}.")
        dtype = standardize_dtype(value.dtype)
        return self.add_weight(
            shape=value.shape,
            initializer=lambda shape, dtype: value,
            dtype=dtype,
            trainable=trainable and is_float_dtype(dtype),
            name=name.replace("/", "_"),
        )

    def _build_for(self, tensors):
        first = next(iter(tensors.values()), None)
        dtypes = tree.map_structure(lambda t: standardize_dtype(t.dtype), first)
        if not all(is_float_dtype(d) for d in tree.flatten(dtypes)):
            self._input_dtypes = dtypes
        super()._build_for(tensors)

    def build(self, input_shape):
        if self._held:
            return
        with self._engine.eagerly(), outside_scopes():
            given = {
                "rng": self._initial_key(),
                "inputs": self._zeros(input_shape, self._input_dtypes),
                "training": True,
            }
            found = self.init_fn(**{name: given[name] for name in self._init_takes})
            params, state = self._pair(found, "init_fn", "params") if "state" in self._takes else (found, None)
            self._hold(params, state)

    def _initial_key(self):
        """A key that no call draws with."""
        if "rng" in self._takes:
            seed = int(self.seed_generator.state.numpy()[0])
        else:
            seed = make_default_seed() if self.seed is None else self.seed
        return self._engine.random.next_key(self._engine.asarray(np.array([seed, 0], np.uint32)), ordered=False)

    def _zeros(self, shapes, dtypes):
        """Stand-ins for the inputs, nested as they are."""
        if isinstance(shapes, dict):
            return {k: self._zeros(s, dtypes and dtypes[k]) for k, s in shapes.items()}
        if any(isinstance(s, (list, tuple, dict)) for s in shapes):
            parts = zip(shapes, dtypes or [None] * len(shapes), strict=True)
            return type(shapes)(self._zeros(s, d) for s, d in parts)
        rows, *rest = (*shapes,) or (None,)
        size = (rows or 1, *(32 if d is None else d for d in rest)) if shapes else ()
        dtype = dtypes if dtypes and not is_float_dtype(dtypes) else self.compute_dtype
        return self._engine.xp.zeros(size, dtype=self._engine.dtype(dtype))

    # -- computing -----------------------------------------------------------------------------------------------------------

    def call(self, inputs, training=False):
        self._check_arrays(inputs)
        given = {"inputs": inputs, "training": bool(training)}
        if "rng" in self._takes:
            given["rng"] = self.seed_generator.next() if training else None
        for kind in {"params", "state"} & set(self._takes):
            given[kind] = self._held[kind].filled(lambda v: v.value)
        found = self.call_fn(**{name: given[name] for name in self._takes})
        if "state" not in self._takes:
            return found
        outputs, state = self._pair(found, "call_fn", "outputs")
        self._carry(state)
        return outputs

    def _pair(self, found, function, first):
        if not isinstance(found, tuple) or len(found) != 2:
            raise TypeError(
                f"{who(self)}: {function} must return ({first}, state), as call_fn takes a state, got {describe(found)}."
            )
        return found

    def _carry(self, state):
        values, variables = self._engine.pytrees.leaves(state), self._held["state"].variables
        if len(values) != len(variables):
            raise ValueError(
                f"{who(self)}: the new state of call_fn must have the {len(variables)} arrays of the old one, got {len(values)}."
            )
        for v, value in zip(variables, values, strict=True):
            v.assign(value)

    # -- configuration -------------------------------------------------------------------------------------------------------

    def get_build_config(self):
        config = super().get_build_config()
        return {**config, "input_dtypes": self._input_dtypes} if config and self._input_dtypes else config

    def build_from_config(self, config):
        if config:
            self._input_dtypes = config.get("input_dtypes")
        super().build_from_config(config)

    @classmethod
    def from_config(cls, config):
        """A layer from its configuration; functions are found by their registered names, lambdas need ``safe_mode=False``."""
        config = dict(config)
        for key in ("call_fn", "init_fn", "module", "method"):
            if isinstance(config.get(key), dict):
                config[key] = deserialize_keras_object(config[key])
        return super().from_config(config)


def _arguments(layer, role, function, known, required):
    """Names of a function's parameters, which must be among the known ones."""
    if not callable(function):
        raise ValueError(f"{who(layer)}: {role} must be a function, got {describe(function)}.")
    names = tuple(inspect.signature(function).parameters)
    unknown = [n for n in names if n not in known]
    if unknown or required not in names:
        raise ValueError(
            f"{who(layer)}: {role} must take {required!r} and may take {', '.join(n for n in known if n != required)}, got a function "
            f"of ({', '.join(names)}). Wrap it in one that has these names."
        )
    return names
