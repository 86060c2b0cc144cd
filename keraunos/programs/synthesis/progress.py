"""What a long search shows on a terminal: the best program so far, nodes a second, time left."""

import sys
import time

DELAY = 1.0  # seconds before anything is shown


class SearchProgress:
    """A line on the terminal that follows a search; nothing before a second has passed, nothing where nobody looks.

    Args:
        verbose: 0 for nothing, 1 for the line, "auto" for the line if standard error is a terminal.
        until: when the time is over, as of ``time.perf_counter``.
    """

    def __init__(self, verbose, until: float, stream=None):
        stream = stream or sys.stderr
        self.shown = verbose == 1 or (verbose == "auto" and stream is not None and stream.isatty())
        self.stream, self.live = stream, None
        self.started, self.until = time.perf_counter(), until
        self.updated = self.started

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.live is not None:
            self.live.stop()

    def update(self, search):
        """Show where a search is, at most four times a second."""
        now = time.perf_counter()
        if not self.shown or now - self.started < DELAY or now - self.updated < 0.25:
            return
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        self.updated = now
        if self.live is None:
            self.live = Live(console=Console(file=self.stream), transient=True, auto_refresh=False)
            self.live.start()
        self.live.update(Text(self.line(search, now), overflow="ellipsis", no_wrap=True), refresh=True)

    def line(self, search, now: float) -> str:
        """The line as text."""
        rate = search.nodes / max(search.seconds + now - search.resumed, 1e-9)
        best = search.best_cost if search.solutions else None
        found = f"best cost {best}, {len(search.solutions)} programs" if best else "no program yet"
        left = max(0.0, self.until - now)
        return (
            f"searching: level {search.level + 1}, {search.nodes:,} nodes ({rate:,.0f}/s), {found}, {left:.0f} s left"
        )
