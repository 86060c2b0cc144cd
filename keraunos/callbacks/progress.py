"""Progress: a live bar on a terminal or in a notebook, plain lines elsewhere."""

import logging
import sys
import time

from keraunos.callbacks.callback import Callback
from keraunos.callbacks.live_line import NotebookLine, TerminalLine, in_notebook, on_terminal
from keraunos.util import registry, settings

_LOG = logging.getLogger("keraunos")


def is_live():
    """Whether a line can be drawn anew."""
    return settings.is_interactive_logging_enabled() and (on_terminal() or in_notebook())


def say(text):
    """Print a line; with interactive logging off it goes to the logger "keraunos"."""
    if settings.is_interactive_logging_enabled():
        print(text, file=sys.stdout, flush=True)
    else:
        _LOG.info(text)


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
    if value == 0 or 1e-3 < abs(value) < 1e7:
        return f"{value:.4f}"
    return f"{value:.4e}"


def values_text(values):
    """``accuracy: 0.9810 - loss: 0.0702``."""
    return " - ".join(f"{name}: {number_text(value)}" for name, value in values)


class Stopwatch:
    """Time since the beginning, and time per step without the first, which compiles."""

    def __init__(self):
        self.start = time.perf_counter()
        self.first = self.last = None  # (steps, time)

    def mark(self, steps):
        """``steps`` steps are done."""
        if steps > 0:
            self.last = steps, time.perf_counter()
            self.first = self.first or self.last

    def seconds(self):
        """Since the beginning."""
        return time.perf_counter() - self.start

    def per_step(self):
        """Seconds for a step."""
        if self.last is None:
            return self.seconds()
        if self.last[0] == self.first[0]:
            return (self.last[1] - self.start) / self.last[0]
        return (self.last[1] - self.first[1]) / (self.last[0] - self.first[0])


class Line:
    """What stands in the line of a progress bar."""

    def __init__(self, target, width=20, unit_name="step"):
        self.target, self.width, self.unit_name = target, width, unit_name
        self.watch = Stopwatch()

    def pieces(self, current, values, bar, finished=False):
        """List of (text, style); the whole text is the line."""
        finished = finished or (self.target is not None and current >= self.target)
        digits = len(str(self.target)) if self.target else 1
        found = [(f"{current:>{digits}}/{'Unknown' if self.target is None else self.target}", "bold")]
        if bar:
            found += self._bar(current)
        left = None if self.target is None else self.watch.per_step() * (self.target - current)
        clock = time_text(self.watch.seconds() if finished or left is None else left)
        rate = f"{time_text(self.watch.per_step())}/{self.unit_name}"
        gap = " " if bar else " - "
        found += [(gap, ""), (clock, "bold"), (f"{gap}{rate}", "")]
        if values:
            found.append((f" - {values_text(values)}", ""))
        return found

    def text(self, *args, **kwargs):
        """The line as a string."""
        return "".join(text for text, _ in self.pieces(*args, **kwargs))

    def _bar(self, current):
        if self.target is None:
            return []
        done = min(self.width, int(self.width * current / max(self.target, 1)))
        return [(" ", ""), ("━" * done, "green"), ("━" * (self.width - done), "bright_black")]


