"""Data as a search needs it: numbers, names, and no row that lacks a value."""

import warnings
from typing import NamedTuple

import numpy as np

from keraunos.util.errors import describe
from keraunos.util.optional import require


class Table(NamedTuple):
    """Rows that are complete. ``kept`` says which of the given ones they are."""

    x: np.ndarray  # (rows, variables)
    y: np.ndarray  # (rows,)
    weights: np.ndarray  # (rows,)
    names: tuple[str, ...]
    kept: np.ndarray  # (given rows,), bool


def columns_of(x, who="Formula"):
    """(values, names or None) of a DataFrame, a dict of columns, or an array of shape (rows, variables).

    Raises ``ValueError`` for what isn't numbers, naming the column.
    """
    if isinstance(x, dict):
        return _from_columns([(str(k), np.asarray(v)) for k, v in x.items()], who)
    if hasattr(x, "columns") and hasattr(x, "iloc"):
        return _from_columns([(str(k), x.iloc[:, i].to_numpy()) for i, k in enumerate(x.columns)], who)
    if hasattr(x, "toarray"):
        raise TypeError(f"{who}: x is a sparse matrix, and formulas need dense data: pass x.toarray().")
    values = np.asarray(x)
    if values.ndim == 1 and values.size and not hasattr(x, "__array_interface__"):
        values = np.asarray(x, object) if values.dtype == object else values
    if values.ndim != 2:
        raise ValueError(
            f"{who}: x must have the shape (rows, variables), got {describe(values)}. Reshape your data: x.reshape(-1, 1) for one "
            "variable, x.reshape(1, -1) for one row."
        )
    if values.dtype.kind == "c":
        raise ValueError(
            f"{who}: Complex data not supported: x must be real, got {describe(values)}. Pass real and imaginary parts."
        )
    if values.dtype.kind in "OUS":
        columns = [(f"x{i}", values[:, i]) for i in range(values.shape[1])]
        return _from_columns(columns, who)[0], None
    return values.astype(float), None


def _from_columns(columns, who):
    """Numbers from named columns."""
    if not columns:
        raise ValueError(f"{who}: x has no columns.")
    numbers = [_as_numbers(name, values, who) for name, values in columns]
    if len({len(v) for v in numbers}) > 1:
        raise ValueError(f"{who}: the columns of x must be equally long, got { ({n: len(v) for n, v in columns}) }.")
    return np.column_stack(numbers), tuple(name for name, _ in columns)


def _as_numbers(name, values, who, is_target=False):
    if values.dtype.kind in "biuf":
        return values.astype(float)
    if values.dtype.kind in "mM":
        raise ValueError(
            f"{who}: column {name!r} holds times ({values.dtype}), a formula needs numbers: pass seconds since a start of your choice."
        )
    try:
        return np.array([np.nan if v is None else v for v in values.tolist()], dtype=float)
    except (TypeError, ValueError) as e:
        if any(isinstance(v, (list, tuple, dict, np.ndarray)) for v in values.tolist()):
            raise TypeError(
                f"{who}: column {name!r}: argument must be a string or a number, got {values.dtype}."
            ) from e
        kinds = sorted({str(v) for v in values.tolist()})
        shown = ", ".join(map(repr, kinds[:3])) + (", ..." if len(kinds) > 3 else "")
        if is_target:
            raise ValueError(
                f"{who}: the target y holds texts ({shown}), and a formula gives numbers: take units and the like away from them; for "
                "classes, give 0 and 1."
            ) from e
        raise ValueError(
            f"{who}: column {name!r} is categorical ({len(kinds)} values: {shown}), and a formula needs numbers. Fit one formula for "
            f"each value, drop the column, or make indicator columns of it: pandas.get_dummies(x, columns=[{name!r}], dtype=float)."
        ) from e


def read(x, y, sample_weight=None, who="Formula"):
    """The complete rows of x and y; says in a warning how many were dropped.

    Raises ``ValueError`` where x and y don't fit, aren't numbers, or nothing is left.
    """
    values, names = columns_of(x, who)
    if y is None:
        raise ValueError(f"{who}: requires y to be passed, but the target y is None.")
    target = np.asarray(y)
    if target.ndim == 2 and target.shape[1] == 1:
        conversion = require("sklearn", who=who, module="sklearn.exceptions").DataConversionWarning
        message = f"A column-vector y was passed when a 1d array was expected; {who} takes it as one."
        warnings.warn(message, conversion, stacklevel=3)
        target = target[:, 0]
    if target.ndim != 1 or len(target) != len(values):
        raise ValueError(
            f"{who}: y must have the shape ({len(values)},), one number per row of x, got {describe(target)}."
        )
    if target.dtype.kind == "c":
        raise ValueError(f"{who}: Complex data not supported: y must be real, got {describe(target)}.")
    target = _as_numbers("y", target, who, is_target=True)
    weights = np.ones(len(target)) if sample_weight is None else np.asarray(sample_weight, float)
    if weights.shape != target.shape or not np.all(weights >= 0):
        raise ValueError(f"{who}: sample_weight must be {len(target)} numbers of at least 0, got {describe(weights)}.")
    complete = np.isfinite(target) & np.all(np.isfinite(values), axis=1)
    missing = int(len(target) - complete.sum())
    kept = complete & (weights > 0)
    if not values.shape[1]:
        raise ValueError(f"{who}: 0 feature(s) (shape={values.shape}) while a minimum of 1 is required.")
    if len(weights) and not weights.any():
        raise ValueError(f"{who}: every sample weight is zero: there is nothing to fit.")
    if kept.sum() < 2:
        raise ValueError(
            f"{who}: at least 2 complete rows are needed, got n_samples = {len(target)} of which {int(kept.sum())} are complete."
        )
    if missing:
        worst = ", ".join(_missing_by_column(values, target, names))
        warnings.warn(
            f"{who}: {missing} of {len(target)} rows lack a finite value and were dropped ({worst}).", stacklevel=3
        )
    names = names or tuple(f"x{i}" for i in range(values.shape[1]))
    return Table(values[kept], target[kept], weights[kept], names, kept)


def _missing_by_column(values, target, names):
    counts = [
        (n, int(c))
        for n, c in zip(names or [f"x{i}" for i in range(values.shape[1])], (~np.isfinite(values)).sum(axis=0))
    ]
    counts.append(("y", int((~np.isfinite(target)).sum())))
    return [f"{name}: {count}" for name, count in counts if count]


def useful(x):
    """Columns that say something, (columns,): neither constant nor equal to one before them up to scale and offset."""
    spread = x.std(axis=0)
    kept: list[int] = []
    for i in range(x.shape[1]):
        if spread[i] <= 1e-12 * max(float(np.abs(x[:, i]).max()), 1e-300):
            continue
        z = (x[:, i] - x[:, i].mean()) / spread[i]
        if all(abs(np.mean(z * (x[:, j] - x[:, j].mean()) / spread[j])) < 1 - 1e-12 for j in kept):
            kept.append(i)
    return np.array(kept, int)
