"""Ways to look at y in which a formula may be a sum of few features: y itself, 1/y, y², sin y, ..., and log |y|.

Noise is taken to be additive with standard deviation ∝ ``scale``. Seen through T it is |T'(y)| times as large, so rows are weighted
by 1/(scale · |T'(y)|): residuals in the new coordinates then count as they would in the old ones.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from keraunos.programs.formula.expression import const, div
from keraunos.programs.formula.units import power


class View(NamedTuple):
    """A transformation of y, and how a formula for the transformed target becomes one for y."""

    name: str
    forward: Callable  # y -> T(y)
    slope: Callable  # y -> T'(y)
    applies: Callable  # y -> whether every row has a value and can be got back
    back: Callable  # tokens of T(y) -> tokens of y
    needs: frozenset  # operators


def _call(name):
    return lambda tokens: (*tokens, name)


VIEWS = (
    View("y", lambda y: y, np.ones_like, lambda y: True, lambda t: t, frozenset()),
    View(
        "1/y", lambda y: 1 / y, lambda y: y**-2.0, lambda y: _no_zero(y), lambda t: div(const(1), t), frozenset(["div"])
    ),
    View("y²", np.square, lambda y: 2 * y, lambda y: y.min() >= 0, _call("sqrt"), frozenset(["sqrt"])),
    View(
        "1/y²",
        lambda y: y**-2.0,
        lambda y: -2 * y**-3.0,
        lambda y: y.min() > 0 and _no_zero(y),
        lambda t: div(const(1), (*t, "sqrt")),
        frozenset(["div", "sqrt"]),
    ),
    View("sqrt y", np.sqrt, lambda y: 0.5 / np.sqrt(y), lambda y: y.min() > 0, _call("square"), frozenset(["square"])),
    View("sin y", np.sin, np.cos, lambda y: np.abs(y).max() <= np.pi / 2, _call("arcsin"), frozenset(["arcsin"])),
    View("cos y", np.cos, np.sin, lambda y: 0 <= y.min() and y.max() <= np.pi, _call("arccos"), frozenset(["arccos"])),
    View("exp y", np.exp, np.exp, lambda y: y.max() < 20 and np.ptp(y) < 20, _call("log"), frozenset(["log"])),
    View(
        "artanh y",
        np.arctanh,
        lambda y: 1 / (1 - y**2),
        lambda y: np.abs(y).max() < 1,
        _call("tanh"),
        frozenset(["tanh"]),
    ),
)


def _no_zero(y):
    return np.abs(y).min() > 1e-6 * np.abs(y).max() and (y.min() > 0 or y.max() < 0)


def views(y, operators):
    """The transformations that y and the operators allow."""
    return [v for v in VIEWS if v.needs <= set(operators) and v.applies(y)]


def weights(slope, scale):
    """Weights of rows, 1 / (scale |T'|), none of them far beyond the others."""
    noise = np.abs(slope) * scale
    return 1.0 / np.maximum(noise, 0.02 * np.sqrt(np.mean(noise**2)))


EXPONENTS = {"y": 1, "1/y": -1, "y²": 2, "1/y²": -2, "sqrt y": Fraction(1, 2)}  # T(y) has the unit of y to this power


def unit_seen(view, unit):
    """Unit of T(y), or None where y must be a number to be seen so."""
    if view.name in EXPONENTS:
        return power(unit, EXPONENTS[view.name])
    return None if unit else {}
