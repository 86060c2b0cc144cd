"""Adamax."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Adamax(Optimizer):
    """Adam with the largest recent gradient in place of the root of the mean square.

    ``m ← β₁m + (1−β₁)g``, ``u ← max(β₂u, |g|)``, ``w ← w − η/(1−β₁ᵗ) · m/(u + ε)``.

    Args:
        learning_rate: η.
        beta_1, beta_2: β₁, β₂.
        epsilon: ε.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Kingma and Ba, 2014 (arXiv:1412.6980), section 7.

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.Adamax(0.1).apply([keras.ops.array([3.0])], [v])
    >>> round(float(v[0]), 4)
    0.9
    """

    @takes_options
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **options):
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables):
        """Make the means and the largest gradients."""
        if self.built:
            return
        super().build(variables)
        self._m, self._u = self.add_optimizer_variables(variables, ["momentum", "norm"])

    def step_values(self, xp, learning_rate, step):
        """η/(1−β₁ᵗ)."""
        return (learning_rate / (1 - self.beta_1**step),)

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        (rate,) = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        m, u = self._m[i], self._u[i]
        mean = m.assign(m.value + (g - m.value) * (1 - self.beta_1))
        largest = u.assign(xp.maximum(self.beta_2 * u.value, xp.abs(g)))
        variable.assign(variable.value - rate * mean / (largest + self.epsilon))
