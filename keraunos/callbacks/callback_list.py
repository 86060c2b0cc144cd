"""Callbacks together."""

from keraunos.callbacks.callback import Callback
from keraunos.callbacks.history import History
from keraunos.callbacks.progress import ProgbarLogger
from keraunos.util import tree

_BATCH_METHODS = {
    "train": ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class CallbackList:
    """A list of callbacks, called in order.

    Args:
        callbacks: list of ``Callback``.
        add_history, add_progbar: whether a ``History`` and a progress display are added.
        model: told to all.
        mode: "train", "test" or "predict".
    """

    def __init__(self, callbacks=None, add_history=False, add_progbar=False, model=None, verbose=0, epochs=1, steps=None, mode="train"):
        self.callbacks = [c for c in tree.flatten(callbacks) if c is not None] if callbacks else []
        for c in self.callbacks:
            if not hasattr(c, "on_epoch_end"):
                raise ValueError(f"callbacks must be keras.callbacks.Callback objects, got {type(c).__name__}.")
        self.history = next((c for c in self.callbacks if isinstance(c, History)), None)
        if self.history is None and add_history:
            self.history = History()
            self.callbacks.append(self.history)
        self.progress = next((c for c in self.callbacks if isinstance(c, ProgbarLogger)), None)
        if self.progress is None and add_progbar and verbose != 0:
            self.progress = ProgbarLogger()
            self.callbacks.append(self.progress)
        self.callbacks.sort(key=lambda c: getattr(c, "runs_last", False))
        for c in self.callbacks:
            if getattr(c, "runs_last", False):
                c.others = [other for other in self.callbacks if other is not c]
        params = {"verbose": verbose, "epochs": epochs, "steps": steps, "mode": mode}
        for c in self.callbacks:
            c.set_params(params)
            if model is not None:
                c.set_model(model)
        if model is not None and self.history is not None:
            model.history = self.history

    def batch_interval(self, mode):
        """Callbacks must be called at multiples of this many batches; None: at no batch."""
        found = [k for k in (interval_of(c, mode) for c in self.callbacks) if k]
        if not found:
            return None
        return 1 if len(set(found)) > 1 else found[0]

    def wants_logs(self, mode, step, total):
        """Whether someone looks at the logs now."""
        if self.batch_interval(mode) is not None:
            return True
        return self.progress is not None and self.progress.wants_logs(step, total)

    def show_progress(self, step, logs):
        """Tell the progress display that ``step`` steps are done."""
        if self.progress is not None:
            self.progress.progress(step, logs)


def interval_of(callback, mode):
    """Every how many batches of ``mode`` a callback wants to be called; None: never."""
    if mode == "train" and callback.batch_interval is not None:
        return callback.batch_interval
    overridden = any(getattr(type(callback), m, None) is not getattr(Callback, m) for m in _BATCH_METHODS[mode])
    return 1 if overridden else None


def _forward(name):
    def call(self, *args, **kwargs):
        for c in self.callbacks:
            getattr(c, name)(*args, **kwargs)

    call.__name__ = name
    return call


for _name in [n for n in vars(Callback) if n.startswith("on_")]:
    setattr(CallbackList, _name, _forward(_name))
