"""``learn_library``: what many solutions have in common becomes a primitive, so that the next search has it for little."""

from collections.abc import Iterable

from keraunos.programs.synthesis.bank import frozen
from keraunos.programs.synthesis.dsl import DSL, Primitive, type_name
from keraunos.programs.synthesis.expression import Apply, Expression, Input, Literal
from keraunos.programs.synthesis.prior import costs_from_solutions
from keraunos.programs.synthesis.result import Rule
from keraunos.util.errors import describe
from keraunos.util.optional import require

MAX_HOLES = 3  # arguments of a learnt primitive, those that complete a call included


class Learnt(Primitive):
    """A primitive that is an expression of others; programs that use it are written out in full."""

    __slots__ = ("body",)

    def __init__(self, name: str, body: Expression, arguments, cost: int):
        self.body = body
        super().__init__(name, _function(body), arguments, body.type, cost)

    def inline(self, arguments: tuple[Expression, ...]) -> Expression:
        """The body with the arguments in their places."""
        return _filled(self.body, arguments)


def learn_library(
    solutions: Iterable, dsl: DSL | None = None, *, size: int = 5, max_arity: int = 2, reweigh: bool = True
) -> DSL:
    """A language with new primitives for what solved tasks share, found by compression (Bowers et al., Stitch, POPL 2023).

    Args:
        solutions: ``Rule`` objects, or results of ``synthesize``, of tasks in one language.
        dsl: the language; that of the first solution by default.
        size: how many primitives to add at most.
        max_arity: how many arguments a new primitive may have.
        reweigh: also set the costs of the primitives by how often the solutions use them.

    Programs found in the new language are printed and saved in the old one: files do not depend on the library.

    Raises ``ImportError`` when ``stitch_core`` is not installed; ``ValueError`` without solutions.

    >>> from keraunos import programs
    >>> @programs.primitive(source="sorted({0})[::-1]")
    ... def falling(x: list[int]) -> list[int]:
    ...     return sorted(x)[::-1]
    >>> @programs.primitive(source="{0}[:2]")
    ... def two(x: list[int]) -> list[int]:
    ...     return x[:2]
    >>> @programs.primitive(source="sum({0})")
    ... def total(x: list[int]) -> int:
    ...     return sum(x)
    >>> dsl = programs.DSL("falling", [falling, two, total])
    >>> solved = [programs.synthesize([([3, 1, 2], 5), ([5, 4, 9], 14)], dsl=dsl) for _ in range(3)]
    >>> programs.learn_library(solved).primitives[-1]
    fn_0(list[int]) -> int
    """
    rules = [r for r in map(_rule, solutions) if r is not None]
    if not rules:
        raise ValueError("learn_library: give at least one solution (a Rule, or a result of synthesize that has one).")
    dsl = dsl or rules[0].dsl
    stitch = require("stitch_core", who="programs.learn_library", extra="programs")
    names = _Names(dsl)
    texts = [names.text(r.expression, i) for i, r in enumerate(rules)]
    result = stitch.compress(texts, iterations=size, max_arity=max_arity, silent=True)
    found: dict[str, Learnt] = {}
    for abstraction in result.abstractions:
        learnt = names.learnt(abstraction.name, abstraction.body, found)
        if learnt is not None:
            found[abstraction.name] = learnt
    costs = costs_from_solutions(dsl, [r.expression for r in rules]) if reweigh else {}
    new = [p for p in found.values() if _is_worth_it(p)]
    extended = dsl.extended(new, f"{dsl.name} and library", costs)
    extended.base = dsl
    return extended


def _rule(solution) -> Rule | None:
    if isinstance(solution, Rule):
        return solution
    if hasattr(solution, "best"):
        return solution.best
    raise TypeError(f"learn_library: solutions must be rules or results of synthesize, got {describe(solution)}.")


def _is_worth_it(learnt: Learnt) -> bool:
    """A body that is one call with constants filled in saves little, one of two calls something."""
    return sum(isinstance(e, Apply) for e in learnt.body.walk()) > 1


def inlined(expression: Expression) -> Expression:
    """The expression without learnt primitives."""
    if not isinstance(expression, Apply):
        return expression
    arguments = tuple(map(inlined, expression.arguments))
    if isinstance(expression.primitive, Learnt):
        return inlined(expression.primitive.inline(arguments))
    return Apply(expression.primitive, arguments)


