"""What a search gives back: ranked programs, and the questions that the examples leave open."""

from collections.abc import Iterable, Sequence

from keraunos.programs.synthesis import expression as expressions
from keraunos.programs.synthesis.bank import frozen
from keraunos.programs.synthesis.dsl import DSL, find_dsl
from keraunos.programs.synthesis.examples import as_row, distinct, read_rows
from keraunos.programs.synthesis.expression import Expression, Input

MARGIN = 5  # cost beyond that of the best up to which a program is still asked


class Rule:
    """A program: call it with an input (or several), print it as Python with ``source()``, save it as JSON.

    ``cost`` is the price of its parts; the cheaper of two programs that fit is the better guess. A missing input (None), or one on
    which the program is undefined, gives None.

    >>> from keraunos import programs
    >>> rule = programs.synthesize([("Ada Lovelace", "A. Lovelace"), ("Alan Turing", "A. Turing")]).best
    >>> rule("Grace Hopper")
    'G. Hopper'
    """

    def __init__(self, expression: Expression, dsl: DSL, names: Sequence[str], cost=None, columns=None):
        self.expression, self.dsl, self.names = expression, dsl, tuple(names)
        self.cost = expression.cost if cost is None else cost
        self.columns = tuple(names if columns is None else columns)

    @property
    def used_inputs(self) -> set[int]:
        """Positions of the inputs that the program reads."""
        return {e.index for e in self.expression.walk() if isinstance(e, Input)}

    def __call__(self, *inputs):
        if len(inputs) != len(self.names):
            raise TypeError(f"The program takes {len(self.names)} inputs {self.names}, got {len(inputs)}.")
        return self.expression(read_rows([inputs], self.dsl)[0])

    def map(self, rows: Iterable) -> list:
        """Results for many inputs (tuples where there are several)."""
        return [self.expression(row) for row in read_rows(map(as_row, rows), self.dsl)]

    def source(self, function: str = "transform", used_only: bool = False) -> str:
        """The program as a Python function that needs nothing of keraunos; its arguments are all inputs, or those used."""
        return expressions.python_source(self.expression, self.names, function, used_only)

    def get_config(self) -> dict:
        """The program as plain data: names of primitives, constants, positions of inputs."""
        return {
            "dsl": self.dsl.name,
            "names": list(self.names),
            "columns": list(self.columns),
            "cost": self.cost,
            "program": expressions.to_config(self.expression),
        }

    @classmethod
    def from_config(cls, config: dict, dsl: DSL | None = None):
        """The program that ``get_config`` gave; its language is the one of that name, or the one given."""
        dsl = dsl or find_dsl(config["dsl"])
        return cls(
            expressions.from_config(config["program"], dsl),
            dsl,
            config["names"],
            config.get("cost"),
            config.get("columns"),
        )

    def __str__(self):
        return expressions.formula(self.expression, self.names)

    def __repr__(self):
        return f"<Rule {self} (cost {self.cost})>"

    def __eq__(self, other):
        return isinstance(other, Rule) and self.expression == other.expression

    def __hash__(self):
        return hash(str(self))


class Ambiguity(tuple):
    """An input on which programs that fit all examples differ: ``(input, {output: number of programs})``."""

    __slots__ = ()

    def __new__(cls, row, outputs: dict):
        return super().__new__(cls, (row[0] if len(row) == 1 else row, outputs))

    @property
    def input(self):
        """The input to ask about."""
        return self[0]

    @property
    def outputs(self) -> dict:
        """What the programs say there, and how many say it, best first."""
        return self[1]


def ambiguities(programs: Sequence[Rule], inputs: Iterable, limit: int = 5) -> list[Ambiguity]:
    """The inputs on which programs of about the same cost differ, the most telling first: where the best two do, then by answers."""
    programs = [rule for rule in programs if rule.cost <= programs[0].cost + MARGIN]
    rows = distinct(map(as_row, inputs))
    columns = [rule.map(rows) for rule in programs]
    found = []
    for i, row in enumerate(rows):
        answers: dict = {}
        for column in columns:
            key = frozen(column[i])
            answers[key] = answers.get(key, 0) + 1
        if len(answers) > 1:
            differs = frozen(columns[0][i]) != frozen(columns[1][i])
            found.append((not differs, -len(answers), i, Ambiguity(row, answers)))
    return [a for *_, a in sorted(found, key=lambda f: f[:3])[:limit]]
