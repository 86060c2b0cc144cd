"""The loops around the steps: epochs, batches, callbacks, progress."""

import numpy as np

from keraunos.backend import dispatch
from keraunos.callbacks.callback_list import CallbackList
from keraunos.callbacks.history import History
from keraunos.data.source import make_source, split_validation
from keraunos.data.standard import standard
from keraunos.train.pace import chunk_end
from keraunos.train.runners import ArrayRunner, StreamRunner
from keraunos.util import settings, tree


def runner_for(model, source, kind):
    """What runs steps over a source: many at once over arrays, one by one over a stream."""
    if source.kind == "arrays" and model._runs_as_program(kind):
        return ArrayRunner(model, source, kind)
    return StreamRunner(model, source, kind)


class FitLoop:
    """One call of ``fit``."""

    def __init__(self, model):
        self.model = model

    def run(
        self,
        *,
        x,
        y,
        batch_size,
        epochs,
        verbose,
        callbacks,
        validation_split,
        validation_data,
        shuffle,
        class_weight,
        sample_weight,
        initial_epoch,
        steps_per_epoch,
        validation_steps,
        validation_batch_size,
        validation_freq,
    ):
        model = self.model
        if settings.max_epochs() is not None:
            epochs = min(epochs, settings.max_epochs())
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split_validation((x, y, sample_weight), validation_split)
        source = make_source(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=_limited(steps_per_epoch),
            shuffle=shuffle,
            class_weight=class_weight,
            who="fit",
        )
        self._build(source)
        check_targets(self.model, source)
        self.validation = None
        if validation_data is not None:
            self.validation = EvaluateLoop(model)
            self.validation.prepare_validation(validation_data, validation_batch_size or batch_size, validation_steps)
        self.validation_freq = validation_freq
        runner = runner_for(model, source, "train")
        callbacks = (
            callbacks
            if isinstance(callbacks, CallbackList)
            else CallbackList(
                callbacks,
                add_history=True,
                add_progbar=verbose != 0,
                verbose=verbose,
                epochs=epochs,
                steps=source.steps,
                model=model,
            )
        )
        model.stop_training = False
        model._fit_run = Run(model, source)
        callbacks.on_train_begin()
        initial_epoch = model._fit_run.first_epoch(initial_epoch)
        logs = {}
        try:
            for epoch in range(initial_epoch, epochs):
                if model.stop_training:
                    break  # a resumed run that had stopped
                if epoch > initial_epoch and not source.can_go_on():
                    break
                logs = self._epoch(epoch, source, runner, callbacks)
                if model.stop_training:
                    break
        finally:
            runner.close()
            source.close()
            callbacks.close()
            if self.validation is not None:
                self.validation.source.close()
        if model.optimizer is not None and model.optimizer.built:
            model.optimizer.finalize_variable_values(model.trainable_variables)
        callbacks.on_train_end(logs)
        model._fit_run = None
        return model.history if isinstance(getattr(model, "history", None), History) else callbacks.history

    def _build(self, source):
        data, rows = source.sample()
        self.model._build_for_training("train", data, rows)

    def _epoch(self, epoch, source, runner, callbacks):
        model, run = self.model, self.model._fit_run
        resumed = run.take_resumed_step()
        run.begin_epoch(epoch, resumed)
        if not resumed:
            model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        runner.begin_epoch(epoch, resumed)
        pace = runner.pace
        step, logs, total = resumed, {}, source.steps
        while total is None or step < total:
            end = chunk_end(step, total, pace, callbacks.next_call("train", step))
            callbacks.on_train_batch_begin(step)
            pace.begin()
            done, step_logs = runner.run(step, end)
            if done == step:
                break  # the stream has ended
            if callbacks.wants_logs("train", done, total) or runner.own_logs:
                logs = runner.logs(step_logs)
            else:
                runner.wait()
            pace.end(done - step)
            step = run.step = done
            callbacks.show_progress(step, logs)
            callbacks.on_train_batch_end(step - 1, logs)
            if model.stop_training:
                break
            if total is None and runner.finished:
                break
        if step == 0 and total is None:
            raise ValueError("fit: the data yielded no batch.")
        source.note_steps(step)
        epoch_logs = dict(runner.logs(None) if not runner.own_logs else logs)
        run.end_epoch(epoch)
        if self.validation is not None and _is_due(self.validation_freq, epoch):
            found = self.validation.run_prepared(callbacks)
            epoch_logs.update({f"val_{k}": v for k, v in found.items()})
        epoch_logs = dict(sorted(epoch_logs.items()))
        callbacks.on_epoch_end(epoch, epoch_logs)
        return epoch_logs


def check_targets(model, source):
    """Targets that the loss can't mean are told before they are used, where they can be seen whole."""
    if model._compile_loss is not None and source.kind == "arrays" and source.y is not None:
        model._compile_loss.check_targets(source.y)


def _limited(steps):
    limit = settings.max_steps_per_epoch()
    return steps if limit is None else limit if steps is None else min(steps, limit)


def _is_due(freq, epoch):
    return (epoch + 1) % freq == 0 if isinstance(freq, int) else (epoch + 1) in freq