def _filled(body: Expression, arguments) -> Expression:
    if isinstance(body, Input):
        return arguments[body.index]
    if isinstance(body, Apply):
        return Apply(body.primitive, tuple(_filled(a, arguments) for a in body.arguments))
    return body


def _function(body: Expression):
    """The body as a Python function of the values of its arguments."""
    run = _runner(body)
    return lambda *values: run(values)


def _runner(body: Expression):
    if isinstance(body, Input):
        index = body.index
        return lambda values: values[index]
    if isinstance(body, Literal):
        value = body.constant.value
        return lambda values: value
    assert isinstance(body, Apply)
    fn, parts = body.primitive.fn, [_runner(a) for a in body.arguments]
    return lambda values: fn(*[part(values) for part in parts])


class _Names:
    """Programs in the notation of stitch_core and back: p3 is a primitive, c5 a constant, v0 an input, #0 a hole."""

    def __init__(self, dsl: DSL):
        self.tokens: dict = {}  # key of a node -> token
        self.meaning: dict[str, Expression | Primitive] = {}
        for i, p in enumerate(dsl.primitives):
            self.meaning[f"p{i}"] = p
            self.tokens[p.name] = f"p{i}"

    def text(self, expression: Expression, number: int) -> str:
        """The expression of a program as text. Inputs of different programs are different, so that they become holes."""
        if isinstance(expression, Apply):
            inside = " ".join(self.text(a, number) for a in expression.arguments)
            return f"({self.tokens[expression.primitive.name]} {inside})"
        if isinstance(expression, Input):
            key, letter = ("input", number, expression.index, type_name(expression.type)), "v"
        else:
            assert isinstance(expression, Literal)
            key, letter = ("constant", type_name(expression.type), frozen(expression.constant.value)), "c"
        token = self.tokens.setdefault(key, f"{letter}{len(self.tokens)}")
        self.meaning[token] = expression
        return token

    def learnt(self, name: str, body: str, before: dict[str, Learnt]) -> Learnt | None:
        """The primitive that an abstraction means; None where it is not a whole call."""
        holes: dict[str, tuple[int, object]] = {}  # token -> (place, type)
        try:
            tree, rest = self._read(_tokens(body), None, holes, before)
        except _NotWhole:
            return None
        if rest or not isinstance(tree, Apply) or len(holes) > MAX_HOLES:
            return None
        kinds = [kind for _, kind in sorted(holes.values(), key=lambda h: h[0])]
        own = sum(e.primitive.cost for e in tree.walk() if isinstance(e, Apply))
        return Learnt(name, tree, kinds, max(1, own // 2))

    def _read(self, tokens: list[str], kind, holes, before):
        """(expression, tokens that follow)."""
        token, *rest = tokens
        if token == "(":
            head, *rest = rest
            primitive = before.get(head) or self.meaning.get(head)
            if not isinstance(primitive, Primitive):
                raise _NotWhole
            arguments = []
            for wanted in primitive.arguments:
                if rest[:1] == [")"]:  # a call of the first few arguments: the others are holes of their own
                    rest = [f"#{len(holes)} of {primitive.name}", *rest]
                argument, rest = self._read(rest, wanted, holes, before)
                arguments.append(argument)
            if rest[:1] != [")"]:
                raise _NotWhole
            if isinstance(primitive, Learnt):
                return primitive.inline(tuple(arguments)), rest[1:]
            return Apply(primitive, tuple(arguments)), rest[1:]
        if token in before and not before[token].arguments:
            return before[token].body, rest
        meaning = self.meaning.get(token)
        if isinstance(meaning, Literal):
            return meaning, rest
        if token.startswith("#") or isinstance(meaning, Input):
            kind = meaning.type if isinstance(meaning, Input) else kind
            place, known = holes.setdefault(token, (len(holes), kind))
            if type_name(known) != type_name(kind):
                raise _NotWhole
            return Input(place, kind), rest
        raise _NotWhole


class _NotWhole(Exception):
    """The abstraction is no call of a primitive, or a hole of it has two types."""


def _tokens(text: str) -> list[str]:
    return text.replace("(", " ( ").replace(")", " ) ").split()
