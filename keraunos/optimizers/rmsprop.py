"""RMSprop."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class RMSprop(Optimizer):
    """Gradients divided by the root of the mean of their squares.

    ``v ← ρv + (1−ρ)g²``, ``s = ηg/√(v + ε)``, ``w ← w − s``; with momentum μ ``m ← μm + s``, ``w ← w − m``; centered, v − ḡ² stands
    in place of v, with ``ḡ ← ρḡ + (1−ρ)g``.

    Args:
        learning_rate: η.
        rho: ρ.
        momentum: μ, from 0 to 1.
        epsilon: ε.
        centered: divide by the deviation from the mean gradient.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Tieleman and Hinton, 2012 (lecture 6.5 of "Neural networks for machine learning").

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.RMSprop(0.1, rho=0.75).apply([keras.ops.array([3.0])], [v])
    >>> round(float(v[0]), 4)
    0.8
    """

    @takes_options
    def __init__(self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False, **options):
        super().__init__(learning_rate, **options)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def build(self, variables):
        """Make the means of squares, and the momentums and means where they are wanted."""
        if self.built:
            return
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        self._momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum > 0 else []
        self._average_gradients = self.add_optimizer_variables(variables, "average_gradient") if self.centered else []

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        (rate,) = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        v = self._velocities[i]
        square = v.assign(v.value * self.rho + g * g * (1 - self.rho))
        if self.centered:
            mean = self._average_gradients[i]
            square = square - mean.assign(mean.value * self.rho + g * (1 - self.rho)) ** 2
        step = rate * g / xp.sqrt(square + self.epsilon)
        if self.momentum > 0:
            m = self._momentums[i]
            step = m.assign(m.value * self.momentum + step)
        variable.assign(variable.value - step)
