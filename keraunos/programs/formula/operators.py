"""The operators that formulas are made of: value, derivatives, and how each is written."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Operator(NamedTuple):
    """One operator: ``value(a[, b])`` and ``partials(a[, b], result)``, a tuple with one array per argument."""

    name: str
    arity: int
    value: Callable
    partials: Callable
    python: str  # NumPy source; {0} and {1} stand for the arguments
    sympy: str  # name in SymPy, or "" where the template is an expression for SymPy too
    strength: int = 9  # binding strength of what `python` gives: 1 sum, 2 product, 3 sign, 4 power, 9 a call or name


def _power_partials(a, b, y):
    with np.errstate(all="ignore"):
        return b * y / a, y * np.log(a)


_TABLE = (
    Operator("add", 2, np.add, lambda a, b, y: (1.0, 1.0), "{0} + {1}", "", 1),
    Operator("sub", 2, np.subtract, lambda a, b, y: (1.0, -1.0), "{0} - {1}", "", 1),
    Operator("mul", 2, np.multiply, lambda a, b, y: (b, a), "{0} * {1}", "", 2),
    Operator("div", 2, np.divide, lambda a, b, y: (1.0 / b, -y / b), "{0} / {1}", "", 2),
    Operator("pow", 2, np.power, _power_partials, "{0} ** {1}", "", 4),
    Operator("neg", 1, np.negative, lambda a, y: (-1.0,), "-{0}", "", 3),
    Operator("inv", 1, np.reciprocal, lambda a, y: (-y * y,), "1.0 / {0}", "", 2),
    Operator("square", 1, np.square, lambda a, y: (2.0 * a,), "{0} ** 2", "", 4),
    Operator("cube", 1, lambda a: a * a * a, lambda a, y: (3.0 * a * a,), "{0} ** 3", "", 4),
    Operator("sqrt", 1, np.sqrt, lambda a, y: (0.5 / y,), "sqrt({0})", "sqrt"),
    Operator("exp", 1, np.exp, lambda a, y: (y,), "exp({0})", "exp"),
    Operator("log", 1, np.log, lambda a, y: (1.0 / a,), "log({0})", "log"),
    Operator("sin", 1, np.sin, lambda a, y: (np.cos(a),), "sin({0})", "sin"),
    Operator("cos", 1, np.cos, lambda a, y: (-np.sin(a),), "cos({0})", "cos"),
    Operator("tan", 1, np.tan, lambda a, y: (1.0 + y * y,), "tan({0})", "tan"),
    Operator("arcsin", 1, np.arcsin, lambda a, y: (1.0 / np.sqrt(1.0 - a * a),), "arcsin({0})", "asin"),
    Operator("arccos", 1, np.arccos, lambda a, y: (-1.0 / np.sqrt(1.0 - a * a),), "arccos({0})", "acos"),
    Operator("arctan", 1, np.arctan, lambda a, y: (1.0 / (1.0 + a * a),), "arctan({0})", "atan"),
    Operator("tanh", 1, np.tanh, lambda a, y: (1.0 - y * y,), "tanh({0})", "tanh"),
    Operator("abs", 1, np.abs, lambda a, y: (np.sign(a),), "abs({0})", "Abs"),
)

OPERATORS = {op.name: op for op in _TABLE}
SYMBOLS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "^": "pow"}
DEFAULT = (
    *("add", "sub", "mul", "div", "pow", "square", "sqrt", "exp", "log", "sin", "cos", "tanh", "arcsin", "arccos"),
)
TRANSCENDENTAL = frozenset(("exp", "log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "tanh"))
ARITIES = {op.name: op.arity for op in _TABLE}


def chosen(names) -> tuple[str, ...]:
    """The operators of the given names or symbols, in the table's order.

    Raises ``ValueError`` for a name that there isn't.

    >>> chosen(["+", "*", "sin"])
    ('add', 'mul', 'sin')
    """
    if names is None:
        return DEFAULT
    if isinstance(names, str):
        raise ValueError(f"Formula: operators must be a list of names such as ['+', 'sin'], got the string {names!r}.")
    wanted = {SYMBOLS.get(name, name) for name in names}
    unknown = sorted(wanted - set(OPERATORS))
    if unknown or not wanted:
        raise ValueError(
            f"Formula: operators must name some of {sorted(OPERATORS)} (or {sorted(SYMBOLS)}), got {unknown or list(names)}."
        )
    return tuple(name for name in OPERATORS if name in wanted)
