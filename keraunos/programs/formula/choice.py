"""Which formula of a front to take: the one that describes the data in the fewest bits."""

import math
from itertools import combinations_with_replacement

import numpy as np

from keraunos.programs.formula.constants import bits, covariance
from keraunos.programs.formula.expression import constants, evaluate, variables

SIMPLE_BITS = 12.0  # more than any simple value takes
BITS_PER_NODE, BITS_PER_CONSTANT = 4.0, 10.0  # about
ROUNDING = 1e-13  # of the variance: a loss below it is rounding


def description_length(tokens, loss, x, y, weights, variance, operators):
    """Bits for a formula and for what it leaves unexplained: L = Σ bits of nodes + Σ bits of constants + n/2 · log2 loss.

    The noise is not given: with the variance of the residuals as its estimate, the residuals of n rows cost n/2 · log2(2πe loss)
    (Rissanen, Automatica 14, 1978). Constants cost as many digits as their standard errors leave, and less if they are simple.
    """
    nodes = len(tokens) * math.log2(operators + x.shape[1] + 1)
    theta = constants(tokens)
    digits = 0.0
    if len(theta):
        spread = np.sqrt(np.maximum(np.diag(covariance(tokens, x, y, weights)), 0.0))
        digits = sum(bits(value, s) for value, s in zip(theta, spread))
    return nodes + digits + 0.5 * len(y) * math.log2(2 * math.pi * math.e * max(loss, ROUNDING * variance))


def rough_length(tokens, share, rows):
    """The same to within a constant, for a formula whose constants are not refined yet; ``share`` is what it leaves unexplained."""
    return (
        BITS_PER_NODE * len(tokens)
        + BITS_PER_CONSTANT * free_constants(tokens)
        + 0.5 * rows * math.log2(max(share, ROUNDING))
    )


def free_constants(tokens):
    """Number of constants that are not simple values."""
    return sum(not is_simple(value) for value in constants(tokens))


def is_simple(value):
    """Whether a constant is an integer, a fraction with a small denominator, or such a multiple of π or 1/π."""
    return bits(value, 0.0) <= SIMPLE_BITS


class Whiteness:
    """Whether residuals look like noise: neither a polynomial nor any expression of the bank explains more of them than chance would.

    Args:
        material: expressions over the variables of the data.
        x: (rows, variables).
    """

    def __init__(self, material, x, count=400):
        used = [t for t in material.tokens if variables(t)][:count]
        values = np.stack([evaluate(t, x) for t in used])  # (expressions, rows)
        values = values[np.all(np.isfinite(values), axis=1)]
        values = values - values.mean(axis=1, keepdims=True)
        self.unit = values / (np.linalg.norm(values, axis=1, keepdims=True) + 1e-300)
        self.polynomials = np.linalg.qr(_polynomials(x, len(x) // 5))[0]  # (rows, terms)

    def __call__(self, residuals):
        rows, terms = self.polynomials.shape
        centred = residuals - residuals.mean()
        size = np.linalg.norm(centred)
        if size == 0:
            return True
        # Of K correlations of noise with something the largest is about sqrt(2 ln K / n): 3.5 / sqrt(n) for K = 400.
        if np.abs(self.unit @ centred).max() > 4.5 / math.sqrt(rows) * size:
            return False
        explained = np.sum((self.polynomials.T @ (centred / size)) ** 2)
        return bool(explained < (terms + 4 * math.sqrt(2 * terms)) / rows)


def _polynomials(x, most):
    """Products of up to four of the standardised variables, as many as ``most`` allows; (rows, terms)."""
    z = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-300)
    columns = [np.ones(len(x))]
    for degree in range(1, 5):
        chosen = list(combinations_with_replacement(range(z.shape[1]), degree))
        if len(columns) + len(chosen) > most:
            break
        columns += [np.prod(z[:, c], axis=1) for c in map(list, chosen)]
    return np.stack(columns, axis=1)
