"""Conditionals: programs that are right on some examples each, put together by the cheapest decision tree."""

from functools import cache

from keraunos.programs.synthesis.bank import Bank, Entry
from keraunos.programs.synthesis.dsl import Primitive

MAX_TESTS = 60
MAX_DEPTH = 3
POPS = 200  # states of a cover looked at for a branch
LONE = 3  # extra cost of a branch that one example alone asks for


def mask_of(entry: Entry, wanted) -> int:
    """Bit i: the entry is right on example i."""
    return sum(1 << i for i, (v, w) in enumerate(zip(entry.values, wanted)) if v is not None and v == w)


def tests(bank: Bank, kind, n: int) -> list[tuple[int, Entry]]:
    """Conditions by the examples on which they hold, cheapest first; those that hold on none or all are left out."""
    found, full = {}, (1 << n) - 1
    for entry in bank.entries(kind):
        if None in entry.values[:n]:
            continue
        mask = sum(1 << i for i, v in enumerate(entry.values[:n]) if v)
        if 0 < mask < full and mask not in found:
            found[mask] = entry
    return sorted(found.items(), key=lambda item: item[1].cost)


def grown_terms(cover, wanted, bound: float) -> dict[int, Entry]:
    """Programs for sets of examples, each grown from one example as far as one cover goes."""
    terms, n = {}, len(wanted)
    known: dict[int, Entry | None] = {}

    def term(members: int) -> Entry | None:
        """The cheapest cover of a set of examples; None where there is none, as for every set that has it as a part."""
        if members not in known:
            hopeless = any(found is None and part & members == part for part, found in known.items())
            chosen = [i for i in range(n) if members >> i & 1]
            known[members] = None if hopeless else next(iter(cover.solve(chosen, max_cost=bound, pops=POPS)), None)
        return known[members]

    for seed in range(n):
        members = 1 << seed
        for other in sorted(range(n), key=lambda i: (abs(len(wanted[i]) - len(wanted[seed])), i)):
            if other != seed and term(members | 1 << other) is not None:
                members |= 1 << other
        best = term(members)
        if best is not None:
            mask = mask_of(best, wanted)
            if mask not in terms or best.cost < terms[mask].cost:
                terms[mask] = best
    return terms


def cheapest_tree(terms: dict[int, Entry], conditions, branch: Primitive, n: int) -> Entry | None:
    """The decision tree over the conditions with terms as leaves that is right on all n examples, or None."""
    ordered = sorted(terms.items(), key=lambda item: item[1].cost)

    def leaf(members: int):
        """The cheapest term for these examples; one that a single example asks for is dearer, for it proves little."""
        found = next((t for mask, t in ordered if mask & members == members), None)
        if found is not None and members & (members - 1) == 0:
            return found._replace(cost=found.cost + LONE, charge=LONE)
        return found

    @cache
    def tree(members: int, depth: int):
        best = leaf(members)
        if depth == 0:
            return best
        tried = 0
        for mask, condition in conditions:
            yes, no = members & mask, members & ~mask
            if not yes or not no:
                continue
            if best is not None and condition.cost + branch.cost + 2 >= best.cost:
                break
            tried += 1
            if tried > MAX_TESTS:
                break
            then = tree(yes, depth - 1)
            otherwise = then and tree(no, depth - 1)
            if otherwise is None:
                continue
            cost = branch.cost + condition.cost + then.cost + otherwise.cost
            if best is None or cost < best.cost:
                best = _chosen(branch, condition, then, otherwise, cost)
        return best

    full = (1 << n) - 1
    for depth in range(1, MAX_DEPTH + 1):
        found = tree(full, depth)
        if found is not None:
            return found
    return None


def _chosen(branch, condition, then, otherwise, cost) -> Entry:
    rows = zip(condition.values, then.values, otherwise.values)
    values = tuple(None if c is None else (t if c else o) for c, t, o in rows)
    return Entry(values, cost, branch, (condition, then, otherwise), None in values)
