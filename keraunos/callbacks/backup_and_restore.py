"""A run that can be killed at any moment."""

import collections
import contextlib
import glob
import itertools
import os
import re
import warnings

import numpy as np

from keraunos.callbacks.callback import Callback
from keraunos.callbacks.model_checkpoint import checked_frequency
from keraunos.callbacks.progress import say
from keraunos.callbacks.run_state import read_state, write_state
from keraunos.util import registry


@registry.builtin("keras.callbacks")
class BackupAndRestore(Callback):
    """Write the state of the run now and then; a run that was killed goes on from there when ``fit`` is called again.

    The state is one value, written in one commit: weights, optimizer, metrics, seeds, the place in the data and its order, and the
    counters of the other callbacks (their ``get_state()``). On the CPU a resumed run ends with bitwise the same weights as one that
    was never killed, if the data is the same: arrays, or a dataset that yields the same batches when it is begun anew. (A generator
    cannot be wound back: its first batches are skipped within the epoch that was interrupted, and no others.) The last state but one
    is kept too, in case the last is damaged.

    Callbacks are matched by class, and among those of a class by their order. In the epoch that is gone on with,
    ``on_epoch_begin`` is called again.

    Args:
        backup_dir: folder for the state; one for each run.
        save_freq: "epoch", or every so many batches, counted over all epochs.
        double_checkpoint: accepted; the last two states are always kept.
        delete_checkpoint: whether the state is removed when training has ended.

    Raises:
        ValueError: an argument is out of range, or the state in the folder is of another model.

    >>> import keraunos as keras
    >>> safe = keras.callbacks.BackupAndRestore("backup", save_freq=100)
    """

    runs_last = True  # after the other callbacks have taken note of the event that is saved

    def __init__(self, backup_dir, save_freq="epoch", double_checkpoint=False, delete_checkpoint=True):
        super().__init__()
        if not backup_dir:
            raise ValueError("BackupAndRestore: backup_dir must name a folder.")
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = checked_frequency("BackupAndRestore", save_freq)
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self.others = []  # set by the CallbackList
        self.batches_before = 0
        self._newest_is_valid = False

    @property
    def batch_interval(self):
        """``save_freq`` when it counts batches."""
        return None if self.save_freq == "epoch" else self.save_freq

    @property
    def _path(self):
        return os.path.join(self.backup_dir, "run.state")

    def on_train_begin(self, logs=None):
        self.batches_before = 0
        self._remove_unfinished()
        state = self._last_valid()
        if state is None:
            return
        self._restore(state)
        place = state["run"]
        say(f"Resuming the run in {self.backup_dir!r} at epoch {place['epoch'] + 1}, step {place['step']}.")

    def on_train_batch_end(self, batch, logs=None):
        if self.save_freq != "epoch" and (self.batches_before + batch + 1) % self.save_freq == 0:
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch":
            self._save()

    def on_train_end(self, logs=None):
        if self.delete_checkpoint:
            for path in (self._path, self._path + ".previous"):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(path)
            with contextlib.suppress(OSError):  # others' files may be in the folder
                os.rmdir(self.backup_dir)

    def _remove_unfinished(self):
        """Files that a killed run was writing."""
        for path in glob.glob(os.path.join(glob.escape(self.backup_dir), ".run.state.*.tmp")):
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)

    def _variables(self):
        return self.model._programs.state("train")

    def _save(self):
        os.makedirs(self.backup_dir, exist_ok=True)
        state = {
            "run": self.model._fit_run.state(),
            "batches_before": self.batches_before,
            "stop_training": bool(self.model.stop_training),
            "variables": [
                {"path": v.path, "value": np.asarray(v.engine.to_numpy(v._value))} for v in self._variables()
            ],
            "callbacks": [{"class": type(c).__name__, "state": _state_of(c)} for c in self.others],
        }
        if self._newest_is_valid:
            with contextlib.suppress(FileNotFoundError):
                os.replace(self._path, self._path + ".previous")
        write_state(self._path, state)
        self._newest_is_valid = True

    def _last_valid(self):
        self._newest_is_valid = False  # a damaged one never takes the place of the one before
        for path in (self._path, self._path + ".previous"):
            try:
                state = read_state(path)
            except FileNotFoundError:
                continue
            except ValueError as e:
                warnings.warn(
                    f"BackupAndRestore: {e} Going back to the state before it, if there is one.", stacklevel=2
                )
                continue
            self._newest_is_valid = path == self._path
            return state
        return None

    def _restore(self, state):
        variables = self._variables()
        self._check(state["variables"], variables)
        for s, v in zip(state["variables"], variables, strict=True):
            v.assign(s["value"])
        self.model._fit_run.resume(state["run"])
        self.model.stop_training = state["stop_training"]
        self.batches_before = state["batches_before"]
        self._restore_callbacks(state["callbacks"])

    def _restore_callbacks(self, saved):
        names = _numbered(type(c).__name__ for c in self.others)
        callbacks = dict(zip(names, self.others, strict=True))
        states = dict(zip(_numbered(kept["class"] for kept in saved), (kept["state"] for kept in saved), strict=True))
        for name, state in states.items():
            callback = callbacks.get(name)
            if callback is not None and hasattr(callback, "set_state"):
                callback.set_state(state)
            elif state:
                warnings.warn(
                    f"BackupAndRestore: there was a {name[0]} when the state was saved, and is none now.", stacklevel=2
                )

    def _check(self, saved, variables):
        """Whether the state is of a model like this one."""
        known = [_kind(s["path"], s["value"].shape, s["value"].dtype.name) for s in saved]
        own = [_kind(v.path, v.shape, v._dtype) for v in variables]
        for i, (was, now) in enumerate(itertools.zip_longest(known, own)):
            if was != now:
                raise ValueError(
                    f"BackupAndRestore: the state in {self.backup_dir!r} is of another model or optimizer: variable {i} was "
                    f"{_described(was)}, and is {_described(now)} now. Remove the folder to start anew, or give this run another."
                )


def _kind(path, shape, dtype):
    """What a variable is, however often the model has been made in a program: its name without numbers, shape, dtype."""
    return re.sub(r"_\d+(?=_|$)", "", path.rsplit("/", 1)[-1]), tuple(shape), dtype


def _described(kind):
    return "none" if kind is None else f"{kind[0]!r} of shape {kind[1]} and dtype {kind[2]}"


def _numbered(names):
    """Names with how often each came before: (name, 0), (name, 1), ..."""
    counts = collections.Counter()
    found = []
    for name in names:
        found.append((name, counts[name]))
        counts[name] += 1
    return found


def _state_of(callback):
    return callback.get_state() if hasattr(callback, "get_state") else {}
