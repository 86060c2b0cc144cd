"""Small callbacks: schedules, CSV, functions."""

import csv
import os

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

    def on_epoch_begin(self, epoch, logs=None):
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


@registry.builtin("keras.callbacks")
class CSVLogger(Callback):
    """Write the logs of each epoch as a line of a CSV file.

    Args:
        filename: path.
        separator: between fields.
        append: whether to go on with a file that is there.

    >>> import keraunos as keras
    >>> log = keras.callbacks.CSVLogger("log.csv")
    """

    def __init__(self, filename, separator=",", append=False):
        super().__init__()
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self._file = self._writer = None
        self.keys = None

    def on_train_begin(self, logs=None):
        has_header = False
        if self.append and os.path.exists(self.filename):
            with open(self.filename, encoding="utf-8", newline="") as f:
                first = f.readline()
            has_header = bool(first)
            if has_header:
                self.keys = next(csv.reader([first], delimiter=self.sep))[1:]
        self._header = not has_header
        self._file = open(self.filename, "a" if self.append else "w", encoding="utf-8", newline="")
        self._writer = None

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            found = [k for k in self.keys if k.startswith("val_")]
            if not found:
                self.keys += [f"val_{k}" for k in self.keys if not k.startswith("val_") and getattr(self.model, "_validates", False)]
        if self._writer is None:
            self._writer = csv.DictWriter(self._file, ["epoch", *self.keys], delimiter=self.sep, extrasaction="ignore")
            if self._header:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **{k: logs.get(k, "NA") for k in self.keys}})
        self._file.flush()

    def on_train_end(self, logs=None):
        if self._file is not None:
            self._file.close()
        self._file = self._writer = self.keys = None


@registry.builtin("keras.callbacks")
class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_train_batch_begin, on_train_batch_end: functions with the
            arguments of the method of that name.

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
        given = {k: v for k, v in locals().items() if k.startswith("on_") and v is not None}
        given.update(kwargs)
        for name, fn in given.items():
            if not callable(fn):
                raise ValueError(f"LambdaCallback: {name} must be a function, got {describe(fn)}.")
            setattr(self, name, fn)
        self._has_batch_function = any("batch" in name for name in given)

    @property
    def batch_interval(self):
        """1 when a batch function was given."""
        return 1 if self._has_batch_function else None


__all__ = ["CSVLogger", "LambdaCallback", "LearningRateScheduler"]
