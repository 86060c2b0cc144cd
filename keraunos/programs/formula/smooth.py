"""A smooth stand-in for the unknown function: Gaussian process regression with one length scale per variable.

It is not the model that is wanted, but it has derivatives, and its evidence says whether the data could as well come from a function
of fewer variables. (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapters 2 and 5.)
"""

from typing import NamedTuple

import numpy as np

ROWS_FOR_EVIDENCE = 240
ROWS_FOR_MEAN = 1000
LOWEST_NOISE = 1e-4  # of the target's spread


class Smooth(NamedTuple):
    """A fitted process. ``evidence`` is log p(y | x), in the units of the y that was given."""

    log_lengths: np.ndarray  # (variables,), in units of the variables' spreads
    log_signal: float
    log_noise: float
    evidence: float
    mean: np.ndarray  # (rows,) fitted values
    gradient: np.ndarray  # (rows, variables)


def fit(x, y, scale, seed, start=None, iterations=60, evidence_only=False):
    """Fit the process to rows (x, y) whose noise is proportional to ``scale``, (rows,).

    ``start`` is the (log_lengths, log_signal, log_noise) to begin from.
    """
    from scipy.optimize import minimize

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    few, many = order[:ROWS_FOR_EVIDENCE], order[:ROWS_FOR_MEAN]
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-300
    z, offset, unit = (x - centre) / spread, y.mean(), y.std() + 1e-300
    target, noise = (y - offset) / unit, scale / np.sqrt(np.mean(scale**2))
    if start is None:
        start = (np.full(x.shape[1], 1.0), 1.0, -4.0)
    first = np.concatenate([start[0], [start[1], start[2]]])
    bounds = [(-2.5, 4.5)] * x.shape[1] + [(-2.0, 6.0), (np.log(LOWEST_NOISE), 1.0)]
    squares = _squared_differences(z[few])
    found = minimize(
        _negative_evidence,
        np.clip(first, *np.array(bounds).T),
        (squares, target[few], noise[few]),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": iterations},
    )
    lengths, signal, sigma = found.x[:-2], found.x[-2], found.x[-1]
    evidence = -float(found.fun) - len(few) * np.log(unit)
    if evidence_only:
        return Smooth(lengths, signal, sigma, evidence, np.zeros(0), np.zeros((0, 0)))
    mean, gradient = _mean_and_gradient(z, z[many], target[many], noise[many], lengths, signal, sigma)
    return Smooth(lengths, signal, sigma, evidence, mean * unit + offset, gradient * unit / spread)


def predictor(x, y, scale, seed):
    """The posterior mean as a function of rows, (rows, variables) -> (rows,)."""
    fitted = fit(x, y, scale, seed, evidence_only=True)
    many = np.random.default_rng(seed).permutation(len(y))[:ROWS_FOR_MEAN]
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-300
    offset, unit = y.mean(), y.std() + 1e-300
    centres, target = (x[many] - centre) / spread, (y[many] - offset) / unit
    noise = (scale / np.sqrt(np.mean(scale**2)))[many]
    hyper = (fitted.log_lengths, fitted.log_signal, fitted.log_noise)
    return lambda points: (
        offset + unit * _mean_and_gradient((points - centre) / spread, centres, target, noise, *hyper)[0]
    )


def start_of(smooth, kept=None):
    """The point from which a similar process is fitted: with the kept variables' length scales."""
    lengths = smooth.log_lengths if kept is None else smooth.log_lengths[kept]
    return lengths, smooth.log_signal, smooth.log_noise


def _squared_differences(z):
    return (z.T[:, :, None] - z.T[:, None, :]) ** 2  # (variables, rows, rows)


def _negative_evidence(theta, squares, y, noise):
    """-log p(y) and its gradient with respect to (log lengths, log signal, log noise)."""
    from scipy.linalg import lapack

    weights, signal, variance = np.exp(-2 * theta[:-2]), np.exp(2 * theta[-2]), np.exp(2 * theta[-1]) * noise**2
    kernel = signal * np.exp(-0.5 * np.tensordot(weights, squares, 1))  # (rows, rows)
    matrix = kernel + np.diag(variance + 1e-9 * signal)
    lower, failed = lapack.dpotrf(matrix, lower=1, clean=0)
    if failed:
        return 1e10, np.zeros_like(theta)
    inverse, _ = lapack.dpotri(lower, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    alpha = inverse @ y
    value = 0.5 * y @ alpha + np.log(np.diag(lower)).sum() + 0.5 * len(y) * np.log(2 * np.pi)
    # d value / d K = (K⁻¹ - α αᵀ) / 2
    sensitivity = 0.5 * (inverse - np.outer(alpha, alpha))
    weighted = sensitivity * kernel
    slopes = np.tensordot(squares, weighted, 2) * weights
    return value, np.concatenate([slopes, [2 * weighted.sum(), 2 * np.diag(sensitivity) @ variance]])


def _mean_and_gradient(z, centres, y, noise, lengths, signal, sigma):
    """Posterior mean (rows,) and its gradient (rows, variables), in units of the spreads."""
    weights = np.exp(-2 * lengths)
    kernel = np.exp(2 * signal - 0.5 * _distances(centres, centres, weights))
    matrix = kernel + np.diag(np.exp(2 * sigma) * noise**2 + 1e-9 * np.exp(2 * signal))
    alpha = np.linalg.solve(matrix, y)
    cross = np.exp(2 * signal - 0.5 * _distances(z, centres, weights)) * alpha  # (rows, centres)
    total = cross.sum(axis=1)
    return total, (cross @ centres - total[:, None] * z) * weights


def _distances(a, b, weights):
    a, b = a * np.sqrt(weights), b * np.sqrt(weights)
    return np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T, 0.0)
