"""Examples as the user gives them, brought into one form; and contradictions among them, named."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from keraunos.programs.synthesis.bank import frozen
from keraunos.programs.synthesis.dsl import DSL, type_name
from keraunos.util.errors import describe


class ContradictionError(ValueError):
    """Examples with equal inputs and different outputs; ``pairs`` holds their positions."""

    def __init__(self, message: str, pairs: list[tuple[int, int]]):
        super().__init__(message)
        self.pairs = pairs


class Examples(NamedTuple):
    """Inputs as one tuple a row, and the wanted outputs."""

    inputs: list[tuple]
    outputs: list


def read_examples(examples) -> Examples:
    """[(input, output), …] or {input: output}; several inputs are a tuple. Raises ``ValueError`` for anything else."""
    pairs = list(examples.items() if isinstance(examples, Mapping) else examples)
    if not pairs:
        raise ValueError("synthesize: give at least one example, as (input, output), got none.")
    for i, pair in enumerate(pairs):
        if not (isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2):
            raise ValueError(f"synthesize: example {i} must be a pair (input, output), got {describe(pair)}.")
    inputs = [as_row(p[0]) for p in pairs]
    widths = {len(row) for row in inputs}
    if len(widths) > 1:
        raise ValueError(f"synthesize: all examples must have the same number of inputs, got {sorted(widths)}.")
    for i, (row, output) in enumerate(zip(inputs, (p[1] for p in pairs))):
        if output is None or any(v is None for v in row):
            raise ValueError(f"synthesize: example {i} has a missing value (None): {pairs[i]!r}. Leave it out.")
    return Examples(inputs, [p[1] for p in pairs])


def as_row(value) -> tuple:
    """A single input as a row of one."""
    return value if isinstance(value, tuple) else (value,)


def distinct(rows: Iterable[tuple]) -> list[tuple]:
    """Each row once."""
    return list({frozen(row): row for row in rows}.values())


def check_contradictions(examples: Examples) -> None:
    """Raise ``ContradictionError`` when equal inputs have different outputs."""
    first: dict = {}
    pairs = []
    for i, (row, output) in enumerate(zip(*examples)):
        j = first.setdefault(frozen(row), i)
        if examples.outputs[j] != output:
            pairs.append((j, i))
    if pairs:
        lines = [
            f"examples {j} and {i}: {_shown(examples.inputs[i])} gives {examples.outputs[j]!r} and {examples.outputs[i]!r}"
            for j, i in pairs[:5]
        ]
        raise ContradictionError(
            "synthesize: the examples contradict each other, no program can do both: " + "; ".join(lines) + ".", pairs
        )


def _shown(row):
    return repr(row[0]) if len(row) == 1 else repr(row)


def read_rows(inputs: Iterable[tuple], dsl: DSL) -> list[list[dict]]:
    """Each input of each row as {type name: value}; a missing one has no reading."""
    return [[{type_name(k): x for k, x in ([] if v is None else dsl.read(v))} for v in row] for row in inputs]


def input_types(inputs: list[tuple], dsl: DSL) -> list[list]:
    """The types that each input has in some row, in the order of their readings."""
    found = []
    for column in zip(*inputs):
        kinds = {type_name(k): k for v in column if v is not None for k, _ in dsl.read(v)}
        full = [k for name, k in kinds.items() if not (name == "list" and len(kinds) > 1)]  # an empty list fits any
        found.append(full)
    return found


def shape(text) -> str:
    """The look of a value: runs of digits, small and capital letters as one sign each."""
    text = re.sub(r"\d+", "0", str(text))
    text = re.sub(r"[A-Z]+", "A", text)
    return re.sub(r"[^\W\d_A]+", "a", text)


def diverse(examples: Examples, count: int) -> list[int]:
    """Positions of examples that look different from each other, short ones first; at most ``count``."""
    if len(examples.outputs) <= count:
        return list(range(len(examples.outputs)))
    looks: dict = {}
    for i, (row, output) in enumerate(zip(*examples)):
        looks.setdefault((*map(shape, row), shape(output)), []).append(i)
    groups = sorted(looks.values(), key=lambda g: -len(g))
    rounds = [g[k] for k in range(count) for g in groups if k < len(g)]
    distinct, seen = [], set()
    for i in rounds:
        if frozen(examples.inputs[i]) not in seen:
            seen.add(frozen(examples.inputs[i]))
            distinct.append(i)
    return distinct[:count]
