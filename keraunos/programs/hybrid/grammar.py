"""A small typed grammar of rules of two symbols, and all its rules up to a size, each in its shortest form."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

WHOLE, TRUTH, DIVISOR = "whole number", "truth", "divisor"  # the types; a divisor is a constant above 1


class Operator(NamedTuple):
    """How expressions are joined: the text, the types of the parts and of the whole, the function on NumPy arrays."""

    text: str
    parts: tuple[str, str]
    whole: str
    fn: Callable
    symmetric: bool = False


class Expression(NamedTuple):
    """A rule: its text in the names of its two arguments, its size (the number of its leaves and operators), its function."""

    text: str
    size: int
    fn: Callable  # of two whole numbers, or of arrays of them

    def __call__(self, *symbols):
        """The result for a sequence: the rule applied from left to right, ``f(f(a, b), c)``."""
        result = symbols[0]
        for symbol in symbols[1:]:
            result = self.fn(result + 0, symbol)  # + 0: truth values count as 0 and 1
        return result


OPERATORS = (
    Operator("({} + {})", (WHOLE, WHOLE), WHOLE, np.add, True),
    Operator("({} - {})", (WHOLE, WHOLE), WHOLE, np.subtract),
    Operator("({} * {})", (WHOLE, WHOLE), WHOLE, np.multiply, True),
    Operator("max({}, {})", (WHOLE, WHOLE), WHOLE, np.maximum, True),
    Operator("min({}, {})", (WHOLE, WHOLE), WHOLE, np.minimum, True),
    Operator("abs({} - {})", (WHOLE, WHOLE), WHOLE, lambda a, b: abs(a - b), True),
    Operator("({} % {})", (WHOLE, DIVISOR), WHOLE, np.mod),
    Operator("({} // {})", (WHOLE, DIVISOR), WHOLE, np.floor_divide),
    Operator("({} < {})", (WHOLE, WHOLE), TRUTH, np.less),
    Operator("({} == {})", (WHOLE, WHOLE), TRUTH, np.equal, True),
)
CONSTANTS = (1, 2, 3, 5, 9, 10)
LARGEST = 10_000  # rules with larger values are left out


def rules(
    domain: Any,
    max_size: int = 5,
    operators: tuple[Operator, ...] = OPERATORS,
    constants: tuple[int, ...] = CONSTANTS,
    names: tuple[str, str] = ("a", "b"),
) -> list[Expression]:
    """The expressions of the grammar of up to ``max_size`` leaves and operators, shortest first; of equal ones the first.

    Two are equal when they have the same values on all pairs of symbols, and on what the first argument may come to be when
    a rule is applied along a list.

    >>> from keraunos.programs.hybrid import grammar
    >>> [rule.text for rule in grammar.rules(range(3), max_size=3, constants=())][:4]
    ['a', 'b', '(a + a)', '(a + b)']
    """
    first = np.concatenate([np.asarray(domain), [-17, -5, 11, 26, 47, 131]])
    a, b = (v.ravel() for v in np.meshgrid(first, np.asarray(domain), indexing="ij"))
    bank: dict[tuple[int, str], list] = {}  # (size, type) -> [(expression, values)]
    seen: set[tuple] = set()

    def add(text, size, kind, fn):
        values = np.broadcast_to(np.asarray(fn(a, b)), a.shape)
        key = (kind, values.tobytes())
        if key not in seen and np.abs(values.astype(np.int64)).max() <= LARGEST:
            seen.add(key)
            bank.setdefault((size, kind), []).append(Expression(text, size, fn))

    add(names[0], 1, WHOLE, lambda a, b: a)
    add(names[1], 1, WHOLE, lambda a, b: b)
    for c in constants:
        add(str(c), 1, WHOLE, lambda a, b, c=c: np.full_like(a, c))
        if c > 1:
            add(str(c), 1, DIVISOR, lambda a, b, c=c: np.full_like(a, c))
    for size in range(2, max_size + 1):
        for op, left in itertools.product(operators, range(1, size - 1)):
            right = size - 1 - left
            if op.symmetric and left > right:
                continue
            for x, y in itertools.product(bank.get((left, op.parts[0]), []), bank.get((right, op.parts[1]), [])):
                joined = lambda a, b, fn=op.fn, x=x.fn, y=y.fn: fn(x(a, b), y(a, b))
                add(op.text.format(x.text, y.text), size, op.whole, joined)
    found = [(size, e) for (size, kind), es in bank.items() if kind != DIVISOR for e in es]
    return [e for _, e in sorted(found, key=lambda pair: pair[0])]
