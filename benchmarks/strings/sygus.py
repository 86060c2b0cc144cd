"""Reads tasks in SyGuS format (version 1): the examples, and the grammar as a language of `keraunos.programs`."""

import re
from pathlib import Path
from typing import NamedTuple

from keraunos import programs


class Task(NamedTuple):
    """One task: input rows, outputs, and the grammar's language. `examples` is empty where the file gives none."""

    name: str
    inputs: list[tuple]
    outputs: list
    dsl: "programs.DSL | None"


def at(s, i):
    return s[i] if 0 <= i < len(s) else ""


def substr(s, i, n):
    return s[i : i + n] if 0 <= i < len(s) and n > 0 else ""


def indexof(s, t, i):
    return s.find(t, i) if 0 <= i <= len(s) else -1


def to_int(s):
    return int(s) if s.isascii() and s.isdigit() else -1


def replace(s, a, b):
    return s.replace(a, b, 1) if a else b + s


# Operator -> (function, Python source, role): the meaning that SMT-LIB gives.
OPERATORS = {
    "str.++": (lambda a, b: a + b, "{0} + {1}", "join"),
    "str.replace": (replace, None, None),
    "str.at": (at, None, None),
    "str.substr": (substr, None, "substring"),
    "str.len": (len, "len({0})", None),
    "str.indexof": (indexof, None, None),
    "str.to.int": (to_int, None, None),
    "int.to.str": (lambda n: str(n) if n >= 0 else "", None, None),
    "str.prefixof": (lambda a, b: b.startswith(a), "{1}.startswith({0})", None),
    "str.suffixof": (lambda a, b: b.endswith(a), "{1}.endswith({0})", None),
    "str.contains": (lambda a, b: b in a, "{1} in {0}", None),
    "ite": (lambda c, a, b: a if c else b, "{1} if {0} else {2}", "if"),
    "+": (lambda a, b: a + b, "{0} + {1}", "add"),
    "-": (lambda a, b: a - b, "{0} - {1}", "subtract"),
    "=": (lambda a, b: a == b, "{0} == {1}", None),
    "<=": (lambda a, b: a <= b, "{0} <= {1}", None),
    ">=": (lambda a, b: a >= b, "{0} >= {1}", None),
    "<": (lambda a, b: a < b, "{0} < {1}", None),
    ">": (lambda a, b: a > b, "{0} > {1}", None),
    "and": (lambda a, b: a and b, "{0} and {1}", None),
    "or": (lambda a, b: a or b, "{0} or {1}", None),
    "not": (lambda a: not a, "not {0}", None),
}
FALLBACK_NAMES = {"str.++": "concat"}


class Text(str):
    """A quoted string of the file."""


def parse(text: str) -> list:
    """S-expressions as nested lists; quoted strings as ``Text``, integers as int."""
    stack: list[list] = [[]]
    for token in re.findall(r'"(?:[^"]|"")*"|;[^\n]*|[()]|[^\s()]+', text):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        elif token[0] != ";":
            stack[-1].append(_atom(token))
    return stack[0]


def _atom(token):
    if token[0] == '"':
        return Text(token[1:-1].replace('""', '"'))
    if re.fullmatch(r"-?\d+", token):
        return int(token)
    return {"true": True, "false": False}.get(token, token)


def read_task(path: Path) -> Task:
    """The task of a file; without examples when its constraints are not of the form f(inputs) = output."""
    forms = parse(path.read_text(encoding="utf-8"))
    function = next(f for f in forms if f[0] == "synth-fun")
    inputs, outputs = [], []
    for form in forms:
        if form[0] == "constraint":
            example = _example(form[1], function[1])
            if example is None:
                return Task(path.stem, [], [], None)
            inputs.append(example[0])
            outputs.append(example[1])
    return Task(path.stem, inputs, outputs, _language(path.stem, function, outputs))


def _example(form, name):
    """(inputs, output) of (= (f inputs…) output), else None."""
    if form[0] == "=" and isinstance(form[1], list) and form[1][0] == name:
        values = [*form[1][1:], form[2]]
        if not any(isinstance(v, list) or type(v) is str for v in values):
            values = [str(v) if isinstance(v, Text) else v for v in values]
            return tuple(values[:-1]), values[-1]
    return None


def _language(name, function, outputs):
    """The grammar: each nonterminal a type, each production a primitive, a constant or an input."""
    arguments = [a[0] for a in function[2]]
    rules = {rule[0]: rule[2] for rule in function[4]}
    alias = {
        n: p for n, ps in rules.items() for p in ps if isinstance(p, str) and p in rules and not isinstance(p, Text)
    }
    start = alias.get("Start", "Start")
    primitives, constants, readings = [], [], {}
    for kind, productions in rules.items():
        if kind in alias:
            continue
        for p in productions:
            if isinstance(p, list):
                kinds = [alias.get(a, a) for a in p[1:]]
                primitives.append(_primitive(p[0], kinds, kind, primitives))
            elif isinstance(p, (Text, int, bool)):
                constants.append(programs.Constant(str(p) if isinstance(p, Text) else p, kind))
            elif p in arguments:
                readings.setdefault(p, []).append(kind)
    kinds_of = {type(v): k for v, k in (("", "ntString"), (0, "ntInt"), (True, "ntBool"))}
    constants = [*{(type(c.value), c.value, c.type): c for c in constants}.values()]
    return programs.DSL(
        name,
        primitives,
        constants,
        read=lambda value: [(kinds_of[type(value)], value)],
        goal=lambda value: (start, value),
    )


def _primitive(operator, kinds, result, before):
    fn, source, role = OPERATORS[operator]
    taken = {p.name for p in before}
    name = operator if operator not in taken else f"{operator}:{result}"
    return programs.Primitive(name, fn, kinds, result, 1, source, role)
