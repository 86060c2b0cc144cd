"""Learning rates that fall from a first value."""

from keraunos.optimizers.schedules.schedule import LearningRateSchedule, namespace_and_step, positive
from keraunos.util import registry


@registry.builtin("keras.optimizers.schedules")
class ExponentialDecay(LearningRateSchedule):
    """``η = η₀ · r^(t/T)``.

    Args:
        initial_learning_rate: η₀.
        decay_steps: T, above 0. Raises ``ValueError`` otherwise.
        decay_rate: r.
        staircase: take t/T as a whole number, so that the rate falls every T steps.
        name: of the schedule.

    >>> import keraunos as keras
    >>> rate = keras.optimizers.schedules.ExponentialDecay(1.0, decay_steps=10, decay_rate=0.25)
    >>> float(rate(0)), float(rate(5)), float(rate(10))
    (1.0, 0.5, 0.25)
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="ExponentialDecay"):
        positive(self, "decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        """The learning rate of a step."""
        xp, step = namespace_and_step(step)
        done = step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (xp.floor(done) if self.staircase else done)


@registry.builtin("keras.optimizers.schedules")
class InverseTimeDecay(LearningRateSchedule):
    """``η = η₀ / (1 + r·t/T)``.

    Args:
        initial_learning_rate: η₀.
        decay_steps: T, above 0. Raises ``ValueError`` otherwise.
        decay_rate: r.
        staircase: take t/T as a whole number, so that the rate falls every T steps.
        name: of the schedule.

    >>> import keraunos as keras
    >>> rate = keras.optimizers.schedules.InverseTimeDecay(1.0, decay_steps=10, decay_rate=2.0)
    >>> float(rate(0)), float(rate(5))
    (1.0, 0.5)
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="InverseTimeDecay"):
        positive(self, "decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        """The learning rate of a step."""
        xp, step = namespace_and_step(step)
        done = step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (xp.floor(done) if self.staircase else done))


@registry.builtin("keras.optimizers.schedules")
class PolynomialDecay(LearningRateSchedule):
    """``η = (η₀ − η₁) · (1 − t/T)^p + η₁`` until step T, then η₁.

    Args:
        initial_learning_rate: η₀.
        decay_steps: T, above 0. Raises ``ValueError`` otherwise.
        end_learning_rate: η₁.
        power: p.
        cycle: after T steps go on to the next multiple of T, each time on a longer, flatter slope.
        name: of the schedule.

    >>> import keraunos as keras
    >>> rate = keras.optimizers.schedules.PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.5)
    >>> float(rate(0)), float(rate(5)), float(rate(20))
    (1.0, 0.75, 0.5)
    """

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        end_learning_rate=0.0001,
        power=1.0,
        cycle=False,
        name="PolynomialDecay",
    ):
        positive(self, "decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = end_learning_rate, power, cycle, name

    def __call__(self, step):
        """The learning rate of a step."""
        xp, step = namespace_and_step(step)
        steps = self.decay_steps
        if self.cycle:
            steps = steps * xp.maximum(1, xp.ceil(step / steps))
        else:
            step = xp.minimum(step, steps)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * (1 - step / steps) ** self.power + self.end_learning_rate


@registry.builtin("keras.optimizers.schedules")
class PiecewiseConstantDecay(LearningRateSchedule):
    """One learning rate up to each boundary, and one after the last.

    Args:
        boundaries: list of rising step numbers; a boundary itself belongs to what is before it.
        values: list of rates, one more than there are boundaries. Raises ``ValueError`` otherwise.
        name: of the schedule.

    >>> import keraunos as keras
    >>> rate = keras.optimizers.schedules.PiecewiseConstantDecay([10], [1.0, 0.5])
    >>> float(rate(10)), float(rate(11))
    (1.0, 0.5)
    """

    def __init__(self, boundaries, values, name="PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"PiecewiseConstantDecay: values must have one element more than boundaries, got {len(values)} values for "
                f"{len(boundaries)} boundaries."
            )
        if any(a > b for a, b in zip(boundaries, boundaries[1:])):
            raise ValueError(f"PiecewiseConstantDecay: boundaries must rise, got {list(boundaries)}.")
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step):
        """The learning rate of a step."""
        xp, step = namespace_and_step(step)
        rate = xp.zeros_like(step) + self.values[0]
        for boundary, value in zip(self.boundaries, self.values[1:]):
            rate = xp.where(step > boundary, value, rate)
        return rate
