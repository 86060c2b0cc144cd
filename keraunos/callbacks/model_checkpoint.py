"""Files of the model, written during training."""

import os

import numpy as np

from keraunos.callbacks.monitor import MonitorCallback
from keraunos.util import registry


@registry.builtin("keras.callbacks")
class ModelCheckpoint(MonitorCallback):
    """Write the model, or its weights, at the end of epochs or every so many batches.

    A file is written whole or not at all: a run that is killed leaves the file before.

    Args:
        filepath: path that ends in ".keras" (or ".h5"), in ".weights.h5" with ``save_weights_only``. It may hold ``{epoch}`` (from 1),
            ``{batch}`` (with ``save_freq`` in batches) and names of the logs with a format: "{epoch:02d}-{val_loss:.2f}.keras".
        monitor: name of the number that tells which model is best.
        verbose: 1 prints each file.
        save_best_only: whether only a model that is better than all before is written.
        save_weights_only: whether weights are written instead of the model.
        mode: "min", "max" or "auto".
        save_freq: "epoch", or every so many batches, counted over all epochs; the logs are then those of training so far.
        initial_value_threshold: value that the first best model must beat.

    Raises:
        ValueError: an argument is out of range, the path's ending does not fit, or the path names what the logs do not hold.

    >>> import keraunos as keras
    >>> best = keras.callbacks.ModelCheckpoint("best.keras", monitor="val_accuracy", mode="max", save_best_only=True)
    """

    def __init__(
        self,
        filepath,
        monitor="val_loss",
        verbose=0,
        save_best_only=False,
        save_weights_only=False,
        mode="auto",
        save_freq="epoch",
        initial_value_threshold=None,
    ):
        super().__init__(monitor, mode, initial_value_threshold, 0)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.save_freq = checked_frequency("ModelCheckpoint", save_freq)
        self.batches_before = 0
        self._epoch = 0
        self._check_ending()

    def _check_ending(self):
        endings = (".weights.h5",) if self.save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            what = "of weights (save_weights_only=True)" if self.save_weights_only else "of a model"
            raise ValueError(
                f"ModelCheckpoint: the filepath {what} must end in {' or '.join(endings)}, got {self.filepath!r}."
            )

    @property
    def batch_interval(self):
        """``save_freq`` when it counts batches."""
        return None if self.save_freq == "epoch" else self.save_freq

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.save_freq != "epoch" and (self.batches_before + batch + 1) % self.save_freq == 0:
            self._consider(self._epoch, batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch":
            self._consider(epoch, None, logs)

    def _consider(self, epoch, batch, logs):
        path = self._path(epoch, batch, logs or {})
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            self._save(path)
            return
        value = self.value_of(logs)
        if value is None:
            return
        if np.ndim(value):
            raise ValueError(
                f"ModelCheckpoint: {self.monitor!r} must be one number to tell which model is best, got an array of shape "
                f"{np.shape(value)}."
            )
        if self.is_better(value, self.best):
            before = "" if self.best is None else f" from {self.best:.5f}"
            self._say(epoch, f"{self.monitor} improved{before} to {value:.5f}, saving model to {path}")
            self.best = value
            self._save(path)
        else:
            self._say(epoch, f"{self.monitor} did not improve from {self.best:.5f}")

    def _say(self, epoch, text):
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: {text}", flush=True)

    def _path(self, epoch, batch, logs):
        known = {**logs, "epoch": epoch + 1}
        if batch is not None:
            known["batch"] = batch + 1
        try:
            return self.filepath.format(**known)
        except KeyError as e:
            raise ValueError(
                f"ModelCheckpoint: the filepath {self.filepath!r} names {e}, which is not there; it may name {sorted(known)}."
            ) from e

    def _save(self, path):
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def get_state(self):
        return {"best": self.best, "batches_before": self.batches_before}

    def set_state(self, state):
        self.best, self.batches_before = state["best"], state["batches_before"]


def checked_frequency(who, save_freq):
    """ "epoch" or a positive number of batches, or an error."""
    if save_freq == "epoch" or (isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0):
        return save_freq
    raise ValueError(f"{who}: save_freq must be 'epoch' or a positive integer (batches), got {save_freq!r}.")
