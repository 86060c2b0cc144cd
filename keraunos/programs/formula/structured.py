"""Structured search: y, seen through some transformation, as a sum of a few features of the bank, or as a product of powers."""

import numpy as np

from keraunos.programs.formula import pairs, targets
from keraunos.programs.formula.expression import add, const, evaluate, mul, negated, product

SNAP = 0.03  # an exponent this near to a half-integer is taken for it


class SumScan:
    """T(y) = c0 + Σ c_i g_i.

    Args:
        problem: ``Problem``.
        material: anything with ``tokens`` and ``values``, such as a ``Bank``, over ``problem.x[rows]``.
        rows: indices.
        view: ``targets.View``.
    """

    def __init__(self, problem, material, rows, view):
        self.problem, self.tokens, self.view = problem, material.tokens, view
        with np.errstate(all="ignore"):
            self.target = view.forward(problem.y)  # (all rows,)
            self.weights = targets.weights(view.slope(problem.y), problem.scale)
        weights = self.weights[rows]
        self.features = pairs.Features(material.values * weights, weights[:, None])
        self.unit_target, _ = self.features.project(self.target[rows] * weights)

    def pairable(self, count):
        """Features that come from the first ``count`` expressions."""
        return np.flatnonzero(self.features.index < count)

    def expressions(self, features, first):
        """Places, counted from ``first``, of the expressions behind features; those before it are left out."""
        return _unique(self.features.index[features], first)

    def formula(self, picked):
        """Formulas in the variables of the data, with coefficients by least squares, each with its unexplained share."""
        x, weights = self.problem.x, self.weights
        parts = [self.tokens[self.features.index[k]] for k in picked]
        columns = [np.ones(len(x)), *(evaluate(p, x) for p in parts)]
        matrix = np.stack(columns, axis=1) * weights[:, None]  # (rows, 1 + features)
        if not np.all(np.isfinite(matrix)):
            return []
        coefficients, share, spread = _least_squares(matrix, self.target * weights)
        terms = [mul(const(c), part) for c, part in zip(coefficients[1:], parts)]
        offset = coefficients[0] if abs(coefficients[0]) > 3 * spread[0] else 0.0
        total = const(offset)
        for term in terms:
            total = add(term, total) if total == const(offset) else add(total, term)
        return [(self.problem.lifted(self.view.back(total)), share)]


