"""Formulas in words: one line of Python, a function, SymPy, LaTeX."""

import keyword
import math
import operator
import re
from fractions import Fraction

from keraunos.programs.formula.expression import variables
from keraunos.programs.formula.operators import OPERATORS
from keraunos.util.optional import require

OPPOSITE = {"add": "sub", "sub": "add"}
LEFT_ALONE = {"sub": 1, "div": 1}  # operators whose second argument must bind more strongly than they do


def number(value, digits=6):
    """A constant in few characters: ``0.25``, ``1.602e-19``, ``pi / 2``."""
    for unit, name in ((1.0, ""), (math.pi, "pi"), (1 / math.pi, "1 / pi")):
        fraction = Fraction(value / unit).limit_denominator(12)
        if name and fraction and abs(float(fraction) * unit - value) <= 1e-12 * abs(value):
            return _multiple(fraction, name)
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return repr(value) if digits > 15 else f"{value:.{digits}g}"


def _multiple(fraction, name):
    top = "" if abs(fraction.numerator) == 1 else f"{abs(fraction.numerator)} * "
    sign = "-" if fraction < 0 else ""
    if name == "pi":
        return sign + (f"{top}pi" if fraction.denominator == 1 else f"{top}pi / {fraction.denominator}")
    bottom = "pi" if fraction.denominator == 1 else f"({fraction.denominator} * pi)"
    return f"{sign}{abs(fraction.numerator)} / {bottom}"


def infix(tokens, names, digits=6):
    """An expression as a line of Python, with as few brackets as it needs.

    >>> infix((0, 1, 2.0, "add", "mul", "sin"), ["x", "y"])
    'sin(x * (y + 2))'
    """
    stack = []  # (text, binding strength)
    for token in tokens:
        if type(token) is int:
            stack.append((names[token], 9))
        elif type(token) is float:
            text = number(token, digits)
            stack.append((text, 2 if "/" in text or "*" in text else 3 if text.startswith("-") else 9))
        else:
            op = OPERATORS[token]
            arguments = stack[-op.arity :]
            del stack[-op.arity :]
            op, arguments = _without_double_sign(op, arguments)
            stack.append((op.python.format(*_bracketed(op, arguments)), op.strength))
    return stack[0][0]


def _without_double_sign(op, arguments):
    """a - b in place of a + (-b), and a + b of a - (-b)."""
    if op.name not in OPPOSITE or not arguments[1][0].startswith("-") or arguments[1][1] < 2:
        return op, arguments
    text, strength = arguments[1]
    return OPERATORS[OPPOSITE[op.name]], [arguments[0], (text[1:], strength)]


def _bracketed(op, arguments):
    for k, (text, strength) in enumerate(arguments):
        least = op.strength + (k == 1 and LEFT_ALONE.get(op.name, 0))
        if op.strength == 4:  # powers: -x ** 2 and (a ** b) ** c
            least = 5
        if op.strength == 9 or strength >= least and not (k == 1 and text.startswith("-")):
            yield text
        elif op.name == "inv" and strength < 3:
            yield f"({text})"
        else:
            yield f"({text})"


def identifiers(names):
    """Names that Python takes, each once: "engine speed" becomes engine_speed."""
    found: list[str] = []
    for k, name in enumerate(names):
        text = re.sub(r"\W+", "_", str(name)).strip("_") or f"x{k}"
        if text[0].isdigit() or keyword.iskeyword(text) or text in RESERVED:
            text = f"x_{text}"
        while text in found:
            text += "_"
        found.append(text)
    return found


RESERVED = frozenset(
    ("np", "pi", *(re.split(r"\W", op.python)[0] for op in OPERATORS.values() if op.python[0].isalpha()))
)


def python_source(tokens, names, target="y"):
    """A function that computes the formula with NumPy, as source; it takes the variables that occur."""
    used = sorted(variables(tokens))
    ids = identifiers(names)
    line = infix(tokens, ids, digits=17)
    called = sorted(RESERVED & set(re.findall(r"[a-z]+", line)) - {"np", "abs"})
    head = f"from numpy import {', '.join(called)}\n\n\n" if called else ""
    arguments = ", ".join(ids[i] for i in used)
    doc = f'    """{target} as a formula of {arguments or "nothing"}."""'
    return f"{head}def {identifiers([target])[0]}({arguments}):\n{doc}\n    return {line}\n"


def to_sympy(tokens, names):
    """The expression in SymPy; simple constants are exact."""
    sympy = require("sympy", who="Formula.sympy", extra="programs")
    ids = identifiers(names)
    arithmetic = {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "div": operator.truediv,
        "pow": operator.pow,
        "neg": operator.neg,
        "inv": lambda a: 1 / a,
        "square": lambda a: a**2,
        "cube": lambda a: a**3,
    }
    stack = []
    for token in tokens:
        if type(token) is int:
            stack.append(sympy.Symbol(ids[token]))
        elif type(token) is float:
            stack.append(_sympy_number(sympy, token))
        else:
            op = OPERATORS[token]
            arguments = stack[-op.arity :]
            del stack[-op.arity :]
            call = getattr(sympy, op.sympy) if op.sympy else arithmetic[token]
            stack.append(call(*arguments))
    return stack[0]


def _sympy_number(sympy, value):
    for unit, symbol in ((1.0, 1), (math.pi, sympy.pi), (1 / math.pi, 1 / sympy.pi)):
        fraction = Fraction(value / unit).limit_denominator(12)
        if abs(float(fraction) * unit - value) <= 1e-12 * abs(value):
            return sympy.Rational(fraction.numerator, fraction.denominator) * symbol
    return sympy.Float(value)
