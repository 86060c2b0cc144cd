"""The bank: all small expressions over the variables, each behaviour once, shortest first.

Everything in the portfolio draws on it: pair search takes its rows as features, genetic programming as material.
"""

import numpy as np

from keraunos.programs.formula.expression import Expression
from keraunos.programs.formula.operators import ARITIES, OPERATORS, TRANSCENDENTAL

LEAF_CONSTANTS = (1.0, 2.0)
LARGEST = 1e8  # values beyond it are left out
COMMUTES = frozenset(("add", "mul"))
CHUNK = 1 << 22  # numbers in one block of new values


class Bank:
    """Expressions up to a size, with their values on some rows.

    Args:
        x: (rows, variables), the rows that behaviour is judged on.
        operators: names.
        capacity: number of expressions at which growth stops.
        is_sound: None, or a function of tokens that refuses expressions (those that are wrong in their units).

    ``values`` is (expressions, rows).
    """

    def __init__(self, x, operators, capacity, is_sound=None):
        self.x, self.capacity, self.is_sound = x, capacity, is_sound
        rows = len(x)
        leaves: list[Expression] = [(i,) for i in range(x.shape[1])] + [(c,) for c in LEAF_CONSTANTS]
        self.values = np.concatenate(
            [x.T, np.repeat(np.array(LEAF_CONSTANTS)[:, None], rows, axis=1)]
        )  # (leaves, rows)
        self.tokens = leaves
        self.sizes = np.ones(len(leaves), int)
        self.curved = np.zeros(len(leaves), bool)  # holds a sine or the like, in which no other is put
        self.unary = [n for n in operators if ARITIES[n] == 1 and n not in ("neg", "inv")]
        self.binary = [n for n in operators if ARITIES[n] == 2 and n != "pow"]
        self.evaluations = 0
        self._weights = np.random.default_rng(0).normal(size=(rows, 2))
        self._seen = set(self._keys(self.values))
        self.size = 1

    def __len__(self):
        return len(self.tokens)

    def grow(self, largest_size):
        """Add the next sizes until one of them, or the capacity, is reached."""
        while self.size < largest_size and len(self) < self.capacity:
            self.size += 1
            splits = [(left, self.size - 1 - left) for left in range(1, self.size - 1)]
            splits.sort(key=lambda s: abs(s[0] - s[1]))
            blocks = [self._apply_binary(name, *split) for split in splits for name in self.binary]
            blocks += [self._apply_unary(name) for name in self.unary]
            self._take([block for block in blocks if block is not None])
        return self

    def _apply_unary(self, name):
        at = np.flatnonzero((self.sizes == self.size - 1) & ~(self.curved & (name in TRANSCENDENTAL)))
        if not len(at):
            return None
        with np.errstate(all="ignore"):
            values = OPERATORS[name].value(self.values[at])
        self.evaluations += values.size
        curved = self.curved[at] | (name in TRANSCENDENTAL)
        return name, at, None, values, curved

    def _apply_binary(self, name, left, right):
        if name in COMMUTES and left > right:
            return None
        a, b = np.flatnonzero(self.sizes == left), np.flatnonzero(self.sizes == right)
        if len(a) * len(b) > 20 * self.capacity:  # what would not fit is not made
            a, b = a[: 1 + 20 * self.capacity // max(len(b), 1)], b[: 20 * self.capacity]
        i, j = (k.ravel() for k in np.meshgrid(a, b, indexing="ij"))
        if name in COMMUTES and left == right:
            i, j = i[i <= j], j[i <= j]
        if name in ("sub", "div"):
            i, j = i[i != j], j[i != j]
        if not len(i):
            return None
        kept = [self._sound(name, i[k], j[k]) for k in _chunks(len(i), len(self.x))]
        i, j, values = (np.concatenate(parts) for parts in zip(*kept))
        return name, i, j, values, self.curved[i] | self.curved[j]

    def _sound(self, name, i, j):
        """The pairs of a chunk whose values are usable, and these values."""
        with np.errstate(all="ignore"):
            values = OPERATORS[name].value(self.values[i], self.values[j])
            good = usable(values)
        self.evaluations += values.size
        return i[good], j[good], values[good]

    def _take(self, blocks):
        """Enter what behaves as nothing before it does."""
        new_values, new_curved = [], []
        for name, i, j, values, curved in blocks:
            good = np.flatnonzero(usable(values)) if j is None else np.arange(len(i))
            for k, key in zip(good, self._keys(values[good])):
                if key in self._seen or len(self) >= self.capacity:
                    continue
                right = () if j is None else self.tokens[j[k]]
                tokens = (*self.tokens[i[k]], *right, name)
                if self.is_sound is not None and not self.is_sound(tokens):
                    continue
                self._seen.add(key)
                self.tokens.append(tokens)
                new_values.append(values[k])
                new_curved.append(curved[k])
        if new_values:
            self.values = np.concatenate([self.values, np.stack(new_values)])
            self.curved = np.concatenate([self.curved, np.array(new_curved)])
            self.sizes = np.concatenate([self.sizes, np.full(len(new_values), self.size)])

    def _keys(self, values):
        """A hashable mark for each row of values, equal for values that are equal up to rounding."""
        sums = values @ self._weights  # (expressions, 2)
        with np.errstate(all="ignore"):
            mantissa, exponent = np.frexp(sums)
        marks = np.rint(mantissa * 2.0**32).astype(np.int64) + (exponent.astype(np.int64) << 40)
        return list(map(tuple, marks.tolist()))


def usable(values):
    """Rows of values that are finite, not too large, and not constant."""
    with np.errstate(all="ignore"):
        largest = np.abs(values).max(axis=1)
        spread = np.ptp(values, axis=1)
        return (largest < LARGEST) & (spread > 1e-6 * largest)  # False for NaN


def _chunks(count, rows):
    step = max(1, CHUNK // rows)
    return [slice(k, k + step) for k in range(0, count, step)]
