"""Callbacks that watch one number."""

import warnings

from keraunos.callbacks.callback import Callback

# Which way is better, by the class of a metric or one it is derived from. A metric may say it itself: ``_direction = "up"``.
_UP = frozenset(
    "AUC Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy SparseTopKCategoricalAccuracy "
    "Precision Recall PrecisionAtRecall RecallAtPrecision SensitivityAtSpecificity SpecificityAtSensitivity TruePositives "
    "TrueNegatives F1Score FBetaScore IoU BinaryIoU MeanIoU OneHotIoU OneHotMeanIoU R2Score CosineSimilarity PearsonCorrelation "
    "ConcordanceCorrelation".split()
)
_DOWN = frozenset(
    "BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy Hinge SquaredHinge CategoricalHinge KLDivergence Poisson "
    "LogCoshError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError RootMeanSquaredError "
    "FalsePositives FalseNegatives".split()
)
_NAMES_UP = frozenset(
    "acc accuracy binary_accuracy categorical_accuracy sparse_categorical_accuracy auc precision recall".split()
)
_LOSSES = frozenset("mse mae mape msle mean_squared_error mean_absolute_error crossentropy ce".split())


class MonitorCallback(Callback):
    """Base of callbacks that watch one number of the logs.

    Args:
        monitor: its name.
        mode: "min", "max" or "auto": less of a loss is better, and each metric knows its own direction.
        baseline: value to beat from the beginning.
        min_delta: least change that counts.
    """

    def __init__(self, monitor="val_loss", mode="auto", baseline=None, min_delta=0):
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__}: mode must be 'auto', 'min' or 'max', got {mode!r}; 'auto' is used.",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor, self.mode, self.baseline = monitor, mode, baseline
        self.min_delta = abs(min_delta)
        self.best = baseline

    def direction(self):
        """+1 when larger is better, else -1.

        Raises:
            ValueError: mode is "auto" and nothing tells.
        """
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return -1
        found = self._direction_of_metric(name)
        if found is None:
            raise ValueError(
                f"{type(self).__name__}: nothing tells whether more or less of monitor={self.monitor!r} is better. Pass mode='min' or "
                "mode='max'."
            )
        return found

    def _direction_of_metric(self, name):
        for metric in getattr(self.model, "metrics", ()) or ():
            for part in getattr(metric, "metrics", None) or [metric]:
                own = getattr(part, "name", None)
                if own and (own == name or name.endswith(f"_{own}")):
                    found = direction_of(part)
                    if found is not None:
                        return found
        return 1 if name in _NAMES_UP else -1 if name in _LOSSES else None

    def value_of(self, logs):
        """The watched number, or None with a warning that tells which there are."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__}: there is no {self.monitor!r} to watch; the logs hold {sorted(logs or {})}.",
                stacklevel=4,
            )
        return value

    def is_better(self, value, reference):
        """Whether a value beats a reference by more than ``min_delta``."""
        direction = self.direction()
        if reference is None:
            return True
        return value - self.min_delta > reference if direction > 0 else value + self.min_delta < reference


def direction_of(metric):
    """+1 when a larger result of a metric is better, -1 when a smaller one is, None when nothing tells."""
    own = getattr(metric, "_direction", None)
    if own in ("up", "down"):
        return 1 if own == "up" else -1
    for cls in type(metric).__mro__:
        if cls.__name__ in _UP:
            return 1
        if cls.__name__ in _DOWN:
            return -1
    return None
