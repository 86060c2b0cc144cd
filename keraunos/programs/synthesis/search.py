"""The search: grow the bank from cheap to dear, and after each level try to reach the wanted outputs from it."""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

from keraunos.programs.synthesis import conditionals
from keraunos.programs.synthesis.bank import Bank, Entry, frozen, values_of
from keraunos.programs.synthesis.dsl import DSL, type_name
from keraunos.programs.synthesis.expression import Input, Literal
from keraunos.programs.synthesis.prior import SCALE, constant_key, costs_from_partial, costs_of
from keraunos.programs.synthesis.witness import SLICED, Cover

CHUNK = 2000  # nodes between two looks at the clock
FIRST_LEVEL = 3  # cost from which on the goal is tried
MAX_LEVEL = 200
PATIENCE = 40  # nodes, times the square of its cost, after which a solution is good enough: dear ones are often wrong
MAX_PATIENCE = 60_000
SMALL_BRANCH = 8  # a conditional costs at least so much more than one of its branches
GROWN = 3  # covers of branches are looked for again when the bank is so many times as large
ALTERNATIVES = 12  # covers looked for at a level


class Search:
    """One search on a few rows; ``advance`` goes on until it is told to stop, and can be called again.

    Args:
        rows: for each row, a list with the readings {type name: value} of each input.
        wanted: outputs of the first rows; further rows only tell programs apart.
        costs: dict of parts of the language to costs that take the place of its own (see ``prior``).
        scaled: whether these are ``SCALE`` times as large as the language's.
        penalty: function of a solution's entry that gives what its price is beyond its cost.
        literal: function of a text that gives its cost as a literal of a join; None: only constants of the language.
    """

    def __init__(
        self,
        dsl: DSL,
        rows,
        wanted,
        goal,
        input_types,
        constants=(),
        costs=None,
        literal=None,
        penalty=None,
        scaled: bool = False,
    ):
        self.dsl, self.rows, self.wanted, self.goal = dsl, rows, list(wanted), goal
        self.literal, self.constants = literal, (*dsl.constants, *constants)
        self.costs, self.scaled = {p.name: p.cost for p in dsl.primitives} | dict(costs or {}), scaled
        self.bank = Bank(len(self.wanted), dsl.keep)
        self.nodes, self.level = 0, 0
        self.solutions: dict[Any, Entry] = {}  # values on all rows -> cheapest entry
        self.prices: dict[Any, float] = {}  # their costs with penalties
        self.penalty = penalty
        self.terms: dict[int, Entry] = {}  # examples that it is right on -> cheapest entry
        self.covered: dict[int, Entry] = {}  # the same for joins
        self._grown = 0
        self.seconds, self.resumed = 0.0, 0.0
        self._forward = [p for p in dsl.primitives if p.role != "if" and p.role not in dsl.backwards]
        slices = [p for r in ("slice",) if r in dsl.backwards for p in dsl.having(r)]
        self._places = {p.arguments[1] for p in slices}  # needed in texts that are sliced, nowhere else
        self.leaves = self._make_leaves(input_types, self.constants)
        self._work: Iterator | None = None
        self.pending = False  # the goal is still to be tried at this level

    def _make_leaves(self, input_types, constants):
        n = len(self.rows)
        leaves = []
        for index, kinds in enumerate(input_types):
            for kind in kinds:
                values = tuple(row[index].get(type_name(kind)) for row in self.rows)
                leaves.append((kind, Entry(values, 1, Input(index, kind), (), None in values)))
        for constant in constants:
            cost = self.costs.get(constant_key(constant), constant.cost)
            leaves.append((constant.type, Entry((constant.value,) * n, cost, Literal(constant))))
        return leaves

    # -- growing ---------------------------------------------------------------------------------------------------

    def _grow(self, cost: int) -> Iterator[int]:
        """Add all entries of a cost; yields now and then the number of nodes."""
        for kind, leaf in self.leaves:
            if leaf.cost == cost:
                self.take(kind, leaf)
        for p in self._forward:
            budget = cost - self.costs[p.name]
            for parts in _partitions(budget, len(p.arguments)):
                if p.result in self._places and parts[0] > SLICED:
                    continue
                pools = [self.bank.levels.get((kind, c), ()) for kind, c in zip(p.arguments, parts)]
                if all(pools):
                    yield from self._apply(p, pools, cost)

    def _apply(self, p, pools, cost):
        fn, kind, count = p.fn, p.result, 0
        for arguments in itertools.product(*pools):
            count += 1
            if count == CHUNK:
                self.nodes += count
                count = 0
                yield self.nodes
            partial = False
            for a in arguments:
                partial = partial or a.partial
            values = values_of(fn, [a.values for a in arguments], partial)
            self.take(kind, Entry(values, cost, p, arguments, None in values))
        self.nodes += count

    def take(self, kind, entry: Entry):
        """Keep an entry if it is new, and look whether it solves something."""
        if self.bank.add(kind, entry):
            self._look_at(kind, entry)

    def _look_at(self, kind, entry):
        """Note an entry of the goal's type that is right on some examples."""
        if kind != self.goal:
            return
        mask = conditionals.mask_of(entry, self.wanted)
        if mask and mask not in self.terms:
            self.terms[mask] = entry
        if mask == self._full:
            self._solved(entry)

    @property
    def _full(self):
        return (1 << len(self.wanted)) - 1

    def _solved(self, entry: Entry):
        key = frozen(entry.values)
        if key not in self.solutions or entry.cost < self.solutions[key].cost:
            self.solutions[key] = entry
            penalty = self.penalty(entry) if self.penalty else 0.0
            self.prices[key] = entry.cost + penalty * (SCALE if self.scaled else 1)

    def fill(self, nodes: int, levels: int):
        """Grow the bank alone, to the level that passes so many nodes."""
        for level in range(1, levels + 1):
            for _ in self._grow(level):
                pass
            if self.nodes > nodes:
                break

    # -- reaching the goal ---------------------------------------------------------------------------------------------

    def _reach(self, stop):
        """Try covers and conditionals with what the bank has."""
        covers = [Cover(self.bank, self.dsl, p, self.wanted, len(self.rows), self.literal, stop) for p in self._joins()]
        members = range(len(self.wanted))
        for cover in covers:
            for entry in cover.solve(members, ALTERNATIVES):
                self._solved(entry)
        self._branch(covers)

    def _joins(self):
        return self.dsl.having("join", self.goal) if isinstance(self.wanted[0], str) else []

    def _branch(self, covers):
        n = len(self.wanted)
        if n < 2:
            return
        for branch in self.dsl.having("if", self.goal):
            conditions = conditionals.tests(self.bank, branch.arguments[0], n)
            if not conditions:
                continue
            terms = dict(self.terms)
            best = self.best_cost
            if best > SMALL_BRANCH and len(self.bank) >= GROWN * self._grown:
                self._grown = len(self.bank)
                for cover in covers:
                    found = conditionals.grown_terms(cover, self.wanted, min(best - SMALL_BRANCH, 60))
                    self.covered |= {
                        m: e for m, e in found.items() if m not in self.covered or e.cost < self.covered[m].cost
                    }
            for mask, entry in self.covered.items():
                if mask not in terms or entry.cost < terms[mask].cost:
                    terms[mask] = entry
            found = conditionals.cheapest_tree(terms, conditions, branch, n)
            if found is not None and conditionals.mask_of(found, self.wanted) == self._full:
                self._solved(found)

    def learnt_costs(self, prior: dict[str, int]) -> dict[str, int] | None:
        """Costs for another search, from the programs that are right on some examples; None where there are none.

        The prior's take the place of the language's.
        """
        n = len(self.wanted)
        partial = [(m.bit_count() / n, e.expression()) for m, e in {**self.terms, **self.covered}.items()]
        partial = [(fit, e) for fit, e in partial if not isinstance(e, Literal)]
        return costs_from_partial(costs_of(self.dsl, self.constants) | prior, partial) if partial else None

    @property
    def _is_impatient(self) -> bool:
        return self.nodes > min(MAX_PATIENCE, PATIENCE * self.best_cost**2)

    @property
    def best_cost(self) -> float:
        """Price of the best solution; a million where there is none."""
        return min(self.prices.values(), default=10**6)

    # -- the loop --------------------------------------------------------------------------------------------------

    def advance(self, stop: Callable[[], bool], on_level=None):
        """Go on until ``stop()``, asked every few thousand nodes, or until the search is done, which the result says.

        It is done when the bank has all that is cheaper than the best solution, or when there is a solution and patience is
        at an end.
        """
        self.resumed = time.perf_counter()
        try:
            while self.level < MAX_LEVEL:
                if not self.pending:
                    if not self._grown_to(self.level + 1, stop):
                        return False
                    self.level += 1
                    self.pending = self.level >= FIRST_LEVEL
                if self.pending:
                    self._reach(stop)
                    if stop():  # it may have left covers out: another call does it again
                        return False
                    self.pending = False
                if on_level is not None:
                    on_level(self)
                if self.solutions and (self._is_impatient or self.level + 1 >= self.best_cost):
                    return True
                if stop():
                    return False
            return True
        finally:
            self.seconds += time.perf_counter() - self.resumed

    def _grown_to(self, cost: int, stop) -> bool:
        """Whether the bank has all of a cost, or as much as patience asks for; False when it was stopped before."""
        if self._work is None:
            self._work = self._grow(cost)
        try:
            for _ in self._work:
                if self.solutions and self._is_impatient:
                    break
                if stop():
                    return False
        except KeyboardInterrupt:
            self._work = None  # it cannot go on where it was: the next call grows this cost again
            raise
        self._work = None
        return True


def _partitions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Ways to write a number as a sum of so many positive ones, in order."""
    if parts == 0:
        if total == 0:
            yield ()
    elif parts == 1:
        if total >= 1:
            yield (total,)
    else:
        for first in range(1, total - parts + 2):
            for rest in _partitions(total - first, parts - 1):
                yield (first, *rest)
