"""Constants of a formula: Levenberg–Marquardt within bounds, their uncertainty, and simple values for them."""

import math
from fractions import Fraction

import numpy as np

from keraunos.programs.formula.expression import constants, evaluate, value_and_jacobian, with_constants

VANISHED = 8.0  # bits: with a zero at least two tokens disappear
LIMIT = 1e12  # no constant grows beyond it


def residual_sum(tokens, x, y, weights):
    """Σ weights² (y − f(x))²; inf where f has no value at some row."""
    residual = weights * (y - evaluate(tokens, x))
    total = float(residual @ residual)
    return total if math.isfinite(total) else math.inf


def refine(tokens, x, y, weights, iterations=20, bounds=None, tolerance=1e-10):
    """The expression with constants that minimise Σ weights² (y − f(x))², and that sum.

    Levenberg–Marquardt; each step is scaled by the diagonal (Marquardt, SIAM J. Appl. Math. 11, 1963) and cut off at ``bounds``,
    a pair of arrays (lowest, highest).
    """
    theta = constants(tokens)
    if not len(theta):
        return tokens, residual_sum(tokens, x, y, weights)
    low, high = (np.full(len(theta), -LIMIT), np.full(len(theta), LIMIT)) if bounds is None else bounds
    free = low < high
    damping = 1e-3
    value, jacobian = value_and_jacobian(tokens, x)
    residual = weights * (y - value)
    best = float(residual @ residual)
    if not math.isfinite(best) or not np.all(np.isfinite(jacobian)):
        return tokens, math.inf
    for _ in range(iterations):
        weighted = weights[:, None] * jacobian * free  # (rows, constants)
        normal, slope = weighted.T @ weighted, weighted.T @ residual
        diagonal = np.diag(normal) + 1e-30
        before = best
        for _ in range(6):
            step = _solved(normal + np.diag(damping * diagonal), slope)
            trial = with_constants(tokens, np.clip(theta + step, low, high))
            total = residual_sum(trial, x, y, weights)
            if total < best:
                break
            damping *= 8.0
        else:
            break
        damping = max(damping / 10.0, 1e-12)
        tokens, theta, best = trial, constants(trial), total
        if before - best <= tolerance * best:
            break
        value, jacobian = value_and_jacobian(tokens, x)
        residual = weights * (y - value)
        if not np.all(np.isfinite(jacobian)):
            break
    return tokens, best


def _solved(matrix, right):
    """The solution of a symmetric system; the shortest where it has many."""
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.linalg.lstsq(matrix, right, rcond=None)[0]


def covariance(tokens, x, y, weights, fixed=()):
    """Covariance of the constants, (constants, constants): s² (JᵀJ)⁻¹ with s² from the residuals; NaN where there is none.

    Those whose places are ``fixed`` are given, and have none.
    """
    value, jacobian = value_and_jacobian(tokens, x)
    free = np.setdiff1d(np.arange(jacobian.shape[1]), list(fixed))
    found = np.zeros((jacobian.shape[1], jacobian.shape[1]))
    if not len(free):
        return found
    residual = weights * (y - value)
    variance = float(residual @ residual) / max(len(y) - len(free), 1)
    weighted = weights[:, None] * jacobian[:, free]
    normal = weighted.T @ weighted
    size = np.sqrt(np.diag(normal))
    if not (math.isfinite(variance) and np.all(np.isfinite(normal)) and np.all(size > 0)):
        found[np.ix_(free, free)] = np.nan
    else:
        scales = np.outer(size, size)
        found[np.ix_(free, free)] = variance * np.linalg.pinv(normal / scales, hermitian=True) / scales
    return found


def simple_values(value, spread):
    """Values within five standard errors that are written in few characters, simplest first.

    Integers and fractions with small denominators, and those times π or √2's like, as long as chance alone would rarely give one.
    """
    found: list[tuple[float, float]] = []
    if not math.isfinite(value):
        return []
    for unit in (1.0, math.pi, 1.0 / math.pi):
        for denominator in (1, 2, 3, 4, 5, 6, 8, 10):
            numerator = round(value / unit * denominator)
            if numerator == 0 or math.gcd(numerator, denominator) > 1:
                continue
            near = unit * numerator / denominator
            cost = abs(numerator) * denominator * (1 if unit == 1.0 else 4)
            # spread · cost: how many of the values that are as simple lie within the error, roughly
            if abs(near - value) <= 5 * spread + 1e-12 * abs(value) and spread / abs(value) * cost < 0.2:
                found.append((cost, near))
    if abs(value) <= 3 * spread:
        found.append((0, 0.0))
    return [near for _, near in sorted(found)]


def bits(value, spread):
    """Length of a constant's description: a fraction's digits where it is one, else the digits that its standard error leaves."""
    if value == 0:
        return 1.0
    if not math.isfinite(value):
        return 2.0 + 52.0
    fraction = Fraction(value).limit_denominator(12)
    if abs(float(fraction) - value) <= 1e-12 * abs(value):
        return 1.0 + math.log2((1 + abs(fraction.numerator)) * fraction.denominator)
    for unit in (math.pi, 1.0 / math.pi):
        fraction = Fraction(value / unit).limit_denominator(12)
        if fraction and abs(float(fraction) * unit - value) <= 1e-12 * abs(value):
            return 3.0 + math.log2((1 + abs(fraction.numerator)) * fraction.denominator)
    digits = math.log2(1.0 + abs(value) / spread) if spread > 0 else 52.0
    return 2.0 + min(max(digits, 1.0), 52.0)


def simplified(tokens, x, y, weights):
    """The expression with constants set to simple values where the residuals allow that, the others refined again."""
    tokens, best = refine(tokens, x, y, weights)
    rows, rounding = len(y), 1e-26 * float(weights**2 @ y**2)
    free = list(range(len(constants(tokens))))
    fixed = {}
    while free:
        theta = constants(tokens)
        spreads = np.sqrt(np.maximum(np.diag(covariance(tokens, x, y, weights, fixed)), 0.0))
        choice = _simplest(theta, spreads, free)
        if choice is None:
            break
        k, near = choice
        free.remove(k)
        gained = bits(theta[k], spreads[k]) - bits(near, 0.0) + (VANISHED if near == 0 else 0.0)
        trial = {**fixed, k: near}
        new, total = _refined_with(tokens, trial, x, y, weights)
        lost = 0.5 * rows * math.log2(max(total, rounding) / max(best, rounding)) if total < math.inf else math.inf
        if lost < gained:  # the whole description became shorter
            tokens, best, fixed = new, max(total, 1e-300), trial
    return tokens, best


def _simplest(theta, spreads, free):
    """(index, value) of the free constant that lies nearest to a simple value, measured by its error."""
    options = [(k, simple_values(theta[k], spreads[k])) for k in free]
    options = [(k, values[0]) for k, values in options if values]
    return min(options, key=lambda o: abs(o[1] - theta[o[0]]) / (spreads[o[0]] + 1e-300), default=None)


def _refined_with(tokens, fixed, x, y, weights):
    """Refined while some constants stay at given values."""
    theta = constants(tokens)
    low, high = np.full(len(theta), -LIMIT), np.full(len(theta), LIMIT)
    for k, value in fixed.items():
        theta[k] = low[k] = high[k] = value
    return refine(with_constants(tokens, theta), x, y, weights, bounds=(low, high))
