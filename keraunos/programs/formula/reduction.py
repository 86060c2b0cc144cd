"""Fewer variables: factors that are powers are divided out, and two variables that act through one expression become one.

The derivatives of a smooth stand-in say where to look: x_i ∂f/∂x_i ∝ f for a factor x_i^a, ∇f ∥ ∇h for two variables that act through
h. (The second is the generalized symmetry of Udrescu et al., AI Feynman 2.0, 2020.) The stand-in's evidence, with and without,
says whether it is so.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from keraunos.programs.formula import smooth
from keraunos.programs.formula.bank import Bank
from keraunos.programs.formula.expression import evaluate, product, substitute, variables
from keraunos.programs.formula.front import Problem

TRIED = 5  # reductions whose evidence is computed, at each step
LARGEST_ANGLE = 0.2  # worst score that is looked at: 1 - cos² of what should be parallel
SMALL_BANK = 160  # expressions of two variables
ROWS_FOR_ANGLES = 120
ALLOWED_LOSS = 4.0  # by how much evidence may fall, in nats: less than what a variable that matters is worth


class Move(NamedTuple):
    """One reduction: what remains, and a score (0 is perfect)."""

    score: float
    problem: Problem
    kept: tuple[int, ...]  # old columns whose length scales carry over; the new one, if any, comes last
    log_slope: np.ndarray  # log |dz/dy| per row, where z is the new target


def reduce_all(problem, operators, seed, is_over):
    """The problem, and ever smaller ones that are equivalent as far as the data can tell; yields each with its stand-in."""
    current = smooth.fit(problem.x, problem.y, problem.scale, seed)
    yield problem, current
    while problem.x.shape[1] > 1 and not is_over():
        found = best_move(problem, current, operators, seed, is_over)
        if found is None:
            return
        problem, current = found
        yield problem, current


def best_move(problem, current, operators, seed, is_over):
    """The smaller problem with the best evidence, and its stand-in; None if none is as probable as what there is."""
    moves = sorted([*_factor_moves(problem, current), *_pair_moves(problem, current, operators)], key=lambda m: m.score)
    best, best_evidence = None, current.evidence - ALLOWED_LOSS
    rows = np.random.default_rng(seed).permutation(len(problem.y))[: smooth.ROWS_FOR_EVIDENCE]
    for move in moves[:TRIED]:
        if is_over():
            break
        start = _start(current, move)
        fitted = smooth.fit(move.problem.x, move.problem.y, move.problem.scale, seed, start, 15, evidence_only=True)
        evidence = fitted.evidence + move.log_slope[rows].sum()
        if evidence > best_evidence:
            best, best_evidence = (move, fitted), evidence
    if best is None:
        return None
    problem = best[0].problem
    return problem, smooth.fit(problem.x, problem.y, problem.scale, seed, smooth.start_of(best[1]), 30)


def _start(current, move):
    lengths = current.log_lengths[list(move.kept)]
    extra = move.problem.x.shape[1] - len(lengths)
    return np.concatenate([lengths, np.full(extra, 1.0)]), current.log_signal, current.log_noise


# -- factors -----------------------------------------------------------------------------------------------------------------------


def _factor_moves(problem, current):
    """Powers of single variables that may be factors; and all of those that look certain, at once."""
    x, mean, weights = problem.x, current.mean, 1.0 / problem.scale
    if np.any(np.abs(x).min(axis=0) == 0):
        x = np.where(x == 0, 1e-300, x)
    found = {}
    for i in range(x.shape[1]):
        turned, f = weights * x[:, i] * current.gradient[:, i], weights * mean
        exponent = turned @ f / (f @ f)
        near = round(2 * exponent) / 2
        miss = np.sum((turned - near * f) ** 2) / max(np.sum(turned**2), 1e-300)
        if near and miss < LARGEST_ANGLE and (near == int(near) or x[:, i].min() > 0):
            found[i] = (miss, near)
    groups = [[i] for i in found]
    certain = [i for i in found if found[i][0] < 0.01]
    if 1 < len(certain) < x.shape[1]:
        groups.append(certain)
    return [
        _without_factors(problem, {i: found[i][1] for i in group}, min(found[i][0] for i in group) / len(group))
        for group in groups
    ]


def _without_factors(problem, exponents, score):
    """The problem of y / Π x_i^a_i."""
    factor = np.prod(
        [np.abs(problem.x[:, i]) ** a * np.sign(problem.x[:, i]) ** int(a) for i, a in exponents.items()], axis=0
    )
    kept = tuple(i for i in range(problem.x.shape[1]) if i not in exponents)
    bases = [(problem.columns[i], a) for i, a in exponents.items()]
    inner = product(1.0, [((-1,), 1.0), *bases])
    outer = tuple(t for token in problem.outer for t in (inner if type(token) is int and token == -1 else (token,)))
    smaller = Problem(
        problem.x[:, kept],
        problem.y / factor,
        problem.scale / np.abs(factor),
        tuple(problem.columns[i] for i in kept),
        outer,
    )
    return Move(score, smaller, kept, -np.log(np.abs(factor)))


# -- two variables that act as one -------------------------------------------------------------------------------------------------


def _pair_moves(problem, current, operators):
    """For each two variables the expressions of them through which they may act."""
    spread = problem.x.std(axis=0)
    gradient = current.gradient * spread / problem.scale[:, None]  # (rows, variables)
    few = slice(0, ROWS_FOR_ANGLES)
    moves = []
    for i, j in combinations(range(problem.x.shape[1]), 2):
        x, g = problem.x[few][:, [i, j]], gradient[few][:, [i, j]]
        tokens, slopes = _small_expressions(x, operators)
        slopes = slopes * spread[[i, j]]  # (expressions, rows, 2)
        length = np.linalg.norm(slopes, axis=2) + 1e-300
        across = (g[:, 0] * slopes[:, :, 1] - g[:, 1] * slopes[:, :, 0]) / length  # (expressions, rows)
        # What counts is the weaker of the two directions: along the stronger, everything is parallel.
        weaker = np.minimum(*np.sum(g**2, axis=0)) + 1e-300
        scores = np.sum(across**2, axis=1) / weaker
        # of expressions that act alike the shortest
        for k in np.argsort(scores + 1e-3 * np.array([len(t) for t in tokens]), kind="stable")[:2]:
            if scores[k] < LARGEST_ANGLE:
                moves.append(_joined(problem, i, j, tokens[k], float(scores[k])))
    return moves


def _small_expressions(x, operators):
    """(tokens, gradients) of expressions that use both columns of x, which is (rows, 2)."""
    step = 1e-5 * np.std(x, axis=0)
    shifted = np.concatenate([x, x + [step[0], 0], x + [0, step[1]]])
    bank = Bank(shifted, operators, 5 * SMALL_BANK).grow(5)
    both = [k for k, t in enumerate(bank.tokens) if len(variables(t)) == 2][:SMALL_BANK]
    values = bank.values[both].reshape(len(both), 3, len(x))
    slopes = np.stack([(values[:, k + 1] - values[:, 0]) / step[k] for k in (0, 1)], axis=2)
    return [bank.tokens[k] for k in both], slopes


def _joined(problem, i, j, tokens, score):
    """The problem with columns i and j replaced by one expression of them."""
    kept = tuple(k for k in range(problem.x.shape[1]) if k not in (i, j))
    pair = (problem.columns[i], problem.columns[j])
    values = evaluate(tokens, problem.x[:, [i, j]])
    smaller = problem._replace(
        x=np.column_stack([problem.x[:, kept], values]),
        columns=(*(problem.columns[k] for k in kept), substitute(tokens, pair)),
    )
    return Move(score + 1e-4 * len(tokens), smaller, kept, np.zeros(len(values)))
