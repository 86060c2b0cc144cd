"""How many of a run's formulas are the equation itself: `python -m benchmarks.formulas.recovery results/all-keraunos-60s-seed0.json`.

Exact recovery in SRBench's sense (La Cava et al., NeurIPS Datasets and Benchmarks 2021, definition 4.1): found - true is a constant, or
found / true is a constant other than 0, by SymPy's algebra. The equation is taken exactly. What was fitted carries noise, so a constant
of the formula found is read as p/q·π^k (q <= 12, |k| <= 2) where it lies within half a unit of the third digit of one, and else rounded
to three digits (SRBench rounds to three decimals). A formula is read as it stands and expanded. Each has a process of its own: where its
time is up before the algebra is done, the formula counts as not shown. What differs from the equation at some point, whatever the
constant, is refuted by numbers, without algebra.

The file may be a results JSON of `run`, or the lines that `run` prints.
"""

import argparse
import ast
import json
import math
import multiprocessing
from fractions import Fraction
from pathlib import Path

import sympy

from benchmarks.formulas.feynman import EQUATIONS
from benchmarks.formulas.run import SOLVED

DIGITS = 3
POINTS, PRECISION, EQUAL = 8, 40, 1e-25
FUNCTIONS = {f"arc{n}": getattr(sympy, f"a{n}") for n in ("sin", "cos", "tan")} | {
    "abs": sympy.Abs,
    "square": lambda a: a**2,
    "inv": lambda a: 1 / a,
    "neg": lambda a: -a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}
FIRST = {"operon": 1}  # number of the first variable in a contender's texts; 0 for the others


def true(equation):
    """The equation in SymPy, its constants exact."""
    names = dict(zip(equation.variables, _symbols(equation))) | FUNCTIONS
    return sympy.sympify(equation.formula, locals=names, rational=True)


def found(text, equation, contender):
    """The formula of a run in SymPy."""
    first = FIRST.get(contender, 0)
    names = {f"{x}{k + first}": s for k, s in enumerate(_symbols(equation)) for x in "xX"}
    return sympy.sympify(text.replace("^", "**"), locals=names | FUNCTIONS)


def _symbols(equation):
    """The variables, none of which is negative in the database."""
    return [sympy.Symbol(f"v{k}", positive=True) for k in range(len(equation.variables))]


def read(expression):
    """The expression with each fitted constant as the value that it stands for."""
    return expression.xreplace({a: simple(float(a)) for a in expression.atoms(sympy.Float)})


def simple(value):
    """p/q·π^k within half a unit of the third digit of a constant, the smallest |p| + q + |k| first; else its first three digits."""
    if value == 0:
        return sympy.Integer(0)
    rounded = sympy.Rational(f"{value:.{DIGITS - 1}e}")
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - DIGITS + 1)
    options = []
    for k in range(-2, 3):
        for q in range(1, 13):
            p = round(value / math.pi**k * q)
            if p and abs(p / q * math.pi**k - value) <= 0.5 * unit:
                options.append((abs(p) + q + abs(k), Fraction(p, q), k))
    if not options:
        return rounded
    _, fraction, k = min(options)
    return sympy.Rational(fraction) * sympy.pi**k


def differs(expression, truth, equation):
    """Whether neither difference nor ratio is constant at some points of the equation's range, to 25 digits."""
    x, _ = equation.sample(POINTS, seed=7)
    values = [[f.evalf(PRECISION, subs=dict(zip(_symbols(equation), row))) for f in (expression, truth)] for row in x]
    if not all(v.is_real and v.is_finite for pair in values for v in pair):
        return True
    differences, ratios = [a - b for a, b in values], [a / b for a, b in values if b != 0]
    size = max(abs(b) for _, b in values)
    return all(max(v) - min(v) > EQUAL * (size if v is differences else abs(v[0])) for v in (differences, ratios))


def is_recovered(text, equation, contender="keraunos"):
    """Whether the formula is the equation by algebra, up to a constant term or factor."""
    truth, formula = true(equation), found(text, equation, contender)
    for expression in {read(formula), read(sympy.expand(formula))}:
        if expression.free_symbols and not differs(expression, truth, equation):
            if any(_is_constant(part) for part in (expression / truth, expression - truth)):
                return True
    return False


def _is_constant(expression):
    for change in (sympy.cancel, sympy.simplify):
        expression = change(expression)
        if not expression.free_symbols:
            return expression.is_finite and expression != 0 or expression == 0
    return False


def judged(run, seconds):
    """ "yes", "no" or "not shown" for one run, in a process of its own."""
    if run["beyond"] is None:
        return "no"
    new = multiprocessing.get_context("spawn")  # a fork of a process with threads, as JAX's, may hang
    here, there = new.Pipe(duplex=False)
    process = new.Process(target=_answer, args=(run, there), daemon=True)
    process.start()
    there.close()
    answer = None
    if here.poll(seconds):
        try:
            answer = here.recv()
        except EOFError:  # the process died: SymPy gave up, or memory ran out
            pass
    process.kill()
    process.join()
    return {True: "yes", False: "no", None: "not shown"}[answer]


def _answer(run, pipe):
    pipe.send(bool(is_recovered(run["formula"], EQUATIONS[run["equation"]], run["contender"])))


def read_runs(path):
    """The runs of a results file, or of the lines that ``run`` printed."""
    text = path.read_text(encoding="utf-8")
    if text.startswith("["):
        return json.loads(text)
    return [ast.literal_eval(line) for line in text.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for the algebra of one formula")
    arguments = parser.parse_args()
    for path in arguments.results:
        runs = read_runs(path)
        for contender in dict.fromkeys(r["contender"] for r in runs):
            mine = [r for r in runs if r["contender"] == contender]
            verdicts = [judged(r, arguments.limit) for r in mine]
            solved = [(r["beyond"] or -1) > SOLVED for r in mine]
            for r, verdict, ok in zip(mine, verdicts, solved):
                if verdict != "yes":
                    beyond = "failed" if r["beyond"] is None else f"{r['beyond']:.6f}"
                    print(
                        f"{r['equation']:<10} {'solved' if ok else '':<6} recovered: {verdict:<9} R² {beyond}  {r['formula']}"
                    )
            counts = {v: verdicts.count(v) for v in ("yes", "no", "not shown")}
            print(
                f"{path.name}, {contender}: {len(mine)} equations, {sum(solved)} solved (R² out of range > {SOLVED}), ",
                end="",
            )
            print(
                f"{counts['yes']} recovered exactly, {counts['no']} not, {counts['not shown']} not shown in {arguments.limit:g} s"
            )


if __name__ == "__main__":
    main()
