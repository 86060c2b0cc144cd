"""Stop when the loss is no number any more."""

import numpy as np

from keraunos.callbacks.callback import Callback
from keraunos.util import registry


@registry.builtin("keras.callbacks")
class TerminateOnNaN(Callback):
    """Stop training when the loss is NaN or infinite; the model gets back its last finite weights.

    The loss is looked at whenever a program of many batches has ended (about every 0.2 s): the running loss of an epoch is not
    finite from the first bad batch on. A copy of weights and optimizer is taken at each check that finds them finite, on the device;
    so the model ends as it was at the last such check, less than a second of training before the loss broke down. The copy costs
    the memory of weights and optimizer once more.

    Args:
        raise_error: whether to raise ``RuntimeError`` instead of stopping, so that other callbacks see no end of training and, say,
            ``BackupAndRestore`` keeps its state.

    >>> import keraunos as keras
    >>> guard = keras.callbacks.TerminateOnNaN()
    """

    batch_interval = 0  # whenever a program ends

    def __init__(self, raise_error=False):
        super().__init__()
        self.raise_error = raise_error
        self._kept = None  # (variables, copies of their values)
        self._program = None  # (ids of variables, the program that checks and copies them)

    def on_train_begin(self, logs=None):
        self._kept = None

    def on_train_batch_begin(self, batch, logs=None):
        if self._kept is None:
            self._keep()

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is not None and not np.all(np.isfinite(loss)):
            self._stop(f"Batch {batch}: the loss is {loss}, so training stops.")
        elif not self._keep():
            self._stop(f"Batch {batch}: weights are not finite any more, so training stops.")

    def on_train_end(self, logs=None):
        self._kept = self._program = None

    def _variables(self):
        """All that training changes, but for the metrics."""
        model = self.model
        metrics = {id(v) for v in model.metrics_variables}
        return [v for v in model._programs.state("train") if id(v) not in metrics]

    def _keep(self):
        """Take a copy of the state if it is finite; returns whether it is."""
        variables = self._variables()
        if not variables:
            return True
        values = [v._value for v in variables]
        before = values if self._kept is None or self._kept[0] != variables else self._kept[1]
        copies, finite = self._checker(variables)(values, before)
        finite = bool(finite)
        if finite or self._kept is not None:
            self._kept = variables, copies
        return finite

    def _checker(self, variables):
        key = [id(v) for v in variables]
        if self._program is None or self._program[0] != key:
            engine = variables[0].engine
            floats = [v._is_float for v in variables]
            self._program = (
                key,
                engine.compile(lambda values, before: _copy_if_finite(engine.xp, floats, values, before)),
            )
        return self._program[1]

    def _stop(self, message):
        if self._kept is not None:
            for v, value in zip(*self._kept, strict=True):
                v._value = value
            self._kept = None
            message += " The model has its last finite weights."
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: {message}")
        print(message, flush=True)
        self.model.stop_training = True


def _copy_if_finite(xp, floats, values, before):
    """(copies of ``values`` if all of them are finite, else of ``before``; whether they are)."""
    finite = None
    for value, is_float in zip(values, floats, strict=True):
        if is_float:
            own = xp.all(xp.isfinite(value))
            finite = own if finite is None else xp.logical_and(finite, own)
    if finite is None:
        finite = xp.asarray(True)
    return [xp.where(finite, value, old) for value, old in zip(values, before, strict=True)], finite
