"""Reasoning shortcuts: other readings of the symbols under which a program still gives every label right.

A reading is a map α of the symbols to symbols with fn(α(s₁), …, α(sₙ)) = fn(s₁, …, sₙ) for all s. Labels alone can't tell a
classifier that sees α(s) from one that sees s. Source: Marconato et al., 2023, https://arxiv.org/abs/2305.19951.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from keraunos.programs.hybrid.enumeration import Enumeration
from keraunos.programs.hybrid.fold import Automaton

# Whether reading the symbols ``true`` as the symbols ``read`` (equally long lists of indices) keeps the labels of all
# combinations of these symbols.
Agrees = Callable[[list[int], list[int]], bool]


class Shortcuts(NamedTuple):
    """What labels can't tell apart, as dicts from the true symbol to the one that is read.

    ``permutations`` counts the one-to-one readings that leave all labels unchanged, the identity included; ``swaps`` generates
    them all; ``merge`` is a reading that takes two symbols for one, or None where there is none.
    """

    permutations: int
    swaps: list[dict]
    merge: dict | None

    @property
    def identifiable(self) -> bool:
        """Whether the labels leave one reading of the symbols only."""
        return self.permutations == 1 and self.merge is None

    def __str__(self) -> str:
        if self.identifiable:
            return "The labels leave one reading of the symbols only: no shortcuts."
        lines = [f"{self.permutations:,} one-to-one readings of the symbols give the same labels."]
        lines += [f"  a swap: {_changes(swap)}" for swap in self.swaps]
        if self.merge is not None:
            lines.append(f"  a merge: {_changes(self.merge)}")
        return "\n".join(lines)


def _changes(reading: dict) -> str:
    return ", ".join(f"{a!r} read as {b!r}" for a, b in reading.items() if a != b)


def shortcuts(table: Enumeration | Automaton) -> Shortcuts:
    """The readings of a program's symbols that its labels don't tell apart.

    One classifier is taken to serve all arguments, so these must have one domain. Raises ``ValueError`` where they don't.
    """
    if isinstance(table, Enumeration):
        if len(set(table.domains)) > 1:
            raise ValueError(f"shortcuts: all arguments must have one domain, got {table.domains}.")
        domain, agrees = table.domains[0], agrees_on_combinations(table.outcome, table.outcome)
    else:
        domain, agrees = table.domain, _agrees_on_paths(table)
    size = len(domain)
    count, swaps = _permutations(size, agrees)
    merge = next(_merges(size, agrees), None)
    named = lambda reading: {domain[i]: domain[j] for i, j in enumerate(reading)}
    return Shortcuts(count, [named(s) for s in swaps], None if merge is None else named(merge))


def same_up_to_names(outcome: np.ndarray, other: np.ndarray) -> list[int] | None:
    """A permutation of the symbols that turns one table of labels into another, or None."""
    return next(_readings([], [], len(outcome), agrees_on_combinations(outcome, other), one_to_one=True), None)


def _permutations(size: int, agrees: Agrees) -> tuple[int, list[list[int]]]:
    """(order, generators) of the group: the product of the orbits along a chain of stabilisers."""
    count, generators = 1, []
    for i in range(size):
        fixed, orbit = list(range(i)), 1
        for j in range(i + 1, size):
            found = next(_readings([*fixed, i], [*fixed, j], size, agrees, one_to_one=True), None)
            if found is not None:
                orbit += 1
                generators.append(found)
        count *= orbit
    return count, generators


def _merges(size: int, agrees: Agrees) -> Iterator[list[int]]:
    """Readings that take some two symbols for one."""
    for i, j in itertools.combinations(range(size), 2):
        for k in range(size):
            yield from _readings([i, j], [k, k], size, agrees, one_to_one=False)


def _readings(true: list[int], read: list[int], size: int, agrees: Agrees, one_to_one: bool) -> Iterator[list[int]]:
    """All readings of all symbols that begin with reading ``true`` as ``read``; what disagrees is left at once."""
    order = [*true, *(i for i in range(size) if i not in true)]
    pending = [read] if agrees(true, read) else []
    while pending:
        read = pending.pop()
        if len(read) == size:
            yield [j for _, j in sorted(zip(order, read))]
            continue
        known = order[: len(read) + 1]
        free = [j for j in reversed(range(size)) if not one_to_one or j not in read]
        pending += [[*read, j] for j in free if agrees(known, [*read, j])]


def agrees_on_combinations(outcome: np.ndarray, other: np.ndarray) -> Agrees:
    """For functions: readings under which the table ``other`` has the labels that ``outcome`` has."""
    arity = outcome.ndim

    def agrees(true, read):
        return np.array_equal(outcome[np.ix_(*[true] * arity)], other[np.ix_(*[read] * arity)])

    return agrees


def _agrees_on_paths(table: Automaton) -> Agrees:
    """For folds: walk the automaton twice at once, with the symbols as they are and as they are read."""
    impossible = np.full((1, len(table.domain)), -1, np.int32)  # row -1: it stays so
    moves = np.vstack([table.table(), impossible])
    outcome = np.append(table.outcome, len(table.labels))

    def agrees(true, read):
        pairs, seen, depth = {(0, 0)}, {(0, 0)}, 0
        while pairs:
            a, b = np.array(sorted(pairs)).T
            ends = table.lengths is None or depth in table.lengths
            if ends and not np.array_equal(outcome[a], outcome[b]):
                return False
            if table.lengths is not None and depth == table.lengths[-1]:
                return True
            after = set(zip(moves[a][:, true].ravel().tolist(), moves[b][:, read].ravel().tolist()))
            pairs = after - seen if table.lengths is None else after
            seen, depth = seen | after, depth + 1
        return True

    return agrees
