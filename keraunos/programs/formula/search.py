"""The portfolio: reductions, structured scans of a growing bank, genetic programming, all feeding one front."""

from typing import NamedTuple

import numpy as np

from keraunos.programs.formula import checkpoint, choice, material, pairs, separable, targets
from keraunos.programs.formula.bank import Bank
from keraunos.programs.formula.constants import refine
from keraunos.programs.formula.expression import fold
from keraunos.programs.formula.front import Problem
from keraunos.programs.formula.genetic import Genetic
from keraunos.programs.formula.reduction import reduce_all
from keraunos.programs.formula.structured import ProductScan, SumScan

SCAN_ROWS = 160
POLISHED = 24  # formulas of one scan that are looked at closely
OFFERED = 12  # formulas of one scan whose constants are refined
CAPACITIES = (2000, 8000, 20000)  # of the banks, one round after the other
MONOMIALS = (60, 150, 300)
SCALED = (40, 60, 100)  # monomials, and as many expressions of the bank, that are tried with a constant inside
FACTORS = (40, 100, 160)  # expressions on either side of products
WITH_UNITS = 5  # so many times as many monomials are made where units leave few that functions can take
SEEDS = 3000  # expressions of the bank that genetic programming draws on
EXPLAINED = 0.05  # a search stops early only where less than this share of the variance is left
EXACT = 1e-12


class Step(NamedTuple):
    """What a search has just done, for those who watch it."""

    stage: str
    done: bool


