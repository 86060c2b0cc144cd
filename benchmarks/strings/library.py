"""What `learn_library` gains on tasks held out: `python -m benchmarks.strings.library`.

Programs on lists of integers: each task is one of six last steps after one of six first steps. A library is learnt from the
solutions of half of the 36 tasks; the other half is searched with and without it, by numbers of expressions tried.
"""

import random
import statistics
import time
from itertools import accumulate

from examples.own_domain import FUNCTIONS, Map, Test, ascending, backwards, each, keep, largest, length, take, total
from keraunos import programs
from keraunos.programs import Constant, primitive


@primitive(source="{0}[{1}:]")
def drop(numbers: list[int], count: int) -> list[int]:
    return numbers[count:]


@primitive(source="min({0})")
def smallest(numbers: list[int]) -> int:
    return min(numbers)


@primitive(source="list(accumulate({0}))")
def running(numbers: list[int]) -> list[int]:
    return list(accumulate(numbers))


@primitive(source="[a + b for a, b in zip({0}, {1})]")
def added(a: list[int], b: list[int]) -> list[int]:
    return [x + y for x, y in zip(a, b)]


@primitive(source="{0} + {1}")
def plus(a: int, b: int) -> int:
    return a + b


@primitive(source="{0} * {1}")
def times(a: int, b: int) -> int:
    return a * b


def negative(n):
    return -n


def is_odd(n):
    return n % 2 == 1


MORE = [Constant(negative, Map, 1, "negative"), Constant(is_odd, Test, 1, "is_odd")]
lists = programs.DSL(
    "more on lists",
    [each, keep, ascending, backwards, take, drop, total, largest, smallest, length, running, added, plus, times],
    [1, 2, 3, *FUNCTIONS, *MORE],
)
FIRST = {
    "squares of the even numbers": lambda x: [n * n for n in x if n % 2 == 0],
    "doubles of the positive numbers": lambda x: [2 * n for n in x if n > 0],
    "positive numbers, largest first": lambda x: sorted(n for n in x if n > 0)[::-1],
    "squares of the odd positive numbers": lambda x: [n * n for n in x if n % 2 == 1 and n > 0],
    "squares in order": lambda x: sorted(n * n for n in x),
    "running totals of the doubles": lambda x: list(accumulate(2 * n for n in x)),
}
LAST = {
    "sum": sum,
    "sum of the largest and the smallest": lambda x: max(x) + min(x),
    "running totals of the first three": lambda x: list(accumulate(x[:3])),
    "each added to the next": lambda x: [a + b for a, b in zip(x, x[1:])],
    "four times each": lambda x: [4 * n for n in x],
    "largest times their number": lambda x: max(x) * len(x),
}
LIMIT, SECONDS, EXAMPLES = 100_000, 120.0, 4


def tasks() -> list[tuple[str, list]]:
    """All pairs of a first and a last step, with examples on which the result exists."""
    rng = random.Random(0)
    found = []
    for first, f in FIRST.items():
        for last, g in LAST.items():
            rows = []
            while len(rows) < EXAMPLES:
                numbers = [rng.randint(-20, 20) for _ in range(rng.randint(5, 9))]
                if len(f(numbers)) > 2:
                    rows.append((numbers, g(f(numbers))))
            found.append((f"{last} of the {first}", rows))
    rng.shuffle(found)
    return found


def solve(rows, dsl):
    """The result of a search that ends with the first solution, or after the level that passes LIMIT expressions."""
    return programs.synthesize(
        rows, dsl=dsl, time_limit=SECONDS, watch=lambda level, logs: logs["cost"] < 10**6 or logs["nodes"] > LIMIT
    )


def measure(held_out, dsl) -> dict:
    """Solved tasks, the median number of expressions, and the CPU seconds in all."""
    started = time.process_time()
    found = [solve(rows, dsl) for _, rows in held_out]
    return {
        "solved": sum(f.best is not None for f in found),
        "median nodes": statistics.median(f.nodes for f in found),
        "nodes": sum(f.nodes for f in found),
        "seconds": round(time.process_time() - started, 2),
    }


def main():
    everything = tasks()
    train, held_out = everything[::2], everything[1::2]
    solutions = [f for f in (solve(rows, lists) for _, rows in train) if f.best]
    print(f"{len(solutions)} of {len(train)} training tasks solved; {len(held_out)} tasks held out")
    costs = programs.learn_library(solutions, size=0)
    plain = programs.learn_library(solutions, reweigh=False)
    both = programs.learn_library(solutions)
    for p in plain.primitives[len(lists.primitives) :]:
        print("  ", p, "cost", p.cost)
    for name, dsl in (("language", lists), ("costs", costs), ("primitives", plain), ("both", both)):
        print(name, measure(held_out, dsl))


if __name__ == "__main__":
    main()
