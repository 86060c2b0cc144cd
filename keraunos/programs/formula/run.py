"""A fit from the table to the front: sampling, search, verification on all rows."""

import json
import time
import warnings

import numpy as np

from keraunos.programs.formula import checkpoint, choice, constants, operators, parallel, units
from keraunos.programs.formula.budget import Budget
from keraunos.programs.formula.candidate import Candidate
from keraunos.programs.formula.expression import evaluate
from keraunos.programs.formula.front import Front
from keraunos.programs.formula.search import Search
from keraunos.programs.formula.table import useful

SEARCH_ROWS = 2000  # rows that are searched on; the front is verified on all
VERIFIED_ROWS = 200_000  # rows on which constants are refined at the end
DRIFT = 1.5  # a loss on all rows so many times that on the sample is worth a warning
HUBER = 1.345  # of the residuals' spread: larger ones count linearly
LOSSES = ("mse", "relative", "huber")


class Run:
    """One fit.

    Args:
        table: ``table.Table``.
        settings: dict of Formula's parameters.
        budget: ``Budget``.
        seed: of all draws.
        state: what an earlier run of the same search left, or None.
    """

    def __init__(self, table, settings, budget, seed, state=None):
        self.table, self.settings, self.budget, self.seed = table, settings, budget, seed
        self.operators = operators.chosen(settings["operators"])
        self.columns = useful(table.x)
        order = np.random.default_rng([seed, 1]).permutation(len(table.y))
        self.rows = np.sort(order[:SEARCH_ROWS])
        self.unit = np.std(table.y[self.rows]) or 1.0
        self.weights = row_weights(table.y, table.weights, settings["loss"]) / self.unit
        self.accepts = self._unit_check()
        self.front = self._front(self.rows)
        self.mark = checkpoint.fingerprint(table.x, table.y, table.weights)
        self.known = [tuple(tokens) for tokens in state["formulas"]] if state else []
        self.searches = state["searches"] if state and state["mark"] == self.mark else []  # one for each process
        self.search = None
        if state and not self.searches:  # other rows, or a search that ended before it began
            self._offer_known()

    def _front(self, rows):
        t = self.table
        x = t.x[rows][:, self.columns]
        s = self.settings
        return Front(x, t.y[rows], self.weights[rows], self.operators, s["max_complexity"], self.budget, self.accepts)

    def _offer_known(self):
        for tokens in self.known:
            self.front.offer(tokens)

    def _unit_check(self):
        given = self.settings["units"]
        if given is None:
            return None
        names = self.table.names
        unknown = sorted(set(given) - {*names, self.settings["target"]})
        if unknown or self.settings["target"] not in given:
            raise ValueError(
                f"Formula: units must name columns ({list(names)}) and the target ({self.settings['target']!r}), got "
                f"{sorted(given)}. Columns that are not named count as pure numbers."
            )
        columns = [units.parse(given.get(names[i])) for i in self.columns]
        return units.Check(columns, units.parse(given[self.settings["target"]]))

    def steps(self):
        """Search; yields a ``Step`` now and then."""
        if not len(self.columns) or np.ptp(self.table.y[self.rows]) == 0:
            return
        count = self.settings["processes"]
        with np.errstate(all="ignore"):
            if count > 1:
                yield from parallel.steps(self, count)
            else:
                state = self.searches[0] if self.searches else None
                self.search = Search(self.front, self.operators, self.seed, self.budget, state=state)
                yield from self.search.steps()

    def state(self):
        """What ``fit(resume=...)`` needs to go on, as plain values."""
        return {
            "formulas": [list(e.tokens) for e in self.front.sorted()],
            "searches": [self.search.state()] if self.search else self.searches,
            "mark": self.mark,
            "seconds": self.budget.elapsed(),
            "evaluations": self.budget.evaluations,
            "names": list(self.table.names),
            "seed": self.seed,
        }

    def candidates(self):
        """The front, verified and refined on all rows, and the index of the one to take."""
        with np.errstate(all="ignore"):
            self._offer_known()  # of an earlier part: what came after its last mark may not have been found again
            return self._verified()

    def _verified(self):
        t = self.table
        some = (
            np.arange(len(t.y))
            if len(t.y) <= VERIFIED_ROWS
            else np.sort(np.random.default_rng([self.seed, 2]).permutation(len(t.y))[:VERIFIED_ROWS])
        )
        x, y, weights = t.x[:, self.columns], t.y, self.weights
        if self.settings["loss"] == "huber":
            weights = self._robust(x, y, weights)
        best = self.front.chosen()
        found = []
        variance = float(np.mean((weights * (y - np.average(y, weights=weights**2))) ** 2)) or 1e-300
        for entry in self.front.sorted():
            tokens = entry.tokens
            if len(t.y) > len(self.rows) or self.settings["loss"] == "huber":
                tokens = _refined(tokens, x[some], y[some], weights[some])
            residual = weights * (y - evaluate(tokens, x))
            loss = float(np.mean(residual**2))
            if entry is best:
                self._warn_of_drift(entry, loss)
            if np.isfinite(loss):
                found.append((tokens, loss, self._bits(tokens, loss, x[some], y[some], weights[some], variance)))
        found = _undominated(found)
        chosen = min(range(len(found)), key=lambda k: found[k][2])
        return [self._candidate(*f, x[some], y[some], weights[some], variance) for f in found], chosen

    def _robust(self, x, y, weights):
        """Weights that make large residuals of the best formula count less (Huber's, by iterated reweighting)."""
        tokens = self.front.chosen().tokens
        robust = weights
        for _ in range(5):
            residual = np.abs(y - evaluate(tokens, x)) * weights
            spread = 1.4826 * np.median(residual) + 1e-300
            robust = weights * np.sqrt(np.minimum(1.0, HUBER * spread / np.maximum(residual, 1e-300)))
            tokens, _ = constants.refine(tokens, x, y, robust)
        return robust

    def _bits(self, tokens, loss, x, y, weights, variance):
        return choice.description_length(tokens, loss, x, y, weights, variance, len(self.operators))

    def _warn_of_drift(self, entry, loss):
        if loss > DRIFT * entry.loss + 1e-12 or not np.isfinite(loss):
            warnings.warn(
                f"Formula: on all {len(self.table.y)} rows the loss is {loss:.3g}, on the {len(self.rows)} that were searched "
                f"{entry.loss:.3g}: the sample misses something. Raise the time limit, or look at the rows with large residuals.",
                stacklevel=4,
            )

    def _candidate(self, tokens, loss, bits, x, y, weights, variance):
        errors = np.sqrt(np.maximum(np.diag(constants.covariance(tokens, x, y, weights)), 0.0))
        simple = [choice.is_simple(value) for value in constants.constants(tokens)]
        errors = np.where(simple, 0.0, errors)
        lifted = tuple(int(self.columns[t]) if type(t) is int else t for t in tokens)
        return Candidate(lifted, self.table.names, loss / variance, bits, errors, self.settings["target"])


