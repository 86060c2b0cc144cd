"""The base of learning rate schedules."""

import types

from keraunos.backend import dispatch
from keraunos.core import capture
from keraunos.util import registry, settings


@registry.builtin("keras.optimizers.schedules")
class LearningRateSchedule:
    """A learning rate as a function of the step: a subclass defines ``__call__(step)``, where step counts from 0.

    >>> import keraunos as keras
    >>> class Halving(keras.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** keras.ops.cast(step, "float32")
    >>> optimizer = keras.optimizers.SGD(Halving())
    >>> float(optimizer.learning_rate)
    1.0
    """

    def __new__(cls, *args, **kwargs):
        schedule = super().__new__(cls)
        schedule._captured = types.SimpleNamespace(args=args, kwargs=kwargs)
        return schedule

    def __call__(self, step):
        """The learning rate of a step."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step).")

    def get_config(self):
        """Arguments that make an equal schedule."""
        given = capture.bind(type(self), self._captured.args, self._captured.kwargs)
        return {name: capture.config_value(getattr(self, name, value)) for name, value in given.items()}

    @classmethod
    def from_config(cls, config):
        """A schedule from ``get_config()``'s dict."""
        return cls(**config)


def namespace_and_step(step):
    """The namespace of the step's engine, and the step as an array of the default float type."""
    step = step.__keraunos_value__() if hasattr(step, "__keraunos_value__") else step
    engine = dispatch.engine_of(step)
    return engine.xp, engine.asarray(step, settings.floatx())


def positive(schedule, name, value):
    """Raise ``ValueError`` unless a number is above 0."""
    if not isinstance(value, (str, bool)) and value > 0:
        return
    raise ValueError(f"{type(schedule).__name__}: {name} must be above 0, got {value!r}.")
