"""Datasets that worker processes can import."""

import os
import threading
import time

import numpy as np

from keraunos.utils import PyDataset


class Numbered(PyDataset):
    """Batch i holds 2 rows of the number i; what is called is noted."""

    def __init__(self, n=5, wait=(), **kwargs):
        super().__init__(**kwargs)
        self.n, self.wait, self.calls, self.epochs = n, dict(wait), [], 0

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        time.sleep(self.wait.get(index, 0))
        self.calls.append((index, threading.current_thread().name))
        x = np.full((2, 1), index + 100.0 * self.epochs)
        return x, x[:, 0]

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")
        self.epochs += 1


class Failing(Numbered):
    """The batch with index 2 can't be made."""

    def __getitem__(self, index):
        if index == 2:
            raise KeyError("no file for batch 2")
        return super().__getitem__(index)


class Dying(Numbered):
    """The process that makes the batch with index 2 dies."""

    def __getitem__(self, index):
        if index == 2:
            os._exit(9)
        return super().__getitem__(index)


class Untransportable(Numbered):
    """Holds what can't be pickled."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.lock = threading.Lock()
