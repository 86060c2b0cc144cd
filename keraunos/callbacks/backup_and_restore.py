"""A run that can be killed at any moment."""

import contextlib
import os
import warnings

import numpy as np

from keraunos.callbacks.callback import Callback
from keraunos.callbacks.run_state import read_state, write_state
from keraunos.util import registry


@registry.builtin("keras.callbacks")
class BackupAndRestore(Callback):
    """Write the state of the run now and then; a run that was killed goes on from there when ``fit`` is called again.

    The state is one value, written in one commit: weights, optimizer, metrics, seeds, the place in the data and its order, and the
    counters of the other callbacks. On the CPU a resumed run ends with bitwise the same weights as one that was never killed, if the
    data is the same. The last state but one is kept too, in case the last is damaged.

    Args:
        backup_dir: folder for the state.
        save_freq: "epoch", or every so many batches.
        double_checkpoint: kept for compatibility; the last two states are always kept.
        delete_checkpoint: whether the state is removed when training has ended.

    >>> import keraunos as keras
    >>> safe = keras.callbacks.BackupAndRestore("backup", save_freq=100)
    """

    runs_last = True  # after the other callbacks have taken note of the event that is saved

    def __init__(self, backup_dir, save_freq="epoch", double_checkpoint=False, delete_checkpoint=True):
        super().__init__()
        if not backup_dir:
            raise ValueError("BackupAndRestore: backup_dir must name a folder.")
        if save_freq != "epoch" and not (isinstance(save_freq, int) and save_freq > 0):
            raise ValueError(f"BackupAndRestore: save_freq must be 'epoch' or a positive integer, got {save_freq!r}.")
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self.others = []  # set by the CallbackList

    @property
    def batch_interval(self):
        """``save_freq`` when it counts batches."""
        return self.save_freq if isinstance(self.save_freq, int) else None

    @property
    def _path(self):
        return os.path.join(self.backup_dir, "run.state")

    def on_train_begin(self, logs=None):
        state = self._last_valid()
        if state is None:
            return
        self._restore(state)
        place = state["run"]
        print(f"Resuming the run in {self.backup_dir!r} at epoch {place['epoch'] + 1}, step {place['step']}.")

    def on_train_batch_end(self, batch, logs=None):
        if isinstance(self.save_freq, int) and (batch + 1) % self.save_freq == 0:
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        self._save()

    def on_train_end(self, logs=None):
        if self.delete_checkpoint:
            for path in (self._path, self._path + ".previous"):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(path)
            with contextlib.suppress(OSError):  # others' files may be in the folder
                os.rmdir(self.backup_dir)

    def _variables(self):
        return self.model._programs.state("train")

    def _save(self):
        os.makedirs(self.backup_dir, exist_ok=True)
        state = {
            "run": self.model._fit_run.state(),
            "stop_training": bool(self.model.stop_training),
            "variables": [{"path": v.path, "value": np.asarray(v.engine.to_numpy(v.value))} for v in self._variables()],
            "callbacks": [{"class": type(c).__name__, "state": c.get_state()} for c in self.others],
        }
        if os.path.exists(self._path):
            os.replace(self._path, self._path + ".previous")
        write_state(self._path, state)

    def _last_valid(self):
        for path in (self._path, self._path + ".previous"):
            try:
                return read_state(path)
            except FileNotFoundError:
                continue
            except ValueError as e:
                warnings.warn(f"BackupAndRestore: {e} Going back to the state before it, if there is one.", stacklevel=2)
        return None

    def _restore(self, state):
        variables = self._variables()
        saved = state["variables"]
        if len(saved) != len(variables) or any(tuple(s["value"].shape) != v.shape for s, v in zip(saved, variables, strict=True)):
            raise ValueError(
                f"BackupAndRestore: the state in {self.backup_dir!r} is of another model: it has {len(saved)} variables, this model "
                f"has {len(variables)}, and shapes must agree. Remove the folder to start anew."
            )
        for s, v in zip(saved, variables, strict=True):
            v.assign(s["value"])
        self.model._fit_run.resume(state["run"])
        self.model.stop_training = state["stop_training"]
        for callback, kept in zip(self.others, state["callbacks"], strict=False):
            if kept["class"] == type(callback).__name__:
                callback.set_state(kept["state"])
