"""How many steps to run before looking at the results."""

import time

# A program is left to run for about so long before its results are looked at: long enough that reading them costs nothing,
# short enough that progress moves and Ctrl-C is heard.
_SECONDS_PER_CHUNK = 0.2


class Pace:
    """How many steps to run before looking, from how long the last ones took."""

    def __init__(self):
        self.chunk = 1
        self._start = None

    def begin(self):
        """A chunk begins."""
        self._start = time.perf_counter()

    def end(self, steps):
        """A chunk of ``steps`` has been computed."""
        seconds = time.perf_counter() - self._start
        grown = int(steps * _SECONDS_PER_CHUNK / max(seconds, 1e-6))
        self.chunk = max(1, min(grown, 16 * steps))


def chunk_end(step, total, pace, stop):
    """The step at which the next chunk ends: the pace's, but not past ``stop``, where a callback wants to be called."""
    end = step + pace.chunk
    if stop is not None:
        end = min(end, stop)
    return end if total is None else min(end, total)
