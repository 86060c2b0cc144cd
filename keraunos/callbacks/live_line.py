"""A line on the screen that is drawn over and over."""

import sys
import weakref

from keraunos.util.optional import loaded, require

_WHO = "The progress bar"


def on_terminal():
    """Whether output goes to a terminal that can draw a line anew."""
    return bool(getattr(sys.stdout, "isatty", lambda: False)())


def in_notebook():
    """Whether this is a notebook."""
    shell = loaded("IPython") and loaded("IPython").get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


class TerminalLine:
    """On a terminal; what others print meanwhile comes above the line."""

    _current = None  # the one that is on the screen

    def __init__(self):
        console = require("rich", who=_WHO, module="rich.console")
        self._text = require("rich", who=_WHO, module="rich.text").Text
        self._console = console.Console(file=sys.stdout, highlight=False)
        self._live = None

    def draw(self, pieces):
        """Show ``pieces``, pairs (text, style), in one line."""
        if self._live is None:
            self._start()
        self._live.update(self._line(pieces), refresh=True)

    def _start(self):
        if TerminalLine._current is not None:
            TerminalLine._current.stop()  # say, of a fit in whose callback there is an evaluate
        live = require("rich", who=_WHO, module="rich.live")
        self._live = live.Live(console=self._console, transient=True, auto_refresh=False)
        self._live.start()
        self._console.show_cursor(True)  # whatever ends the run, the cursor is there
        self._at_exit = weakref.finalize(self, self._live.stop)
        TerminalLine._current = self

    def _line(self, pieces):
        return self._text.assemble(*pieces, no_wrap=True, overflow="ellipsis")

    def stop(self):
        """Take the line away."""
        if self._live is not None:
            self._at_exit()
            self._live = None
            TerminalLine._current = None

    def finish(self, pieces):
        """Leave ``pieces`` as a line that stays."""
        self.stop()
        self._console.print(self._text.assemble(*pieces), soft_wrap=True)


class NotebookLine:
    """In a notebook, an output that is replaced."""

    def __init__(self):
        self._handle = None

    def draw(self, pieces):
        """Show ``pieces``, pairs (text, style), in one line."""
        content = {"text/plain": "".join(text for text, _ in pieces)}
        if self._handle is None:
            display = require("IPython", who=_WHO, module="IPython.display").display
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)

    def stop(self):
        """The output stays as it is."""

    def finish(self, pieces):
        """Leave ``pieces``."""
        self.draw(pieces)
