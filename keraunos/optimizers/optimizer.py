"""The base of optimizers."""

import numpy as np

from keraunos.backend import dispatch
from keraunos.core import capture
from keraunos.core.scope import NameScope, StateScope
from keraunos.core.variable import Variable
from keraunos.optimizers.clipping import clip_gradients
from keraunos.optimizers.schedules.schedule import LearningRateSchedule
from keraunos.util import naming, registry
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


@registry.builtin("keras.optimizers")
class Optimizer:
    """The base of optimizers: a subclass makes slots in ``build`` and defines ``update_step(gradient, variable, learning_rate)``.

    Args:
        learning_rate: float, ``LearningRateSchedule``, or function without arguments.
        weight_decay: share of each weight taken off per step, times the learning rate; None: none.
        clipnorm, clipvalue, global_clipnorm: limits on each gradient's norm, its elements, the norm of all; at most one of them.
        use_ema, ema_momentum, ema_overwrite_frequency: keep running means of the weights, and put them in place every so many steps.
        loss_scale_factor: factor on the loss, taken out of the gradients.
        gradient_accumulation_steps: apply the mean of so many gradients at once.
    """

    _part_kind = "optimizer"

    def __new__(cls, *args, **kwargs):
        optimizer = super().__new__(cls)
        optimizer._captured = (args, kwargs)
        return optimizer

    def __init__(
        self,
        learning_rate,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        name=None,
        **kwargs,
    ):
        if kwargs:
            raise ValueError(f"{type(self).__name__}: unknown argument(s) {sorted(kwargs)}.")
        self.name = name or naming.auto_name(type(self).__name__)
        given = [n for n, v in (("clipnorm", clipnorm), ("clipvalue", clipvalue), ("global_clipnorm", global_clipnorm)) if v is not None]
        if len(given) > 1:
            raise ValueError(f"{type(self).__name__}: at most one of clipnorm, clipvalue and global_clipnorm can be set, got {given}.")
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ValueError(f"{type(self).__name__}: ema_momentum must be within [0, 1], got {ema_momentum}.")
        if gradient_accumulation_steps is not None and gradient_accumulation_steps < 2:
            raise ValueError(
                f"{type(self).__name__}: gradient_accumulation_steps must be at least 2 (or None), got {gradient_accumulation_steps}."
            )
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._variables = []
        self._trainable_variables = []
        self._index = {}  # id(variable) -> its place among the trained ones
        self._model_variables_moving_average = []
        self._accumulated_gradients = []
        self._no_decay = []
        with NameScope(self.name):
            self._iterations = Variable(np.int32(0), dtype="int32", trainable=False, name="iteration")
            self._track(self._iterations)
            self._learning_rate = self._make_learning_rate(learning_rate)

    def _make_learning_rate(self, value):
        if isinstance(value, dict) and "class_name" in value:
            value = deserialize_keras_object(value)
        if isinstance(value, LearningRateSchedule) or callable(value):
            return value
        try:
            value = float(value)
        except (TypeError, ValueError) as e:
            raise ValueError(
                f"{type(self).__name__}: learning_rate must be a float, a LearningRateSchedule or a function, got {value!r}."
            ) from e
        return self._track(Variable(value, dtype="float32", trainable=False, name="learning_rate"))

    # -- state ---------------------------------------------------------------------------------------------------------------

    def _track(self, variable):
        self._variables.append(variable)
        return variable

    @property
    def variables(self):
        """All variables: iterations, learning rate, slots."""
        return list(self._variables)

    @property
    def iterations(self):
        """Number of steps so far, as a variable."""
        if self.gradient_accumulation_steps:
            return self._iterations // self.gradient_accumulation_steps
        return self._iterations

    @property
    def learning_rate(self):
        """The learning rate of the next step."""
        return self._get_current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, value):
        if isinstance(self._learning_rate, Variable) and not (isinstance(value, LearningRateSchedule) or callable(value)):
            self._learning_rate.assign(value)
            return
        if isinstance(self._learning_rate, Variable):
            self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = value
            return
        if not isinstance(value, LearningRateSchedule) and not callable(value):
            raise TypeError(
                f"{type(self).__name__}: the learning rate is a schedule; it can't be set to {value!r}. Compile with a float learning "
                "rate instead."
            )
        self._learning_rate = value

    def _get_current_learning_rate(self):
        rate = self._learning_rate
        if isinstance(rate, Variable):
            return rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self.iterations)
        return rate()

    def add_variable(self, shape, initializer="zeros", dtype=None, aggregation="none", layout=None, name=None):
        """A variable of the optimizer's own."""
        fill = {"zeros": 0.0, "ones": 1.0}.get(initializer)
        with NameScope(self.name):
            if fill is not None:
                value = np.full(shape, fill, np.float32)
                variable = Variable(value, dtype=dtype or "float32", trainable=False, name=name)
            else:
                variable = Variable(initializer, shape=shape, dtype=dtype, trainable=False, name=name)
        return self._track(variable)

    def add_variable_from_reference(self, reference_variable, name=None, initializer="zeros"):
        """A slot with the shape and dtype of a variable."""
        path = reference_variable.path.replace("/", "_")
        with dispatch.use(reference_variable.engine.name):
            return self.add_variable(
                reference_variable.shape, initializer, dtype=reference_variable._dtype, name=f"{path}_{name or 'slot'}"
            )

    def add_optimizer_variables(self, trainable_variables, name, initializer="zeros"):
        """A list of slots, one per variable; with several names a list of lists."""
        names = [name] if isinstance(name, str) else list(name)
        starts = [initializer] * len(names) if isinstance(initializer, str) else list(initializer)
        made = tuple([] for _ in names)
        for v in trainable_variables:
            for slots, slot_name, start in zip(made, names, starts, strict=True):
                slots.append(None if v.overwrite_with_gradient else self.add_variable_from_reference(v, slot_name, start))
        return made[0] if isinstance(name, str) else made

    def build(self, variables):
        """Make the slots of the trained variables; a subclass extends it."""
        variables = list(variables)
        self._trainable_variables = variables
        self._index = {id(v): i for i, v in enumerate(variables)}
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = self.add_optimizer_variables(variables, "gradient_accumulator")
        self.built = True

    def _var_key(self, variable):
        return id(variable)

    def _get_variable_index(self, variable):
        return self._index[id(variable)]

    # -- a step --------------------------------------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars):
        """A step for pairs (gradient, variable); returns the number of steps so far."""
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)
        return self._iterations

    def apply(self, grads, trainable_variables=None):
        """A step: change the variables by their gradients.

        Args:
            grads: list of arrays, ``None`` where there is no gradient.
            trainable_variables: the variables; default those it was built with.

        Raises:
            ValueError: lengths differ, no gradient at all, or a variable that it was not built for.
        """
        grads = list(grads)
        variables = self._check_variables(grads, trainable_variables)
        pairs = [(_array(g), v) for g, v in zip(grads, variables, strict=True)]
        pairs = self._overwrite(pairs)
        kept = [(g, v) for g, v in pairs if g is not None]
        if pairs and not kept:
            raise ValueError(f"{type(self).__name__}: no gradient for any of {[v.path for v in variables]}.")
        if not kept:
            self._iterations.assign_add(1)
            return
        grads, variables = [g for g, _ in kept], [v for _, v in kept]
        if self.loss_scale_factor is not None:
            grads = [g / self.loss_scale_factor for g in grads]
        with NameScope(self.name):
            self._backend_apply(grads, variables)
        for v in variables:
            if v.constraint is not None:
                v.assign(v.constraint(v))
        self._iterations.assign_add(1)

    def _check_variables(self, grads, trainable_variables):
        if trainable_variables is None:
            if not self.built:
                raise ValueError(f"{type(self).__name__}: pass trainable_variables: the optimizer has not been built with any.")
            trainable_variables = self._trainable_variables
        variables = list(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(f"{type(self).__name__}: apply got {len(grads)} gradients for {len(variables)} variables.")
        if not self.built:
            with NameScope(self.name):
                self.build(variables)
            self.built = True
        for v in variables:
            if id(v) not in self._index:
                raise ValueError(
                    f"{type(self).__name__}: the variable {v.path!r} is not among those that the optimizer was built with. Build it "
                    "with all variables that it will ever train: optimizer.build(model.trainable_variables)."
                )
        return variables

    def _overwrite(self, pairs):
        kept = []
        for g, v in pairs:
            if v.overwrite_with_gradient:
                if g is not None:
                    v.assign(g)
            else:
                kept.append((g, v))
        return kept

    def _backend_apply(self, grads, variables):
        if not self.gradient_accumulation_steps:
            self._step(grads, variables)
            return
        self._accumulate(grads, variables)

    def _step(self, grads, variables):
        grads = clip_gradients(self, grads)
        rate = _array(self._get_current_learning_rate())
        self._apply_weight_decay(variables, rate)
        self.update_all(grads, variables, rate)
        if self.use_ema:
            self._update_averages(variables)
            if self.ema_overwrite_frequency:
                self._overwrite_sometimes(variables)

    def update_all(self, grads, variables, learning_rate):
        """All updates of a step; what depends on the step only can be computed once here."""
        for g, v in zip(grads, variables, strict=True):
            self.update_step(g, v, learning_rate)

    def update_step(self, gradient, variable, learning_rate):
        """The update of one variable."""
        raise NotImplementedError(f"{type(self).__name__} must define update_step(gradient, variable, learning_rate).")

    def _apply_weight_decay(self, variables, rate):
        if self.weight_decay is None:
            return
        for v in variables:
            if self._use_weight_decay(v):
                value = _array(v)
                v.assign(value - value * _cast(v, rate) * self.weight_decay)

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """Variables, or parts of names, that no weight decay is applied to. Call it before the first step."""
        if self.built:
            raise ValueError(f"{type(self).__name__}: exclude_from_weight_decay must be called before the optimizer is built.")
        self._no_decay += [id(v) for v in var_list or ()] + list(var_names or ())

    def _use_weight_decay(self, variable):
        return not any(x == id(variable) if isinstance(x, int) else x in variable.path for x in self._no_decay)

    def _update_averages(self, variables):
        first = _array(self._iterations) == 0  # the first average is the weight itself
        for v in variables:
            average = self._model_variables_moving_average[self._index[id(v)]]
            xp = v.engine.xp
            momentum = xp.where(first, 0.0, self.ema_momentum)
            average.assign(_cast(average, momentum) * _array(average) + _cast(average, 1 - momentum) * _array(v))

    def _overwrite_sometimes(self, variables):
        due = (_array(self.iterations) + 1) % self.ema_overwrite_frequency == 0
        for v in variables:
            average = self._model_variables_moving_average[self._index[id(v)]]
            v.assign(v.engine.xp.where(due, _array(average), _array(v)))

    def finalize_variable_values(self, var_list):
        """Put the running means in place (``use_ema``)."""
        if self.use_ema:
            for v in var_list:
                v.assign(_array(self._model_variables_moving_average[self._index[id(v)]]))

    def _accumulate(self, grads, variables):
        """Add up gradients; every so many steps, apply their mean. Selected by value, so that it compiles."""
        k = self.gradient_accumulation_steps
        due = (_array(self._iterations) + 1) % k == 0
        sums = [self._accumulated_gradients[self._index[id(v)]] for v in variables]
        means = [(_array(s) + g) / k for s, g in zip(sums, grads, strict=True)]
        changed = _unique([*variables, *self._slots()])
        with StateScope(changed, [_array(v) for v in changed]) as scope:
            self._step(means, variables)
        for v in changed:
            v.assign(v.engine.xp.where(due, scope.read(v), _array(v)))
        for s, g in zip(sums, grads, strict=True):
            xp = s.engine.xp
            s.assign(xp.where(due, xp.zeros_like(g), _array(s) + g))

    def _slots(self):
        skipped = {id(self._iterations), id(self._learning_rate), *(id(v) for v in self._accumulated_gradients)}
        return [v for v in self._variables if id(v) not in skipped]

    def scale_loss(self, loss):
        """The loss times ``loss_scale_factor``."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def stateless_apply(self, optimizer_variables, grads, trainable_variables):
        """A step on given values.

        Returns:
            (new values of the trained variables, new values of the optimizer's).
        """
        if not self.built:
            raise ValueError(f"{type(self).__name__}: build(variables) before stateless_apply.")
        own, trained = self.variables, self._trainable_variables
        for name, want, got in (("optimizer_variables", own, optimizer_variables), ("trainable_variables", trained, trainable_variables)):
            if len(want) != len(got):
                raise ValueError(f"{type(self).__name__}: stateless_apply: {name} must hold {len(want)} values, got {len(got)}.")
        with StateScope([*trained, *own], [*map(_array, trainable_variables), *map(_array, optimizer_variables)]) as scope:
            self.apply(grads)
        return [scope.read(v) for v in trained], [scope.read(v) for v in own]

    def assign(self, variable, value):
        """variable = value."""
        variable.assign(value)

    def assign_add(self, variable, value):
        """variable += value."""
        variable.assign_add(value)

    def assign_sub(self, variable, value):
        """variable -= value."""
        variable.assign_sub(value)

    # -- files ---------------------------------------------------------------------------------------------------------------

    def save_own_variables(self, store):
        """Write the variables into a mapping."""
        for i, v in enumerate(self.variables):
            store[str(i)] = v

    def load_own_variables(self, store):
        """Read the variables from a mapping."""
        if len(store.keys()) != len(self._variables):
            raise ValueError(
                f"{type(self).__name__}: the file holds {len(store.keys())} variables, the optimizer has {len(self._variables)}."
            )
        for i, v in enumerate(self._variables):
            v.assign(store[str(i)])

    def get_config(self):
        """Arguments that make an equal optimizer."""
        args, kwargs = self._captured
        config = {"name": self.name}
        for name, value in capture.bind(type(self), args, kwargs).items():
            config.setdefault(name, capture.config_value(getattr(self, name, value) if name != "learning_rate" else value))
        config["learning_rate"] = self._rate_config()
        return config

    def _rate_config(self):
        rate = self._learning_rate
        if isinstance(rate, Variable):
            return float(rate.numpy())
        return serialize_keras_object(rate)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """An optimizer from ``get_config()``'s dict."""
        return cls(**config)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _array(x):
    return x.__keraunos_value__() if hasattr(x, "__keraunos_value__") else x


def _cast(variable, value):
    """A scalar in a variable's dtype."""
    return variable.engine.xp.astype(variable.engine.asarray(value), variable._dtype)


def _unique(variables):
    return list({id(v): v for v in variables}.values())


