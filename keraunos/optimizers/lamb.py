"""Lamb."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Lamb(Optimizer):
    """Adam's step, scaled per variable to the norm of its weights: for very large batches.

    ``m``, ``v`` as in Adam, ``d = m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε)``, ``w ← w − η · ‖w‖/‖d‖ · d`` (factor 1 where a norm is 0).

    Args:
        learning_rate: η.
        beta_1, beta_2: β₁, β₂.
        epsilon: ε.
        **options: what all optimizers take, see ``Optimizer``.

    Source: You et al., 2019 (arXiv:1904.00962).

    >>> import keraunos as keras
    >>> v = keras.Variable([3.0, 4.0])
    >>> keras.optimizers.Lamb(0.1).apply([keras.ops.array([1.0, 0.0])], [v])
    >>> v.numpy().round(4).tolist()
    [2.5, 4.0]
    """

    @takes_options
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **options):
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables):
        """Make the means of gradients and of their squares."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])

    def step_values(self, xp, learning_rate, step):
        """η, 1−β₁ᵗ, 1−β₂ᵗ."""
        return learning_rate, 1 - self.beta_1**step, 1 - self.beta_2**step

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        rate, part_1, part_2 = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        w, m, v = variable.value, self._momentums[i], self._velocities[i]
        mean = m.assign(m.value + (g - m.value) * (1 - self.beta_1)) / part_1
        square = v.assign(v.value + (g * g - v.value) * (1 - self.beta_2)) / part_2
        step = mean / (xp.sqrt(square) + self.epsilon)
        size, step_size = xp.sqrt(xp.sum(w * w)), xp.sqrt(xp.sum(step * step))
        usable = (size > 0) & (step_size > 0)
        trust = xp.where(usable, size / xp.where(usable, step_size, 1), 1)
        variable.assign(w - xp.astype(trust, variable._dtype) * rate * step)
