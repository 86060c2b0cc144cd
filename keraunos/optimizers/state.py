"""What an optimizer keeps: its settings, the learning rate, its variables, and how they go into files."""

import types

import numpy as np

from keraunos import initializers
from keraunos.backend import dispatch
from keraunos.core import capture
from keraunos.core.scope import NameScope
from keraunos.core.variable import Structure, Variable
from keraunos.optimizers.options import SHARED, takes_any
from keraunos.optimizers.schedules.schedule import LearningRateSchedule
from keraunos.util import settings
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

_FILL = {"zeros": 0.0, "ones": 1.0}
# Attributes whose variables are the model's, or known already.
_NOT_OWN = {"_variables", "_trainable_variables", "_no_decay_variables"}
_NO_CHANGE = {"learning_rate", "name", "built"}  # public attributes that no compiled program depends on


class OptimizerState:
    """Mixin of ``Optimizer``."""

    def __new__(cls, *args, **kwargs):
        optimizer = super().__new__(cls)
        start = {
            "_captured": types.SimpleNamespace(args=args, kwargs=kwargs),
            "_changes": 0,  # goes up whenever a setting changes: programs compiled before are stale
            "_variables": [],
            "_known": set(),  # ids of those
            "_trainable_variables": [],
            "_index": {},  # id of a trained variable -> its place among them
            "_prepared": None,  # (learning rate, step_values) while a step is computed
        }
        optimizer.__dict__.update(start)
        return optimizer

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)
        if name not in _NOT_OWN:
            for part in value if type(value) in (list, tuple) else (value,):
                if isinstance(part, Variable):
                    self._track(part)
        if not name.startswith("_") and name not in _NO_CHANGE:
            self._note_change()

    def _note_change(self):
        self.__dict__["_changes"] += 1
        Structure.version += 1

    def _fingerprint(self):
        """What a compiled step depends on: it is stale when this has changed."""
        return id(self), self._changes

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.__dict__["_known"] = {id(v) for v in self._variables}
        self._number(self._trainable_variables)  # copies of variables have other ids

    # -- the learning rate ---------------------------------------------------------------------------------------------------

    def _read_rate(self, value):
        """A schedule or function as it is, a number as a variable."""
        if isinstance(value, dict) and "class_name" in value:
            value = deserialize_keras_object(value)
        if callable(value):
            return value
        try:
            value = float(value)
        except (TypeError, ValueError) as e:
            raise ValueError(
                f"{type(self).__name__}: learning_rate must be a float, a LearningRateSchedule or a function without arguments, "
                f"got {describe(value)}."
            ) from e
        return Variable(value, dtype=settings.floatx(), trainable=False, name="learning_rate")

    @property
    def learning_rate(self):
        """The learning rate of the next step: a variable, or what the schedule or function gives."""
        return self._get_current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, value):
        old = self._learning_rate
        if callable(value):
            self.__dict__["_variables"] = [v for v in self._variables if v is not old]
            self._known.discard(id(old))
            self._learning_rate = value
            self._note_change()
        elif isinstance(old, Variable):
            old.assign(value)
        else:
            raise TypeError(
                f"{type(self).__name__}: the learning rate is {describe(old)}, so it can't be set to the number {value!r}. Make the "
                "optimizer with a float as learning_rate, or set another schedule."
            )

    def _get_current_learning_rate(self):
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate if isinstance(rate, Variable) else rate()

    # -- variables -----------------------------------------------------------------------------------------------------------

    @property
    def variables(self):
        """The optimizer's variables: number of steps, learning rate, slots."""
        return [v for v in self._variables if id(v) not in self._index]

    @property
    def iterations(self):
        """Number of updates so far (calls of ``apply``, divided by ``gradient_accumulation_steps``)."""
        return self._updates() if self.gradient_accumulation_steps else self._iterations

    def _updates(self):
        """Number of updates so far, as an array."""
        calls = self._iterations.value
        return calls // self.gradient_accumulation_steps if self.gradient_accumulation_steps else calls

    def _track(self, variable):
        if id(variable) not in self._known:
            self._known.add(id(variable))
            self._variables.append(variable)
            Structure.version += 1
        return variable

    def add_variable(self, shape, initializer="zeros", dtype=None, aggregation="none", layout=None, name=None):
        """A variable of the optimizer's own.

        Args:
            shape: tuple of ints.
            initializer: name or ``Initializer``, or a number that all elements get.
            dtype: name; default: floatx.
            aggregation, layout: for several devices.
            name: last part of the path.
        """
        fill = _FILL.get(initializer, initializer) if isinstance(initializer, (str, float, int)) else None
        dtype = dtype or settings.floatx()
        with NameScope(self.name):
            if isinstance(fill, (float, int)):  # made on the host: nothing is compiled for it
                start = np.full(shape, fill, np.float32) if fill else np.zeros(shape, np.float32)
                variable = Variable(start, dtype=dtype, trainable=False, aggregation=aggregation, name=name)
            else:
                start = initializers.get(initializer)
                variable = Variable(
                    start, shape=shape, dtype=dtype, trainable=False, aggregation=aggregation, name=name
                )
        return self._track(variable)

    def add_variable_from_reference(self, reference_variable, name=None, initializer="zeros"):
        """A slot: a variable with the shape and dtype of ``reference_variable``, on its engine."""
        path = reference_variable.path.replace("/", "_")
        with dispatch.use(reference_variable.engine.name):
            return self.add_variable(
                reference_variable.shape, initializer, dtype=reference_variable._dtype, name=f"{path}_{name or 'slot'}"
            )

    def add_optimizer_variables(self, trainable_variables, name, initializer="zeros"):
        """A list of slots, one per variable (None for one that is overwritten by its gradient); for several names, a tuple of lists.

        Args:
            trainable_variables: list of variables.
            name: what the slots are called, or a list of such names.
            initializer: of the slots, or a list, one per name.
        """
        names = [name] if isinstance(name, str) else list(name)
        starts = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        made = tuple([] for _ in names)
        for v in trainable_variables:
            for slots, slot_name, start in zip(made, names, starts, strict=True):
                slots.append(
                    None if v.overwrite_with_gradient else self.add_variable_from_reference(v, slot_name, start)
                )
        return made[0] if isinstance(name, str) else made

    def build(self, variables):
        """Make what the optimizer keeps for each trained variable; a subclass calls this one first, then adds its slots."""
        if self.built:
            return
        variables = list(variables)
        self._number(variables)
        if variables:
            for v in self._variables:
                v.to(variables[0].engine)
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = self.add_optimizer_variables(variables, "gradient_accumulator")
        self.__dict__["_trainable_variables"] = variables
        self.built = True

    def _number(self, variables):
        self.__dict__["_index"] = {id(v): i for i, v in enumerate(variables)}

    def _var_key(self, variable):
        return id(variable)

    def _get_variable_index(self, variable):
        return self._index[id(variable)]

    # -- files ---------------------------------------------------------------------------------------------------------------

    def set_weights(self, weights):
        """Set all variables from a list of arrays, in the order of ``variables``."""
        self.load_own_variables({str(i): w for i, w in enumerate(weights)})

    def save_own_variables(self, store):
        """Write the variables into a mapping."""
        for i, v in enumerate(self.variables):
            store[str(i)] = v

    def load_own_variables(self, store):
        """Read the variables from a mapping."""
        own = self.variables
        if len(store.keys()) != len(own):
            built = "" if self.built else " It hasn't been built: call build(variables) before loading."
            raise ValueError(
                f"{type(self).__name__}: expected {len(own)} variables, as the optimizer has, got {len(store.keys())}.{built}"
            )
        for i, v in enumerate(own):
            v.assign(store[str(i)])

    def get_config(self):
        """Arguments that make an equal optimizer."""
        kept = self._captured
        given = capture.bind(type(self), kept.args, kept.kwargs)
        config = {"name": self.name, "learning_rate": self._rate_config()}
        config |= {p.name: getattr(self, p.name) for p in SHARED[:-1]}
        if not takes_any(type(self)):
            config = {name: value for name, value in config.items() if name in given}
        own = {name: value for name, value in given.items() if name not in config}
        return config | {name: capture.config_value(getattr(self, name, value)) for name, value in own.items()}

    def _rate_config(self):
        rate = self._learning_rate
        return float(rate.numpy()) if isinstance(rate, Variable) else serialize_keras_object(rate)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """An optimizer from ``get_config()``'s dict."""
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": deserialize_keras_object(rate, custom_objects=custom_objects)}
        return cls(**config)
