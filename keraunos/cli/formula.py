"""`keraunos formula`: a formula for one column of a table in terms of the others."""

import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from keraunos.cli.transform import TableError, _free, read_table
from keraunos.programs import Formula


def numbers_of(cells):
    """A table of texts with the columns that hold numbers as such; empty cells become NaN."""
    found = cells.copy()
    for name in cells.columns:
        values = [np.nan if cell is None else cell for cell in cells[name]]
        try:
            found[name] = np.array(values, dtype=float)
        except ValueError:
            continue  # stays text: fit says which column it is, and what to do
    return found


def _units(pairs):
    """["v=m/s", "F=N"] as a dict."""
    bad = [pair for pair in pairs if "=" not in pair]
    if bad:
        raise TableError(f"--unit must be given as COLUMN=UNIT, for example 'v=m/s', got {bad[0]!r}.")
    return dict(pair.split("=", 1) for pair in pairs) or None


def _report(model):
    """Source of a module with every formula of the front, the chosen one last."""
    lines = [f'"""Formulas of {model.best.target}, found by keraunos; the last is the one that was chosen."""', ""]
    functions = [*(c for c in model.front if c is not model.best), model.best]
    imports = sorted({line for c in functions for line in c.python().splitlines() if line.startswith("from numpy")})
    names = sorted({name for line in imports for name in line.removeprefix("from numpy import ").split(", ")})
    lines += [f"from numpy import {', '.join(names)}"] if names else []
    for c in functions:
        body = "\n".join(line for line in c.python().splitlines() if not line.startswith("from numpy")).strip()
        head, rest = body.split("(", 1)
        name = head if c is model.best else f"{head}_{c.complexity}"
        lines += ["", "", f"# complexity {c.complexity}, share of the variance left {c.loss:.3g}", f"{name}({rest}"]
    return "\n".join(lines) + "\n"


def formula(
    table: Annotated[Path, typer.Argument(help="A .csv or .tsv file with a line of column names.")],
    target: Annotated[str, typer.Option("--target", help="The column to find a formula for.")],
    columns: Annotated[
        list[str], typer.Option("--column", help="A column to use; may be repeated. All others by default.")
    ] = [],  # noqa: B006
    time: Annotated[float, typer.Option(help="Seconds to search.")] = 30.0,
    operators: Annotated[str | None, typer.Option(help="What may occur, separated by commas: '+,-,*,/,sin'.")] = None,
    max_complexity: Annotated[int, typer.Option(help="Most variables, constants and operators.")] = 40,
    unit: Annotated[list[str], typer.Option("--unit", help="COLUMN=UNIT, may be repeated: 'v=m/s'.")] = [],  # noqa: B006
    loss: Annotated[str, typer.Option(help="mse, relative or huber.")] = "mse",
    processes: Annotated[int, typer.Option(help="How many search at once.")] = 1,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    picture: Annotated[Path | None, typer.Option(help="The picture; TABLE.formula.png by default.")] = None,
    code: Annotated[Path | None, typer.Option(help="The formulas in Python; TABLE.formula.py by default.")] = None,
    save: Annotated[Path | None, typer.Option(help="Also save the model as a .keras file.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="Go on from the search kept here, if there is one, and keep it.")
    ] = None,
    separator: Annotated[str | None, typer.Option(help="What separates the cells.")] = None,
    encoding: Annotated[str, typer.Option(help="How the file is written.")] = "utf-8",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
):
    """Find formulas for the column TARGET: print the front, write a picture and Python code. Ctrl-C keeps what was found."""
    try:
        picture = _free(picture or table.with_suffix(".formula.png"), overwrite)
        code = _free(code or table.with_suffix(".formula.py"), overwrite)
        if save is not None and _free(save, overwrite).suffix != ".keras":
            raise TableError(f"--save must name a file that ends in .keras, got {str(save)!r}.")
        cells = numbers_of(read_table(table, separator, encoding))
        missing = [name for name in (target, *columns) if name not in cells.columns]
        if missing:
            raise TableError(f"{table.name} has no column {missing[0]!r}; there are {list(cells.columns)}.")
        if target in columns or len(cells.columns) == 1:
            raise TableError(
                f"the target {target!r} can't be a column to compute it from: {table.name} must have others, and --column name them."
            )
        x = cells[columns] if columns else cells.drop(columns=target)
        model = Formula(
            operators=operators.split(",") if operators else None,
            max_complexity=max_complexity,
            units=_units(unit),
            loss=loss,
            time_limit=time,
            processes=processes,
            seed=seed,
            target=target,
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(x, cells[target], resume=state if state is not None and state.exists() else None)
    except (ValueError, TypeError) as e:  # bad tables, columns that aren't numbers, wrong options
        typer.echo(f"keraunos formula: {e}", err=True)
        raise typer.Exit(2) from None
    for message in dict.fromkeys(str(w.message) for w in caught):
        typer.echo(f"keraunos formula: {message}", err=True)
    model.summary()
    code.write_text(_report(model), encoding="utf-8")
    complete = np.isfinite(cells[target].to_numpy())
    model.plot(x[complete], cells[target][complete], to_file=picture)
    if save is not None:
        model.save(save)
    if state is not None:
        model.save_state(state)
    constants = [f"{value:.6g} ± {error:.2g}" for value, error in model.constants() if error]
    typer.echo(f"{target} = {model.best}" + (f"    (constants: {', '.join(constants)})" if constants else ""))
    typer.echo(f"Picture: {picture}. Python: {code}.")