class Search:
    """One search of one front.

    Args:
        front: ``Front``; what is found is offered to it.
        operators: names.
        seed: of all that is drawn.
        budget: ``Budget``.
        island: 0 goes through everything in order; others begin with genetic programming, each with draws of its own.
        state: what ``state`` gave of an earlier part of the same search, or None.
    """

    def __init__(self, front, operators, seed, budget, island=0, state=None):
        self.front, self.operators, self.budget, self.island = front, operators, budget, island
        self.seed = np.random.SeedSequence([seed, island])
        self.finished, self.problems, self._population = [], None, None
        columns = tuple((i,) for i in range(front.x.shape[1]))
        self.whole = Problem(front.x, front.y, 1.0 / front.weights, columns, (-1,))
        few = front.x[: min(len(front.x), 400)]
        self.is_white = choice.Whiteness(Bank(few, operators, 600).grow(4), front.x)
        if state is not None:
            self._restore(state)
        self.mark()

    def mark(self, population=None):
        """Remember where the search stands; ``population`` is (turn, ``Genetic``)."""
        kept = None if population is None else (population[0], checkpoint.of_genetic(population[1]))
        front = checkpoint.of_front(self.front)
        self._marked = list(self.finished), self.problems, front, self.budget.evaluations, kept

    def state(self):
        """The last mark as plain values."""
        finished, problems, front, evaluations, kept = self._marked
        return {
            "finished": finished,
            "problems": None if problems is None else [checkpoint.of_problem(*p) for p in problems[1:]],
            "front": front,
            "evaluations": evaluations,
            "population": None if kept is None else [kept[0], checkpoint.plain_genetic(kept[1])],
        }

    def _restore(self, state):
        self.finished = list(state["finished"])
        if state["problems"] is not None:
            self.problems = [("whole", self.whole), *map(checkpoint.problem_from, state["problems"])]
        checkpoint.into_front(state["front"], self.front)
        self.budget.evaluations = state["evaluations"]
        self._population = state["population"]

    def is_over(self, convinced=True):
        """Whether to stop: the budget is spent, or the shortest description leaves nothing but noise.

        With ``convinced`` it must also have one fitted constant at most: with several, a formula can come close to a truer one that is
        found later.
        """
        if self.budget.is_over():
            return True
        best = self.front.chosen()
        share = best.loss / self.front.variance
        if convinced and choice.free_constants(best.tokens) > 1:
            return False
        return bool(share < EXACT or share < EXPLAINED and self.is_white(self.front.residuals(best.tokens)))

    def steps(self):
        """Search; yields a ``Step`` now and then, and ends when it is over."""
        if self.island == 0:
            yield from self._scans(self.whole, 0, "whole")
        if self.is_over():
            return
        if self.problems is None:
            yield from self._reductions()
        if self.budget.is_over():
            return
        problems = self.problems
        if self.island == 0:
            for level in range(len(CAPACITIES)):
                for name, problem in problems[::-1]:
                    yield from self._scans(problem, level, name)
                    if self.is_over():
                        return
                if level == 0:
                    yield from separable.parts(self, *problems[-1])
                if self.is_over(convinced=False):
                    return
        yield from self._genetic(problems)

    def _reductions(self):
        """Find the smaller problems."""
        problems = []
        draw = int(self.rng("reduce").integers(2**31))
        for problem, _ in reduce_all(self.whole, self.operators, draw, self.budget.is_over):
            problems.append((f"reduced{len(problems)}" if problems else "whole", problem))
            yield Step(f"reduced to {problem.x.shape[1]} variables", self.budget.is_over())
        if not self.budget.is_over():
            self.problems = problems
            self.mark()

    def rng(self, name):
        """A generator of its own for every part of the search, whatever was drawn before."""
        return np.random.default_rng([*self.seed.entropy, *name.encode()])

    def _scans(self, problem, level, name):
        """One round of scans of a problem, through every view of its target."""
        name = f"{name}/{level}"
        if name in self.finished:
            return
        rows = np.sort(self.rng(name).permutation(len(problem.y))[:SCAN_ROWS])
        yield from scan_all(problem, rows, self.operators, level, self.front, self.is_over)
        if not self.is_over():
            self.finished.append(name)
            self.mark()

    def scan(self, problem, rows, front):
        """The first round of scans of a problem that is part of this one, for a front of its own."""
        yield from scan_all(problem, rows, self.operators, 0, front, front.budget.is_over)

    def _genetic(self, problems):
        """Populations, one after the other, for the smallest problem and the whole one in turns."""
        options = [problems[-1], problems[0]] if len(problems) > 1 else problems
        first, kept = self._population or (0, None)
        for turn in range(first, 10**9):
            name, problem = options[(turn + self.island) % len(options)]
            rng = self.rng(f"genetic{turn}{name}")
            units = dimensions(problem, self.front)
            is_sound = None if units is None else units.is_sound
            bank = Bank(problem.x[rng.permutation(len(problem.y))[:SCAN_ROWS]], self.operators, SEEDS, is_sound).grow(6)
            known = [e.tokens for e in self.front.sorted()] if problem is self.whole else []
            population = Genetic(problem, bank, self.operators, rng, known, offset=units is None or not units.wanted)
            if kept is not None:
                checkpoint.into_genetic(kept, population)
                kept = None
            while not population.is_stuck():
                self.mark((turn, population))
                before = population.evaluations
                for tokens in population.generation()[:4]:
                    self.front.offer(problem.lifted(tokens), iterations=8)
                self.budget.count(population.evaluations - before)
                over = self.is_over()
                yield Step("genetic programming", over)
                if over:
                    return


def scan_all(problem, rows, operators, level, front, is_over):
    """Singles, pairs and triples of features through every view of the target; the formulas that come out are offered to the front."""
    budget = front.budget
    units = dimensions(problem, front)
    common, scaled = _material(problem.x[rows], operators, level, budget, units)
    scans = [(lambda m: ProductScan(problem, m, rows), common, scaled)]
    for view in targets.views(problem.y, operators):
        make = lambda m, v=view: SumScan(problem, m, rows, v)
        scans.append((make, *_summands(common, scaled, view, units)))
    for make, common, scaled in scans:
        everything = material.joined(common, scaled)
        if not len(everything.tokens):
            continue
        scan = make(everything)
        features, target = scan.features, scan.unit_target
        order, _ = pairs.best_singles(features, target, None)
        budget.count(features.unit.size)
        _offer_best(front, scan, [(k,) for k in order[:40]], rows)
        fine = material.zoomed(scaled, scan.expressions(order, len(common.tokens)))
        if len(fine.tokens):
            close = make(fine)
            best, _ = pairs.best_singles(close.features, close.unit_target, 200)
            _offer_best(front, close, [(k,) for k in best], rows)
        yield Step("single features", is_over())
        if is_over():
            return
        features.narrow(np.union1d(scan.pairable(len(common.tokens)), order[:300]))
        picked, _ = pairs.best_pairs(features, target, 100, budget.is_over)
        budget.count(len(features.unit) ** 2)
        _offer_best(front, scan, picked, rows)
        yield Step("pairs of features", is_over())
        if is_over():
            return
        if len(picked):
            thirds, _ = pairs.best_thirds(features, target, picked[:60], 60)
            budget.count(60 * features.unit.size)
            _offer_best(front, scan, thirds, rows)
        yield Step("triples of features", is_over())
        if is_over():
            return


