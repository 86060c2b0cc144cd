"""The best formula of each complexity, and the data that decides."""

import math
from typing import NamedTuple

import numpy as np

from keraunos.programs.formula.choice import description_length
from keraunos.programs.formula.constants import refine, residual_sum, simplified
from keraunos.programs.formula.expression import Expression, complexity, constants, evaluate, fold, key, substitute


class Entry(NamedTuple):
    """One formula of the front."""

    tokens: Expression
    loss: float  # mean of weights² (y - f(x))²


class Problem(NamedTuple):
    """What is searched: y = outer(f(columns)), where the columns are expressions of the variables of the data."""

    x: np.ndarray  # (rows, columns)
    y: np.ndarray  # (rows,)
    scale: np.ndarray  # (rows,), the noise of y is proportional to it
    columns: tuple[Expression, ...]
    outer: Expression  # variable -1 stands for f

    def lifted(self, tokens):
        """A formula in the columns as one in the variables of the data."""
        inner = substitute(tokens, self.columns)
        return tuple(part for t in self.outer for part in (inner if type(t) is int and t == -1 else (t,)))


class Front:
    """Non-dominated formulas by complexity and loss.

    Args:
        x, y, weights: (rows, variables), (rows,), (rows,): what formulas are judged on.
        allowed: names of operators.
        max_complexity: longest formula.
        budget: counts what is evaluated.
        accepts: None, or a function of tokens that may refuse a formula (its units).
    """

    def __init__(self, x, y, weights, allowed, max_complexity, budget, accepts=None):
        self.x, self.y, self.weights = x, y, weights
        self.allowed, self.max_complexity, self.budget, self.accepts = (
            frozenset(allowed),
            max_complexity,
            budget,
            accepts,
        )
        mean = np.average(y, weights=weights**2)
        self.variance = float(np.mean((weights * (y - mean)) ** 2)) or 1e-300
        self.entries: dict[int, Entry] = {}
        self.seen: set[tuple] = set()
        self._descriptions: dict[tuple, float] = {}
        self._enter((float(mean),), self.loss((float(mean),)))  # whatever its unit: something to begin from

    def loss(self, tokens):
        """Mean of weights² (y - f(x))²; inf where f has no value."""
        self.budget.count(len(tokens) * len(self.y))
        return residual_sum(tokens, self.x, self.y, self.weights) / len(self.y)

    def offer(self, tokens, iterations=20):
        """Refine a formula's constants and keep it if no shorter one is as good; returns its share of unexplained variance."""
        tokens = fold(tokens)
        if not self._may_enter(tokens):
            return math.inf
        self.seen.add(key(tokens))
        tokens, total = refine(tokens, self.x, self.y, self.weights, iterations)
        self.budget.count(3 * iterations * len(tokens) * len(self.y))
        loss = total / len(self.y)
        if self._improves(tokens, loss):
            self._enter(tokens, loss)
            if len(constants(tokens)):
                simple = fold(simplified(tokens, self.x, self.y, self.weights)[0])
                simple_loss = self.loss(simple)
                if self._improves(simple, simple_loss):
                    self._enter(simple, simple_loss)
        return loss / self.variance

    def _may_enter(self, tokens):
        if key(tokens) in self.seen or complexity(tokens) > self.max_complexity:
            return False
        if not self.allowed.issuperset(t for t in tokens if type(t) is str):
            return False
        return self.accepts is None or self.accepts(tokens)

    def _improves(self, tokens, loss):
        """Whether no shorter formula is as good, and none of the same length has the shorter description."""
        size = complexity(tokens)
        if not loss < min((e.loss for k, e in self.entries.items() if k < size), default=math.inf):
            return False
        same = self.entries.get(size)
        return same is None or self.description(Entry(tokens, loss)) < self.description(same)

    def _enter(self, tokens, loss):
        size = complexity(tokens)
        self.entries[size] = Entry(tokens, loss)
        for k in [k for k, e in self.entries.items() if k > size and e.loss >= loss]:
            del self.entries[k]

    def description(self, entry):
        """Bits that the formula and its residuals take; computed once for each."""
        name = key(entry.tokens), entry.loss
        if name not in self._descriptions:
            self._descriptions[name] = description_length(
                entry.tokens, entry.loss, self.x, self.y, self.weights, self.variance, len(self.allowed)
            )
        return self._descriptions[name]

    def chosen(self):
        """The entry of the shortest description."""
        return min(self.sorted(), key=self.description)

    def sorted(self):
        """Entries from the shortest to the longest."""
        return [self.entries[k] for k in sorted(self.entries)]

    def best_loss(self):
        """The smallest loss."""
        return min((e.loss for e in self.entries.values()), default=math.inf)

    def residuals(self, tokens):
        """weights (y - f(x)), (rows,)."""
        return self.weights * (self.y - evaluate(tokens, self.x))
