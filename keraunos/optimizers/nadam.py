"""Nadam."""

from keraunos.backend import dispatch
from keraunos.optimizers.optimizer import Optimizer, as_float32
from keraunos.optimizers.options import takes_options
from keraunos.util import registry

_DECAY = 0.96  # of the momentum's schedule, from the paper


@registry.builtin("keras.optimizers")
class Nadam(Optimizer):
    """Adam with Nesterov's look ahead.

    With ``uₜ = β₁(1 − 0.96ᵗ/2)`` and ``Uₜ = u₁⋯uₜ``: ``m``, ``v`` as in Adam,
    ``m̂ = uₜ₊₁m/(1−Uₜ₊₁) + (1−uₜ)g/(1−Uₜ)``, ``w ← w − η m̂/(√(v/(1−β₂ᵗ)) + ε)``.

    Args:
        learning_rate: η.
        beta_1, beta_2: β₁, β₂.
        epsilon: ε.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Dozat, 2016 (ICLR workshop).

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.Nadam(0.1).apply([keras.ops.array([3.0])], [v])
    >>> round(float(v[0]), 4)
    0.8937
    """

    @takes_options
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **options):
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables):
        """Make the means of gradients and of their squares, and the product of the u."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        with dispatch.use(self._iterations.engine.name):
            dtype = variables[0]._dtype if variables else None
            self._u_product = self.add_variable((), "ones", dtype=dtype, name="u_product")

    def _u(self, step):
        return self.beta_1 * (1 - 0.5 * _DECAY**step)

    def step_values(self, xp, learning_rate, step):
        """η, uₜ₊₁/(1−Uₜ₊₁), (1−uₜ)/(1−Uₜ), 1−β₂ᵗ."""
        u, u_next = self._u(step), self._u(step + 1)
        product = u * xp.astype(self._u_product.value, step.dtype)
        return (
            learning_rate,
            u_next / (1 - product * u_next),
            (1 - u) / (1 - product),
            1 - self.beta_2**step,
        )

    def _update_all(self, grads, variables, learning_rate):
        super()._update_all(grads, variables, learning_rate)
        xp = self._u_product.engine.xp
        step = xp.astype(self._updates() + 1, self._u_product._dtype)
        self._u_product.assign(self._u_product.value * self._u(step))

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        rate, share_mean, share_now, part_2 = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        m, v = self._momentums[i], self._velocities[i]
        mean = m.assign(m.value + (g - m.value) * (1 - self.beta_1))
        square = v.assign(v.value + (g * g - v.value) * (1 - as_float32(self.beta_2)))
        step = (mean * share_mean + g * share_now) / (xp.sqrt(square / part_2) + self.epsilon)
        variable.assign(variable.value - rate * step)
