"""Callbacks that watch one number."""

import warnings

from keraunos.callbacks.callback import Callback

_LARGER_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "r2", "cosine_similarity", "true_", "top_k", "sensitivity")


class MonitorCallback(Callback):
    """Base of callbacks that watch one number of the logs.

    Args:
        monitor: its name.
        mode: "min", "max" or "auto" (from the metric's own direction, or its name).
        baseline: value to beat from the beginning.
        min_delta: least change that counts.
    """

    def __init__(self, monitor="val_loss", mode="auto", baseline=None, min_delta=0):
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"{type(self).__name__}: mode must be 'auto', 'min' or 'max', got {mode!r}; 'auto' is used.", stacklevel=3)
            mode = "auto"
        self.monitor, self.mode, self.baseline = monitor, mode, baseline
        self.min_delta = abs(min_delta)
        self.best = baseline
        self._warned = False

    def direction(self):
        """+1 when larger is better, else -1."""
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return -1
        found = self._direction_of_metric(name)
        if found is not None:
            return found
        return 1 if any(part in name for part in _LARGER_IS_BETTER) else -1

    def _direction_of_metric(self, name):
        for metric in getattr(self.model, "metrics", ()) or ():
            parts = getattr(metric, "metrics", None) or [metric]
            for part in parts:
                if getattr(part, "name", None) == name and getattr(part, "_direction", None) in ("up", "down"):
                    return 1 if part._direction == "up" else -1
        return None

    def value_of(self, logs):
        """The watched number, or None with a warning that tells which there are."""
        value = (logs or {}).get(self.monitor)
        if value is None and not self._warned:
            self._warned = True
            warnings.warn(
                f"{type(self).__name__}: there is no {self.monitor!r} to watch; the logs hold {sorted(logs or {})}.", stacklevel=4
            )
        return value

    def is_better(self, value, reference):
        """Whether a value beats a reference by more than ``min_delta``."""
        if reference is None:
            return True
        return (value - reference) * self.direction() > self.min_delta
