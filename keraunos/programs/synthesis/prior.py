"""The prior over programs: what each part of a language costs, learnt from programs that are right, or partly right.

During a search (Barke et al., "Just-in-time learning for bottom-up enumerative synthesis", 2020): a part that stands in a program
right on a share f of the examples becomes cheaper by the factor 1 − f, and the search starts again with the new costs.
"""

import math
from collections import Counter
from collections.abc import Iterable

from keraunos.programs.synthesis.dsl import DSL, Constant, type_name
from keraunos.programs.synthesis.expression import Apply, Expression, Literal

SCALE = 5  # costs are multiplied by it, so that there is room between them
PARTIAL = 12  # partly right programs that are learnt from


def part_of(expression: Expression):
    """What a node adds to a program: the name of its primitive, or the value of its constant; None for an input."""
    if isinstance(expression, Apply):
        return expression.primitive.name
    return constant_key(expression.constant) if isinstance(expression, Literal) else None


def constant_key(constant: Constant) -> str:
    """A constant's name among the costs: its value and type, for a language may have one value in several types."""
    return f"{type_name(constant.type)} {constant.name or repr(constant.value)}"


def costs_of(dsl: DSL, constants: Iterable[Constant]) -> dict[str, int]:
    """What the parts of a language cost."""
    return {p.name: p.cost for p in dsl.primitives} | {constant_key(c): c.cost for c in constants}


def costs_from_partial(base: dict[str, int], partial: list[tuple[float, Expression]]) -> dict[str, int]:
    """The costs, scaled, with the parts of partly right programs, as (share of examples, program), cheaper."""
    share: dict = {}
    for fit, expression in sorted(partial, key=lambda p: (-p[0], p[1].cost))[:PARTIAL]:
        for node in expression.walk():
            part = part_of(node)
            share[part] = max(fit, share.get(part, 0.0))
    return {part: max(1, round(SCALE * cost * (1 - share.get(part, 0.0)))) for part, cost in base.items()}


def costs_from_solutions(dsl: DSL, solutions: Iterable[Expression]) -> dict[str, int]:
    """Costs of primitives by how often solved tasks use them: −log₂ of the frequency, from 1 for the most frequent.

    A primitive that no solution uses keeps its cost, and gets no cheaper than the rarest that one does.
    """
    counts = Counter(n.primitive.name for e in solutions for n in e.walk() if isinstance(n, Apply))
    if not counts:
        return {}
    most = max(counts.values())
    cost = {name: 1 + round(0.5 * math.log2(most / n)) for name, n in counts.items()}
    rarest = max(cost.values())
    return {p.name: cost.get(p.name, max(p.cost, rarest)) for p in dsl.primitives}
