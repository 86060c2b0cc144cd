"""Follow the regularized leader."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import require, takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Ftrl(Optimizer):
    """Follow the regularized leader: for wide, sparse models, as l1 makes weights exactly 0.

    With p the power, ``a' = a + g²``, ``z ← z + g + 2·l2s·w − (a'⁻ᵖ − a⁻ᵖ)/η · w``, ``q = a'⁻ᵖ/η + 2·l2 + β/η``,
    ``w = (clip(z, −l1, l1) − z)/q``.

    Args:
        learning_rate: η.
        learning_rate_power: p, at most 0.
        initial_accumulator_value: a at first.
        l1_regularization_strength, l2_regularization_strength: l1, l2.
        l2_shrinkage_regularization_strength: l2s, a penalty on the size of the weights that acts on the gradient only.
        beta: β.
        **options: what all optimizers take, see ``Optimizer``.

    Raises:
        ValueError: a negative strength or first value, a positive power.

    Source: McMahan et al., 2013 ("Ad click prediction: a view from the trenches").

    >>> import keraunos as keras
    >>> v = keras.Variable([0.0, 0.0])
    >>> optimizer = keras.optimizers.Ftrl(1.0, initial_accumulator_value=0.0, l1_regularization_strength=1.0)
    >>> optimizer.apply([keras.ops.array([0.5, 4.0])], [v])
    >>> v.numpy().tolist()
    [0.0, -0.75]
    """

    @takes_options
    def __init__(
        self,
        learning_rate=0.001,
        learning_rate_power=-0.5,
        initial_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        l2_shrinkage_regularization_strength=0.0,
        beta=0.0,
        **options,
    ):
        super().__init__(learning_rate, **options)
        require(self, "learning_rate_power", learning_rate_power, lambda x: x <= 0, "at most 0")
        for name, value in (
            ("initial_accumulator_value", initial_accumulator_value),
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):
            require(self, name, value, lambda x: x >= 0, "at least 0")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def build(self, variables):
        """Make the sums of squares, and z."""
        if self.built:
            return
        super().build(variables)
        starts = [float(self.initial_accumulator_value), "zeros"]
        self._accumulators, self._linears = self.add_optimizer_variables(variables, ["accumulator", "linear"], starts)

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        (rate,) = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        w, a, z = variable.value, self._accumulators[i], self._linears[i]
        before = a.value**-self.learning_rate_power
        after = a.assign(a.value + g * g) ** -self.learning_rate_power
        g = g + 2 * self.l2_shrinkage_regularization_strength * w
        linear = z.assign(z.value + g - (after - before) / rate * w)
        quadratic = after / rate + 2 * self.l2_regularization_strength + self.beta / rate
        l1 = self.l1_regularization_strength
        variable.assign((xp.clip(linear, -l1, l1) - linear) / quadratic)
