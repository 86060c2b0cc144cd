"""Adam, and its form with decoupled weight decay."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import require, takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Adam(Optimizer):
    """Adam: steps along the mean gradient, divided by the root of the mean square.

    ``m ← β₁m + (1−β₁)g``, ``v ← β₂v + (1−β₂)g²``, ``w ← w − η·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε)``.

    Args:
        learning_rate: η.
        beta_1, beta_2: β₁, β₂.
        epsilon: ε.
        amsgrad: divide by the largest v so far.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Kingma and Ba, 2014 (arXiv:1412.6980); Reddi et al., 2018, for amsgrad.

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.Adam(0.1).apply([keras.ops.ones((1,))], [v])
    >>> round(float(v[0]), 4)
    0.9
    """

    @takes_options
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **options):
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def build(self, variables):
        """Make the means of gradients and of their squares."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        if self.amsgrad:
            self._velocity_hats = self.add_optimizer_variables(variables, "velocity_hat")

    def step_values(self, xp, learning_rate, step):
        """η·√(1−β₂ᵗ)/(1−β₁ᵗ)."""
        return (learning_rate * xp.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step),)

    def _update_all(self, grads, variables, learning_rate):
        fused = variables[0].engine.updates.get("adam")
        dtypes = {v._dtype for v in variables}
        own_step = type(self).update_step is not Adam.update_step
        if fused is None or own_step or self.amsgrad or len(dtypes) > 1 or not dtypes <= {"float32", "float64"}:
            super()._update_all(grads, variables, learning_rate)
            return
        engine, places = variables[0].engine, [self._get_variable_index(v) for v in variables]
        groups = variables, [self._momentums[i] for i in places], [self._velocities[i] for i in places]
        values, means, squares = ([v.value for v in group] for group in groups)
        grads = [engine.asarray(g, v._dtype) for g, v in zip(grads, variables, strict=True)]
        (rate,) = self._step_values(variables[0], learning_rate)
        new = fused(values, grads, means, squares, rate, self.beta_1, self.beta_2, self.epsilon)
        for group, arrays in zip(groups, new, strict=True):
            for v, array in zip(group, arrays, strict=True):
                v.assign(array)

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        (rate,) = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        m, v = self._momentums[i], self._velocities[i]
        mean = m.assign(m.value + (g - m.value) * (1 - self.beta_1))
        square = v.assign(v.value + (g * g - v.value) * (1 - self.beta_2))
        if self.amsgrad:
            largest = self._velocity_hats[i]
            square = largest.assign(xp.maximum(largest.value, square))
        variable.assign(variable.value - mean * rate / (xp.sqrt(square) + self.epsilon))


@registry.builtin("keras.optimizers")
class AdamW(Adam):
    """Adam with weight decay that stands beside the gradient: ``w ← w − ηλw`` before Adam's step.

    Args:
        learning_rate: η.
        weight_decay: λ. Raises ``ValueError`` for None.
        beta_1, beta_2, epsilon, amsgrad: see ``Adam``.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Loshchilov and Hutter, 2017 (arXiv:1711.05101).

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.AdamW(0.1, weight_decay=0.5).apply([keras.ops.zeros((1,))], [v])
    >>> round(float(v[0]), 4)
    0.95
    """

    @takes_options
    def __init__(
        self, learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **options
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)
        require(self, "weight_decay", weight_decay, lambda x: float(x) == x, "a float (Adam is without it)")
