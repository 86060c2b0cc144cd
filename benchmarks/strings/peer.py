"""cvc5 on one task, for comparison."""

import re
from pathlib import Path

from benchmarks.strings.sygus import Text, parse

RENAMED = {"str.to.int": "str.to_int", "int.to.str": "str.from_int"}  # format version 1 -> 2


def version_2(text: str) -> str:
    """A task of format version 1 in version 2: nonterminals declared before the rules, new names, no literal below zero."""
    forms = parse(text)
    for form in forms:
        if form[0] == "synth-fun":
            form[4:5] = [[[rule[0], rule[1]] for rule in form[4]], form[4]]
    return "\n".join(_written(form) for form in forms)


def _written(form) -> str:
    if isinstance(form, list):
        return "(" + " ".join(map(_written, form)) + ")"
    if isinstance(form, Text):
        return '"' + form.replace('"', '""') + '"'
    if isinstance(form, bool):
        return str(form).lower()
    if isinstance(form, int):
        return str(form) if form >= 0 else f"(- {-form})"
    return RENAMED.get(form, form)


def solve(path: Path, seconds: float) -> str:
    """cvc5's answer: "(define-fun …)" or what it says instead."""
    import cvc5

    solver = cvc5.Solver()
    for name, value in (
        ("lang", "sygus2"),
        ("sygus", "true"),
        ("sygus-pbe", "true"),
        ("tlimit", str(int(1000 * seconds))),
    ):
        solver.setOption(name, value)
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SYGUS_2_1, version_2(path.read_text(encoding="utf-8")), path.name)
    answer = ""
    while not (command := parser.nextCommand()).isNull():
        answer = command.invoke(solver, parser.getSymbolManager()) or answer
    return re.sub(r"\s+", " ", answer)
