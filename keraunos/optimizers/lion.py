"""Lion."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import require, takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Lion(Optimizer):
    """Steps of one size along the sign of a mean of the gradients: one slot per weight.

    ``w ← w − η · sign(β₁m + (1−β₁)g)``, then ``m ← β₂m + (1−β₂)g``.

    Args:
        learning_rate: η; 3 to 10 times smaller than Adam's.
        beta_1: β₁, above 0 and at most 1. Raises ``ValueError`` outside.
        beta_2: β₂.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Chen et al., 2023 (arXiv:2302.06675).

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.Lion(0.25).apply([keras.ops.array([3.0])], [v])
    >>> float(v[0])
    0.75
    """

    @takes_options
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.99, **options):
        super().__init__(learning_rate, **options)
        require(
            self,
            "beta_1",
            beta_1,
            lambda x: 0 < x <= 1,
            "above 0 and at most 1 (with 0 only signs of gradients remain)",
        )
        self.beta_1, self.beta_2 = beta_1, beta_2

    def build(self, variables):
        """Make the means."""
        if self.built:
            return
        super().build(variables)
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp = variable.engine.xp
        (rate,) = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        m = self._momentums[self._get_variable_index(variable)]
        old = m.value
        variable.assign(variable.value - rate * xp.sign(old * self.beta_1 + g * (1 - self.beta_1)))
        m.assign(old * self.beta_2 + g * (1 - self.beta_2))
