"""Adagrad."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import require, takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Adagrad(Optimizer):
    """Steps that shrink with the sum of squared gradients so far, each element for itself.

    ``a ← a + g²``, ``w ← w − ηg/√(a + ε)``.

    Args:
        learning_rate: η.
        initial_accumulator_value: a at first.
        epsilon: ε.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Duchi et al., 2011 (JMLR 12).

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.Adagrad(0.1, initial_accumulator_value=0.0).apply([keras.ops.array([3.0])], [v])
    >>> round(float(v[0]), 4)
    0.9
    """

    @takes_options
    def __init__(self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, **options):
        super().__init__(learning_rate, **options)
        require(self, "initial_accumulator_value", initial_accumulator_value, lambda x: x >= 0, "at least 0")
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def build(self, variables):
        """Make the sums."""
        if self.built:
            return
        super().build(variables)
        self._accumulators = self.add_optimizer_variables(
            variables, "accumulator", float(self.initial_accumulator_value)
        )

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp = variable.engine.xp
        (rate,) = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        a = self._accumulators[self._get_variable_index(variable)]
        total = a.assign(a.value + g * g)
        variable.assign(variable.value - rate * g / xp.sqrt(total + self.epsilon))
