"""`keraunos transform`: fill a column of a table from the cells of it that are finished."""

import csv
from pathlib import Path
from typing import Annotated

import typer

from keraunos.programs import TableProgram
from keraunos.util.optional import require

SEPARATORS = {".csv": ",", ".tsv": "\t"}
ASKED = 3  # open questions shown


class TableError(ValueError):
    """A table that can't be read; the message says what to do."""


def read_table(path: Path, separator: str | None = None, encoding: str = "utf-8"):
    """A CSV or TSV file as a DataFrame of texts; empty cells are missing. Raises ``TableError``."""
    pandas = require("pandas", who="keraunos transform", extra="programs")
    if not path.is_file():
        raise TableError(f"there is no file {str(path)!r}.")
    if separator is None and path.suffix.lower() not in SEPARATORS:
        raise TableError(f"{path.name} must end in .csv or .tsv; export the table as CSV, or say --separator.")
    separator = separator or SEPARATORS[path.suffix.lower()]
    try:
        with path.open(encoding=encoding, newline="") as file:
            lines = list(csv.reader(file, delimiter=separator, strict=True))
    except UnicodeDecodeError as e:
        raise TableError(
            f"{path.name} is not text in {encoding} (byte {e.start}): say --encoding, e.g. latin-1."
        ) from e
    except csv.Error as e:
        raise TableError(f"{path.name} is not a table separated by {separator!r}: {e}.") from e
    header, *rows = lines or [[]]
    rows = [row for row in rows if row]
    header = [name.removeprefix("\ufeff") for name in header]
    if not header or not rows:
        raise TableError(f"{path.name} must have a line of column names and at least one row.")
    double = sorted({name for name in header if header.count(name) > 1})
    if double:
        raise TableError(f"{path.name} has several columns called {double}: rename them.")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise TableError(f"{path.name}, row {number}, has {len(row)} cells where the header has {len(header)}.")
    return pandas.DataFrame([[cell or None for cell in row] for row in rows], columns=header, dtype=object)


def _free(path: Path, overwrite: bool) -> Path:
    if path.exists() and not overwrite:
        raise TableError(f"{path} exists already: say --overwrite to replace it, or name another file.")
    return path


def _shown(ambiguity) -> str:
    answers = " or ".join("nothing" if a is None else repr(a) for a in list(ambiguity.outputs)[:3])
    return f"  {ambiguity.input!r}: {answers}?"


def transform(
    table: Annotated[Path, typer.Argument(help="A .csv or .tsv file with a line of column names.")],
    to: Annotated[str, typer.Option("--to", help="The column to fill; its filled cells are the examples.")],
    column: Annotated[list[str], typer.Option("--column", help="A column to compute it from; may be repeated.")] = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(help="The completed table; TABLE.filled.csv by default.")] = None,
    program: Annotated[Path | None, typer.Option(help="The program in Python; TABLE.program.py by default.")] = None,
    save: Annotated[Path | None, typer.Option(help="Also save the model as a .keras file.")] = None,
    time: Annotated[float, typer.Option(help="Seconds to search.")] = 10.0,
    separator: Annotated[str | None, typer.Option(help="What separates the cells.")] = None,
    encoding: Annotated[str, typer.Option(help="How the file is written.")] = "utf-8",
    state: Annotated[Path | None, typer.Option(help="Keep an unfinished search here, and go on from it.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
):
    """Fill the column TO: the program is found from the cells of it that are filled already."""
    try:
        out = _free(out or table.with_suffix(f".filled{table.suffix}"), overwrite)
        program = _free(program or table.with_suffix(".program.py"), overwrite)
        if save is not None and (_free(save, overwrite).suffix != ".keras"):
            raise TableError(f"--save must name a file that ends in .keras, got {str(save)!r}.")
        cells = read_table(table, separator, encoding)
        model = TableProgram(to, columns=column or None, time_limit=time)
        model.fit(cells, state=state)
        filled = model.fill(cells)
    except ValueError as e:  # bad tables, contradictions, nothing found
        typer.echo(f"keraunos transform: {e}", err=True)
        raise typer.Exit(2) from None
    filled.to_csv(out, index=False, sep=separator or SEPARATORS.get(table.suffix.lower(), ","), encoding=encoding)
    program.write_text(model.source(), encoding="utf-8")
    if save is not None:
        model.save(save)
    typer.echo(model.source())
    new = int(cells[to].isna().sum() - filled[to].isna().sum())
    typer.echo(f"{new} cells filled, {int(filled[to].isna().sum())} still empty: {out}. The program: {program}.")
    if questions := model.ambiguities(limit=ASKED):
        typer.echo("The examples leave these open; fill one by hand and run again if the table is wrong:")
        typer.echo("\n".join(map(_shown, questions)))