def dimensions(problem, front):
    """``units.Dimensions`` of a problem, or None where there are no units."""
    return None if front.accepts is None else front.accepts.over(problem)


def _summands(common, scaled, view, units):
    """What has the unit of y, seen so; everything where there are no units."""
    if units is None:
        return common, scaled
    unit = targets.unit_seen(view, units.wanted)
    kept, kept_scaled = ([], []) if unit is None else (units.having(common, unit), units.having(scaled, unit))
    return material.taken(common, kept), material.taken_scaled(scaled, kept_scaled)


def _material(x, operators, level, budget, units):
    """(what is paired with everything, what only where it is good alone), on the rows x; what is wrong in its units is left out."""
    bank = Bank(x, operators, CAPACITIES[level], None if units is None else units.is_sound).grow(9)
    powers = material.monomials(x, operators, MONOMIALS[level] * (1 if units is None else WITH_UNITS))
    numbers = powers if units is None else material.taken(powers, units.having(powers, {}))
    powers = material.taken(powers, range(min(MONOMIALS[level], len(powers.tokens))))
    plain = np.flatnonzero(~bank.curved & (bank.sizes > 1))
    if units is not None:
        plain = np.intersect1d(plain, units.having(bank, {}))
    plain = material.taken(bank, plain[: SCALED[level]])
    first = material.taken(numbers, range(min(SCALED[level], len(numbers.tokens))))
    scaled = material.with_scales(material.joined(first, plain), operators)
    smooth = material.taken(bank, np.flatnonzero(~bank.curved)[: FACTORS[level]])
    curved = material.taken(bank, np.flatnonzero(bank.curved)[: FACTORS[level]])
    products = material.products(material.joined(smooth, powers), curved)
    common = material.joined(bank, powers, material.with_one(numbers), products)
    budget.count(bank.evaluations + common.values.size + scaled.values.size)
    return common, scaled


def _offer_best(front, scan, picks, rows):
    """Work out the picked formulas on all rows and offer those that promise the shortest descriptions, each structure twice at most.

    The promise is judged after a few steps of refinement on the rows of the scan.
    """
    x, y, weights = front.x[rows], front.y[rows], front.weights[rows]
    count = len(front.y)
    found = [formula for pick in picks for formula in scan.formula(pick)]
    front.budget.count(sum(len(tokens) for tokens, _ in found) * count)
    found.sort(key=lambda f: choice.rough_length(*f, count))
    hopeless = 30 * front.best_loss() / front.variance
    found = [f for k, f in enumerate(found) if k < 3 or f[1] < hopeless]
    polished = []
    for tokens, _ in _few_of_each(found, POLISHED):
        if front.budget.is_over():
            return
        tokens, total = refine(fold(tokens), x, y, weights, 5)
        front.budget.count(10 * len(tokens) * len(rows))
        polished.append((tokens, total / len(rows) / front.variance))
    polished.sort(key=lambda f: choice.rough_length(*f, count))
    for tokens, _ in polished[:OFFERED]:
        if front.budget.is_over():
            return
        front.offer(tokens)


def _few_of_each(found, most):
    """The first formulas, no more than two of a structure."""
    seen: dict[tuple, int] = {}
    kept = []
    for tokens, share in found:
        structure = tuple("c" if type(t) is float else t for t in tokens)
        seen[structure] = seen.get(structure, 0) + 1
        if seen[structure] <= 2:
            kept.append((tokens, share))
    return kept[:most]
