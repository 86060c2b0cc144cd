"""Logs of epochs in a CSV file."""

import csv
import os

import numpy as np

from keraunos.callbacks.callback import Callback
from keraunos.saving.whole import whole_file
from keraunos.util import registry


@registry.builtin("keras.callbacks")
class CSVLogger(Callback):
    """Write the logs of each epoch as a line of a CSV file.

    A number that is missing in an epoch (say, validation that runs every third epoch) is "NA"; one that comes later than the header
    gets a column of its own, and the file is written anew.

    Args:
        filename: path.
        separator: between fields.
        append: whether to go on with a file that is there.

    >>> import keraunos as keras
    >>> log = keras.callbacks.CSVLogger("log.csv")
    >>> log.on_train_begin()
    >>> log.on_epoch_end(0, {"loss": 0.5})
    >>> log.on_epoch_end(1, {"loss": 0.25, "val_loss": 0.5})
    >>> with open("log.csv") as file:
    ...     print(file.read())
    epoch,loss,val_loss
    0,0.5,NA
    1,0.25,0.5
    <BLANKLINE>
    """

    def __init__(self, filename, separator=",", append=False):
        super().__init__()
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys = None

    def on_train_begin(self, logs=None):
        self.keys = None  # the file is begun at the first epoch's end: a run that is resumed goes on with its file

    def on_epoch_end(self, epoch, logs=None):
        logs = {name: _text(value) for name, value in (logs or {}).items()}
        if self.keys is None:
            self.keys = self._begin(logs)
        new = [name for name in _sorted(logs) if name not in self.keys]
        if new:
            self._widen(new)
        with open(self.filename, "a", encoding="utf-8", newline="") as file:
            self._writer(file).writerow([epoch, *(logs.get(name, "NA") for name in self.keys)])

    def _writer(self, file):
        return csv.writer(file, delimiter=self.sep, lineterminator="\n")

    def _rows(self):
        with open(self.filename, encoding="utf-8", newline="") as file:
            return list(csv.reader(file, delimiter=self.sep))

    def _begin(self, logs):
        """The names of the columns: those of the file that is gone on with, or a new header."""
        if self.append and os.path.exists(self.filename) and os.path.getsize(self.filename):
            return self._rows()[0][1:]
        keys = _sorted(logs)
        with open(self.filename, "w", encoding="utf-8", newline="") as file:
            self._writer(file).writerow(["epoch", *keys])
        return keys

    def _widen(self, new):
        rows = self._rows()
        self.keys = self.keys + new
        self._rewrite([["epoch", *self.keys], *(row + ["NA"] * len(new) for row in rows[1:])])

    def _rewrite(self, rows):
        with whole_file(self.filename) as file:
            lines = _Lines()
            self._writer(lines).writerows(rows)
            file.write("".join(lines.found).encode())

    def get_state(self):
        return {"keys": self.keys, "rows": 0 if self.keys is None else len(self._rows())}

    def set_state(self, state):
        self.keys = state["keys"]
        if self.keys is not None and os.path.exists(self.filename):
            self._rewrite(self._rows()[: state["rows"]])  # what was written after the state was saved comes again
        else:
            self.keys = None


class _Lines:
    """A file that is a list of strings."""

    def __init__(self):
        self.found = []

    def write(self, text):
        self.found.append(text)


def _sorted(logs):
    return sorted(logs, key=lambda name: (name.startswith("val_"), name))


def _text(value):
    """A value of the logs as a field: an array as a list."""
    return str(np.asarray(value).tolist()) if np.ndim(value) else value
