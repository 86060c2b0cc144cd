"""One formula of a front, with everything that can be said about it."""

import numpy as np

from keraunos.programs.formula import rendering
from keraunos.programs.formula.expression import complexity, constants, evaluate, is_valid, variables
from keraunos.programs.formula.operators import OPERATORS
from keraunos.util.optional import require


class Candidate:
    """A formula: its tokens, how long and how good it is, and its constants' standard errors.

    Attributes:
        tokens: the expression in postfix order; see ``keraunos.programs.formula.expression``.
        complexity: number of variables, constants and operators.
        loss: mean (weighted) squared error, in units of the target's variance: the share that is left unexplained.
        bits: length of the description of formula and residuals.
        errors: standard errors of the constants, (constants,).

    >>> found = Candidate((2.0, 0, "mul", "sin"), ("x",), loss=0.0, bits=0.0, errors=[0.1])
    >>> str(found), found.latex()
    ('sin(2 * x)', '\\\\sin{\\\\left(2 x \\\\right)}')
    """

    def __init__(self, tokens, names, loss, bits, errors, target="y"):
        self.tokens, self.names, self.target = tuple(tokens), tuple(names), target
        self.loss, self.bits, self.errors = float(loss), float(bits), np.asarray(errors, float)
        self._check()

    def _check(self):
        known = all(
            type(t) is float or type(t) is int and 0 <= t < len(self.names) or type(t) is str and t in OPERATORS
            for t in self.tokens
        )
        if not known or not is_valid(self.tokens):
            raise ValueError(f"Candidate: these tokens are no expression of {list(self.names)}: {list(self.tokens)!r}.")

    @property
    def complexity(self):
        """Number of variables, constants and operators."""
        return complexity(self.tokens)

    @property
    def variables(self):
        """Names of the variables that occur."""
        return tuple(self.names[i] for i in sorted(variables(self.tokens)))

    def constants(self):
        """The constants as they occur, each with its standard error: a list of pairs."""
        return list(zip(constants(self.tokens).tolist(), self.errors.tolist()))

    def predict(self, x):
        """Values for rows of x, (rows, variables) -> (rows,); NaN where the formula has none."""
        return np.array(evaluate(self.tokens, np.asarray(x, float)))

    def __str__(self):
        return rendering.infix(self.tokens, rendering.identifiers(self.names))

    def __repr__(self):
        return f"<Candidate {self.target} = {self}, complexity {self.complexity}, loss {self.loss:.3g}>"

    def python(self):
        """Source of a function of the variables that occur, for NumPy."""
        return rendering.python_source(self.tokens, self.names, self.target)

    def sympy(self):
        """The formula as a SymPy expression, in which simple constants are exact."""
        return rendering.to_sympy(self.tokens, self.names)

    def latex(self):
        """The formula in LaTeX."""
        return require("sympy", who="Formula.latex", extra="programs").latex(self.sympy())

    def config(self):
        """What it takes to make it again."""
        return {"tokens": list(self.tokens), "loss": self.loss, "bits": self.bits, "errors": self.errors.tolist()}
