"""The base of optimizers."""

import contextlib
import re
import types
import warnings

import numpy as np

from keraunos.core import capture
from keraunos.core.scope import LOCAL, NameScope, StateScope
from keraunos.core.variable import Variable
from keraunos.optimizers import averages
from keraunos.optimizers.clipping import clip_gradients
from keraunos.optimizers.options import SHARED, require, takes_options
from keraunos.optimizers.selection import accumulate
from keraunos.optimizers.state import OptimizerState
from keraunos.util import naming, registry
from keraunos.util.errors import describe


@registry.builtin("keras.optimizers")
class Optimizer(OptimizerState):
    """The base of optimizers: a subclass makes its slots in ``build(variables)`` and defines ``update_step``.

    What depends on the step only, and not on the variable, may be computed once per step in ``step_values``.

    Args:
        learning_rate: float, ``LearningRateSchedule``, or function without arguments that returns the rate.
        weight_decay: share of each weight, times the learning rate, that is taken off in each step; None: none.
        clipnorm, clipvalue, global_clipnorm: limit on the norm of each gradient, on its elements, on the norm of all gradients
            together. At most one of them.
        use_ema: keep running means of the weights; ``fit`` puts them in place at the end.
        ema_momentum: share of the old mean that is kept in each step.
        ema_overwrite_frequency: put the means in place every so many steps too.
        loss_scale_factor: factor by which ``scale_loss`` multiplies the loss; ``apply`` divides the gradients by it.
        gradient_accumulation_steps: apply the mean of so many gradients at once.
        name: of the optimizer, the first part of its variables' paths.

    Raises:
        ValueError: an argument is out of range or unknown.

    >>> import keraunos as keras
    >>> class Signs(keras.optimizers.Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, learning_rate * keras.ops.sign(gradient))
    >>> v = keras.Variable([1.0, 2.0])
    >>> Signs(learning_rate=0.5).apply([keras.ops.array([-0.1, 3.0])], [v])
    >>> v.numpy().tolist()
    [1.5, 1.5]
    """

    _part_kind = "optimizer"

    @takes_options
    def __init__(self, learning_rate, **options):
        given = types.SimpleNamespace(**{p.name: options.pop(p.name) for p in SHARED})
        self._check_options(given, options)
        self.name = given.name or naming.auto_name(type(self).__name__)
        self.weight_decay = given.weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = given.clipnorm, given.clipvalue, given.global_clipnorm
        self.use_ema, self.ema_momentum = given.use_ema, given.ema_momentum
        self.ema_overwrite_frequency = given.ema_overwrite_frequency
        self.loss_scale_factor = given.loss_scale_factor
        self.gradient_accumulation_steps = given.gradient_accumulation_steps
        self.built = False
        self._model_variables_moving_average = []
        self._accumulated_gradients = []
        self._no_decay_variables, self._no_decay_names = [], []
        with NameScope(self.name):
            self._iterations = Variable(np.int32(0), dtype="int32", trainable=False, name="iteration")
            self._learning_rate = self._read_rate(learning_rate)

    def _check_options(self, given, unknown):
        who = type(self).__name__
        if unknown.pop("decay", None) is not None:
            warnings.warn(
                f"{who}: decay is ignored: it is no argument of optimizers any more. Use a schedule from keras.optimizers.schedules "
                "as the learning rate.",
                stacklevel=5,
            )
        if unknown:
            known = [p.name for p in capture.init_signature(type(self))]
            raise ValueError(f"{who}: unknown argument(s) {sorted(unknown)}; it takes {known}.")
        if given.name is not None and (not isinstance(given.name, str) or "/" in given.name):
            raise ValueError(f"{who}: name must be a string without '/', got {given.name!r}.")
        limits = [n for n in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(given, n) is not None]
        if len(limits) > 1:
            raise ValueError(f"{who}: at most one of clipnorm, clipvalue and global_clipnorm can be set, got {limits}.")
        for n in limits:
            require(self, n, getattr(given, n), lambda x: x >= 0, "at least 0")
        if given.use_ema:
            require(self, "ema_momentum", given.ema_momentum, lambda x: 0 <= x <= 1, "within [0, 1]")
            every = given.ema_overwrite_frequency
            if every is not None:
                require(
                    self,
                    "ema_overwrite_frequency",
                    every,
                    lambda x: int(x) == x >= 1,
                    "an integer of at least 1 or None",
                )
        steps = given.gradient_accumulation_steps
        if steps is not None:
            require(
                self,
                "gradient_accumulation_steps",
                steps,
                lambda x: int(x) == x >= 2,
                "an integer of at least 2 or None",
            )

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
            trainable_variables: the variables; default: all those that it was built with.

        Raises:
            ValueError: numbers or shapes don't fit, there is no gradient at all, or there is a variable that it wasn't built for.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._check_variables(grads, trainable_variables)
        # Within a program or a gradient, what happens here may be differentiated; outside nobody asks for it.
        with variables[0].engine.untaped() if LOCAL.state is None else contextlib.nullcontext():
            self._apply(grads, variables)

    def _apply(self, grads, variables):
        grads, variables = self._overwrite(*self._with_gradients(grads, variables))
        if variables:
            if self.loss_scale_factor is not None:
                grads = [g / self.loss_scale_factor for g in grads]
            if self.gradient_accumulation_steps:
                accumulate(self, grads, variables)
            else:
                self._update(grads, variables)
            for v in variables:
                if v.constraint is not None:
                    v.assign(v.constraint(v))
        self._iterations.assign_add(1)

    def _check_variables(self, grads, trainable_variables):
        who = type(self).__name__
        if trainable_variables is None and not self.built:
            raise ValueError(
                f"{who}: apply(grads) needs trainable_variables too, as the optimizer hasn't been built with any."
            )
        variables = list(self._trainable_variables if trainable_variables is None else trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(f"{who}: apply got {len(grads)} gradients for {len(variables)} variables.")
        if not self.built:
            self.build(variables)
            self.built = True
        for v in variables:
            if id(v) not in self._index:
                raise ValueError(
                    f"{who}: unknown variable {v.path!r}: it is not among those that the optimizer was built with. Build it with all "
                    "variables that it will ever train, optimizer.build(variables), or make a new optimizer."
                )
        return variables

    def _with_gradients(self, grads, variables):
        """Those that have a gradient, as arrays of the variables' engines."""
        kept = [(v.engine.asarray(array_of(g)), v) for g, v in zip(grads, variables) if g is not None]
        if len(kept) < len(variables):
            lost = [v.path for g, v in zip(grads, variables) if g is None]
            if not kept:
                raise ValueError(f"{type(self).__name__}: there is no gradient for any variable: {lost}.")
            warnings.warn(
                f"{type(self).__name__}: there is no gradient for {lost}: they stay as they are.", stacklevel=4
            )
        for g, v in kept:
            if tuple(g.shape) != v.shape:
                raise ValueError(
                    f"{type(self).__name__}: the gradient of {v.path!r} must have the variable's shape {v.shape}, got {describe(g)}."
                )
        return [g for g, _ in kept], [v for _, v in kept]

    def _overwrite(self, grads, variables):
        """Assign the gradients that are new values; the others remain."""
        kept = []
        for g, v in zip(grads, variables):
            if v.overwrite_with_gradient:
                v.assign(g)
            else:
                kept.append((g, v))
        return [g for g, _ in kept], [v for _, v in kept]

    def _update(self, grads, variables):
        grads = clip_gradients(self, grads)
        rate = self._rate_for(variables[0])
        self._apply_weight_decay(variables, rate)
        self._update_all(grads, variables, rate)
        if self.use_ema:
            averages.update_averages(self, variables)
            if self.ema_overwrite_frequency:
                averages.overwrite_when_due(self, variables)

    def _update_all(self, grads, variables, learning_rate):
        self.__dict__["_prepared"] = (learning_rate, self._step_values(variables[0], learning_rate))
        try:
            for g, v in zip(grads, variables):
                self.update_step(g, v, learning_rate)
        finally:
            self.__dict__["_prepared"] = None

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        raise NotImplementedError(f"{type(self).__name__} must define update_step(gradient, variable, learning_rate).")

    def step_values(self, xp, learning_rate, step):
        """What the formula takes from the step alone, as a tuple of scalars; ``step`` counts from 1."""
        return (learning_rate,)

    def _step_values(self, variable, learning_rate):
        xp, dtype = variable.engine.xp, _scalar_dtype(variable)
        return self.step_values(xp, learning_rate, xp.astype(self._updates() + 1, dtype))

    def scalars(self, variable, learning_rate):
        """``step_values`` in the dtype of a variable: computed once per step, and anew for a learning rate of the caller's own."""
        prepared = self._prepared
        if prepared is None or prepared[0] is not learning_rate:
            rate = variable.engine.asarray(array_of(learning_rate), _scalar_dtype(variable))
            values = self._step_values(variable, rate)
        else:
            values = prepared[1]
        xp = variable.engine.xp
        return [xp.astype(x, variable._dtype) for x in values]

    def _rate_for(self, variable):
        return variable.engine.asarray(array_of(self._get_current_learning_rate()), _scalar_dtype(variable))

    def _apply_weight_decay(self, variables, rate):
        shares = {}  # by decay, which for most optimizers is the same for all variables
        for v in variables:
            decay = self._decay_of(v)
            if decay is not None and self._use_weight_decay(v):
                share = shares.setdefault(decay, rate * decay)
                v.assign(v.value - v.value * v.engine.xp.astype(share, v._dtype))

    def _decay_of(self, variable):
        return self.weight_decay

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """Say which variables no weight decay is applied to, before the optimizer is built.

        Args:
            var_list: variables.
            var_names: regular expressions, searched in the variables' names ("bias").
        """
        if self.built:
            raise ValueError(
                f"{type(self).__name__}: exclude_from_weight_decay must be called before the optimizer is built."
            )
        self._no_decay_variables += var_list or ()
        self._no_decay_names += var_names or ()

    def _use_weight_decay(self, variable):
        if any(v is variable for v in self._no_decay_variables):
            return False
        return not any(re.search(name, variable.name) for name in self._no_decay_names)

    def finalize_variable_values(self, var_list):
        """Put the running means in place of the weights (with ``use_ema``; else nothing happens)."""
        if self.use_ema:
            averages.overwrite(self, var_list)

    def scale_loss(self, loss):
        """The loss times ``loss_scale_factor``."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def stateless_apply(self, optimizer_variables, grads, trainable_variables):
        """A step on given values; nothing else changes.

        Returns:
            (new values of the trained variables, new values of the optimizer's own).
        """
        who = type(self).__name__
        if not self.built:
            raise ValueError(f"{who}: call build(variables) before stateless_apply.")
        own, trained = self.variables, self._trainable_variables
        for name, want, got in (
            ("optimizer_variables", own, optimizer_variables),
            ("trainable_variables", trained, trainable_variables),
        ):
            if len(want) != len(got):
                raise ValueError(f"{who}: stateless_apply: {name} must hold {len(want)} values, got {len(got)}.")
        values = [
            v.engine.asarray(array_of(x))
            for v, x in zip((*trained, *own), (*trainable_variables, *optimizer_variables))
        ]
        with StateScope([*trained, *own], values) as scope:
            self.apply(grads, trained)
        return [scope.values[id(v)] for v in trained], [scope.values[id(v)] for v in own]

    def assign(self, variable, value):
        """variable ← value."""
        variable.assign(value)

    def assign_add(self, variable, value):
        """variable ← variable + value."""
        variable.assign_add(value)

    def assign_sub(self, variable, value):
        """variable ← variable − value."""
        variable.assign_sub(value)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def array_of(x):
    """The array of a variable; anything else as it is."""
    return x.__keraunos_value__() if hasattr(x, "__keraunos_value__") else x


def as_float32(beta):
    """A coefficient as float32 holds it: 1−β and 1−βᵗ, both small, then fit each other."""
    return float(np.float32(beta))


def _scalar_dtype(variable):
    """What numbers that depend on the step are computed in: float32, or float64 for a variable of that dtype."""
    return "float64" if variable._dtype == "float64" else "float32"
