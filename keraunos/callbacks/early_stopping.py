"""Stop when there is nothing more to gain."""

from keraunos.callbacks.monitor import MonitorCallback
from keraunos.util import registry


@registry.builtin("keras.callbacks")
class EarlyStopping(MonitorCallback):
    """Stop training when a number has not got better for a number of epochs.

    With ``patience=p`` training stops at the end of the p-th epoch in a row that is no better than the best one by more than
    ``min_delta``. Whether less or more is better comes from the metric, see ``mode``.

    Args:
        monitor: name of the number in the logs.
        min_delta: least change that counts.
        patience: epochs without progress after which training stops.
        verbose: 1 prints when it stops.
        mode: "min", "max" or "auto".
        baseline: value to beat: until it is beaten, progress does not reset the count of epochs.
        restore_best_weights: whether the model gets back the weights of its best epoch.
        start_from_epoch: epochs before which nothing is watched.

    >>> import keraunos as keras
    >>> stop = keras.callbacks.EarlyStopping(monitor="loss", patience=3)
    """

    def __init__(
        self,
        monitor="val_loss",
        min_delta=0,
        patience=0,
        verbose=0,
        mode="auto",
        baseline=None,
        restore_best_weights=False,
        start_from_epoch=0,
    ):
        super().__init__(monitor, mode, baseline, min_delta)
        self.patience, self.verbose = patience, verbose
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self._reset()

    def _reset(self):
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = None, None

    def on_train_begin(self, logs=None):
        self._reset()

    def get_monitor_value(self, logs):
        """The watched number, or None with a warning; a subclass may compute its own."""
        return self.value_of(logs)

    def on_epoch_end(self, epoch, logs=None):
        value = self.get_monitor_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.is_better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_state(self):
        return {
            "wait": self.wait,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "stopped_epoch": self.stopped_epoch,
            "best_weights": self.best_weights,
        }

    def set_state(self, state):
        for name, value in state.items():
            setattr(self, name, value)
