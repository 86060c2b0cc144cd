"""A stopwatch. It imports nothing but `time`, as the first import of a library is among the things timed."""

from time import perf_counter, process_time


class Stopwatch:
    """Wall and CPU seconds of a `with` block.

    >>> with Stopwatch() as watch:
    ...     pass
    >>> sorted(watch.per(10))
    ['cpu', 'wall']
    """

    def __enter__(self):
        self._wall, self._cpu = perf_counter(), process_time()
        return self

    def __exit__(self, *exception):
        self.wall = perf_counter() - self._wall
        self.cpu = process_time() - self._cpu

    def per(self, count: int = 1) -> dict[str, float]:
        """Seconds per one of `count` equal pieces of work."""
        return {"wall": self.wall / count, "cpu": self.cpu / count}
