"""Expressions: what programs are made of. They are data: evaluated, printed as Python, written to JSON and read back."""

import abc
import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from keraunos.programs.synthesis.dsl import DSL, UNDEFINED, Constant, Primitive, type_name


class Expression(abc.ABC):
    """A typed tree of inputs, constants and calls of primitives."""

    type: Any
    cost: int
    arguments: tuple["Expression", ...] = ()

    @abc.abstractmethod
    def __call__(self, row):
        """The value on a row, a list with the readings {type name: value} of each input; None where it is undefined."""

    def walk(self):
        """This expression and all inside it."""
        yield self
        for argument in self.arguments:
            yield from argument.walk()

    @property
    def size(self) -> int:
        """Number of nodes."""
        return sum(1 for _ in self.walk())


@dataclass(frozen=True, eq=True)
class Input(Expression):
    """The value of an input; ``reading`` chooses among those of a type that the language reads in it."""

    index: int
    type: Any
    cost: int = 1

    def __call__(self, row):
        return row[self.index].get(type_name(self.type))


@dataclass(frozen=True, eq=True)
class Literal(Expression):
    """A constant."""

    constant: Constant

    @property
    def type(self):
        return self.constant.type

    @property
    def cost(self):
        return self.constant.cost

    def __call__(self, row):
        return self.constant.value


@dataclass(frozen=True, eq=True)
class Apply(Expression):
    """A call of a primitive."""

    primitive: Primitive
    arguments: tuple[Expression, ...]

    @property
    def type(self):
        return self.primitive.result

    @functools.cached_property
    def cost(self):
        return self.primitive.cost + sum(a.cost for a in self.arguments)

    def __call__(self, row):
        if self.primitive.role == "if":
            condition, then, otherwise = self.arguments
            chosen = condition(row)
            return None if chosen is None else (then if chosen else otherwise)(row)
        values = [a(row) for a in self.arguments]
        if any(v is None for v in values):
            return None
        try:
            return self.primitive.fn(*values)
        except UNDEFINED:
            return None


# -- Python source ---------------------------------------------------------------------------------------------------


def python_source(expression: Expression, names: Sequence[str], function: str = "transform", used_only=False) -> str:
    """A Python function that computes an expression, with the helpers and imports that it needs above it."""
    helpers: dict[str, Primitive] = {}
    body = _Tidy().visit(_tree(expression, names, helpers))
    text = ast.unparse(ast.fix_missing_locations(body))
    parts = [_helper_source(p) for p in helpers.values()]
    named = {e.constant.name: e.constant.value for e in expression.walk() if isinstance(e, Literal) and e.constant.name}
    if named:
        parts.insert(0, "\n".join(f"{name} = {_raw(value)}" for name, value in named.items()))
    used = {e.index for e in expression.walk() if isinstance(e, Input)}
    arguments = ", ".join(name for i, name in enumerate(names) if i in used or not used_only)
    whole = "\n\n\n".join([*parts, f"def {function}({arguments}):\n    return {text}\n"])
    imports = [f"import {m}" for m in ("datetime", "math", "re", "unicodedata") if re.search(rf"\b{m}\.", whole)]
    if "Decimal(" in whole:
        imports.append("from decimal import Decimal")
    return "\n".join(imports) + "\n\n\n" + whole if imports else whole


def _raw(value) -> str:
    """A constant with a name, as Python; functions are shown as what they are called."""
    if isinstance(value, str) and '"' not in value and not value.endswith("\\"):
        return f'r"{value}"' if "\\" in value else f'"{value}"'
    return getattr(value, "__name__", repr(value))


def formula(expression: Expression, names: Sequence[str]) -> str:
    """The expression alone, as one line of Python."""
    return ast.unparse(ast.fix_missing_locations(_Tidy().visit(_tree(expression, names, {}))))


def _tree(expression: Expression, names, helpers) -> ast.expr:
    """The syntax tree; helpers collects the primitives that are called by name."""
    if isinstance(expression, Input):
        return ast.Name(names[expression.index])
    if isinstance(expression, Literal):
        constant = expression.constant
        text = constant.name if constant.name else _plain(constant.value)
        return ast.parse(text, mode="eval").body
    assert isinstance(expression, Apply)
    primitive = expression.primitive
    arguments = [_tree(a, names, helpers) for a in expression.arguments]
    if primitive.source is None:
        helpers[primitive.name] = primitive
        return ast.Call(ast.Name(primitive.name), arguments, [])
    template = re.sub(r"\{(\d)\}", r"_\1_", primitive.source)
    return _Fill(arguments).visit(ast.parse(template, mode="eval").body)


