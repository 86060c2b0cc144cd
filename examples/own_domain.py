"""A domain of one's own: programs on lists of integers, from typed Python functions to solved tasks.

python examples/own_domain.py
"""

from collections.abc import Callable

from keraunos import programs
from keraunos.programs import Constant, primitive

Map = Callable[[int], int]
Test = Callable[[int], bool]


@primitive(source="[{1}(n) for n in {0}]")
def each(numbers: list[int], f: Map) -> list[int]:
    return [f(n) for n in numbers]


@primitive(source="[n for n in {0} if {1}(n)]")
def keep(numbers: list[int], test: Test) -> list[int]:
    return [n for n in numbers if test(n)]


@primitive(source="sorted({0})")
def ascending(numbers: list[int]) -> list[int]:
    return sorted(numbers)


@primitive(source="{0}[::-1]")
def backwards(numbers: list[int]) -> list[int]:
    return numbers[::-1]


@primitive(source="{0}[:{1}]")
def take(numbers: list[int], count: int) -> list[int]:
    return numbers[:count]


@primitive(source="sum({0})")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@primitive(source="max({0})")
def largest(numbers: list[int]) -> int:
    return max(numbers)


@primitive(source="len({0})")
def length(numbers: list[int]) -> int:
    return len(numbers)


def square(n):
    return n * n


def double(n):
    return 2 * n


def is_even(n):
    return n % 2 == 0


def is_positive(n):
    return n > 0


FUNCTIONS = [Constant(f, Map, 1, f.__name__) for f in (square, double)]
FUNCTIONS += [Constant(f, Test, 1, f.__name__) for f in (is_even, is_positive)]
lists = programs.DSL(
    "lists of integers", [each, keep, ascending, backwards, take, total, largest, length], [1, 2, 3, *FUNCTIONS]
)

TASKS = {
    "sum of the squares of the even numbers": [([1, 2, 3, 4], 20), ([6, 7], 36), ([3], 0)],
    "the two largest, largest first": [([3, 9, 1, 7], [9, 7]), ([5, 4], [5, 4]), ([-1, 0, 2], [2, 0])],
    "how many are positive": [([1, -2, 3], 2), ([-5, -6], 0), ([4, 4, 4], 3)],
    "the largest double": [([1, 5, 2], 10), ([-3, -1], -2)],
}


def main(argv=None):
    solved = {}
    for name, examples in TASKS.items():
        found = programs.synthesize(examples, dsl=lists, names=["numbers"])
        solved[name] = str(found.best)
        print(f"{name}: {found.best}   ({found.nodes} nodes)")
    return solved


if __name__ == "__main__":
    main()
