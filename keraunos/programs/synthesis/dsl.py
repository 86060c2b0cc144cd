"""Domain-specific languages: typed Python functions (`@primitive`) and constants, from which programs are composed."""

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from keraunos.util.errors import describe, near

# What the search knows how to turn round: see `primitive`.
ROLES = ("join", "if", "slice", "substring", "add", "subtract")
# An expression that meets one of these has no value on that row; any other exception is a mistake in the primitive.
UNDEFINED = (ValueError, TypeError, LookupError, ArithmeticError)


class Primitive:
    """A typed function that programs may call; made by ``primitive``. Calling it calls the function."""

    __slots__ = ("name", "fn", "arguments", "result", "cost", "source", "role")

    def __init__(self, name: str, fn: Callable, arguments: Sequence, result, cost=1, source=None, role=None):
        if role not in (None, *ROLES):
            raise ValueError(f"primitive {name!r}: role must be one of {ROLES}, got {role!r}.")
        if not (isinstance(cost, int) and cost >= 1):
            raise ValueError(f"primitive {name!r}: cost must be an integer of at least 1, got {describe(cost)}.")
        self.name, self.fn, self.cost, self.source, self.role = name, fn, cost, source, role
        self.arguments, self.result = tuple(arguments), result

    def __call__(self, *arguments):
        return self.fn(*arguments)

    def __repr__(self):
        inside = ", ".join(type_name(t) for t in self.arguments)
        return f"{self.name}({inside}) -> {type_name(self.result)}"


def primitive(fn=None, *, cost: int = 1, source: str | None = None, role: str | None = None, name: str | None = None):
    """Decorator: a function with annotated arguments and result becomes a primitive of a language.

    Args:
        cost: how dear it is to use; the search goes through programs from cheap to dear, and ranks by cost.
        source: Python expression that does the same, with ``{0}``, ``{1}``, … for the arguments. Without it the
            printed program calls the function by its name, and shows its source above.
        role: what lets the search reason backwards from the wanted result: ``"join"`` (a + b on text), ``"slice"``
            (text, start, stop), ``"substring"`` (text, start, length), ``"add"``, ``"subtract"``, ``"if"``.
        name: the name in programs and files; that of the function by default.

    The function must be pure. Where it has no result for an argument, it raises ``ValueError`` (or an error of look-up or
    arithmetic), or returns None: the program then has no value on that row.

    Raises ``TypeError`` when an annotation is missing.

    >>> from keraunos import programs
    >>> @programs.primitive(cost=2)
    ... def double(numbers: list[int]) -> list[int]:
    ...     return [2 * n for n in numbers]
    >>> double
    double(list[int]) -> list[int]
    >>> double([1, 2])
    [2, 4]
    """
    if fn is None:
        return lambda function: primitive(function, cost=cost, source=source, role=role, name=name)
    hints = typing.get_type_hints(fn)
    parameters = list(inspect.signature(fn).parameters)
    missing = [p for p in (*parameters, "return") if p not in hints]
    if missing:
        raise TypeError(
            f"primitive {fn.__name__!r}: every argument and the result need a type annotation; without: {missing}. "
            "Write it as def f(text: str, count: int) -> str."
        )
    return Primitive(name or fn.__name__, fn, [hints[p] for p in parameters], hints["return"], cost, source, role)


class Constant(NamedTuple):
    """A value that programs may name. ``name`` stands for it in printed programs and files where it is not plain."""

    value: Any
    type: Any
    cost: int = 1
    name: str | None = None


def type_name(kind) -> str:
    """How a type is written: ``list[int]``, ``str``, the name of a NewType; a string stands for itself."""
    if isinstance(kind, str):
        return kind
    if isinstance(kind, types.GenericAlias) or typing.get_origin(kind) is not None:
        return str(kind).replace("typing.", "").replace("collections.abc.", "")
    return getattr(kind, "__name__", str(kind))


def type_of(value):
    """The annotation that fits a value: ``list[int]`` for [1, 2], ``list`` for an empty list."""
    if isinstance(value, (list, tuple)) and value:
        inner = {type_of(v) for v in value}
        if isinstance(value, list) and len(inner) == 1:
            return list[inner.pop()]
        if isinstance(value, tuple):
            return tuple[tuple(type_of(v) for v in value)]
    return type(value)


