"""Progress: a live bar on a terminal, plain lines elsewhere."""

import logging
import sys
import time

from keraunos.callbacks.callback import Callback
from keraunos.util import registry, settings
from keraunos.util.optional import require

_LOG = logging.getLogger("keraunos")


def on_terminal():
    """Whether output goes to a terminal."""
    return bool(getattr(sys.stdout, "isatty", lambda: False)())


def time_text(seconds):
    """A duration in a few characters: ``850us``, ``12ms``, ``3s``, ``2:05``, ``1:02:03``."""
    if seconds >= 3600:
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
    if seconds >= 60:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def number_text(value):
    """A number with four digits that matter."""
    if not isinstance(value, (int, float)):
        return str(value)
    if value == 0 or (1e-3 <= abs(value) < 1e5):
        return f"{value:.4f}"
    return f"{value:.4e}"


def values_text(values):
    """``accuracy: 0.9810 - loss: 0.0702``."""
    return " - ".join(f"{name}: {number_text(value)}" for name, value in values)


class Progbar:
    """A progress bar for a loop of your own.

    Args:
        target: number of steps, or None when it isn't known.
        width: characters of the bar.
        verbose: 0 silent, 1 a bar, 2 a line at the end.
        interval: least seconds between two drawings.
        stateful_metrics: names of values shown as they are; others are averaged over the steps.
        unit_name: of a step.

    >>> import keraunos as keras
    >>> bar = keras.utils.Progbar(2, verbose=2)
    >>> bar.update(1, [("loss", 1.0)])
    >>> bar.update(2, [("loss", 0.5)])  # doctest: +ELLIPSIS
    2/2 - ... - loss: 0.7500
    """

    def __init__(self, target, width=20, verbose=1, interval=0.05, stateful_metrics=None, unit_name="step"):
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.stateful_metrics = set(stateful_metrics or ())
        self.unit_name = unit_name
        self._live = None
        self.reset(target)

    def reset(self, target=None):
        """Begin anew."""
        self.target = target
        self._values, self._order = {}, []
        self._seen, self._start, self._last = 0, time.perf_counter(), 0.0

    def add(self, n, values=None):
        """``n`` more steps are done."""
        self.update(self._seen + n, values)

    def update(self, current, values=None, finalize=None):
        """``current`` steps are done; ``values`` are pairs (name, number)."""
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._take(current, values or ())
        self._seen = current
        if self.verbose == 0:
            return
        now = time.perf_counter()
        if finalize:
            self._finish(current, now)
        elif self.verbose == 1 and on_terminal() and now - self._last >= self.interval:
            self._last = now
            self._draw(current, now)

    def _take(self, current, values):
        for name, value in values:
            value = float(value)
            if name not in self._values:
                self._order.append(name)
            if name in self.stateful_metrics:
                self._values[name] = (value, 1)
            else:
                weight = max(current - self._seen, 1)
                total, count = self._values.get(name, (0.0, 0))
                self._values[name] = (total + value * weight, count + weight)

    def _shown(self):
        return [(n, self._values[n][0] / max(self._values[n][1], 1)) for n in self._order]

    def _line(self, current, now, bar):
        seconds = now - self._start
        per_step = seconds / max(current, 1)
        target = self.target
        digits = len(str(target)) if target else 1
        head = f"{current:>{digits}}/{target if target else '?'}"
        if bar:
            done = int(self.width * current / target) if target else 0
            head += " " + "━" * done + ("╸" + " " * (self.width - done - 1) if target and done < self.width else "")
        finished = target is not None and current >= target or target is None
        clock = time_text(seconds) if finished else time_text(per_step * (target - current))
        rate = f"{time_text(per_step)}/{self.unit_name}"
        shown = values_text(self._shown())
        text = f"{head} {clock} {rate}" if bar else f"{head} - {clock} - {rate}"
        return f"{text} - {shown}" if shown else text

    def _draw(self, current, now):
        if self._live is None:
            live = require("rich", who="The progress bar", module="rich.live")
            console = require("rich", who="The progress bar", module="rich.console")
            self._live = live.Live(console=console.Console(highlight=False), transient=True, auto_refresh=False)
            self._live.start()
        text = require("rich", who="The progress bar", module="rich.text")
        self._live.update(text.Text(self._line(current, now, True), no_wrap=True, overflow="ellipsis"), refresh=True)

    def _finish(self, current, now):
        self.close()
        if self.target is None:
            self.target = current
        line = self._line(current, now, self.verbose == 1 and on_terminal())
        if settings.is_interactive_logging_enabled():
            print(line, flush=True)
        else:
            _LOG.info(line)

    def close(self):
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None


@registry.builtin("keras.callbacks")
class ProgbarLogger(Callback):
    """Shows the progress of ``fit``, ``evaluate`` and ``predict``.

    On a terminal a live bar; elsewhere one line per epoch, without control characters.
    """

    _least_seconds = 0.1

    def __init__(self):
        super().__init__()
        self._bar = None
        self._due = 0.0
        self.verbose = 1

    def set_params(self, params):
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose in ("auto", True) else verbose
        self.epochs, self.target = params.get("epochs", 1), params.get("steps")

    def wants_logs(self, step, total):
        """Whether a drawing is due."""
        return (total is not None and step >= total) or (on_terminal() and self.verbose == 1 and time.perf_counter() >= self._due)

    def _begin(self, target):
        self._bar = Progbar(target, verbose=self.verbose)
        self._bar.stateful_metrics = _All()
        self._step = 0

    def on_train_begin(self, logs=None):
        self._width = len(str(self.epochs))

    def on_epoch_begin(self, epoch, logs=None):
        if self.verbose and self.epochs > 1 and self.verbose == 1:
            _say(f"Epoch {epoch + 1}/{self.epochs}") if on_terminal() else None
        self._prefix = "" if on_terminal() and self.verbose == 1 else f"Epoch {epoch + 1}/{self.epochs}"
        self._begin(self.target)

    def progress(self, step, logs):
        """``step`` steps are done."""
        if self._bar is None:
            self._begin(self.target)
        self._step = step
        if self.target is None or step < self.target:
            self._bar.update(step, list((logs or {}).items()), finalize=False)
            self._due = time.perf_counter() + self._least_seconds

    def on_epoch_end(self, epoch, logs=None):
        self._close(logs)

    def on_test_begin(self, logs=None):
        if self._bar is None:
            self._begin(self.target)
            self._prefix = ""

    def on_test_end(self, logs=None):
        if self._own_test():
            self._close(logs)

    def on_predict_begin(self, logs=None):
        self._prefix = ""
        self._begin(self.target)

    def on_predict_batch_end(self, batch, logs=None):
        self._step = batch + 1

    def on_predict_end(self, logs=None):
        self._close(None)

    def _own_test(self):
        return self.params is not None and self.params.get("mode", "train") == "test"

    def _close(self, logs):
        bar, self._bar = self._bar, None
        bar.close()
        bar._values, bar._order = {}, []
        bar._take(self._step, sorted((logs or {}).items(), key=lambda kv: kv[0].startswith("val_")))
        current = self._step or (self.target or 0)
        bar.target = current
        line = bar._line(current, time.perf_counter(), self.verbose == 1 and on_terminal())
        _say(f"{self._prefix} - {line}" if self._prefix else line)


class _All:
    """A set of all names."""

    def __contains__(self, name):
        return True


def _say(text):
    if settings.is_interactive_logging_enabled():
        print(text, flush=True)
    else:
        _LOG.info(text)


