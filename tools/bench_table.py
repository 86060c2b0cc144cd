"""Write the last benchmark's figures into README.md and docs/benchmarks.md: `python tools/bench_table.py [--check]`.

The part of a page between `<!-- benchmarks -->` and `<!-- /benchmarks -->` is made from benchmarks/results/latest.json
(`--results FILE` for another). With `--check` nothing is written, and the exit code is 1 if a page says something else.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(REPO)  # the checkout instead of tools/

from benchmarks.case import KERAS, KERAUNOS  # noqa: E402
from benchmarks.cases import ALL  # noqa: E402
from benchmarks.report import MARKS, number, write_whole  # noqa: E402

RESULTS = REPO / "benchmarks" / "results" / "latest.json"
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"

# What a case is called in the README; one that is not here goes by its own name.
NAMES = {
    "import": "A fresh process",
    "cold": "Digits, the first epoch",
    "cached": "The same with the compilation cache",
    "mlp": "MLP 64-128-10, batch 32",
    "predict": "The same MLP, one sample",
    "convnet": "Convnet, 32 × 32 images, batch 64",
    "lstm": "LSTM, 128 units, 100 steps, batch 64",
    "dense100": "100 × Dense(8)",
    "transformer": "Transformer, 4 layers, 256 wide",
    "save": "50 million weights",
}


def row(*cells: str) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def amount(entry: dict | None) -> str:
    """A contender's median.

    >>> amount({"summary": {"median": 53.21}}), amount({"summary": None}), amount(None)
    ('53.2', 'failed', '–')
    """
    if entry is None:
        return "–"
    return number(entry["summary"]["median"]) if entry["summary"] else "failed"


def best_by_hand(comparison: dict) -> dict | None:
    """The fastest of the rows that are neither keraunos nor Keras."""
    rows = [r for r in comparison["rows"] if r["contender"] not in (KERAUNOS, KERAS) and r["summary"]]
    return min(rows, key=lambda r: r["summary"]["median"], default=None)


def circumstances(record: dict) -> list[str]:
    """Where the figures come from, and what spoils them: the command, the machine, the warnings."""
    machine = record["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items() if version)
    return [
        "",
        f"`{machine['command']}`, {machine['date'][:10]}: {machine['cpu']}, one of {machine['cores']} cores, "
        f"Python {machine['python']}, {packages}.",
        *(f"\n**Beware:** {warning}." for warning in record["warnings"]),
    ]


def short(record: dict) -> str:
    """The README's table: a line for each figure."""
    lines = [
        row("", "keraunos", "Keras 3 on JAX", "best by hand in JAX", "÷ Keras", "÷ by hand"),
        "|---|--:|--:|--:|--:|--:|",
    ]
    for comparison in record["comparisons"]:
        metric, rows = comparison["metric"], {r["contender"]: r for r in comparison["rows"]}
        own = rows[KERAUNOS]
        name = f"{NAMES.get(comparison['case'], comparison['case'])}: {metric['title']}, {metric['unit']}"
        others = amount(rows.get(KERAS)), amount(best_by_hand(comparison))
        lines.append(row(name, amount(own), *others, f"**{number(own['to_keras'])}**", number(own["to_best_by_hand"])))
    return "\n".join(lines + circumstances(record))


def goals_reached(comparisons: list[dict]) -> str:
    """How many goals were met.

    >>> goals_reached([{"verdicts": [{"met": True}, {"met": False}, {"met": None}]}])
    '1 of 3 goals reached'
    """
    met = [verdict["met"] for comparison in comparisons for verdict in comparison["verdicts"]]
    return f"{met.count(True)} of {len(met)} goals reached"


def long(record: dict) -> str:
    """The table of docs/benchmarks.md: every contender with its spread, every goal, met or not."""
    lines = [f"{goals_reached(record['comparisons'])}."]
    for comparison in record["comparisons"]:
        metric = comparison["metric"]
        about = ALL[comparison["case"]].about if comparison["case"] in ALL else ""
        lines += ["", f"### {comparison['case']}: {metric['title'].replace('`', '')}", "", f"{about}.".lstrip("."), ""]
        lines += [
            row(f"{metric['unit']}, {metric['clock']} time", "median", "lowest–highest", "÷ Keras", "÷ best by hand"),
            "|---|--:|--:|--:|--:|",
        ]
        for entry in comparison["rows"]:
            spread = entry["summary"] and f"{number(entry['summary']['low'])}–{number(entry['summary']['high'])}"
            name = f"**{entry['contender']}**" if entry["contender"] == KERAUNOS else entry["contender"]
            ratios = number(entry["to_keras"]), number(entry["to_best_by_hand"])
            lines.append(row(name, amount(entry), spread or "–", *ratios))
        goals = [f"{v['text']} {MARKS[v['met']]} ({number(v['reached'])})" for v in comparison["verdicts"]]
        lines += ["", f"Goal: {'; '.join(goals)}."] if goals else []
    return "\n".join(lines + circumstances(record))


PAGES: dict[Path, Callable[[dict], str]] = {
    REPO / "README.md": short,
    REPO / "docs" / "benchmarks.md": long,
}


def filled(page: str, table: str) -> str:
    """The page with the table between its marks; ValueError if it has not each of them once.

    >>> print(filled("a\\n<!-- benchmarks -->\\nold\\n<!-- /benchmarks -->\\nb", "new"))
    a
    <!-- benchmarks -->
    <BLANKLINE>
    new
    <BLANKLINE>
    <!-- /benchmarks -->
    b
    """
    if (page.count(BEGIN), page.count(END)) != (1, 1):
        raise ValueError(f"The page must have {BEGIN} and {END} once each.")
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END)[1]}"


def stale(record: dict) -> list[Path]:
    """The pages that say something else than the record."""
    pages = {path: path.read_text(encoding="utf-8") for path in PAGES}
    return [path for path, page in pages.items() if filled(page, PAGES[path](record)) != page]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, help="the JSON file of a run")
    parser.add_argument("--check", action="store_true", help="write nothing, compare only")
    options = parser.parse_args(arguments)
    if not options.results.is_file():
        print(f"There is no {options.results}. Make it: python benchmarks/run.py", file=sys.stderr)
        return 2
    record = json.loads(options.results.read_text(encoding="utf-8"))
    pages = stale(record)
    for path in pages:
        name = path.relative_to(REPO)
        print(f"{name} does not show these figures" if options.check else f"{name} written")
        if not options.check:
            write_whole(path, filled(path.read_text(encoding="utf-8"), PAGES[path](record)))
    return int(options.check and bool(pages))


if __name__ == "__main__":
    sys.exit(main())
