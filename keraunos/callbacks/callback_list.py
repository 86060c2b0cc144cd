"""Callbacks together."""

import math

from keraunos.callbacks.callback import Callback
from keraunos.callbacks.history import History
from keraunos.callbacks.progress import ProgbarLogger
from keraunos.util import registry, settings, tree

_BATCH_METHODS = {
    "train": ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}
_EVENTS = [name for name in vars(Callback) if name.startswith("on_")]
_NEEDED = [*_EVENTS, "set_model", "set_params"]


@registry.builtin("keras.callbacks")
class CallbackList(Callback):
    """A list of callbacks, called in order.

    keraunos runs many batches as one program, so batch methods are called only where a callback asked to be: at multiples of its
    ``batch_interval``, or whenever a program ends (``batch_interval = 0``).

    Args:
        callbacks: list of ``Callback``.
        add_history, add_progbar: whether a ``History`` and a progress display are added.
        model: told to all.
        params: "verbose", "epochs", "steps" and "mode" ("train", "test" or "predict"), told to all.

    Raises ``ValueError`` for an object that lacks a method of ``Callback``.

    >>> import keraunos as keras
    >>> history = keras.callbacks.History()
    >>> all_of_them = keras.callbacks.CallbackList([history], epochs=1, steps=1)
    >>> all_of_them.on_train_begin()
    >>> all_of_them.on_epoch_end(0, {"loss": 0.5})
    >>> history.history
    {'loss': [0.5]}
    """

    def __init__(self, callbacks=None, add_history=False, add_progbar=False, model=None, **params):
        super().__init__()
        self.callbacks = [_checked(c) for c in tree.flatten(callbacks) if c is not None] if callbacks else []
        verbose = params.get("verbose", 0)
        if verbose == "auto":
            verbose = 1 if settings.is_interactive_logging_enabled() else 2
        self.progress = self._first(ProgbarLogger)
        if self.progress is None and add_progbar and verbose:
            self.progress = ProgbarLogger()
            self.callbacks.append(self.progress)
        self.history = self._first(History)
        if self.history is None and add_history:
            self.history = History()
            self.callbacks.append(self.history)
        self._last = -1  # the last batch of training that ended in this epoch
        self._arrange()
        self.set_params({"epochs": 1, "steps": None, "mode": "train", **params, "verbose": int(verbose)})
        if model is not None:
            self.set_model(model)

    def _first(self, kind):
        return next((c for c in self.callbacks if isinstance(c, kind)), None)

    def _arrange(self):
        """Order the callbacks, and note which of them are called at batches."""
        self.callbacks.sort(key=lambda c: getattr(c, "runs_last", False))
        for c in self.callbacks:
            if getattr(c, "runs_last", False):
                c.others = [other for other in self.callbacks if other is not c]
        asked = {mode: [(c, interval_of(c, mode)) for c in self.callbacks] for mode in _BATCH_METHODS}
        self._routes = {mode: [(c, k) for c, k in pairs if k is not None] for mode, pairs in asked.items()}

    def append(self, callback):
        """Add a callback at the end."""
        self.callbacks.append(_checked(callback))
        self._arrange()
        if self.params is not None:
            callback.set_params(self.params)
        if self.model is not None:
            callback.set_model(self.model)

    def set_params(self, params):
        super().set_params(params)
        for c in self.callbacks:
            c.set_params(params)

    def set_model(self, model):
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for c in self.callbacks:
            c.set_model(model)

    # -- what the loops ask --------------------------------------------------------------------------------------------------

    def batch_interval(self, mode):
        """In this epoch, callbacks must be called at multiples of this many batches; None: at no particular batch."""
        found = [math.gcd(k, _before(c)) for c, k in self._routes[mode] if k]
        return math.gcd(*found) if found else None

    def next_call(self, mode, step):
        """How many batches of the epoch are done when a callback must be called next, after ``step`` of them; None: at none."""
        ends = [step + k - (_before(c) + step) % k for c, k in self._routes[mode] if k]
        return min(ends, default=None)

    def wants_logs(self, mode, step, total):
        """Whether someone looks at the logs when ``step`` batches are done."""
        if any(_is_due(c, k, step) for c, k in self._routes[mode]):
            return True
        return self.progress is not None and self.progress.wants_logs(step, total)

    def show_progress(self, step, logs):
        """Tell the progress display that ``step`` steps are done."""
        if self.progress is not None:
            self.progress.progress(step, logs)

    def close(self):
        """Take away what stands on the screen; for a run that ends in an error."""
        if self.progress is not None:
            self.progress.close()

    # -- events that are more than passed on ---------------------------------------------------------------------------------

    def on_epoch_begin(self, epoch, logs=None):
        run = getattr(self.model, "_fit_run", None)
        self._last = getattr(run, "step", 0) - 1  # an epoch that goes on after a restart begins in its midst
        for c in self.callbacks:
            c.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch, logs=None):
        for c in self.callbacks:
            if hasattr(c, "batches_before"):
                c.batches_before += self._last + 1
        for c in self.callbacks:
            c.on_epoch_end(epoch, logs)

    def on_train_batch_end(self, batch, logs=None):
        self._last = batch
        self._at_batch("train", "on_train_batch_end", batch, batch + 1, logs)

    def _at_batch(self, mode, method, batch, done, logs):
        for c, k in self._routes[mode]:
            if _is_due(c, k, done):
                getattr(c, method)(batch, logs)


def _checked(callback):
    missing = [name for name in _NEEDED if not hasattr(callback, name)]
    if missing:
        raise ValueError(
            f"callbacks must be keras.callbacks.Callback objects, got {type(callback).__name__}, which lacks {missing[0]}()."
        )
    return callback


def _before(callback):
    """Batches of earlier epochs that a callback counts."""
    return getattr(callback, "batches_before", 0)


def _is_due(callback, interval, done):
    """Whether a callback is called when ``done`` batches of the epoch are done."""
    return interval == 0 or (_before(callback) + done) % interval == 0


def interval_of(callback, mode):
    """Every how many batches of ``mode`` a callback wants to be called; 0: when a program ends; None: never."""
    own = getattr(callback, "batch_interval", None)
    if mode == "train" and own is not None:
        return own
    return 1 if any(_defines(callback, name) for name in _BATCH_METHODS[mode]) else None


def _defines(callback, name):
    """Whether a callback has a method of its own (of its class, or set on the object)."""
    return name in vars(callback) or getattr(type(callback), name, None) is not getattr(Callback, name)


def _forward(name):
    def call(self, *args, **kwargs):
        for c in self.callbacks:
            getattr(c, name)(*args, **kwargs)

    return call


def _forward_batch(mode, name):
    shift = 1 if name.endswith("_end") else 0

    def call(self, batch, logs=None):
        self._at_batch(mode, name, batch, batch + shift, logs)

    return call


for _mode, _names in _BATCH_METHODS.items():
    for _name in _names:
        if _name not in vars(CallbackList):
            setattr(CallbackList, _name, _forward_batch(_mode, _name))
for _name in _EVENTS:
    if _name not in vars(CallbackList):
        setattr(CallbackList, _name, _forward(_name))
for _name in _EVENTS:
    getattr(CallbackList, _name).__name__ = _name
    getattr(CallbackList, _name).__doc__ = getattr(Callback, _name).__doc__