class ProductScan:
    """|y| = C Π |x_i|^a_i Π |g_j|^p_j Π exp(q_k g_k): linear in log |y|, with the powers of the variables for nothing."""

    def __init__(self, problem, material, rows):
        self.problem, self.tokens = problem, material.tokens
        y, x = problem.y, problem.x
        size = np.abs(y)
        self.weights = targets.weights(1.0 / np.maximum(size, 1e-12 * size.max()), problem.scale)
        self.target = np.log(np.maximum(size, 1e-3 * np.sqrt(np.mean(y**2))))
        self.used = np.flatnonzero(np.abs(x).min(axis=0) > 1e-9 * np.abs(x).max(axis=0))
        base = np.column_stack([np.ones(len(x)), np.log(np.abs(x[:, self.used]))])  # (all rows, 1 + used)
        self.base = base
        weights = self.weights[rows]
        with np.errstate(all="ignore"):
            logs = np.log(np.abs(material.values))
        self.count = len(material.tokens)
        # Beyond e^20 an exponential is of no use; rows of it would drown the others in rounding.
        features = np.concatenate(
            [logs, np.where(np.ptp(material.values, axis=1)[:, None] < 50, material.values, np.nan)]
        )
        self.features = pairs.Features(features * weights, base[rows] * weights[:, None])
        self.unit_target, self.left = self.features.project(self.target[rows] * weights)

    def pairable(self, count):
        """Features that come from the first ``count`` expressions."""
        return np.flatnonzero(self.features.index % self.count < count)

    def expressions(self, features, first):
        """As for sums."""
        return _unique(self.features.index[features] % self.count, first)

    def formula(self, picked):
        """As for sums: one with the exponents as they are, one with those that are nearly half-integers taken for them."""
        x = self.problem.x
        rows = [self.features.index[k] for k in picked]
        parts = [(self.tokens[r % self.count], r >= self.count) for r in rows]
        with np.errstate(all="ignore"):
            columns = [evaluate(p, x) if is_exp else np.log(np.abs(evaluate(p, x))) for p, is_exp in parts]
        matrix = np.column_stack([self.base, *columns])
        good = np.all(np.isfinite(matrix), axis=1)
        if good.mean() < 0.98:
            return []
        weighted = self.weights[good, None] * matrix[good]
        exponents, share, _ = _least_squares(weighted, self.target[good] * self.weights[good])
        free = [False] * (1 + len(self.used)) + [is_exp for _, is_exp in parts]  # coefficients inside of an exponential
        free[0] = True
        snapped = np.array([e if f else _snapped(e) for e, f in zip(exponents, free)])
        found = [(self._written(exponents, parts), share)]
        if not np.array_equal(snapped, exponents):
            rest = self.target[good] * self.weights[good] - weighted[:, ~np.array(free)] @ snapped[~np.array(free)]
            coefficients, _, _ = _least_squares(weighted[:, free], rest)
            snapped[free] = coefficients
            miss = self.target[good] * self.weights[good] - weighted @ snapped
            full = self.target[good] * self.weights[good] - weighted @ exponents
            found.append((self._written(snapped, parts), share * (miss @ miss) / max(full @ full, 1e-300)))
        return found

    def _written(self, exponents, parts):
        """The product with these exponents as tokens in the variables of the data."""
        y, scale = self.problem.y, self.problem.scale
        factors = [((int(i),), e) for i, e in zip(self.used, exponents[1:]) if e]
        inside = None
        for (tokens, is_exp), e in zip(parts, exponents[1 + len(self.used) :]):
            if is_exp:
                inside = mul(const(e), tokens) if inside is None else add(inside, mul(const(e), tokens))
            elif e:
                negative = e != round(e) and np.all(evaluate(tokens, self.problem.x) < 0)  # in logarithms it was |g|
                factors.append((negated(tokens) if negative else tokens, e))
        if inside is not None:
            factors.append(((*inside, "exp"), 1.0))
        constant = np.exp(np.clip(exponents[0], -300, 300))
        with np.errstate(all="ignore"):
            values = evaluate(product(constant, factors), self.problem.x) / scale
            sign = np.sign(np.nansum(values * y / scale))
        return self.problem.lifted(product(constant * (sign or 1.0), factors))


def _unique(rows, first):
    return list(dict.fromkeys((rows[rows >= first] - first).tolist()))


def _snapped(exponent):
    """The half-integer or third nearby, else the nearest half-integer if it is at all near."""
    for denominator, distance in ((2, SNAP), (3, SNAP), (2, 5 * SNAP)):
        near = round(exponent * denominator) / denominator
        if abs(exponent - near) < distance:
            return near
    return exponent


def _least_squares(matrix, target):
    """Coefficients, the share of the centred target's square that is left, and standard errors."""
    scale = np.linalg.norm(matrix, axis=0) + 1e-300
    u, s, vt = np.linalg.svd(matrix / scale, full_matrices=False)
    s = np.maximum(s, 1e-12 * s[0])
    coefficients = (vt.T / s) @ (u.T @ target) / scale
    residual = target - matrix @ coefficients
    variance = residual @ residual / max(len(target) - len(scale), 1)
    spread = np.sqrt(variance * ((vt.T / s) ** 2).sum(axis=1)) / scale
    first = matrix[:, 0]
    centred = target - first * (first @ target) / (first @ first)
    return coefficients, float(residual @ residual / max(centred @ centred, 1e-300)), spread
