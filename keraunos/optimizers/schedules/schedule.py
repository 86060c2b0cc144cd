"""The base of learning rate schedules."""

from keraunos.core import capture


class LearningRateSchedule:
    """A learning rate as a function of the step; a subclass defines ``__call__(step)``."""

    def __new__(cls, *args, **kwargs):
        schedule = super().__new__(cls)
        schedule._captured = (args, kwargs)
        return schedule

    def __call__(self, step):
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step).")

    def get_config(self):
        """Arguments that make an equal schedule."""
        args, kwargs = self._captured
        return {k: capture.config_value(v) for k, v in capture.bind(type(self), args, kwargs).items()}

    @classmethod
    def from_config(cls, config):
        """A schedule from ``get_config()``'s dict."""
        return cls(**config)
