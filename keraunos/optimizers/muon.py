"""Muon."""

import math
import re

from keraunos.backend import dispatch
from keraunos.optimizers.optimizer import Optimizer, array_of
from keraunos.optimizers.options import takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Muon(Optimizer):
    """Steps along the orthogonalised mean gradient for matrices; AdamW for all other weights.

    ``m ← μm + g``, ``u = NS(g + μm)`` (``NS(m)`` without Nesterov), ``w ← w − η · u · √max(rows, columns) · rms_rate``,
    where NS brings all singular values near 1: with ``x/‖x‖`` first, ``ns_steps`` times ``x ← ax + (bA + cA²)x``, ``A = xxᵀ``.

    Args:
        learning_rate: η.
        adam_beta_1, adam_beta_2, epsilon: Adam's β₁, β₂, ε.
        adam_weight_decay: weight decay of what Adam trains; None: none.
        weight_decay: weight decay of what Muon trains; None: none.
        exclude_layers: list of regular expressions; what they are found in the path of is trained by Adam.
        exclude_embeddings: whether Adam trains weights that have "embedding" in their path.
        muon_a, muon_b, muon_c: a, b, c.
        adam_lr_ratio: Adam's learning rate divided by η.
        momentum: μ.
        ns_steps: number of Newton-Schulz steps.
        nesterov: look ahead along the momentum.
        rms_rate: root mean square of a step before η; None: the step as NS gives it.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Jordan et al., 2024 (kellerjordan.github.io/posts/muon); Liu et al., 2025 (arXiv:2502.16982), for ``rms_rate``.

    >>> import keraunos as keras
    >>> v = keras.Variable([[3.0, 0.0], [0.0, 5.0]])
    >>> optimizer = keras.optimizers.Muon(1.0, weight_decay=None, rms_rate=None, ns_steps=10)
    >>> optimizer.apply([keras.ops.array([[1.0, 0.0], [0.0, 0.5]])], [v])
    >>> bool((abs(v.numpy() - [[2.0, 0.0], [0.0, 4.0]]) < 0.35).all())
    True
    """

    @takes_options(before="exclude_layers")
    def __init__(
        self,
        learning_rate=0.001,
        adam_beta_1=0.9,
        adam_beta_2=0.999,
        adam_weight_decay=0.004,
        epsilon=1e-7,
        weight_decay=0.004,
        exclude_layers=None,
        exclude_embeddings=True,
        muon_a=3.4445,
        muon_b=-4.775,
        muon_c=2.0315,
        adam_lr_ratio=1,
        momentum=0.95,
        ns_steps=5,
        nesterov=True,
        rms_rate=0.2,
        **options,
    ):
        super().__init__(learning_rate, weight_decay=weight_decay, **options)
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.exclude_layers, self.exclude_embeddings = list(exclude_layers or ()), exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.momentum, self.ns_steps, self.nesterov, self.rms_rate = momentum, ns_steps, nesterov, rms_rate

    def _by_adam(self, variable):
        """Whether Adam trains a variable."""
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def build(self, var_list):
        """Make the momentums, and Adam's mean squares for what Adam trains."""
        if self.built:
            return
        super().build(var_list)
        self._momentums, self._velocities = [], []
        for v in var_list:
            own = not v.overwrite_with_gradient
            self._momentums.append(self.add_variable_from_reference(v, "momentum") if own else None)
            self._velocities.append(
                self.add_variable_from_reference(v, "velocity") if own and self._by_adam(v) else None
            )

    def step_values(self, xp, learning_rate, step):
        """η, and Adam's √(1−β₂ᵗ)/(1−β₁ᵗ) times its own η."""
        bias = xp.sqrt(1 - self.adam_beta_2**step) / (1 - self.adam_beta_1**step)
        return learning_rate, learning_rate * self.adam_lr_ratio * bias

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        rate, adam_rate = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        m, v = self._momentums[i], self._velocities[i]
        if v is not None:
            mean = m.assign(m.value + (g - m.value) * (1 - self.adam_beta_1))
            square = v.assign(v.value + (g * g - v.value) * (1 - self.adam_beta_2))
            variable.assign(variable.value - mean * adam_rate / (xp.sqrt(square) + self.epsilon))
            return
        total = m.assign(m.value * self.momentum + g)
        step = g + self.momentum * total if self.nesterov else total
        with dispatch.use(variable.engine.name):
            step = self.lr_adjust(self.zeropower_via_newtonschulz5(step, self.ns_steps))
        variable.assign(variable.value - rate * step)

    def _decay_of(self, variable):
        return self.adam_weight_decay if self._by_adam(variable) else self.weight_decay

    def lr_adjust(self, x):
        """x scaled to the root mean square that ``rms_rate`` asks for."""
        return x if self.rms_rate is None else x * (math.sqrt(max(x.shape[0], x.shape[1])) * self.rms_rate)

    def transpose_last_axis(self, X):
        """X with its last two axes exchanged."""
        return dispatch.engine_of(X).xp.swapaxes(X, -1, -2)

    def zeropower_via_newtonschulz5(self, x, steps):
        """The matrix with the singular vectors of x whose singular values are all near 1.

        **Shape:** (..., rows, columns), the same out.
        """
        engine = dispatch.engine_of(x)
        xp, x = engine.xp, engine.asarray(array_of(x))
        tall = x.shape[-2] > x.shape[-1]
        x = self.transpose_last_axis(x) if tall else x
        x = x / (xp.sqrt(xp.sum(x * x, axis=(-2, -1), keepdims=True)) + 1e-7)
        for _ in range(steps):
            a = x @ self.transpose_last_axis(x)
            x = self.muon_a * x + (self.muon_b * a + self.muon_c * a @ a) @ x
        return self.transpose_last_axis(x) if tall else x
