"""Expressions as flat postfix tuples, and what can be computed from them.

A token is an ``int`` (a variable's column), a ``float`` (a constant) or a ``str`` (an operator): ``(0, 2.0, "mul", "sin")`` is
sin(2 x0). Being tuples, expressions compare, hash and serialize as they are.
"""

import math

import numpy as np

from keraunos.programs.formula.operators import ARITIES, OPERATORS

Expression = tuple  # of int | float | str


def evaluate(tokens, x):
    """Values of an expression for rows of x, (rows, variables) -> (rows,); NaN or inf where it has none."""
    stack = []
    with np.errstate(all="ignore"):
        for token in tokens:
            if type(token) is str:
                op = OPERATORS[token]
                arguments = stack[-op.arity :]
                del stack[-op.arity :]
                stack.append(op.value(*arguments))
            else:
                stack.append(x[:, token] if type(token) is int else token)
    return np.broadcast_to(np.asarray(stack[0], float), len(x))


def value_and_jacobian(tokens, x):
    """Values (rows,) and derivatives with respect to the constants, (rows, constants): one backward pass over the tokens."""
    nodes, stack = [], []  # (token, indices of the arguments, value)
    with np.errstate(all="ignore"):
        for token in tokens:
            if type(token) is str:
                op = OPERATORS[token]
                inputs = stack[-op.arity :]
                del stack[-op.arity :]
                nodes.append((token, inputs, op.value(*(nodes[i][2] for i in inputs))))
            else:
                nodes.append((token, (), x[:, token] if type(token) is int else token))
            stack.append(len(nodes) - 1)
        columns = _backward(nodes, len(x))
    jacobian = np.stack(columns, axis=1) if columns else np.zeros((len(x), 0))
    return np.broadcast_to(np.asarray(nodes[-1][2], float), len(x)), jacobian


def _backward(nodes, rows):
    """Derivative of the last node with respect to each constant, in the order of the tokens."""
    adjoint = [None] * len(nodes)
    adjoint[-1] = 1.0
    columns = []
    for k in range(len(nodes) - 1, -1, -1):
        token, inputs, value = nodes[k]
        if inputs:
            partials = OPERATORS[token].partials(*(nodes[i][2] for i in inputs), value)
            for i, partial in zip(inputs, partials):
                adjoint[i] = adjoint[k] * partial
        elif type(token) is float:
            columns.append(np.broadcast_to(np.asarray(adjoint[k], float), rows))
    return columns[::-1]


def constants(tokens):
    """The constants of an expression in order."""
    return np.array([t for t in tokens if type(t) is float])


def with_constants(tokens, values):
    """The expression with other constants."""
    values = iter(values)
    return tuple(float(next(values)) if type(t) is float else t for t in tokens)


def variables(tokens):
    """Columns that an expression uses."""
    return frozenset(t for t in tokens if type(t) is int)


def substitute(tokens, replacements):
    """The expression with variable i replaced by the expression ``replacements[i]``."""
    return tuple(part for t in tokens for part in (replacements[t] if type(t) is int else (t,)))


def complexity(tokens):
    """Number of variables, constants and operators."""
    return len(tokens)


def key(tokens):
    """What tells expressions apart: as tuples, the variable 1 and the constant 1.0 are equal."""
    return tuple(str(t) if type(t) is int else t for t in tokens)


def is_valid(tokens):
    """Whether the tokens are one expression in postfix order."""
    depth = 0
    for t in tokens:
        need = ARITIES[t] if type(t) is str else 0
        if depth < need:
            return False
        depth += 1 - need
    return depth == 1


# -- building: small algebra that keeps expressions short ------------------------------------------------------------------------


def const(value):
    return (float(value),)


def is_const(tokens):
    return len(tokens) == 1 and type(tokens[0]) is float


def add(a, b):
    """a + b."""
    if is_const(a) and is_const(b):
        return const(a[0] + b[0])
    if is_const(a) and a[0] == 0:
        return b
    if is_const(b) and b[0] == 0:
        return a
    return (*a, *b, "add")


