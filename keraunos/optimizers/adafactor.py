"""Adafactor."""

from keraunos.backend import dispatch
from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.options import takes_options
from keraunos.util import registry


@registry.builtin("keras.optimizers")
class Adafactor(Optimizer):
    """Adam's scaling with the mean squares of a matrix kept as one row and one column: slots cost almost nothing.

    With ``β = 1 − t^d`` and ``s = g² + ε₁``: ``r ← βr + (1−β)·mean(s, −1)``, ``c ← βc + (1−β)·mean(s, −2)``,
    ``v = rc/mean(r)`` (for vectors ``v ← βv + (1−β)s``), ``u = g/√v``, ``w ← w − α·u/max(1, rms(u)/k)`` with
    ``α = max(ε₂, rms(w)) · min(η, 1/√t)``.

    Args:
        learning_rate: η.
        beta_2_decay: d.
        epsilon_1, epsilon_2: ε₁, ε₂.
        clip_threshold: k.
        relative_step: if False, η stands in place of ``min(η, 1/√t)``.
        **options: what all optimizers take, see ``Optimizer``.

    Source: Shazeer and Stern, 2018 (arXiv:1804.04235).

    >>> import keraunos as keras
    >>> v = keras.Variable([2.0, 2.0])
    >>> keras.optimizers.Adafactor(0.1).apply([keras.ops.array([1.0, -1.0])], [v])
    >>> [round(float(x), 4) for x in v]
    [1.8, 2.2]
    """

    @takes_options
    def __init__(
        self,
        learning_rate=0.001,
        beta_2_decay=-0.8,
        epsilon_1=1e-30,
        epsilon_2=1e-3,
        clip_threshold=1.0,
        relative_step=True,
        **options,
    ):
        super().__init__(learning_rate, **options)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def build(self, variables):
        """Make row, column and velocity of each variable; files of Keras have all three (rows and columns of vectors: int32 0)."""
        if self.built:
            return
        super().build(variables)
        self._r, self._c, self._v = [], [], []
        for v in variables:
            rest = None if v.overwrite_with_gradient else self._slots_of(v)
            for slots, slot in zip((self._r, self._c, self._v), rest or (None, None, None)):
                slots.append(slot)

    def _slots_of(self, v):
        matrix = len(v.shape) > 1
        with dispatch.use(v.engine.name):
            row = self.add_variable(v.shape[:-1] if matrix else (), dtype=None if matrix else "int32", name=v.name)
            shape = (*v.shape[:-2], v.shape[-1]) if matrix else ()
            column = self.add_variable(shape, dtype=None if matrix else "int32", name=v.name)
        return row, column, self.add_variable_from_reference(v, "velocity")

    def step_values(self, xp, learning_rate, step):
        """min(η, 1/√t) and 1−β, which narrow dtypes hold where they round β to 1."""
        rate = xp.minimum(learning_rate, 1 / xp.sqrt(step)) if self.relative_step else learning_rate
        return rate, step**self.beta_2_decay

    def update_step(self, gradient, variable, learning_rate):
        """Change one variable by its gradient."""
        xp, i = variable.engine.xp, self._get_variable_index(variable)
        rate, share = self.scalars(variable, learning_rate)
        g = xp.astype(gradient, variable._dtype)
        square = g * g + self.epsilon_1
        if len(variable.shape) > 1:
            square = self._product(xp, i, share, square)
        else:
            square = _toward(self._v[i].value, square, share)
        step = g / xp.sqrt(self._v[i].assign(square))
        step = step / xp.maximum(1, _rms(xp, step) / self.clip_threshold)
        w = variable.value
        variable.assign(w - xp.maximum(self.epsilon_2, _rms(xp, w)) * rate * step)

    def _product(self, xp, i, share, square):
        r, c = self._r[i], self._c[i]
        row = r.assign(_toward(r.value, xp.mean(square, axis=-1), share))  # (..., rows)
        column = c.assign(_toward(c.value, xp.mean(square, axis=-2), share))  # (..., columns)
        row = row / xp.mean(row, axis=-1, keepdims=True)
        return row[..., None] * column[..., None, :]  # (..., rows, columns)


def _rms(xp, x):
    return xp.sqrt(xp.mean(x * x))


def _toward(old, new, share):
    return old + (new - old) * share
