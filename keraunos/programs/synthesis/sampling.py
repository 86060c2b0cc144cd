"""Tasks sampled from a language: made-up inputs, what a program makes of them, and the parts that the program uses.

Programs are drawn from a search's own bank over the inputs, so each is the cheapest that computes its values. Its cost is drawn first,
then its outermost primitive, so that rare primitives come up too. Texts are joined of such pieces, slices and literals.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from keraunos.programs.synthesis.bank import Entry, frozen
from keraunos.programs.synthesis.dsl import DSL
from keraunos.programs.synthesis.examples import input_types, read_rows
from keraunos.programs.synthesis.made_up import Material
from keraunos.programs.synthesis.prior import part_of
from keraunos.programs.synthesis.search import Search

NODES = 6000  # a bank is grown to the level that passes it
MAX_LEVEL = 7
TRIES = 40  # programs drawn from one bank
PIECES = (1, 2, 3, 4, 5), (50, 22, 18, 6, 4)  # of a joined text, and how often
LITERAL, SLICE, REPEAT, BRANCH = 0.45, 0.2, 0.4, 0.12  # chances
LONGEST = 80
DRY = 100  # sources without anything new after which sampling gives up


class SampledTask(NamedTuple):
    """Examples, and the parts of the language (named as among its costs) that a program for them uses."""

    inputs: list[tuple]
    outputs: list
    parts: frozenset[str]


class Draw(NamedTuple):
    """Values on all rows, and the entries that make them."""

    values: tuple
    entries: list[Entry]
    branch: str | None = None


class Source:
    """The programs of a language over some made-up rows."""

    def __init__(self, rng: random.Random, dsl: DSL, material: Material):
        self.rng, self.dsl, self.material, self.rows = rng, dsl, material, material.rows
        constants = [*(dsl.observe(self.rows, material.observed) if dsl.observe else ()), *material.constants]
        types = input_types(self.rows, dsl)
        search = Search(dsl, read_rows(self.rows, dsl), [None] * len(self.rows), None, types, constants)
        search.fill(NODES, MAX_LEVEL)
        self.bank = search.bank
        self.drawable: dict = {}  # type -> cost -> name of the head -> entries

    def entry(self, kind) -> Entry | None:
        """An entry of a type: its cost is drawn first, then its head."""
        if kind not in self.drawable:
            levels: dict = defaultdict(lambda: defaultdict(list))
            for e in self.bank.entries(kind):
                if not e.partial and len(set(map(frozen, e.values))) > 1:
                    levels[e.cost][getattr(e.head, "name", "leaf")].append(e)
            self.drawable[kind] = {cost: dict(heads) for cost, heads in levels.items()}
        levels = self.drawable[kind]
        if not levels:
            return None
        heads = levels[self.rng.choice(list(levels))]
        return self.rng.choice(heads[self.rng.choice(list(heads))])

    def slice(self, kind) -> Entry | None:
        """A slice of an input between two places of the bank, which a search makes only backwards."""
        for cut in self.dsl.having("slice", kind):
            texts = [e for e in self.bank.levels[kind, 1] if not e.partial and not e.arguments]
            if not texts:
                return None
            text, places = self.rng.choice(texts), self.bank.entries(cut.arguments[1])
            places = [p for p in places if not p.partial and (not p.arguments or p.arguments[0] is text)]
            for _ in range(20):
                start, stop = self.rng.choice(places), self.rng.choice(places)
                if all(0 <= a < b <= len(t) for a, b, t in zip(start.values, stop.values, text.values)):
                    values = tuple(map(cut.fn, text.values, start.values, stop.values))
                    return Entry(values, 1, cut, (text, start, stop))
        return None

    def piece(self, kind, before: list[Entry]) -> Entry | None:
        """A part of a text; often made by the primitive that made one before, as the parts of a date are."""
        made = [e.head for e in before if e.arguments]
        if made and self.rng.random() < REPEAT:
            head = self.rng.choice(made)
            if head.role == "slice":
                return self.slice(kind)
            levels = self.drawable[kind].values()
            return self.rng.choice(self.rng.choice([heads[head.name] for heads in levels if head.name in heads]))
        return self.slice(kind) if self.rng.random() < SLICE else self.entry(kind)

    def joined(self, kind) -> Draw | None:
        """A text of pieces, literals between some of them."""
        values, entries = ("",) * len(self.rows), []
        count, after_literal = self.rng.choices(*PIECES)[0], False
        for _ in range(count):
            after_literal = count > 1 and not after_literal and self.rng.random() < LITERAL
            if after_literal and self.material.literals:
                literal = self.rng.choice(self.material.literals)
                values = tuple(v + literal for v in values)
                continue
            piece = self.piece(kind, entries)
            if piece is None:
                return None
            entries.append(piece)
            values = tuple(v + p for v, p in zip(values, piece.values))
        return Draw(values, entries)

    def simple(self, kind) -> Draw | None:
        """A program without a conditional."""
        if self.dsl.having("join", kind):
            return self.joined(kind)
        entry = self.entry(kind)
        return entry and Draw(entry.values, [entry])

    def conditional(self, kind) -> Draw | None:
        """A conditional of two simple programs."""
        branch = self.rng.choice(self.dsl.having("if", kind))
        then, otherwise, condition = self.simple(kind), self.simple(kind), self.entry(branch.arguments[0])
        if then is None or otherwise is None or condition is None:
            return None
        rows = zip(condition.values, then.values, otherwise.values)
        values = tuple(t if c else o for c, t, o in rows)
        return Draw(values, [condition, *then.entries, *otherwise.entries], branch.name)

    def task(self) -> SampledTask | None:
        """One task; None where what was drawn is trivial: an input as it stands, or the same for all rows."""
        goals = self.material.goals or dict.fromkeys((p.result for p in self.dsl.primitives), 1)
        kind = self.rng.choices(list(goals), list(goals.values()))[0]
        branches = len(self.rows) > 2 and self.dsl.having("if", kind)
        drawn = self.conditional(kind) if branches and self.rng.random() < BRANCH else self.simple(kind)
        if drawn is None:
            return None
        key = frozen(drawn.values)
        known = self.bank.known[kind].get(key)  # an entry that computes the same is the shorter program
        texts = list(map(str, drawn.values))
        is_input = any(list(map(str, column)) == texts for column in zip(*self.rows))
        if is_input or len(set(texts)) == 1 or max(map(len, texts)) > LONGEST or not any(texts):
            return None
        entries, branch = ([known], None) if known is not None else (drawn.entries, drawn.branch)
        parts = {part_of(node) for e in entries for node in e.expression().walk()} | {branch}
        return SampledTask(self.rows, list(drawn.values), frozenset(p for p in parts if p is not None))


def sample_tasks(dsl: DSL, count: int, seed: int = 0) -> Iterator[SampledTask]:
    """So many tasks of a language, no two equal; its ``sample`` makes the inputs.

    Raises ``ValueError`` when the language has no ``sample``, or what it makes gives too few different tasks.
    """
    if dsl.sample is None:
        raise ValueError(
            f"The language {dsl.name!r} has no made-up inputs to sample tasks from: give programs.DSL(sample=...), a function "
            "of a random.Random that returns rows of inputs."
        )
    rng = random.Random(seed)
    seen: set[str] = set()
    dry = 0  # sources in a row that gave nothing new
    while len(seen) < count:
        before = len(seen)
        source = Source(rng, dsl, _material(dsl.sample(rng)))
        for _ in range(TRIES):
            task = source.task()
            if task is not None and len(seen) < count and (key := repr(task[:2])) not in seen:
                seen.add(key)
                yield task
        dry = dry + 1 if len(seen) == before else 0
        if dry == DRY:
            raise ValueError(
                f"The language {dsl.name!r} gave only {len(seen)} of {count} different tasks: let its sample make more kinds of "
                "inputs, or ask for fewer tasks."
            )


def _material(made: "Material | Iterable") -> Material:
    """What a language's ``sample`` returned; plain rows are enough."""
    return made if isinstance(made, Material) else Material([tuple(row) for row in made])
