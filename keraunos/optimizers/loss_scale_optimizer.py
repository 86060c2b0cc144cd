"""Loss scaling: training in float16 whose small gradients do not vanish."""

from keraunos.backend import dispatch
from keraunos.optimizers.optimizer import Optimizer, array_of
from keraunos.optimizers.options import require
from keraunos.optimizers.selection import update_where
from keraunos.util import registry
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


@registry.builtin("keras.optimizers")
class LossScaleOptimizer(Optimizer):
    """Multiplies the loss by a scale that adapts, and divides the gradients by it before another optimizer gets them.

    A step with a gradient that isn't finite is left out and halves the scale; ``dynamic_growth_steps`` finite ones in a row
    double it.

    Args:
        inner_optimizer: the optimizer that makes the steps.
        initial_scale: scale of the loss at first.
        dynamic_growth_steps: number of finite steps after which the scale is doubled.
        name: of the optimizer.

    Raises:
        TypeError: ``inner_optimizer`` is no optimizer.
        ValueError: an option that belongs to the inner optimizer, a number out of range.

    Source: Micikevicius et al., 2017 (arXiv:1710.03740).

    >>> import keraunos as keras
    >>> optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0), initial_scale=4.0)
    >>> v = keras.Variable([1.0])
    >>> optimizer.apply([keras.ops.array([2.0])], [v])
    >>> float(v[0])
    0.5
    >>> optimizer.apply([keras.ops.array([float("inf")])], [v])
    >>> float(v[0]), float(optimizer.dynamic_scale)
    (0.5, 2.0)
    """

    def __init__(self, inner_optimizer, initial_scale=2.0**15, dynamic_growth_steps=2000, name=None, **kwargs):
        unset = {
            "clipnorm",
            "clipvalue",
            "global_clipnorm",
            "loss_scale_factor",
            "weight_decay",
            "use_ema",
            "ema_momentum",
        }
        unset |= {"ema_overwrite_frequency", "gradient_accumulation_steps"}
        if misplaced := sorted(unset & {k for k, v in kwargs.items() if v not in (None, False)} - {"ema_momentum"}):
            raise ValueError(f"LossScaleOptimizer: give {misplaced} to the inner optimizer, which makes the steps.")
        super().__init__(0.0, name=name, **{k: v for k, v in kwargs.items() if k not in unset})
        if not isinstance(inner_optimizer, Optimizer) or isinstance(inner_optimizer, LossScaleOptimizer):
            raise TypeError(
                f"LossScaleOptimizer: inner_optimizer must be an optimizer other than a LossScaleOptimizer, got "
                f"{describe(inner_optimizer)}."
            )
        require(self, "initial_scale", initial_scale, lambda x: x > 0, "above 0")
        require(
            self, "dynamic_growth_steps", dynamic_growth_steps, lambda x: int(x) == x >= 1, "an integer of at least 1"
        )
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps

    def build(self, var_list):
        """Make the scale and its counter, and the slots of the inner optimizer."""
        if self.built:
            return
        super().build(var_list)
        name = var_list[0].engine.name if var_list else dispatch.current().name
        with dispatch.use(name):
            self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
            self.dynamic_scale = self.add_variable((), self.initial_scale, dtype="float32", name="dynamic_scale")
        self.inner_optimizer.build(var_list)

    def _fingerprint(self):
        return super()._fingerprint(), self.inner_optimizer._fingerprint()

    @property
    def variables(self):
        """Its own variables (two that Keras's files have, counter, scale), then the inner optimizer's."""
        return super().variables + self.inner_optimizer.variables

    @property
    def iterations(self):
        """Number of finite steps so far."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self):
        """The inner optimizer's."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        self.inner_optimizer.learning_rate = value

    def scale_loss(self, loss):
        """The loss times the scale."""
        scale = self.dynamic_scale.value if self.built else self.initial_scale
        loss = array_of(loss)
        if self.built and hasattr(loss, "dtype"):
            scale = self.dynamic_scale.engine.xp.astype(scale, loss.dtype)
        return loss * scale

    def apply(self, grads, trainable_variables=None):
        """A step for the gradients of the scaled loss, left out where one isn't finite."""
        grads = list(grads)
        if not grads:
            return
        variables = self._check_variables(grads, trainable_variables)
        grads = [None if g is None else v.engine.asarray(array_of(g)) for g, v in zip(grads, variables)]
        factor = 1 / self.dynamic_scale.value
        xp = self.dynamic_scale.engine.xp
        unscaled = [
            g if g is None or v.overwrite_with_gradient else g * xp.astype(factor, g.dtype)
            for g, v in zip(grads, variables)
        ]
        finite = self.check_finite(g for g in grads if g is not None)
        update_where(finite, lambda: self.inner_optimizer.apply(unscaled, variables))
        self._adapt(xp, finite)

    def _adapt(self, xp, finite):
        count, scale = self.step_counter.value, self.dynamic_scale.value
        grow = count + 1 >= self.dynamic_growth_steps
        self.step_counter.assign(xp.where(finite & ~grow, count + 1, xp.zeros_like(count)))
        self.dynamic_scale.assign(xp.where(finite, xp.where(grow, scale * 2, scale), scale / 2))

    def check_finite(self, grads):
        """Whether all elements of all gradients are finite, as a scalar array."""
        found = True
        for g in grads:
            xp = dispatch.engine_of(g).xp
            found = xp.all(xp.isfinite(g)) & found
        return found

    def finalize_variable_values(self, var_list):
        """Put the inner optimizer's running means in place."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self):
        """Arguments that make an equal optimizer."""
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """An optimizer from ``get_config()``'s dict."""
        inner = config["inner_optimizer"]
        if isinstance(inner, dict):
            inner = deserialize_keras_object(inner, custom_objects=custom_objects)
        return cls(**{**config, "inner_optimizer": inner})