class Run:
    """Where a fit stands: epoch, step, the seed of the orders. ``BackupAndRestore`` writes and reads it."""

    def __init__(self, model, source):
        self.model, self.source = model, source
        self.epoch, self.step = 0, 0
        self._resumed = None

    def state(self):
        """The place in the data as plain values."""
        return {"epoch": self.epoch, "step": self.step, "order_seed": self.source.order_seed}

    def resume(self, state):
        """Go on at the place that ``state()`` told."""
        self._resumed = (int(state["epoch"]), int(state["step"]))
        self.source.order_seed = int(state["order_seed"])

    def first_epoch(self, initial_epoch):
        """The epoch to begin with."""
        return initial_epoch if self._resumed is None else self._resumed[0]

    def take_resumed_step(self):
        """The step to begin with, once; 0 from then on."""
        if self._resumed is None:
            return 0
        step = self._resumed[1]
        self._resumed = None
        return step

    def begin_epoch(self, epoch, step):
        """An epoch begins."""
        self.epoch, self.step = epoch, step

    def end_epoch(self, epoch):
        """An epoch is over: the place is the beginning of the next."""
        self.epoch, self.step = epoch + 1, 0


class EvaluateLoop:
    """One call of ``evaluate``, or the validation of a fit."""

    def __init__(self, model):
        self.model = model

    def run(self, x, y, batch_size, verbose, sample_weight, steps, callbacks):
        source = make_source(x, y, sample_weight, batch_size=batch_size, steps=_limited(steps), who="evaluate")
        runner = self._prepare(source)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks,
                add_progbar=verbose != 0,
                verbose=verbose,
                epochs=1,
                steps=source.steps,
                model=self.model,
                mode="test",
            )
        try:
            return self._loop(source, runner, callbacks)
        finally:
            source.close()
            callbacks.close()

    def prepare_validation(self, data, batch_size, steps):
        """Make the source and the runner once, for all epochs of a fit."""
        x, y, sample_weight = data, None, None
        if isinstance(data, (tuple, list)) and len(data) in (2, 3) and not hasattr(data, "shape"):
            x, y, sample_weight = (*data, None)[:3]
        elif isinstance(data, (tuple, list)):
            raise ValueError(
                f"fit: validation_data must be (x, y), (x, y, sample_weight) or a dataset, got a {type(data).__name__} of {len(data)}."
            )
        self.source = make_source(
            x, y, sample_weight, batch_size=batch_size, steps=_limited(steps), who="fit (validation_data)"
        )
        self.runner = self._prepare(self.source)

    def run_prepared(self, callbacks):
        """Validate; the running means of training are kept apart."""
        metrics = self.model.metrics
        saved = [[v._value for v in m.variables] for m in metrics]
        try:
            return self._loop(self.source, self.runner, callbacks, quiet=True)
        finally:
            for m, values in zip(metrics, saved, strict=True):
                for v, value in zip(m.variables, values, strict=True):
                    v._value = value

    def _prepare(self, source):
        data, rows = source.sample()
        self.model._build_for_training("test", data, rows)
        check_targets(self.model, source)
        return runner_for(self.model, source, "test")

    def _loop(self, source, runner, callbacks, quiet=False):
        self.model.reset_metrics()
        callbacks.on_test_begin()
        runner.begin_epoch(0, 0)
        pace = runner.pace
        step, logs, total = 0, {}, source.steps
        while total is None or step < total:
            end = chunk_end(step, total, pace, callbacks.next_call("test", step))
            callbacks.on_test_batch_begin(step)
            pace.begin()
            done, step_logs = runner.run(step, end)
            if done == step:
                break
            if callbacks.wants_logs("test", done, total) and not quiet or runner.own_logs:
                logs = runner.logs(step_logs)
            else:
                runner.wait()
            pace.end(done - step)
            step = done
            if not quiet:
                callbacks.show_progress(step, logs)
            callbacks.on_test_batch_end(step - 1, logs)
            if total is None and runner.finished:
                break
        runner.close()
        if step == 0:
            raise ValueError("evaluate: the data yielded no batch.")
        if not runner.own_logs:
            logs = runner.logs(None)
        callbacks.on_test_end(logs)
        return dict(logs)


class PredictLoop:
    """One call of ``predict``."""

    def __init__(self, model):
        self.model = model

    def run(self, x, batch_size, verbose, steps, callbacks):
        model = self.model
        if (
            type(x) is np.ndarray
            and verbose == 0
            and not callbacks
            and steps is None
            and 0 < len(x) <= (batch_size or 32)
        ):
            return tree.map_structure(dispatch.to_host, model._forward(standard(x)))
        source = make_source(x, None, None, batch_size=batch_size, steps=_limited(steps), who="predict")
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks,
                add_progbar=verbose != 0,
                verbose=verbose,
                epochs=1,
                steps=source.steps,
                model=model,
                mode="predict",
            )
        try:
            return self._loop(source, callbacks)
        finally:
            source.close()
            callbacks.close()

    def _loop(self, source, callbacks):
        model = self.model
        callbacks.on_predict_begin()
        pad = source.kind == "arrays" and model._engine.pads and model._per_row("predict")
        outputs = []
        for step, (data, rows) in enumerate(source.predict_batches(pad)):
            callbacks.on_predict_batch_begin(step)
            found = model._forward(data)
            if rows is not None:
                found = tree.map_structure(lambda a, rows=rows: dispatch.to_host(a)[:rows], found)
            outputs.append(found)
            callbacks.on_predict_batch_end(step, {"outputs": found})
        if not outputs:
            raise ValueError("predict: the data yielded no batch.")
        callbacks.on_predict_end()
        return tree.map_structure(lambda *parts: np.concatenate([dispatch.to_host(p) for p in parts]), *outputs)


def _standard(x, model):
    """x in the dtype that layers get: float64 as floatx."""
    if x.dtype == np.float32:
        return x
    return np.asarray(x, settings.floatx()) if x.dtype == np.float64 else x
