"""AdamW without a learning rate schedule."""

from keraunos.optimizers.optimizer import Optimizer, as_float32
from keraunos.optimizers.options import require, takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class ScheduleFreeAdamW(Optimizer):
    """Adam whose weights stand between where it steps (z) and the mean of all z (x): no schedule is needed.

    With w the weights and ``x = (w − (1−β₁)z)/β₁``: ``v ← β₂v + (1−β₂)g²``, ``z ← z − ηg/(√(v/(1−β₂ᵗ)) + ε)``,
    ``x ← x + (z − x)/t``, ``w = (1−β₁)z + β₁x``.

    Args:
        learning_rate: η.
        beta_1: β₁, the share of x in the weights, above 0 and at most 1. Raises ``ValueError`` outside.
        beta_2: β₂.
        epsilon: ε.
        warmup_steps: number of steps in which η grows from 0.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Defazio et al., 2024 (arXiv:2405.15682).

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.ScheduleFreeAdamW(0.1).apply([keras.ops.array([3.0])], [v])
    >>> round(float(v[0]), 4)
    0.9
    """

    @takes_options
    def __init__(self, learning_rate=0.0025, beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0, **options):
        super().__init__(learning_rate, **options)
        require(self, "beta_1", beta_1, lambda x: 0 < x <= 1, "above 0 and at most 1")
        self.beta_1, self.beta_2, self.epsilon, self.warmup_steps = beta_1, beta_2, epsilon, warmup_steps

    def build(self, variables):
        """Make z, which starts at the weights, and the mean squares."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        for z, v in zip(self._momentums, variables):
            if z is not None:
                z.assign(v.value * 1)  # a copy: one buffer in two variables can't be donated to a program

    def step_values(self, xp, learning_rate, step):
        """η, grown so far, 1−β₂ᵗ and 1/t."""
        if self.warmup_steps:
            learning_rate = learning_rate * xp.minimum(1, step / self.warmup_steps)
        return learning_rate, 1 - self.beta_2**step, 1 / step

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        rate, part_2, share = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        z, v = self._momentums[i], self._velocities[i]
        mean = (variable.value - (1 - self.beta_1) * z.value) / self.beta_1
        square = v.assign(v.value * self.beta_2 + g * g * (1 - as_float32(self.beta_2)))
        new = z.assign(z.value - rate * g / (xp.sqrt(square / part_2) + self.epsilon))
        mean = mean + (new - mean) * share
        variable.assign((1 - self.beta_1) * new + self.beta_1 * mean)
