"""Small callbacks: schedules of the learning rate, functions."""

import numpy as np

from keraunos.callbacks.callback import Callback
from keraunos.util import registry
from keraunos.util.errors import describe


@registry.builtin("keras.callbacks")
class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    Args:
        schedule: function ``(epoch, learning_rate) -> learning_rate``, or of the epoch only.
        verbose: 1 prints each value.

    >>> import keraunos as keras
    >>> halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    """

    def __init__(self, schedule, verbose=0):
        super().__init__()
        self.schedule, self.verbose = schedule, verbose
        self._begun = self._restored = None

    def on_train_begin(self, logs=None):
        self._begun = self._restored = None

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self._restored:
            return  # a run that was killed within this epoch: the rate of the epoch is in the state of the optimizer
        self._begun = epoch
        optimizer = self.model.optimizer
        if not hasattr(optimizer, "learning_rate"):
            raise ValueError("LearningRateScheduler: the model's optimizer has no learning_rate.")
        rate = float(optimizer.learning_rate)
        try:
            new = self.schedule(epoch, rate)
        except TypeError:
            new = self.schedule(epoch)
        if not isinstance(new, (float, int, np.floating, np.integer)) and getattr(new, "shape", None) != ():
            raise ValueError(f"LearningRateScheduler: schedule must return a float, got {describe(new)}.")
        optimizer.learning_rate = float(new)
        if self.verbose > 0:
            print(f"Epoch {epoch + 1}: learning rate set to {float(new):g}.")

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)

    def get_state(self):
        return {"begun": self._begun}

    def set_state(self, state):
        self._begun = self._restored = state["begun"]


@registry.builtin("keras.callbacks")
class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_train_batch_begin, on_train_batch_end: functions with the
            arguments of the method of that name.
        kwargs: functions for other methods, and any other attributes (``batch_interval=10``).

    >>> import keraunos as keras
    >>> c = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print("done", epoch))
    >>> c.on_epoch_end(1, {})
    done 1
    """

    def __init__(
        self,
        on_epoch_begin=None,
        on_epoch_end=None,
        on_train_begin=None,
        on_train_end=None,
        on_train_batch_begin=None,
        on_train_batch_end=None,
        **kwargs,
    ):
        super().__init__()
        given = {name: value for name, value in locals().items() if name.startswith("on_") and value is not None}
        for name, value in (given | kwargs).items():
            if name.startswith("on_") and not callable(value):
                raise ValueError(f"LambdaCallback: {name} must be a function, got {describe(value)}.")
            setattr(self, name, value)
