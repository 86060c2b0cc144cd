"""The front as a table in the terminal."""

import io

from keraunos.util import settings
from keraunos.util.optional import require


def print_front(model, line_length=None, print_fn=None):
    """Print the formulas of a model's front; the chosen one is marked."""
    box = require("rich", who="summary", module="rich.box")
    tables = require("rich", who="summary", module="rich.table")
    consoles = require("rich", who="summary", module="rich.console")
    name = model.get_params()["target"]
    table = tables.Table(box=box.HEAVY_HEAD)
    table.add_column("")
    for title in ("Complexity", "Loss", "R²", "Bits"):
        table.add_column(title, justify="right")
    table.add_column(f"Formula of {name}", overflow="fold")
    for c in model.front:
        chosen = c is model.chosen
        style = "bold green" if chosen else ""
        row = (str(c.complexity), f"{c.loss:.3g}", f"{1 - c.loss:.6f}", f"{c.bits:.0f}", str(c))
        table.add_row("▶" if chosen else "", *row, style=style)
    title = f"Model: {model.name!r}".replace("'", '"')
    lines = [title, table if model.front else "(not fitted)"]
    if print_fn is None and settings.is_interactive_logging_enabled():
        console = consoles.Console(highlight=False, width=line_length)
    else:
        console = consoles.Console(highlight=False, width=line_length or 110, record=True, file=io.StringIO())
    for line in lines:
        console.print(line, markup=False)
    if console.record:
        (print_fn or print)(console.export_text())
