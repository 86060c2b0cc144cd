"""What runs the steps of an epoch: as one program over arrays, or one by one over a stream."""

import numpy as np

from keraunos.train.logs import to_floats
from keraunos.train.pace import Pace


class ArrayRunner:
    """Steps over arrays that lie on the device: as many as wanted in one program."""

    def __init__(self, model, source, kind):
        self.model, self.source, self.kind = model, source, kind
        self.pace = Pace()
        self.own_logs = model._own_logs(kind)
        self.finished = False
        n, batch = source.n, source.batch_size
        self.tail = n % batch if source.steps * batch > n else 0
        self.padded = self.tail and model._engine.pads and model._per_row(kind)
        self.full_steps = source.steps if self.padded or not self.tail else source.steps - 1
        self.resident = source.on_device(model._engine)

    def begin_epoch(self, epoch, step):
        """Make the order of the epoch."""
        self.order = self.source.order(epoch)
        batch, steps = self.source.batch_size, self.full_steps
        rows = self.order[: steps * batch]
        if len(rows) < steps * batch:
            rows = np.concatenate([rows, np.full(steps * batch - len(rows), rows[0], np.int32)])
        self.rows = rows.reshape(steps, batch)
        if self.resident is not None and steps:
            self.device_rows = self.model._engine.asarray(self.rows)

    def run(self, start, stop):
        """Run steps ``start`` to ``stop``; returns (the step reached, logs of the last step or None)."""
        if start >= self.full_steps:
            return start + 1, self._run_tail()
        stop = min(stop, self.full_steps)
        last = self.tail if self.padded else None
        if self.resident is not None:
            logs = self.model._programs.many_steps(
                self.kind, self.resident, self.device_rows, start, stop, last, self.own_logs
            )
            return stop, logs
        return self._run_block(start, stop, last)

    def _run_block(self, start, stop, last):
        """Large data stays on the host; a block of rows is gathered, cast and sent."""
        size = self.source.block_steps
        stop = min(stop, start + size)
        rows = self.rows[start:stop]
        padded = np.concatenate([rows, np.repeat(rows[:1], size - len(rows), axis=0)]) if len(rows) < size else rows
        block = self.source.rows(padded.reshape(-1))
        batch = self.source.batch_size
        order = np.arange(size * batch, dtype=np.int32).reshape(size, batch)
        is_last = last is not None and stop == self.full_steps
        # Only the last step of the block may be partial: its place in the block is made the end of a program's epoch.
        shift = size - (stop - start) if is_last else 0
        if shift:
            order = np.roll(order, shift, axis=0)
        logs = self.model._programs.many_steps(
            self.kind,
            block,
            order,
            shift,
            shift + stop - start,
            None if last is None else (last if is_last else batch),
            self.own_logs,
        )
        return stop, logs

    def _run_tail(self):
        """The partial last batch of a model whose rows see each other: a program of its own."""
        rows = self.order[self.full_steps * self.source.batch_size :]
        return self.model._programs.one_step(self.kind, self.source.rows(rows))

    def logs(self, step_logs):
        """Logs as floats."""
        return to_floats(step_logs) if self.own_logs and step_logs is not None else self.model._metrics_now()

    def wait(self):
        """Return when the steps have been computed."""
        for m in self.model.metrics[:1]:
            self.model._engine.wait(m.variables[0]._value)

    def close(self):
        """Nothing is held."""


class StreamRunner:
    """Steps over batches that come one by one."""

    def __init__(self, model, source, kind):
        self.model, self.source, self.kind = model, source, kind
        self.pace = Pace()
        self.own_logs = model._own_logs(kind)
        self.finished = False
        self.batches = None

    def begin_epoch(self, epoch, step):
        """Ask for the epoch's batches, from ``step`` on."""
        self.finished = False
        self.batches = self.source.batches(epoch, step)

    def run(self, start, stop):
        """Run steps ``start`` to ``stop`` or to the end of the stream."""
        logs, step = None, start
        while step < stop:
            data = next(self.batches, None)
            if data is None:
                self.finished = True
                break
            logs = self.model._run_one(self.kind, data)
            step += 1
        return step, logs

    def logs(self, step_logs):
        """Logs as floats."""
        return to_floats(step_logs) if self.own_logs and step_logs is not None else self.model._metrics_now()

    def wait(self):
        """Return when the steps have been computed."""
        for m in self.model.metrics[:1]:
            self.model._engine.wait(m.variables[0]._value)

    def close(self):
        """End the stream."""
        close = getattr(self.batches, "close", None)
        if close is not None:
            close()
