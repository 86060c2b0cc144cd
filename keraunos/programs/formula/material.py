"""Expressions of a known shape that a growing bank would reach late: powers' products, f(c z) with a constant, products of two."""

from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from keraunos.programs.formula import expression
from keraunos.programs.formula.bank import usable
from keraunos.programs.formula.operators import OPERATORS

EXPONENTS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
COST_OF = {1.0: 1.0, -1.0: 1.0, 2.0: 2.0, -2.0: 2.0, 0.5: 2.5, -0.5: 2.5}
# Functions of one expression z with a constant in front of it, as postfix in which c marks the constant.
SHAPES = tuple(
    tuple(shape.split())
    for shape in (
        "1 c z mul add",
        "1 c z mul sub",
        "c z mul exp",
        "c z mul exp 1 sub",
        "c z mul exp 1 add",
        "c z mul exp -1 c z mul mul exp add",
        "c z mul sin",
        "c z mul cos",
        "c z mul tanh",
        "1 c z mul add log",
        "c z square mul exp",
    )
)
LADDER = 0.06 * 300.0 ** (np.arange(10) / 9)  # sizes of c z that are tried, 0.06 to 18
SIMPLE_SCALES = (1.0, 0.5, 2.0, 1 / 3, 3.0, np.pi, 1 / np.pi, 2 * np.pi)


ZOOM = 300.0 ** (np.arange(-4, 5) / 45)  # between one step of the ladder and the next
ZOOMED = 60


class Material(NamedTuple):
    """Expressions and their values, (expressions, rows), as a ``Bank`` has them too."""

    tokens: list
    values: np.ndarray


class Scaled(NamedTuple):
    """Expressions f(c z) as a ``Material``, and what each is made of: the shape, c, and z by its place in ``inner``."""

    tokens: list
    values: np.ndarray
    parts: list
    inner: Material


def joined(*materials):
    """Several materials as one."""
    return Material([t for m in materials for t in m.tokens], np.concatenate([m.values for m in materials]))


def kept(tokens, values):
    """Material of what has usable values."""
    values = np.asarray(values)
    good = np.flatnonzero(usable(values)) if len(values) else []
    return Material([tokens[k] for k in good], values[good])


def monomials(x, operators, count):
    """The simplest products of powers of the columns of x, (rows, columns); the columns themselves first."""
    columns = x.shape[1]
    allowed = set(operators)
    options = []
    for size in range(1, min(columns, 5) + 1):
        if len(options) > 40 * count:
            break
        for chosen in combinations(range(columns), size):
            for powers in product(EXPONENTS if size < 4 else EXPONENTS[:2], repeat=size):
                if max(powers) < 0 and size > 1:
                    continue
                alike = len(set(map(abs, powers))) == 1  # (a b / c)²: as simple as a b / c, nearly
                cost = COST_OF[powers[0]] + size - 1 if alike else sum(map(COST_OF.get, powers))
                options.append((cost, chosen, powers))
    options.sort(key=lambda o: o[0])
    tokens, values = [], []
    with np.errstate(all="ignore"):
        for _, chosen, powers in options:
            made = expression.product(1.0, [((i,), p) for i, p in zip(chosen, powers)])
            if allowed.issuperset(t for t in made if type(t) is str):
                tokens.append(made)
                values.append(np.prod(x[:, chosen] ** np.array(powers), axis=1))
            if len(tokens) >= count:
                break
    return kept(tokens, np.array(values).reshape(-1, len(x)))


def with_scales(material, operators):
    """f(c z) for every z of the material, the functions of SHAPES and a ladder of constants c."""
    allowed = set(operators)
    shapes = [s for s in SHAPES if allowed.issuperset(part for part in s if part in OPERATORS)]
    tokens, values, parts = [], [], []
    for k, (z_tokens, z) in enumerate(zip(material.tokens, material.values)):
        size = np.sqrt(np.mean(z**2))
        scales = np.concatenate([LADDER / size, -LADDER / size, SIMPLE_SCALES])[:, None]  # (scales, 1)
        for shape in shapes:
            made = _shaped(shape, scales, z)
            for c in np.flatnonzero(usable(made)):
                values.append(made[c])
                tokens.append(_shape_tokens(shape, float(scales[c, 0]), z_tokens))
                parts.append((shape, float(scales[c, 0]), k))
    return Scaled(tokens, np.array(values).reshape(-1, material.values.shape[1]), parts, material)


def zoomed(scaled, places):
    """Expressions with constants between the steps of the ladder, around those at the given places; the best first.

    Of one function of one z only the first constant counts.
    """
    first: dict[tuple, float] = {}
    for shape, c, k in (scaled.parts[p] for p in places):
        first.setdefault((shape, k), c)
        if len(first) >= ZOOMED:
            break
    tokens, values = [], []
    for (shape, k), c in first.items():
        scales = c * ZOOM[:, None]
        made = _shaped(shape, scales, scaled.inner.values[k])  # (scales, rows)
        tokens += [_shape_tokens(shape, float(s), scaled.inner.tokens[k]) for s in scales[:, 0]]
        values.append(made)
    if not tokens:
        return Material([], np.zeros((0, scaled.values.shape[1])))
    return kept(tokens, np.concatenate(values))


def with_one(material):
    """1 + z and 1 - z."""
    one = (1.0,)
    tokens = [(*one, *t, name) for name in ("add", "sub") for t in material.tokens]
    return kept(tokens, np.concatenate([1.0 + material.values, 1.0 - material.values]))


def products(left, right):
    """Every product of one of the left and one of the right."""
    tokens = [(*a, *b, "mul") for a in left.tokens for b in right.tokens]
    with np.errstate(all="ignore"):
        values = left.values[:, None] * right.values  # (left, right, rows)
    return kept(tokens, values.reshape(len(tokens), left.values.shape[1]))


def taken(material, which):
    """Some of a material."""
    which = np.asarray(which, int)
    return Material([material.tokens[k] for k in which], material.values[which])


def taken_scaled(scaled, which):
    """Some of a scaled material."""
    return Scaled(*taken(scaled, which), [scaled.parts[k] for k in which], scaled.inner)


def _shaped(shape, scales, z):
    """Values of a shape for each constant, (scales, rows)."""
    stack = []
    with np.errstate(all="ignore"):
        for part in shape:
            if part in OPERATORS:
                op = OPERATORS[part]
                arguments = stack[-op.arity :]
                del stack[-op.arity :]
                stack.append(op.value(*arguments))
            else:
                stack.append(scales if part == "c" else z if part == "z" else float(part))
    return stack[0]


def _shape_tokens(shape, c, z):
    parts = ((c,) if p == "c" else z if p == "z" else (p,) if p in OPERATORS else (float(p),) for p in shape)
    return tuple(t for part in parts for t in part)
