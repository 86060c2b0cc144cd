"""What is shown while a search goes on: best so far, evaluations per second, time left."""

import time

from keraunos.callbacks.live_line import NotebookLine, TerminalLine, on_terminal
from keraunos.callbacks.progress import is_live, say, time_text

LEAST_SECONDS = 0.1  # between two drawings


def count_text(number):
    """A large number in few characters.

    >>> count_text(1234567)
    '1.23M'
    """
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{letter}"
    return f"{number:.0f}"


class Progress:
    """A live line on a terminal or in a notebook; elsewhere one line at the end.

    Args:
        budget: ``Budget``.
        verbose: 0 silent, 1 or "auto" a live line where that is possible, 2 the last line alone.
    """

    def __init__(self, budget, verbose):
        self.budget, self.verbose = budget, verbose
        self._drawn = 0.0
        self._live = (
            (TerminalLine() if on_terminal() else NotebookLine()) if verbose in (1, "auto") and is_live() else None
        )

    def line(self, stage, loss, formula, finished=False):
        """Pieces (text, style) of the line."""
        seconds, share = self.budget.elapsed(), self.budget.share()
        left = seconds * (1 - share) / share if 0 < share < 1 and not finished else None
        clock = time_text(round(seconds)) if left is None else f"{time_text(round(left))} left"
        rate = count_text(self.budget.evaluations / max(seconds, 1e-3))
        return [(clock, "bold"), (f" - {stage} - {rate} nodes/s - loss: {loss:.4g} - ", ""), (formula, "green")]

    def show(self, stage, loss, formula):
        """Draw the line anew, if it is time; ``formula`` is a function that gives the text."""
        now = time.perf_counter()
        if self._live is not None and now - self._drawn > LEAST_SECONDS:
            self._drawn = now
            self._live.draw(self.line(stage, loss, formula()))

    def finish(self, stage, loss, formula):
        """Leave the last line."""
        pieces = self.line(stage, loss, formula, finished=True)
        if self._live is not None:
            self._live.finish(pieces)
        elif self.verbose:
            say("".join(text for text, _ in pieces))
        self._live = None

    def close(self):
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()
