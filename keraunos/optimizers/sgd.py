"""Stochastic gradient descent."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import require, takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    ``w ← w − ηg``; with momentum μ ``m ← μm − ηg``, ``w ← w + m``, or with Nesterov's ``w ← w + μm − ηg``.

    Args:
        learning_rate: η.
        momentum: μ, from 0 to 1. Raises ``ValueError`` outside.
        nesterov: look ahead along the momentum.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Sutskever et al., 2013, for the momentum.

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.SGD(0.5).apply([keras.ops.ones((1,))], [v])
    >>> float(v[0])
    0.5
    """

    @takes_options
    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **options):
        super().__init__(learning_rate, **options)
        require(self, "momentum", momentum, lambda x: 0 <= x <= 1, "within [0, 1]")
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, variables):
        """Make the momentums."""
        if self.built:
            return
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum else []

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp = variable.engine.xp
        (rate,) = self.scalars(variable, learning_rate)
        step = rate * xp.astype(gradient, variable._dtype)
        if not self.momentum:
            variable.assign(variable.value - step)
            return
        m = self.momentums[self._get_variable_index(variable)]
        m.assign(new := m.value * self.momentum - step)
        variable.assign(variable.value + (new * self.momentum - step if self.nesterov else new))
