"""How long a search may go on: seconds, or a number of evaluations; and how far it is."""

import time


class Budget:
    """Counts work and time.

    Args:
        seconds: of the clock, or None.
        evaluations: numbers computed (rows times nodes), or None. A search that is bounded by these alone is repeatable.
        clock: what seconds are read from; ``time.process_time`` counts those of this process alone.
        spent: seconds and evaluations of an earlier part of the same search.
    """

    def __init__(self, seconds=None, evaluations=None, clock=time.perf_counter, spent=(0.0, 0)):
        self.seconds, self.limit = seconds, evaluations
        self.clock = clock
        self._start = self.clock() - spent[0]
        self.evaluations = spent[1]
        self.stopped = False  # by a callback or by Ctrl-C

    def count(self, numbers):
        """So many numbers were computed."""
        self.evaluations += int(numbers)

    def elapsed(self):
        """Seconds since the beginning."""
        return self.clock() - self._start

    def share(self):
        """The part that is used up, 0 to 1 and beyond."""
        parts = [0.0]
        if self.seconds is not None:
            parts.append(self.elapsed() / max(self.seconds, 1e-9))
        if self.limit is not None:
            parts.append(self.evaluations / max(self.limit, 1))
        return max(parts)

    def is_over(self):
        """Whether to stop."""
        return self.stopped or self.share() >= 1.0
