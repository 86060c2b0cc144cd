"""Show the table in the terminal, and write it to files that are whole or not there."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.case import KERAUNOS, Case
from benchmarks.table import Comparison, Results, Row

MARKS = {True: "✓", False: "✗", None: "?"}
STYLES = {True: "green", False: "red", None: "yellow"}
HEAD = ("", "median", "lowest–highest", "÷ Keras", "÷ best by hand", "")


def number(value: float | None) -> str:
    """Three digits.

    >>> number(0.012345), number(276.4), number(1031.0), number(None)
    ('0.0123', '276', '1031', '–')
    """
    if value is None:
        return "–"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def title(comparison: Comparison) -> str:
    """Case, figure, unit and clock."""
    metric = comparison.metric
    return f"{comparison.case}: {metric.title}, {metric.unit} ({metric.clock})"


def cells(row: Row) -> tuple[str, ...]:
    """A contender's figures as text."""
    if row.summary is None:
        return "failed", "–", "–", "–"
    low, high = number(row.summary.low), number(row.summary.high)
    return number(row.summary.median), f"{low}–{high}", number(row.to_keras), number(row.to_best_by_hand)


def lines(comparison: Comparison) -> list[tuple[tuple[str, ...], str | None]]:
    """The rows of a comparison, one text per column of HEAD, with the style of each: title, contenders, goals."""
    styles = {KERAUNOS: "bold"}
    found = [((title(comparison), *[""] * 5), "cyan")]
    found += [((f"  {row.contender}", *cells(row), ""), styles.get(row.contender)) for row in comparison.rows]
    for verdict in comparison.verdicts:
        texts = (f"  goal {verdict.text}", number(verdict.reached), "", "", "", MARKS[verdict.met])
        found.append((texts, STYLES[verdict.met]))
    return found


def show(console: Console, comparisons: list[Comparison], warnings: list[str]) -> None:
    """Print the table and the warnings."""
    table = Table(*HEAD, title="keraunos side by side", box=SIMPLE)
    for comparison in comparisons:
        for texts, style in lines(comparison):
            table.add_row(*map(escape, texts), style=style)
        table.add_section()
    console.print(table)
    for warning in warnings:
        console.print(f"[yellow]warning:[/] {escape(warning)}")


def markdown(machine: dict, cases: list[Case], comparisons: list[Comparison], warnings: list[str]) -> str:
    """The same as a file to read."""
    packages = ", ".join(f"{name} {version or '(checkout)'}" for name, version in machine["packages"].items())
    text = [
        "# Benchmarks",
        "",
        f"{machine['date']}, `{machine['command']}`  ",
        f"{machine['cpu']}, {machine['cores']} cores, pinned to core {machine['pinned_to_core']}, "
        f"load {machine['load_before']} before the run  ",
        f"{machine['system']}, Python {machine['python']}, {packages}",
        "",
        "Every run is a fresh process on one core; contenders take turns; ratios are of medians.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|---|" + "---:|" * (len(HEAD) - 1),
    ]
    for comparison in comparisons:
        (first, _), *others = lines(comparison)
        text.append(f"| **{first[0]}** |" + " |" * (len(HEAD) - 1))
        text += ["| " + " | ".join(cell.strip() for cell in row) + " |" for row, _ in others]
    text += ["", *(f"- **{case.name}**: {case.about}." for case in cases)]
    if warnings:
        text += ["", "## Warnings", "", *(f"- {warning}" for warning in warnings)]
    return "\n".join(text) + "\n"


def record(machine: dict, settings: dict, results: Results, comparisons: list[Comparison], warnings: list[str]) -> str:
    """The same as JSON, with every single run."""
    content = {
        "machine": machine,
        "settings": settings,
        "runs": {case: {name: asdict(outcome) for name, outcome in part.items()} for case, part in results.items()},
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "warnings": warnings,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def write_whole(path: Path, text: str) -> None:
    """Write a file that is never seen half-written: the old content stays until the new one is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)  # a temporary file is readable by its owner only
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
