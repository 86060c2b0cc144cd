"""How odd the results of a program look where nobody has said what should come out."""

import re

from keraunos.programs.synthesis.examples import Examples, shape

# Costs of a program whose results on further inputs are all missing; all of another look; all without a part of the input.
MISSING, STRANGE, PARTIAL = 20, 6, 4


def oddity(results: list, inputs: list[tuple], examples: Examples) -> float:
    """A penalty for results that are missing, look like no wanted output, or drop parts where no example does."""
    if not results:
        return 0.0
    looks = {look(o) for o in examples.outputs}
    whole = all(keeps_all(row, o) for row, o in zip(*examples))
    total = 0.0
    for row, value in zip(inputs, results):
        if value is None:
            total += MISSING * all(v is not None for v in row)
        else:
            total += STRANGE * (look(value) not in looks) + PARTIAL * (whole and not keeps_all(row, value))
    return total / len(results)


def look(value) -> str:
    """Which kinds of signs a value has, in the order of their first appearance at most twice; "" for an empty text."""
    if not isinstance(value, str):
        return type(value).__name__
    found = re.sub(r"(?:[Aa]+ ?)+", "w", shape(value))
    return "".join(dict.fromkeys(found))


def keeps_all(row: tuple, output) -> bool:
    """Whether the output has each word and number of the inputs, whatever their case."""
    output = str(output).lower()
    return all(run in output for v in row for run in re.findall(r"[^\W_]+", str(v).lower()))