class DSL:
    """A language to search programs in: its primitives and constants, under a name that files can say.

    Args:
        name: what saved programs call the language; the latest language of a name is the one that loading finds.
        primitives: functions decorated with ``primitive``.
        constants: plain values, or ``Constant`` (value, type, cost, name) where the type is not that of the value.
        observe: function of (rows of inputs, outputs) that returns further constants found in the examples.
        read: function of an input value that returns its readings as [(type, value)]; the value itself by default.
        goal: function of an output value that returns its (type, value).
        keep: function of a value that says whether the search should keep it (bounds sizes).
        literal: function of the rows of inputs that returns a function of a text: its cost as a literal in a join. None: the
            constants of the language alone may be joined.
        vary: function of rows of inputs that returns further rows of the same kind, on which programs may differ.
        sample: function of a ``random.Random`` that returns made-up rows of inputs, from which a ``RecognitionModel`` learns.
        features: function of (rows of inputs, outputs) that returns the numbers in which a ``RecognitionModel`` sees examples.
        backwards: roles that the search uses only from the wanted result backwards, never to grow its bank.

    Raises ``ValueError`` when two primitives have one name.

    >>> from keraunos import programs
    >>> @programs.primitive
    ... def add(a: int, b: int) -> int:
    ...     return a + b
    >>> dsl = programs.DSL("sums", [add], constants=[1])
    >>> programs.synthesize([(1, 3), (5, 11)], dsl=dsl).best(10)
    21
    """

    def __init__(
        self,
        name: str,
        primitives: Iterable[Primitive],
        constants: Iterable = (),
        *,
        observe: Callable | None = None,
        read: Callable | None = None,
        goal: Callable | None = None,
        keep: Callable | None = None,
        literal: Callable | None = None,
        vary: Callable | None = None,
        sample: Callable | None = None,
        features: Callable | None = None,
        backwards: Sequence[str] = (),
    ):
        self.name = name
        self.primitives = tuple(primitives)
        self.constants = tuple(c if isinstance(c, Constant) else Constant(c, type_of(c)) for c in constants)
        self.observe, self.read = observe, read or (lambda value: [(type_of(value), value)])
        self.goal = goal or (lambda value: (type_of(value), value))
        self.keep = keep or _is_small
        self.literal, self.vary, self.backwards = literal, vary, tuple(backwards)
        self.sample, self.features = sample, features
        wrong = [p for p in self.primitives if not isinstance(p, Primitive)]
        if wrong:
            raise TypeError(f"DSL {name!r}: decorate each function with @programs.primitive; got {describe(wrong[0])}.")
        self.base: DSL | None = None  # the language that programs of this one are written out in
        self.by_name = {p.name: p for p in self.primitives}
        if len(self.by_name) < len(self.primitives):
            names = [p.name for p in self.primitives]
            raise ValueError(f"DSL {name!r}: two primitives are called {max(names, key=names.count)!r}.")
        self.by_constant = {c.name: c for c in self.constants if c.name}
        _REGISTERED[name] = self

    def find(self, name) -> Primitive:
        """The primitive of a name; ``ValueError`` when the language has none."""
        if name not in self.by_name:
            raise ValueError(f"The language {self.name!r} has no primitive {name!r}.{near(name, self.by_name)}")
        return self.by_name[name]

    def having(self, role: str, result=None) -> list[Primitive]:
        """The primitives of a role (and result)."""
        return [p for p in self.primitives if p.role == role and result in (None, p.result)]

    def extended(self, primitives: Iterable[Primitive], name: str | None = None, costs: dict[str, int] | None = None):
        """A language with more primitives, or other costs of those that it has."""
        costs = costs or {}
        own = [
            Primitive(p.name, p.fn, p.arguments, p.result, costs.get(p.name, p.cost), p.source, p.role)
            for p in self.primitives
        ]
        hooks: dict[str, Any] = {"observe": self.observe, "read": self.read, "goal": self.goal, "keep": self.keep}
        hooks |= {"literal": self.literal, "vary": self.vary, "backwards": self.backwards}
        hooks |= {"sample": self.sample, "features": self.features}
        return DSL(name or self.name, [*own, *primitives], self.constants, **hooks)

    def __repr__(self):
        return f"<DSL {self.name!r}: {len(self.primitives)} primitives, {len(self.constants)} constants>"


_REGISTERED: dict[str, DSL] = {}


def find_dsl(name: str) -> DSL:
    """The language of a name, for programs read from files: names find only what was made in this process."""
    if name not in _REGISTERED:
        raise ValueError(
            f"The program is written in the language {name!r}, which is not defined in this process.{near(name, _REGISTERED)} "
            "Import or run the code that makes programs.DSL(...) first."
        )
    return _REGISTERED[name]


def _is_small(value) -> bool:
    """The default bound of what the search keeps."""
    if isinstance(value, int):
        return -(10**9) < value < 10**9
    return len(value) <= 200 if hasattr(value, "__len__") else True
