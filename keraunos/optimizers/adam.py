"""Adam."""

from keraunos.optimizers.optimizer import Optimizer
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Adam(Optimizer):
    """Adam: steps along the mean gradient, divided by the root of its mean square.

    ``m ← β₁m + (1−β₁)g``, ``v ← β₂v + (1−β₂)g²``, ``w ← w − η·√(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√v + ε)``.

    Args:
        learning_rate: η.
        beta_1, beta_2: β₁, β₂.
        epsilon: ε.
        amsgrad: divide by the largest v so far.

    Source: Kingma and Ba, 2014 (arXiv:1412.6980); Reddi et al., 2018 for amsgrad.

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0])
    >>> keras.optimizers.Adam(0.1).apply([keras.ops.ones((1,))], [v])
    >>> round(float(v[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        name="adam",
        **kwargs,
    ):
        super().__init__(
            learning_rate=learning_rate,
            name=name,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            **kwargs,
        )
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        names = ["momentum", "velocity"] + (["velocity_hat"] if self.amsgrad else [])
        slots = self.add_optimizer_variables(variables, names)
        self._momentums, self._velocities = slots[:2]
        self._largest = slots[2] if self.amsgrad else None

    def update_all(self, grads, variables, learning_rate):
        xp = variables[0].engine.xp
        step = xp.astype(self._step_number(), "float32")
        rate = learning_rate * xp.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        for g, v in zip(grads, variables, strict=True):
            self._update(g, v, rate)

    def update_step(self, gradient, variable, learning_rate):
        self.update_all([gradient], [variable], learning_rate)

    def _step_number(self):
        iterations = self.iterations
        return (iterations.value if hasattr(iterations, "value") else iterations) + 1

    def _update(self, g, v, rate):
        i = self._index[id(v)]
        xp = v.engine.xp
        m, s = self._momentums[i], self._velocities[i]
        g = xp.astype(g, v._dtype)
        rate = xp.astype(rate, v._dtype)
        old_m, old_s = m.value, s.value
        new_m = old_m + (g - old_m) * (1 - self.beta_1)
        new_s = old_s + (g * g - old_s) * (1 - self.beta_2)
        m.assign(new_m)
        s.assign(new_s)
        if self.amsgrad:
            new_s = xp.maximum(self._largest[i].value, new_s)
            self._largest[i].assign(new_s)
        v.assign(v.value - rate * new_m / (xp.sqrt(new_s) + self.epsilon))