def _plain(value) -> str:
    return f"Decimal({str(value)!r})" if isinstance(value, Decimal) else repr(value)


class _Fill(ast.NodeTransformer):
    """Puts the arguments where a template has ``_0_``, ``_1_``, …; unparsing sets the parentheses."""

    def __init__(self, arguments):
        self.arguments = arguments

    def visit_Name(self, node):
        found = re.fullmatch(r"_(\d)_", node.id)
        return self.arguments[int(found[1])] if found else node


class _Tidy(ast.NodeTransformer):
    """Writes slices as a person would: x[0:3] as x[:3], x[:len(x)] as x[:], x[len(x) - 2:] as x[-2:]."""

    def visit_Subscript(self, node):
        self.generic_visit(node)
        if isinstance(node.slice, ast.Slice) and node.slice.step is None:
            node.slice.lower = self._bound(node.slice.lower, node.value, start=True)
            node.slice.upper = self._bound(node.slice.upper, node.value, start=False)
            if node.slice.lower is node.slice.upper is None:
                return node.value
        return node

    def _bound(self, bound, text, start):
        if bound is None or (start and isinstance(bound, ast.Constant) and bound.value == 0):
            return None
        length = f"len({ast.unparse(text)})"
        if ast.unparse(bound) == length and not start:
            return None
        if isinstance(bound, ast.BinOp) and isinstance(bound.op, ast.Sub) and ast.unparse(bound.left) == length:
            if isinstance(bound.right, ast.Constant) and bound.right.value > 0:
                return ast.UnaryOp(ast.USub(), bound.right)
        return bound

    def visit_BinOp(self, node):
        """'a' + 'b' is 'ab', and a + (b + c) is a + b + c for texts."""
        self.generic_visit(node)
        left, right = node.left, node.right
        if isinstance(node.op, ast.Add) and _is_text(left) and _is_text(right):
            return ast.Constant(left.value + right.value)
        return node


def _is_text(node) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _helper_source(primitive: Primitive) -> str:
    """The source of a primitive's function without decorators and annotations' need."""
    try:
        source = textwrap.dedent(inspect.getsource(primitive.fn))
    except (OSError, TypeError):  # made in an interactive session, or a method in C
        return f"# {primitive.name}: a function of the language"
    tree = ast.parse(source).body[0]
    if not isinstance(tree, ast.FunctionDef):
        return f"# {primitive.name}: a function of the language"
    tree.decorator_list, tree.returns, tree.name = [], None, primitive.name
    for argument in tree.args.args:
        argument.annotation = None
    return ast.unparse(tree)


# -- JSON ------------------------------------------------------------------------------------------------------------


def to_config(expression: Expression) -> dict:
    """Nested dicts of plain values: names of primitives, constants and positions of inputs."""
    if isinstance(expression, Input):
        return {"input": expression.index, "type": type_name(expression.type)}
    if isinstance(expression, Literal):
        constant = expression.constant
        if constant.name:
            return {"constant": constant.name}
        value = {"decimal": str(constant.value)} if isinstance(constant.value, Decimal) else constant.value
        return {"value": value, "type": type_name(constant.type), "cost": constant.cost}
    assert isinstance(expression, Apply)
    return {"call": expression.primitive.name, "arguments": [to_config(a) for a in expression.arguments]}


def from_config(config: dict, dsl: DSL) -> Expression:
    """The expression that ``to_config`` wrote, in a language; ``ValueError`` for what the language does not have."""
    if not isinstance(config, dict):
        raise ValueError(f"A program's node must be a dict, got {config!r}.")
    if "input" in config:
        return Input(int(config["input"]), _type(config["type"], dsl))
    if "constant" in config:
        if config["constant"] not in dsl.by_constant:
            raise ValueError(f"The language {dsl.name!r} has no constant {config['constant']!r}.")
        return Literal(dsl.by_constant[config["constant"]])
    if "value" in config:
        value = config["value"]
        value = Decimal(value["decimal"]) if isinstance(value, dict) else value
        return Literal(Constant(value, _type(config["type"], dsl), int(config["cost"])))
    primitive = dsl.find(config.get("call"))
    arguments = tuple(from_config(a, dsl) for a in config.get("arguments", ()))
    if len(arguments) != len(primitive.arguments):
        raise ValueError(f"{primitive!r} takes {len(primitive.arguments)} arguments, the file gives {len(arguments)}.")
    return Apply(primitive, arguments)


def _type(name: str, dsl: DSL):
    """The type of a name among those that the language's primitives and constants have; else the name itself."""
    kinds = [t for p in dsl.primitives for t in (*p.arguments, p.result)] + [c.type for c in dsl.constants]
    return next((t for t in kinds if type_name(t) == name), name)