class Display:
    """Draws a ``Line`` over and over where that is possible, and leaves it when it is finished."""

    def __init__(self, line, verbose):
        self.line, self.verbose = line, verbose
        self._live = None

    def draw(self, current, values):
        """Show how far it is."""
        if self.verbose == 1 and is_live():
            if self._live is None:
                self._live = TerminalLine() if on_terminal() else NotebookLine()
            self._live.draw(self.line.pieces(current, values, True))

    def finish(self, current, values, prefix=""):
        """Leave the last line."""
        bar = self.verbose == 1 and is_live()
        if not bar:
            text = self.line.text(current, values, False, finished=True)
            say(f"{prefix} - {text}" if prefix else text)
            return
        if self._live is None:
            self._live = TerminalLine() if on_terminal() else NotebookLine()
        self._live.finish(self.line.pieces(current, values, True, finished=True))
        self._live = None

    def close(self):
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class Progbar:
    """A progress bar for a loop of your own.

    Args:
        target: number of steps, or None when it isn't known.
        width: characters of the bar.
        verbose: 0 silent, 1 a bar (one line at the end where the output is no terminal), 2 a line at the end.
        interval: least seconds between two drawings.
        stateful_metrics: names of values that are shown as they are; others are averaged over the steps.
        stateless_metrics: names of values that are averaged over the steps; others are shown as they are.
        unit_name: of a step.

    Raises:
        ValueError: both ``stateful_metrics`` and ``stateless_metrics`` are given.

    >>> import keraunos as keras
    >>> bar = keras.utils.Progbar(2, verbose=2)
    >>> bar.update(1, [("loss", 1.0)])
    >>> bar.update(2, [("loss", 0.5)])  # doctest: +ELLIPSIS
    2/2 - ... - loss: 0.7500
    """

    def __init__(
        self,
        target,
        width=20,
        verbose=1,
        interval=0.05,
        stateful_metrics=None,
        stateless_metrics=None,
        unit_name="step",
    ):
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: give stateful_metrics or stateless_metrics, not both.")
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.stateful_metrics = None if stateful_metrics is None else set(stateful_metrics)
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.unit_name = unit_name
        self._sums = {}  # name -> (sum of the values shown, number of steps)
        self._seen, self._drawn = 0, 0.0
        self._display = Display(Line(target, width, unit_name), verbose)

    def add(self, n, values=None):
        """``n`` more steps are done."""
        self.update(self._seen + n, values)

    def update(self, current, values=None, finalize=None):
        """``current`` steps are done; ``values`` are pairs (name, number), with ``finalize=True`` the final ones, shown as they are."""
        for name, value in values or ():
            self._take(name, value, max(current - self._seen, 1), as_it_is=finalize is True)
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._seen = current
        self._display.line.watch.mark(current)
        if not self.verbose:
            return
        shown = [(name, total / count) for name, (total, count) in self._sums.items()]
        now = time.perf_counter()
        if finalize:
            self._display.finish(current, shown)
        elif now - self._drawn >= self.interval:
            self._drawn = now
            self._display.draw(current, shown)

    def _take(self, name, value, steps, as_it_is):
        value = float(value)
        averaged = name not in self.stateful_metrics if self.stateful_metrics is not None else True
        if self.stateless_metrics is not None:
            averaged = name in self.stateless_metrics
        total, count = self._sums.get(name, (0.0, 0)) if averaged and not as_it_is else (0.0, 0)
        self._sums[name] = (total + value * steps, count + steps)


@registry.builtin("keras.callbacks")
class ProgbarLogger(Callback):
    """Shows the progress of ``fit``, ``evaluate`` and ``predict``.

    On a terminal and in a notebook a live bar, drawn at most ten times a second; elsewhere one line per epoch, without control
    characters.

    >>> import keraunos as keras
    >>> shown = keras.callbacks.ProgbarLogger()
    """

    _least_seconds = 0.1

    def __init__(self):
        super().__init__()
        self.verbose, self.epochs, self.target = 1, 1, None
        self._display, self._prefix, self._training = None, "", False
        self._step, self._due = 0, 0.0

    def set_params(self, params):
        super().set_params(params)
        self.verbose = 1 if params.get("verbose", 1) in ("auto", True) else params["verbose"]
        self.epochs, self.target = params.get("epochs", 1), params.get("steps")

    def wants_logs(self, step, total):
        """Whether a drawing is due."""
        return self.verbose == 1 and step != total and time.perf_counter() >= self._due and is_live()

    def progress(self, step, logs):
        """``step`` steps are done."""
        if self._display is None:
            return
        self._step = step
        self._display.line.watch.mark(step)
        now = time.perf_counter()
        if step != self.target and now >= self._due:
            self._due = now + self._least_seconds
            self._display.draw(step, _sorted(logs))

    def close(self):
        """Take the live line away; for a run that ends in an error."""
        if self._display is not None:
            self._display.close()
            self._display = None

    def _begin(self):
        self.close()
        self._display = Display(Line(self.target), self.verbose) if self.verbose else None
        self._step = 0

    def _end(self, logs):
        if self._display is None:
            return
        display, self._display = self._display, None
        if self._step:
            display.line.target = self._step  # a stream's length is known at its end
        display.finish(self._step or self.target or 0, _sorted(logs), self._prefix)

    def on_train_begin(self, logs=None):
        self._training = True

    def on_train_end(self, logs=None):
        self.close()
        self._training = False

    def on_epoch_begin(self, epoch, logs=None):
        name = f"Epoch {epoch + 1}/{self.epochs}" if self.epochs > 1 else ""
        is_bar = self.verbose == 1 and is_live()
        if name and is_bar:
            say(name)
        self._prefix = "" if is_bar else name
        self._begin()

    def on_epoch_end(self, epoch, logs=None):
        self._end(logs)

    def on_test_begin(self, logs=None):
        if not self._training:
            self._begin()

    def on_test_end(self, logs=None):
        if not self._training:
            self._end(logs)

    def on_predict_begin(self, logs=None):
        self._begin()

    def on_predict_batch_end(self, batch, logs=None):
        self.progress(batch + 1, None)

    def on_predict_end(self, logs=None):
        self._end(None)


def _sorted(logs):
    """Pairs (name, value): training first, then validation, each by name; nested results flat."""
    found = []
    for name, value in (logs or {}).items():
        found += [(inner, v) for inner, v in value.items()] if isinstance(value, dict) else [(name, value)]
    return sorted(found, key=lambda pair: (pair[0].startswith("val_"), pair[0]))
