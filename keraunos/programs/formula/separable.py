"""Functions that fall into parts: f(x, y) = g(x) + h(y), or log |f| = g(x) + h(y). Each part is searched alone."""

import numpy as np

from keraunos.programs.formula import smooth
from keraunos.programs.formula.budget import Budget
from keraunos.programs.formula.expression import add, const, is_const, mul, substitute, variables
from keraunos.programs.formula.front import Front, Problem

COUPLED = 0.02  # share of the mixed second difference above which two variables belong together
ROWS = 300
PART_ROUNDS = 0.15  # of the budget that is left, for each part


def blocks(x, function):
    """Groups of columns of x between which ``function``, (rows, columns) -> (rows,), has no mixed second difference.

    Δ_i Δ_j f compares four points: this one, another's i, another's j, another's i and j.
    """
    rows, columns = x.shape
    other = np.roll(x, rows // 2 + 1, axis=0)
    base = function(x)
    moved = [function(_with(x, other, [i])) for i in range(columns)]
    coupled = np.eye(columns, dtype=bool)
    for i in range(columns):
        for j in range(i):
            mixed = function(_with(x, other, [i, j])) - moved[i] - moved[j] + base
            size = np.mean((moved[i] - base) ** 2) + np.mean((moved[j] - base) ** 2)
            coupled[i, j] = coupled[j, i] = np.mean(mixed**2) > COUPLED**2 * size
    groups = []
    left = set(range(columns))
    while left:
        group = {left.pop()}
        while True:
            more = {j for i in group for j in np.flatnonzero(coupled[i])} & left
            if not more:
                break
            group |= more
            left -= more
        groups.append(sorted(int(i) for i in group))
    return sorted(groups)


def _with(x, other, columns):
    x = x.copy()
    x[:, columns] = other[:, columns]
    return x


def parts(search, name, problem):
    """If the problem falls into parts, search each of them and offer their sum and their product; yields steps."""
    for kind in ("sum", "product"):
        done = f"{name}/{kind}"
        usable = kind == "sum" or problem.y.min() > 0 or problem.y.max() < 0
        if done in search.finished or not usable or search.budget.is_over():
            continue
        y, scale = (
            (problem.y, problem.scale)
            if kind == "sum"
            else (np.log(np.abs(problem.y)), problem.scale / np.abs(problem.y))
        )
        function = smooth.predictor(problem.x, y, scale, int(search.rng(done).integers(2**31)))
        groups = blocks(problem.x[:ROWS], function)
        if len(groups) > 1:
            yield from _search_parts(search, problem, kind, function, groups, done)
        if not search.budget.is_over():
            search.finished.append(done)
            search.mark()


def _search_parts(search, problem, kind, function, groups, name):
    """Search g(x_A) in f(x_A, at the median of the rest) for each group A, and put the best of them together."""
    middle = np.median(problem.x, axis=0)
    found = []
    for number, group in enumerate(groups):
        x = np.broadcast_to(middle, problem.x.shape).copy()
        x[:, group] = problem.x[:, group]
        values = function(x)
        y = values if kind == "sum" else np.exp(values)
        scale = problem.scale if kind == "sum" else problem.scale / np.abs(problem.y) * y
        columns = tuple((i,) for i in range(len(group)))
        part = Problem(problem.x[:, group], y, scale, columns, (-1,))
        budget = _share_of(search.budget)
        front = Front(part.x, part.y, 1.0 / part.scale, search.operators, search.front.max_complexity // 2, budget)
        rows = np.sort(search.rng(f"{name}{number}").permutation(len(y))[:160])
        for step in search.scan(part, rows, front):
            yield step._replace(done=search.budget.is_over())
        search.budget.count(budget.evaluations)
        found.append(substitute(front.chosen().tokens, [(i,) for i in group]))
    found = [tokens for tokens in found if variables(tokens)]
    if found:
        search.front.offer(problem.lifted(_together(found, kind)))


def _together(found, kind):
    """The parts' sum with a free coefficient each and an offset, or their product with one coefficient."""
    if kind == "product":
        total = const(1.0001)
        for tokens in found:
            total = mul(total, tokens) if is_const(total) else (*total, *tokens, "mul")
        return total
    total = found[0]
    for tokens in found[1:]:
        total = add(total, tokens)
    return add(total, const(1e-3))


def _share_of(budget):
    seconds = None if budget.seconds is None else PART_ROUNDS * max(budget.seconds - budget.elapsed(), 0.0)
    evaluations = None if budget.limit is None else int(PART_ROUNDS * max(budget.limit - budget.evaluations, 0))
    return Budget(seconds, evaluations, clock=budget.clock)
