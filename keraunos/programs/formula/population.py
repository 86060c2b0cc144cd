"""A population of expressions as two arrays, and what is done to all of it at once: evaluation, crossing, mutation.

``codes`` is (individuals, places): variables from 0, then the constant, then operators; -1 behind the end. ``constants`` has the value
of each constant at its place. All operations work place by place on the whole population, so that Python is not asked once for each.
"""

from typing import NamedTuple

import numpy as np

from keraunos.programs.formula.operators import OPERATORS

END = -1
DEEPEST = 12  # values on the stack


class Alphabet:
    """Which code means what.

    Args:
        columns: number of variables.
        operators: names.
    """

    def __init__(self, columns, operators):
        self.columns, self.constant = columns, columns
        self.names = tuple(operators)
        self.first = columns + 1  # code of the first operator
        self.arity = np.array([0] * (columns + 1) + [OPERATORS[n].arity for n in operators] + [0])  # the last for END
        codes = np.arange(self.first, self.first + len(operators))
        self.unary, self.binary = codes[self.arity[codes] == 1], codes[self.arity[codes] == 2]

    def encode(self, expressions, places):
        """The population of those of the expressions that fit."""
        index = {name: self.first + k for k, name in enumerate(self.names)}
        rows = [t for t in expressions if len(t) <= places and all(type(c) is not str or c in index for c in t)]
        codes, constants = np.full((len(rows), places), END, np.int16), np.zeros((len(rows), places))
        for i, tokens in enumerate(rows):
            for t, token in enumerate(tokens):
                codes[i, t] = index[token] if type(token) is str else token if type(token) is int else self.constant
                if type(token) is float:
                    constants[i, t] = token
        return Population(codes, constants)

    def decode(self, population, i):
        """Tokens of one individual."""
        found = []
        for code, value in zip(population.codes[i].tolist(), population.constants[i].tolist()):
            if code == END:
                break
            found.append(
                self.names[code - self.first] if code >= self.first else value if code == self.constant else code
            )
        return tuple(found)


class Population(NamedTuple):
    """See the head of this file."""

    codes: np.ndarray
    constants: np.ndarray

    def lengths(self):
        """Number of tokens of each individual."""
        return (self.codes != END).sum(axis=1)

    def rows(self, which):
        """Some individuals."""
        return Population(self.codes[which], self.constants[which])


def concatenated(*populations):
    """Several populations as one."""
    return Population(*(np.concatenate(parts) for parts in zip(*populations)))


def evaluate_all(population, alphabet, x):
    """Values of all individuals, (individuals, rows), for x of (rows, columns), in 32 bits; NaN where the stack overflows."""
    codes, constants = population
    count, rows = len(codes), len(x)
    stack = np.zeros((count, DEEPEST, rows), np.float32)
    top = np.zeros(count, int)
    deep = np.zeros(count, bool)
    columns = x.T.astype(np.float32)
    with np.errstate(all="ignore"):
        for t in range(int(population.lengths().max(initial=0))):
            at = codes[:, t]
            for code in np.unique(at[at != END]):
                who = np.flatnonzero(at == code)
                arity = alphabet.arity[code]
                place = top[who] - arity
                over = place >= DEEPEST
                if over.any():
                    deep[who[over]] = True
                    place = np.minimum(place, DEEPEST - 1)
                if arity == 0:
                    stack[who, place] = constants[who, t, None] if code == alphabet.constant else columns[code]
                else:
                    value = OPERATORS[alphabet.names[code - alphabet.first]].value
                    stack[who, place] = value(*(stack[who, np.minimum(place + k, DEEPEST - 1)] for k in range(arity)))
                top[who] = place + 1
    result = stack[:, 0]
    result[deep] = np.nan
    return result


def sizes(population, alphabet):
    """Number of tokens of the sub-expression that ends at each place, (individuals, places)."""
    codes = population.codes
    count, places = codes.shape
    found = np.zeros((count, places), int)
    stack, top = np.zeros((count, places + 1), int), np.zeros(count, int)
    everyone = np.arange(count)
    for t in range(places):
        arity = alphabet.arity[codes[:, t]]
        alive = codes[:, t] != END
        size = 1 + np.where(arity >= 1, stack[everyone, np.maximum(top - 1, 0)], 0)
        size += np.where(arity == 2, stack[everyone, np.maximum(top - 2, 0)], 0)
        found[:, t] = np.where(alive, size, 0)
        top = np.where(alive, top - arity + 1, top)
        stack[everyone[alive], top[alive] - 1] = size[alive]
    return found


def crossed(mothers, fathers, alphabet, rng):
    """Each mother with one of her sub-expressions replaced by one of the father's; mothers whose child would not fit stay."""
    places = mothers.codes.shape[1]
    end_m, size_m = _picked(mothers, alphabet, rng)
    end_f, size_f = _picked(fathers, alphabet, rng)
    start_m, start_f = end_m - size_m + 1, end_f - size_f + 1
    shift = size_f - size_m
    fits = mothers.lengths() + shift <= places
    k = np.arange(places)[None]
    inside = (k >= start_m[:, None]) & (k < (start_m + size_f)[:, None])
    from_father = np.clip(k - start_m[:, None] + start_f[:, None], 0, places - 1)
    source = np.where(k < start_m[:, None], k, k - shift[:, None])
    beyond = source >= places
    source = np.clip(source, 0, places - 1)
    children = []
    for mother, father, empty in zip(mothers, fathers, (END, 0.0)):
        rest = np.where(beyond, empty, np.take_along_axis(mother, source, axis=1))
        child = np.where(inside, np.take_along_axis(father, from_father, axis=1), rest)
        children.append(np.where(fits[:, None], child, mother).astype(mother.dtype))
    return Population(*children)


def _picked(population, alphabet, rng):
    """For each individual the last place of a random sub-expression, and its size."""
    lengths = population.lengths()
    end = (rng.random(len(lengths)) * lengths).astype(int)
    return end, sizes(population, alphabet)[np.arange(len(lengths)), end]


def mutated(population, alphabet, rng):
    """Each individual with one token replaced by another of the same arity, and its constants shaken."""
    codes, constants = population.codes.copy(), population.constants.copy()
    everyone = np.arange(len(codes))
    at = (rng.random(len(codes)) * population.lengths()).astype(int)
    arity = alphabet.arity[codes[everyone, at]]
    for n, choices in ((0, np.arange(alphabet.columns + 1)), (1, alphabet.unary), (2, alphabet.binary)):
        who = np.flatnonzero(arity == n)
        if len(choices):
            codes[who, at[who]] = rng.choice(choices, len(who))
    is_constant = codes == alphabet.constant
    fresh = is_constant & (population.codes != alphabet.constant)
    shaken = (
        constants
        * np.exp(0.3 * rng.normal(size=constants.shape))
        * np.where(rng.random(constants.shape) < 0.05, -1.0, 1.0)
    )
    constants = np.where(fresh, rng.normal(size=constants.shape) * 2.0, np.where(is_constant, shaken, 0.0))
    return Population(codes, constants)
