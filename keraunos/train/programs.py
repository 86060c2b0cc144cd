"""Compiled programs of a model, kept as long as the model's structure stays what it was."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from keraunos.backend.dtypes import numpy_dtype, standardize_dtype
from keraunos.backend.spec import Spec
from keraunos.core.scope import StateScope
from keraunos.core.variable import Structure
from keraunos.train.step import fresh_losses, optimizers_of, pure_step, state_of
from keraunos.util import tree


def spec_key(data):
    """Shapes, dtypes and nesting of data: what a compiled program depends on."""
    return tree.spec_of(data), tuple((tuple(x.shape), str(x.dtype)) for x in tree.flatten(data) if x is not None)


def row_specs(data, rows):
    """Specs of a batch of ``rows`` rows of the given arrays."""
    return [Spec((rows, *x.shape[1:]), standardize_dtype(x.dtype)) for x in tree.flatten(data) if x is not None]


class Programs:
    """The programs of one model.

    ``lock`` is held while state is read and a program is dispatched, or written back: a thread that predicts never sees the
    buffers of a step in flight.
    """

    def __init__(self, model):
        self.model = model
        self.lock = threading.RLock()
        self.all_built = None  # True once every layer has been seen built
        self._version = -1
        self._fingerprint = None
        self._states = {}
        self._programs = {}

    def __reduce__(self):
        """Copies and pickles of a model compile anew."""
        return Programs, (self.model,)

    def refresh(self):
        """Forget programs if the structure has changed; cheap when nothing anywhere has."""
        if self._version == Structure.version:
            return
        with self.lock:
            version = Structure.version
            fingerprint = self.model._fingerprint(), tuple(o._fingerprint() for o in optimizers_of(self.model))
            if fingerprint != self._fingerprint:
                self._programs.clear()
                self._fingerprint = fingerprint
            self.all_built = None
            self._states.clear()
            self._version = version

    def clear(self):
        """Forget all programs (``compile`` was called)."""
        with self.lock:
            self._programs.clear()
            self._states.clear()

    def state(self, kind):
        """The variables of a step of ``kind``."""
        self.refresh()
        found = self._states.get(kind)
        if found is None:
            found = self._states[kind] = state_of(self.model, kind)
        return found

    def get(self, key, make):
        """The program of that key, made on first use."""
        self.refresh()
        found = self._programs.get(key)
        if found is None:
            with self.lock:
                found = self._programs.get(key)
                if found is None:
                    found = self._programs[key] = make()
        return found

    # -- the three kinds of programs -----------------------------------------------------------------------------------------

    def one_step(self, kind, data):
        """Run a step of ``kind`` on one batch; returns its logs as arrays."""
        engine = self.model._engine
        variables = self.state(kind)
        key = (kind, "step", *spec_key(data), len(variables))

        def make():
            step = pure_step(self.model, kind, variables)
            donate = (0,) if kind == "train" and engine.trains else ()
            return engine.compile(step, donate, repeats=self.model._repeats(kind), whole=self.model.jit_compile)

        program = self.get(key, make)
        with self.lock:
            values, logs = program([v._value for v in variables], data)
            for v, value in zip(variables, values, strict=True):
                v._value = value
        return logs

    def many_steps(self, kind, data, order, start, stop, last_rows, keep_logs):
        """Run steps ``start`` to ``stop`` of an epoch as one program.

        Args:
            data: arrays whose rows are the samples, on the device.
            order: int32 array (steps, batch): which rows make which batch.
            last_rows: number of real rows in the last batch, or None when all batches are full.
            keep_logs: whether what the step returns is wanted (it is for a step of the user's own).

        Returns:
            The logs of the last step, or None.
        """
        variables = self.state(kind)
        key = (kind, "many", *spec_key(data), tuple(order.shape), last_rows is None, keep_logs, len(variables))
        program = self.get(
            key, lambda: self._make_many(kind, variables, data, order.shape, last_rows is not None, keep_logs)
        )
        with self.lock:
            carry = [v._value for v in variables], program.first_logs
            values, logs = program.run(carry, (data, order, np.int32(last_rows or 0)), start, stop)
            for v, value in zip(variables, values, strict=True):
                v._value = value
        return logs

    def _make_many(self, kind, variables, data, order_shape, padded, keep_logs):
        engine = self.model._engine
        xp = engine.xp
        step = pure_step(self.model, kind, variables)
        n_steps, batch = order_shape

        def one(i, carry, constants):
            data, order, last_rows = constants
            rows = xp.take_rows(order, i)
            batch_data = tree.map_structure(lambda a: None if a is None else xp.take_rows(a, rows), data)
            mask = count = None
            if padded:
                count = xp.where(i == n_steps - 1, last_rows, batch)
                mask = xp.astype(xp.arange(batch) < count, "float32")
                count = xp.astype(count, "float32")
            new, logs = step(carry[0], batch_data, mask, count)
            return new, (tree.map_structure(xp.asarray, logs) if keep_logs else None)

        logs = self._logs_like(engine, step, variables, data, batch) if keep_logs else None
        return Many(engine.steps(one, self.model._repeats(kind), self.model.jit_compile), logs)

    def _logs_like(self, engine, step, variables, data, batch):
        """Zeros shaped like what the step returns: the loop carries the logs of the last step."""
        specs = [Spec(v.shape, v._dtype) for v in variables] + row_specs(data, batch)
        n = len(variables)

        def run(arrays):
            it = iter(arrays[n:])
            return step(arrays[:n], tree.map_structure(lambda a: None if a is None else next(it), data))[1]

        found = engine.abstract_eval(run, specs)
        return tree.map_structure(
            lambda s: np.zeros(s.shape, numpy_dtype(s.dtype)) if isinstance(s, Spec) else s, found
        )

    def forward(self, inputs, method="predict_step"):
        """Predictions for one batch: one compiled call; states that are carried on (a recurrent layer's, a seed) are kept."""
        engine = self.model._engine
        variables = self.state("predict")
        if type(inputs) is np.ndarray or engine.is_array(inputs):
            key = (method, inputs.shape, inputs.dtype)
        else:
            key = (method, *spec_key(inputs))
        program = self.get(key, lambda: Forward(self.model, getattr(self.model, method), variables))
        with self.lock:
            outputs, values = program.run([v._value for v in variables], inputs)
            for v, value in zip(program.changed, values, strict=True):
                v._value = value
        return outputs


class Many(NamedTuple):
    """A program of many steps, and the logs that it begins with."""

    run: Callable
    first_logs: Any


class Forward:
    """A program that predicts, ``run(values, inputs) -> (outputs, new values of the changed)``.

    Most models change nothing when they predict, so only what ``fn`` is seen to change is returned and not all variables.
    """

    def __init__(self, model, fn, variables):
        self.changed = []
        own = {id(v) for v in variables}

        def forward(values, inputs):
            with StateScope(variables, values) as scope, fresh_losses():
                outputs = fn(inputs)
            self.changed = [v for key, v in scope.written.items() if key in own]
            return outputs, [scope.values[id(v)] for v in self.changed]

        self.run = model._engine.compile(forward, repeats=model._repeats("predict"), whole=model.jit_compile)
