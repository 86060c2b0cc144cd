"""What a symbol can be: the domains of a program's arguments, and plain values that go into a configuration."""

import inspect
import itertools
from collections.abc import Callable, Hashable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from keraunos.util.errors import describe

Symbols = tuple[Hashable, ...]


def symbols(domain: Any, who: str) -> Symbols:
    """The symbols of one domain: 0 .. n - 1 for a whole number n, else those of a sequence."""
    if isinstance(domain, (int, np.integer)) and not isinstance(domain, bool):
        domain = range(int(domain))
    if not isinstance(domain, Iterable):
        raise TypeError(f"{who}: domain must be a whole number or a sequence of symbols, got {describe(domain)}.")
    found = tuple(plain(s) for s in domain)
    if not found or len(set(found)) < len(found):
        fault = "no symbol" if not found else "a symbol twice"
        raise ValueError(f"{who}: domain must be a sequence of different symbols, got one with {fault}: {found}.")
    return found


def parameters(fn: Callable) -> list[str] | None:
    """Names of the positional parameters without a default, None where any number is taken or they are not told."""
    try:
        found = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):  # some functions written in C
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in found if p.kind in positional and p.default is p.empty]


def domains(domain: Any, fn: Callable, arity: int | None, who: str) -> tuple[Symbols, ...] | None:
    """The domain of each argument, or None while the number of arguments is not known."""
    names = parameters(fn)
    if names is not None and arity is not None and len(names) != arity:
        raise ValueError(f"{who}: the function takes {len(names)} symbols ({', '.join(names)}), the input has {arity}.")
    if isinstance(domain, dict):
        if names is None or set(names) != set(domain):
            raise ValueError(f"{who}: domain must name the function's parameters {names}, got {sorted(domain)}.")
        return tuple(symbols(domain[name], f"{who}, domain of {name!r}") for name in names)
    arity = len(names) if arity is None and names is not None else arity
    return None if arity is None else (symbols(domain, who),) * arity


def plain(value: Any) -> Any:
    """NumPy's numbers as Python's, the rest as it is."""
    return value.item() if isinstance(value, np.generic) else value


def in_order(labels: Iterable[Hashable]) -> tuple:
    """Different labels, sorted where they can be, else in the order in which they came."""
    found = list(dict.fromkeys(labels))
    try:
        return tuple(sorted(found))
    except TypeError:
        return tuple(found)


def to_config(value: Any, who: str) -> Any:
    """A symbol or label as JSON has it; raises ``TypeError`` for values that a file can't hold as data."""
    if isinstance(value, tuple):
        return {"tuple": [to_config(v, who) for v in value]}
    if isinstance(value, Fraction):
        return {"fraction": [value.numerator, value.denominator]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"{who}: symbols and labels go into a file as data, so they must be numbers, strings, fractions or tuples of them, "
        f"got {describe(value)}."
    )


def from_config(value: Any) -> Any:
    """The symbol or label that ``to_config`` wrote."""
    if isinstance(value, dict) and "tuple" in value:
        return tuple(from_config(v) for v in value["tuple"])
    if isinstance(value, dict) and "fraction" in value:
        return Fraction(*value["fraction"])
    return value


def combinations(of: tuple[Symbols, ...]) -> Iterable[tuple]:
    """All tuples with one symbol of each domain, the last changing fastest."""
    return itertools.product(*of)
