"""Smaller steps when progress stalls."""

import warnings

from keraunos.callbacks.monitor import MonitorCallback
from keraunos.util import registry


@registry.builtin("keras.callbacks")
class ReduceLROnPlateau(MonitorCallback):
    """Multiply the learning rate by a factor when a number has not got better for a number of epochs.

    Args:
        monitor: name of the number in the logs.
        factor: less than 1.
        patience: epochs without progress.
        verbose: 1 prints each change.
        mode: "min", "max" or "auto".
        min_delta: least change that counts.
        cooldown: epochs after a change in which nothing is counted.
        min_lr: the learning rate never goes below.

    >>> import keraunos as keras
    >>> slower = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2)
    """

    def __init__(
        self,
        monitor="val_loss",
        factor=0.1,
        patience=10,
        verbose=0,
        mode="auto",
        min_delta=1e-4,
        cooldown=0,
        min_lr=0.0,
        **kwargs,
    ):
        if kwargs:
            raise ValueError(f"ReduceLROnPlateau: unknown argument(s) {sorted(kwargs)}.")
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau: factor must be less than 1, got {factor}.")
        super().__init__(monitor, mode, None, min_delta)
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self._reset()

    def _reset(self):
        self.wait = self.cooldown_counter = 0
        self.best = None

    def on_train_begin(self, logs=None):
        self._reset()

    def in_cooldown(self):
        """Whether a change was made within the last ``cooldown`` epochs."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch, logs=None):
        logs = logs if logs is not None else {}
        rate = float(self.model.optimizer.learning_rate)
        logs["learning_rate"] = rate
        value = self.value_of(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(value, self.best):
            self.best, self.wait = value, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self._reduce(epoch, rate)

    def _reduce(self, epoch, rate):
        new = max(rate * self.factor, self.min_lr)
        try:
            self.model.optimizer.learning_rate = new
        except TypeError as e:
            warnings.warn(f"ReduceLROnPlateau: {e}", stacklevel=2)
            return
        if self.verbose > 0:
            print(f"Epoch {epoch + 1}: learning rate reduced to {new:g}.")
        self.cooldown_counter, self.wait = self.cooldown, 0

    def get_state(self):
        return {"wait": self.wait, "best": self.best, "cooldown_counter": self.cooldown_counter}

    def set_state(self, state):
        for name, value in state.items():
            setattr(self, name, value)