def row_weights(y, weights, loss):
    """Square roots of the rows' weights in the loss, (rows,)."""
    base = np.sqrt(weights / weights.mean())
    if loss == "relative":
        size = np.abs(y)
        return base * np.std(y) / np.maximum(size, 1e-3 * size.max() + 1e-300) if size.max() else base
    return base


def _refined(tokens, x, y, weights):
    """Constants that are not simple values refined once more."""
    theta = constants.constants(tokens)
    free = np.array([not choice.is_simple(v) for v in theta], bool)
    low, high = np.where(free, -constants.LIMIT, theta), np.where(free, constants.LIMIT, theta)
    return constants.refine(tokens, x, y, weights, bounds=(low, high))[0]


def _undominated(found):
    """Those that no shorter one is as good as."""
    kept, best = [], np.inf
    for item in sorted(found, key=lambda f: (len(f[0]), f[1])):
        if item[1] < best:
            kept.append(item)
            best = item[1]
    return kept


def read_state(path, names):
    """The state that ``save_state`` wrote; ``ValueError`` if it is of other data."""
    with open(path, encoding="utf-8") as file:
        state = json.load(file)
    if (
        not isinstance(state, dict)
        or not {"formulas", "searches", "mark"} <= set(state)
        or list(names) != state.get("names")
    ):
        raise ValueError(
            f"Formula: {str(path)!r} is not the state of a search with the columns {list(names)}"
            + (f"; it has {state['names']}." if isinstance(state, dict) and "names" in state else ".")
        )
    return state


def budget_of(seconds, evaluations, clock, state):
    """A budget that counts what an earlier part of the search has spent."""
    spent = (state["seconds"], state["evaluations"]) if state else (0.0, 0)
    return Budget(seconds, evaluations, clock or time.perf_counter, spent)
