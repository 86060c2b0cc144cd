"""The bank: every distinct thing that the language can say about the rows so far, cheapest expression first.

Two expressions with the same values on all rows are one entry (observational equivalence).
"""

from collections import defaultdict
from typing import Any, NamedTuple

from keraunos.programs.synthesis.dsl import UNDEFINED, Primitive
from keraunos.programs.synthesis.expression import Apply, Expression


class Entry(NamedTuple):
    """An expression by what it computes: its value on each row (None: undefined), its cost, and how it is made."""

    values: tuple
    cost: int
    head: Any  # a Primitive, or an Expression for a leaf
    arguments: tuple = ()
    partial: bool = False  # undefined on some row
    charge: int = 0  # what the cost has beyond that of its parts

    def expression(self) -> Expression:
        """The tree."""
        if isinstance(self.head, Primitive):
            return Apply(self.head, tuple(a.expression() for a in self.arguments))
        return self.head

    @property
    def plain_cost(self) -> int:
        """The cost in the language's own costs, where the search had others, and charges."""
        return self.head.cost + self.charge + sum(a.plain_cost for a in self.arguments)


def values_of(fn, columns: list, partial: bool) -> tuple:
    """A primitive on all rows; None where it is undefined."""
    if not partial:
        try:
            return tuple(map(fn, *columns))
        except UNDEFINED:
            pass
    values = []
    for row in zip(*columns):
        value = None
        if None not in row:
            try:
                value = fn(*row)
            except UNDEFINED:
                pass
        values.append(value)
    return tuple(values)


def frozen(values):
    """A hashable stand-in for values that may hold lists, sets or dicts."""
    if isinstance(values, (list, tuple)):
        return tuple(map(frozen, values))
    if isinstance(values, (set, dict)):
        return frozenset(map(frozen, values.items() if isinstance(values, dict) else values))
    return values


class Bank:
    """Entries by type and cost."""

    def __init__(self, labelled: int, keep):
        self.labelled = labelled  # the first so many rows have a wanted output
        self.keep = keep
        self.known = defaultdict(dict)  # type -> values -> Entry
        self.levels = defaultdict(list)  # (type, cost) -> [Entry]

    def add(self, kind, entry: Entry) -> bool:
        """Keep an entry unless its values are known, too large (a leaf never is), or undefined on every wanted row."""
        known, key = self.known[kind], entry.values
        try:
            if key in known:
                return False
        except TypeError:  # unhashable
            key = frozen(entry.values)
            if key in known:
                return False
        if entry.partial and all(v is None for v in entry.values[: self.labelled]):
            return False
        keep = self.keep
        for value in entry.values if isinstance(entry.head, Primitive) else ():
            if value is not None and not keep(value):
                return False
        known[key] = entry
        self.levels[kind, entry.cost].append(entry)
        return True

    def entries(self, kind) -> list[Entry]:
        """All of a type, in the order in which they came: from cheap to dear."""
        return list(self.known[kind].values())

    def __len__(self):
        return sum(map(len, self.known.values()))
