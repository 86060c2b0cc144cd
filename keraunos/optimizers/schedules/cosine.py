"""Learning rates that fall along a cosine."""

import math

from keraunos.optimizers.schedules.schedule import LearningRateSchedule, namespace_and_step, positive
from keraunos.util import registry


@registry.builtin("keras.optimizers.schedules")
class CosineDecay(LearningRateSchedule):
    """``η = η₀ · ((1−α)·(1 + cos(π·t/T))/2 + α)`` until step T, then ``αη₀``; before it, if wanted, a straight rise.

    Args:
        initial_learning_rate: η₀ without a rise; with one, where the rise begins.
        decay_steps: T, above 0, without the steps of the rise. Raises ``ValueError`` otherwise.
        alpha: α, the share of η₀ that remains.
        name: of the schedule.
        warmup_target: the rate at the end of the rise, where the fall begins; None: no rise.
        warmup_steps: number of steps of the rise.

    Source: Loshchilov and Hutter, 2016 (arXiv:1608.03983).

    >>> import keraunos as keras
    >>> rate = keras.optimizers.schedules.CosineDecay(0.0, decay_steps=10, warmup_target=1.0, warmup_steps=4)
    >>> [round(float(rate(t)), 4) for t in (0, 2, 4, 9, 14)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(
        self, initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", warmup_target=None, warmup_steps=0
    ):
        positive(self, "decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.alpha, self.name = alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step):
        """The learning rate of a step."""
        xp, step = namespace_and_step(step)
        if self.warmup_target is None:
            return self._fall(xp, step, self.initial_learning_rate)
        fall = self._fall(xp, step - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return fall
        rise = self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * step / self.warmup_steps
        return xp.where(step < self.warmup_steps, rise, fall)

    def _fall(self, xp, step, top):
        return top * _cosine(xp, xp.minimum(step, self.decay_steps) / self.decay_steps, self.alpha)


@registry.builtin("keras.optimizers.schedules")
class CosineDecayRestarts(LearningRateSchedule):
    """Falls along a cosine, one after the other: each ``t_mul`` times as long and from a rate ``m_mul`` times as high.

    Args:
        initial_learning_rate: the rate at first.
        first_decay_steps: length of the first fall, above 0. Raises ``ValueError`` otherwise.
        t_mul, m_mul: factors from one fall to the next, of length and height.
        alpha: share of the first rate that remains at the end of a fall.
        name: of the schedule.

    Source: Loshchilov and Hutter, 2016 (arXiv:1608.03983).

    >>> import keraunos as keras
    >>> rate = keras.optimizers.schedules.CosineDecayRestarts(1.0, first_decay_steps=10, m_mul=0.5)
    >>> [round(float(rate(t)), 4) for t in (0, 5, 10, 20, 30)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name="SGDRDecay"):
        positive(self, "first_decay_steps", first_decay_steps)
        positive(self, "t_mul", t_mul)
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step):
        """The learning rate of a step."""
        xp, step = namespace_and_step(step)
        number, share = self._place(xp, step / self.first_decay_steps)
        return self.initial_learning_rate * _cosine(xp, share, self.alpha, self.m_mul**number)

    def _place(self, xp, done):
        """Which fall it is, and what share of it is over; ``done`` counts in lengths of the first."""
        t = self.t_mul
        if t == 1:
            number = xp.floor(done)
            return number, done - number
        starts = lambda n: (t**n - 1) / (t - 1)
        inside = xp.maximum(1 + done * (t - 1), 1e-30)  # with t < 1 all falls together are finite
        number = xp.floor(xp.log(inside) / math.log(t))
        number = xp.where(starts(number + 1) <= done, number + 1, number)  # the logarithm may be an ulp low
        return number, (done - starts(number)) / t**number


def _cosine(xp, share, alpha, height=1.0):
    return (1 - alpha) * 0.5 * height * (1 + xp.cos(math.pi * share)) + alpha
