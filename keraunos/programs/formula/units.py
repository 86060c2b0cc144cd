"""Dimensional analysis: which formulas are right in their units."""

import re
from fractions import Fraction
from typing import NamedTuple

from keraunos.programs.formula.operators import ARITIES, TRANSCENDENTAL

Unit = dict  # base unit -> exponent, without zeros; {} is a pure number
DERIVED = {
    "N": "kg m s^-2",
    "J": "kg m^2 s^-2",
    "W": "kg m^2 s^-3",
    "Pa": "kg m^-1 s^-2",
    "Hz": "s^-1",
    "C": "A s",
    "V": "kg m^2 s^-3 A^-1",
    "F": "kg^-1 m^-2 s^4 A^2",
    "ohm": "kg m^2 s^-3 A^-2",
    "T": "kg s^-2 A^-1",
    "Wb": "kg m^2 s^-2 A^-1",
    "H": "kg m^2 s^-2 A^-2",
    "rad": "",
}
POWERS = {"square": 2, "cube": 3, "sqrt": Fraction(1, 2), "inv": -1}
_PART = re.compile(r"([A-Za-zµΩ°%$€]+)(?:(?:\^|\*\*)?([+-]?\d+(?:/\d+)?))?$")


def parse(text):
    """A unit such as "m/s^2", "kg m s^-2", "J/(mol K)" or "" as exponents of base units.

    Raises ``ValueError`` for what can't be read. What isn't an SI unit counts as a base unit of its own.

    >>> parse("N/m") == parse("kg/s^2")
    True
    """
    if text is None or text in ("", "1", "-"):
        return {}
    found: Unit = {}
    for k, side in enumerate(re.split(r"(?<!\d)/|/(?!\d)", str(text))):  # slashes that don't stand between digits
        for part in re.split(r"[\s*·]+", side.strip(" ()")):
            if part in ("", "1"):
                continue
            match = _PART.match(part)
            if not match:
                raise ValueError(f"Formula: units: {text!r} can't be read at {part!r}; write for example 'kg m/s^2'.")
            exponent = Fraction(match[2] or 1) * (1 if k == 0 else -1)
            base = parse(DERIVED[match[1]]) if match[1] in DERIVED else {match[1]: Fraction(1)}
            found = times(found, power(base, exponent))
    return found


def times(a, b):
    """Unit of a product."""
    total = {k: a.get(k, 0) + b.get(k, 0) for k in {**a, **b}}
    return {k: v for k, v in total.items() if v}


def power(a, exponent):
    """Unit of a power."""
    return {k: v * exponent for k, v in a.items() if v * exponent}


def unit_of(tokens, columns):
    """Unit of an expression, or None where it adds apples and pears. ``columns`` has the unit of each variable.

    Constants are pure numbers: a constant of nature with a unit is to be given as a column.
    """
    stack: list[tuple] = []  # (unit, value of a constant or None)
    for token in tokens:
        if type(token) is not str:
            stack.append((columns[token], None) if type(token) is int else ({}, token))
            continue
        arguments = stack[-ARITIES[token] :]
        del stack[-ARITIES[token] :]
        unit = _applied(token, [u for u, _ in arguments], arguments[-1][1])
        if unit is None:
            return None
        stack.append((unit, None))
    return stack[0][0]


def _applied(name, arguments, last_constant):
    """Unit of one operation, or None. ``last_constant`` is the last argument where that is a constant."""
    first = arguments[0]
    if name in ("add", "sub"):
        return first if first == arguments[1] else None
    if name == "mul":
        return times(first, arguments[1])
    if name == "div":
        return times(first, power(arguments[1], -1))
    if name in POWERS:
        return power(first, POWERS[name])
    if name == "pow":
        if not first:
            return None if arguments[1] else {}
        return None if last_constant is None else power(first, Fraction(last_constant).limit_denominator(12))
    if name in TRANSCENDENTAL:
        return None if first else {}
    return first  # neg, abs


class Check(NamedTuple):
    """Whether an expression of variables with the units ``columns`` has the unit ``wanted``."""

    columns: list
    wanted: Unit

    def __call__(self, tokens):
        return unit_of(tokens, self.columns) == self.wanted

    def over(self, problem):
        """The ``Dimensions`` of a problem whose columns are expressions of these variables."""
        columns = [unit_of(c, self.columns) for c in problem.columns]
        around = unit_of(
            problem.outer, [*self.columns, {}]
        )  # variable -1, which stands for the problem's formula, as a number
        known = around is not None and all(c is not None for c in columns)
        return Dimensions(columns, times(self.wanted, power(around, -1))) if known else None


class Dimensions(NamedTuple):
    """Units in a problem: of its columns, and of its formula."""

    columns: list
    wanted: Unit

    def is_sound(self, tokens):
        """Whether no apples and pears are added."""
        return unit_of(tokens, self.columns) is not None

    def having(self, material, unit):
        """Places of the expressions that have a unit."""
        return [k for k, tokens in enumerate(material.tokens) if unit_of(tokens, self.columns) == unit]