def mul(a, b):
    """a · b."""
    if is_const(a) and is_const(b):
        return const(a[0] * b[0])
    if is_const(a) and a[0] == 1:
        return b
    if is_const(a) and a[0] == 0:
        return a
    if is_const(b):
        return mul(b, a)
    if is_const(a) and b[-1] == "div" and type(b[0]) is float and b[0] == 1 and is_valid(b[1:-1]):
        return (*a, *b[1:])
    return (*a, *b, "mul")


def div(a, b):
    """a / b."""
    if is_const(b):
        return mul(const(1.0 / b[0]), a)
    return (*a, *b, "div")


def negated(a):
    """-a; of a difference the other one."""
    if a[-1] != "sub":
        return mul(const(-1), a)
    split = next(k for k in range(1, len(a) - 1) if is_valid(a[:k]) and is_valid(a[k:-1]))
    return (*a[split:-1], *a[:split], "sub")


def power(a, exponent):
    """a ** exponent, by square and square root where that is the same."""
    if exponent == 1:
        return a
    names = {2.0: ("square",), 0.5: ("sqrt",), 4.0: ("square", "square"), 0.25: ("sqrt", "sqrt")}
    if exponent in names:
        return (*a, *names[exponent])
    if exponent == 1.5:
        return (*a, *a, "sqrt", "mul") if len(a) == 1 else (*a, 1.5, "pow")
    return (*a, float(exponent), "pow")


def product(coefficient, factors):
    """coefficient · Π base^exponent, written as a fraction."""
    top, bottom = None, None
    for base, exponent in factors:
        part = power(base, abs(exponent))
        if exponent > 0:
            top = part if top is None else mul(top, part)
        elif exponent < 0:
            bottom = part if bottom is None else mul(bottom, part)
    top = const(coefficient) if top is None else mul(const(coefficient), top)
    return top if bottom is None else div(top, bottom)


def fold(tokens):
    """The expression with operations on constants alone carried out, +0 and ·1 taken away, constant factors in front."""
    stack = []
    for t in tokens:
        if type(t) is not str:
            stack.append((t,))
            continue
        arity = ARITIES[t]
        parts = stack[-arity:]
        del stack[-arity:]
        stack.append(_folded(t, parts))
    return stack[0]


INVERSE = {
    "square": "sqrt",
    "exp": "log",
    "log": "exp",
    "neg": "neg",
    "inv": "inv",
}  # f(g(a)) = a wherever g(a) has a value


def _folded(name, parts):
    """An operation on folded parts, with constant factors drawn to the front of products."""
    if all(map(is_const, parts)):
        with np.errstate(all="ignore"):
            value = float(OPERATORS[name].value(*(np.float64(p[0]) for p in parts)))
        if math.isfinite(value):
            return const(value)
    if name == "pow" and is_const(parts[1]):
        exponent = parts[1][0]
        if exponent == 0:
            return const(1)
        if exponent in (0.25, 0.5, 1.0, 2.0, 4.0):
            return fold(power(parts[0], exponent))
        if parts[0][-1] == "exp":
            return fold((exponent, *parts[0][:-1], "mul", "exp"))
    if INVERSE.get(name) == parts[0][-1]:
        return parts[0][:-1]
    if name in ("mul", "div", "square", "cube", "neg"):
        factors, rests = zip(*map(_split_factor, parts))
        with np.errstate(all="ignore"):
            factor = float(OPERATORS[name].value(*map(np.float64, factors))) if name != "neg" else -factors[0]
        if factor != 0 and math.isfinite(factor):
            return mul(const(factor), rests[0] if name == "neg" else _product(name, rests))
    if name == "add":
        return add(*parts)
    if name == "sub" and is_const(parts[1]):
        return add(const(-parts[1][0]), parts[0])
    return (*(t for p in parts for t in p), name)


def _product(name, parts):
    """mul, div, square or cube of parts without constant factors."""
    if name in ("mul", "div"):
        return {"mul": mul, "div": div}[name](*parts)
    return parts[0] if is_const(parts[0]) else (*parts[0], name)


def _split_factor(tokens):
    """(c, a) with c · a equal to the folded expression."""
    if is_const(tokens):
        return tokens[0], (1.0,)
    if tokens[-1] == "mul" and type(tokens[0]) is float and is_valid(tokens[1:-1]):
        return tokens[0], tokens[1:-1]
    return 1.0, tokens
