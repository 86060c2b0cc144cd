"""Genetic programming: NSGA-II on loss and length, over whole populations at once.

(Deb et al., IEEE Transactions on Evolutionary Computation 6, 2002.) What is not a sum or product of few features is found here, if
at all. The bank gives the material; the constants of what enters the front are refined by Levenberg–Marquardt and return.
"""

import numpy as np

from keraunos.programs.formula import expression
from keraunos.programs.formula.population import Alphabet, concatenated, crossed, evaluate_all, mutated

SIZE = 400
PLACES = 32  # longest expression of a population
ROWS = 200  # on which a generation is judged
PATIENCE = 25  # generations without progress after which a population is given up
RENEWED = 0.1  # share of the children that come fresh from the bank


class Genetic:
    """One population for one problem.

    Args:
        problem: ``Problem``.
        bank: expressions over its columns.
        operators: names.
        rng: NumPy generator.
        known: more expressions over its columns to begin with.
        offset: whether a number may be added to y's formula; not where y has a unit.
    """

    def __init__(self, problem, bank, operators, rng, known=(), offset=True):
        self.problem, self.rng, self.offset = problem, rng, offset
        self.alphabet = Alphabet(problem.x.shape[1], operators)
        self.places = PLACES
        rows = rng.permutation(len(problem.y))[:ROWS]
        self.x = problem.x[rows]
        self.weights = (1.0 / problem.scale[rows] / np.sqrt(np.mean(problem.scale[rows] ** -2.0))).astype(np.float32)
        self.y = problem.y[rows]
        self.target = self._centred((self.y / np.std(self.y)).astype(np.float32)[None])[0]
        self.source = self.alphabet.encode(bank.tokens, self.places)
        start = self.source.rows(rng.integers(0, len(self.source.codes), SIZE))
        self.people = concatenated(self.alphabet.encode(known, self.places), start)
        self.losses = self._judge(self.people)
        self.best, self.quiet = np.inf, 0
        self.evaluations = 0

    def _centred(self, values):
        """Weighted values from which the weighted mean is taken, if there may be an offset: (n, rows)."""
        w = self.weights
        if not self.offset:
            return values * w
        mean = (values @ (w * w)) / (w @ w)
        return (values - mean[:, None]) * w

    def _judge(self, people):
        """Share of the variance that a + b f(x) leaves unexplained, (individuals,)."""
        values = evaluate_all(people, self.alphabet, self.x)
        with np.errstate(all="ignore"):
            size = np.abs(values).max(axis=1).astype(float)
            centred = self._centred(values)
            square = np.einsum("ij,ij->i", centred, centred)
            share = 1.0 - (centred @ self.target) ** 2 / (square * (self.target @ self.target))
        with np.errstate(all="ignore"):
            good = np.isfinite(share) & (size < 1e8) & (square > 1e-8 * len(self.y) * size**2)
        return np.where(good, np.maximum(share, 0.0), np.inf)

    def generation(self):
        """One generation; returns the tokens of those that no shorter one beats, with the scaling a + b f, best first."""
        mothers, fathers = self._tournament(), self._tournament()
        children = crossed(mothers, fathers, self.alphabet, self.rng)
        changed = self.rng.random(SIZE) < 0.4
        children = concatenated(
            children.rows(~changed),
            mutated(children.rows(changed), self.alphabet, self.rng),
            self._fresh(int(RENEWED * SIZE)),
        )
        losses = self._judge(children)
        self.evaluations += int(children.lengths().sum()) * len(self.y)
        everyone = concatenated(self.people, children)
        all_losses = np.concatenate([self.losses, losses])
        kept = survivors(all_losses, everyone.lengths(), SIZE)
        self.people, self.losses = everyone.rows(kept), all_losses[kept]
        best = float(self.losses.min())
        self.quiet = 0 if best < 0.98 * self.best else self.quiet + 1
        self.best = min(best, self.best)
        return [self._scaled(i) for i in _undominated(self.losses, self.people.lengths())]

    def is_stuck(self):
        """Whether nothing has happened for long."""
        return self.quiet > PATIENCE

    def _tournament(self):
        """SIZE individuals, each the better of three by loss, or now and then by length."""
        picks = self.rng.integers(0, len(self.losses), (SIZE, 3))
        lengths = self.people.lengths()
        by_loss = picks[np.arange(SIZE), self.losses[picks].argmin(axis=1)]
        by_length = picks[np.arange(SIZE), lengths[picks].argmin(axis=1)]
        return self.people.rows(np.where(self.rng.random(SIZE) < 0.8, by_loss, by_length))

    def _fresh(self, count):
        return self.source.rows(self.rng.integers(0, len(self.source.codes), count))

    def _scaled(self, i):
        """Tokens of a + b f, or of b f."""
        tokens = self.alphabet.decode(self.people, i)
        values = expression.evaluate(tokens, self.x) * self.weights
        matrix = np.stack([self.weights, values], axis=1).astype(float)
        if not self.offset:
            matrix[:, 0] = 0.0
        a, b = np.linalg.lstsq(matrix, self.y * self.weights, rcond=None)[0]
        return expression.add(expression.mul(expression.const(b), tokens), expression.const(a))


def survivors(losses, lengths, count):
    """Indices of the ``count`` that survive: by rank of non-domination, then by distance from their neighbours; each loss once."""
    order = np.lexsort((lengths, losses))
    rounded = np.round(np.log(losses[order] + 1e-30), 6)
    first = order[np.concatenate([[True], rounded[1:] != rounded[:-1]])]
    first = first[np.isfinite(losses[first])]
    rank = _ranks(losses[first], lengths[first])
    crowding = np.zeros(len(first))
    for r in np.unique(rank):
        front = np.flatnonzero(rank == r)
        for values in (np.log(losses[front] + 1e-30), lengths[front].astype(float)):
            by = np.argsort(values, kind="stable")
            gaps = np.full(len(front), np.inf)
            if len(front) > 2:
                gaps[by[1:-1]] = (values[by[2:]] - values[by[:-2]]) / max(np.ptp(values), 1e-12)
            crowding[front] += gaps
    return first[np.lexsort((-crowding, rank))[:count]]


def _ranks(losses, lengths):
    """Front that each belongs to, 0 the best. With two objectives it is one more than the last front that still dominates it."""
    order = np.lexsort((losses, lengths))
    rank = np.zeros(len(losses), int)
    lowest: list[float] = []  # smallest loss so far of each front
    for i in order:
        low, high = 0, len(lowest)
        while low < high:  # the first front none of which is as good
            middle = (low + high) // 2
            low, high = (middle + 1, high) if lowest[middle] <= losses[i] else (low, middle)
        rank[i] = low
        if low == len(lowest):
            lowest.append(losses[i])
        else:
            lowest[low] = losses[i]
    return rank


def _undominated(losses, lengths):
    """Indices of the first front, best loss first."""
    first = np.flatnonzero((_ranks(losses, lengths) == 0) & np.isfinite(losses))
    return first[np.argsort(losses[first], kind="stable")]
