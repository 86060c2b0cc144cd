"""Columns of a pandas table as plain values, and which columns matter for another."""

import datetime
import re
from collections.abc import Sequence

import numpy as np

from keraunos.util.errors import describe, near
from keraunos.util.optional import require


def check_table(table, who: str, needed: Sequence[str] = ()):
    """Raise ``TypeError`` or ``ValueError`` unless it is a DataFrame with unique column names, the needed ones among them."""
    pandas = require("pandas", who=who, extra="programs")
    if not isinstance(table, pandas.DataFrame):
        raise TypeError(
            f"{who}: expected a pandas DataFrame, got {describe(table)}. Make one with pandas.DataFrame(...)."
        )
    names = list(table.columns)
    double = sorted({str(n) for n in names if names.count(n) > 1})
    if double:
        raise ValueError(f"{who}: column names must be unique; there are several called {double}. Rename them first.")
    for name in needed:
        if name not in names:
            raise ValueError(f"{who}: the table has no column {name!r}; it has {names}.{near(name, names)}")


def column_values(column) -> list:
    """The cells of a column as Python values; None for a missing one, whole numbers as int (pandas makes them floats)."""
    values = [plain_value(v) for v in column.tolist()]
    floats = [v for v in values if v is not None]
    if floats and all(isinstance(v, float) and v.is_integer() and abs(v) < 2**53 for v in floats):
        return [None if v is None else int(v) for v in values]
    return values


def plain_value(value):
    """One cell: None, NaN, NaT and NA become None, NumPy's scalars and pandas' times Python's."""
    if value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime(warn=False)
    if isinstance(value, np.generic):
        return plain_value(value.item())
    return value


def relevance(inputs: list, outputs: list) -> float:
    """How much of the outputs stands in the inputs of a column: the share of their words, numbers and single letters."""
    total = found = 0.0
    for value, output in zip(inputs, outputs):
        if value is None:
            continue
        text = str(value).lower()
        runs = re.findall(r"[^\W\d_]+|\d+", str(output).lower())
        total += len(runs)
        found += sum(1.0 if run in text else 0.5 * (text[:1] == run[:1]) for run in runs)
    same_kind = isinstance(outputs[0], int | float) and all(isinstance(v, int | float) for v in inputs if v is not None)
    kind = isinstance(outputs[0], datetime.date) and any(isinstance(v, datetime.date) for v in inputs)
    return (found / total if total else 0.0) + 0.5 * (same_kind or kind)
