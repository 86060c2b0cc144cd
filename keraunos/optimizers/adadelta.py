"""Adadelta."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Adadelta(Optimizer):
    """Steps as large as recent steps, relative to recent gradients: no learning rate has to be found (η = 1).

    ``a ← ρa + (1−ρ)g²``, ``d = −g · √(s + ε)/√(a + ε)``, ``s ← ρs + (1−ρ)d²``, ``w ← w + ηd``.

    Args:
        learning_rate: η.
        rho: ρ.
        epsilon: ε.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Zeiler, 2012 (arXiv:1212.5701).

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.Adadelta(1.0, rho=0.5, epsilon=1.0).apply([keras.ops.array([4.0])], [v])
    >>> round(float(v[0]), 4)
    -0.3333
    """

    @takes_options
    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-7, **options):
        super().__init__(learning_rate, **options)
        self.rho, self.epsilon = rho, epsilon

    def build(self, variables):
        """Make the means of squared gradients and of squared steps."""
        if self.built:
            return
        super().build(variables)
        names = ["accumulated_grad", "accumulated_delta_var"]
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        (rate,) = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        a, s = self._accumulated_grads[i], self._accumulated_delta_vars[i]
        square = a.assign(a.value * self.rho + g * g * (1 - self.rho))
        step = g * xp.sqrt(s.value + self.epsilon) / xp.sqrt(square + self.epsilon)
        s.assign(s.value * self.rho + step * step * (1 - self.rho))
        variable.assign(variable.value - rate * step)
