"""Where a search stands, as plain values: what it takes to go on as if it had not stopped.

A mark is taken before every part of the work. A search that is resumed begins at the last mark, with the front as it was there, and does
again what came after; so it comes to what a search without a stop comes to.
"""

import zlib

import numpy as np

from keraunos.programs.formula.front import Entry, Problem
from keraunos.programs.formula.population import Population


def fingerprint(*arrays):
    """A number that tells one table from another."""
    mark = 0
    for array in arrays:
        mark = zlib.crc32(np.ascontiguousarray(array, float).tobytes(), mark)
    return mark


def of_front(front):
    """The formulas of a front with their losses, and what it has seen."""
    return [list(e) for e in front.entries.values()], list(front.seen)


def into_front(plain, front):
    """Put back what ``of_front`` gave."""
    entries, seen = plain
    front.entries = {len(tokens): Entry(tuple(tokens), loss) for tokens, loss in entries}
    front.seen = set(map(tuple, seen))


def of_problem(name, problem):
    """A named problem as lists."""
    arrays = (problem.x, problem.y, problem.scale)
    return [name, *(a.tolist() for a in arrays), [list(c) for c in problem.columns], list(problem.outer)]


def problem_from(plain):
    """(name, problem) of what ``of_problem`` gave."""
    name, x, y, scale, columns, outer = plain
    return name, Problem(np.array(x), np.array(y), np.array(scale), tuple(map(tuple, columns)), tuple(outer))


def of_genetic(genetic):
    """A population, and where its draws are; its arrays are replaced, never changed, so they need no copy."""
    return genetic.people, genetic.losses, float(genetic.best), genetic.quiet, genetic.rng.bit_generator.state


def into_genetic(kept, genetic):
    """Put back what ``of_genetic`` gave."""
    (codes, constants), losses, genetic.best, genetic.quiet, genetic.rng.bit_generator.state = kept
    genetic.people = Population(*(np.array(a, old.dtype) for a, old in zip((codes, constants), genetic.people)))
    genetic.losses = np.array(losses, genetic.losses.dtype)


def plain_genetic(kept):
    """What ``of_genetic`` gave, as lists."""
    (codes, constants), losses, *rest = kept
    return [[codes.tolist(), constants.tolist()], losses.tolist(), *rest]
