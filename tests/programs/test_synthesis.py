"""Programs from examples: what they give on further inputs, their source, their files; contradictions and open questions."""

import json
import re
import signal
import time
from decimal import Decimal

import pytest

from keraunos import programs
from keraunos.programs.synthesis.numbers import number
from keraunos.programs.synthesis.progress import SearchProgress
from keraunos.programs.synthesis.search import Search
from tests.programs.cell_tasks import COLUMN_TASKS

# Columns whose two examples leave more than one reading open: the right one is among the programs, not the first.
OPEN = {"city and country"}


def solve(task, **options):
    return programs.synthesize(task.examples, inputs=[i for i, _ in task.rest], **options)


def wanted(task):
    return [programs.strings.goal(o)[1] for _, o in task.rest]


@pytest.mark.parametrize("task", COLUMN_TASKS, ids=lambda t: t.name)
def test_columns(task):
    found = solve(task)
    inputs = [i for i, _ in task.rest]
    if task.name in OPEN:
        assert found.ambiguities()
    else:
        assert found.best.map(inputs) == wanted(task)
    # The printed program and the saved one do the same as the program.
    scope: dict = {}
    exec(found.best.source("f"), scope)
    again = programs.Rule.from_config(json.loads(json.dumps(found.best.get_config())))
    assert again.map(inputs) == found.best.map(inputs)
    for i, expected in zip(inputs, found.best.map(inputs)):
        assert scope["f"](*(i if isinstance(i, tuple) else (i,))) == expected


def test_results_do_not_depend_on_the_run():
    texts = {str([str(p) for p in solve(COLUMN_TASKS[0]).programs]) for _ in range(2)}
    assert len(texts) == 1


@pytest.mark.parametrize(
    "examples, message",
    [
        ([], "at least one example"),
        ([("a", "b", "c")], r"must be a pair"),
        ([(("a", "b"), "c"), ("a", "b")], "same number of inputs"),
        ([("a", None)], "missing value"),
        ([("a", "b"), ("c", 1)], "of one type"),
    ],
)
def test_bad_examples(examples, message):
    with pytest.raises(ValueError, match=message):
        programs.synthesize(examples)


def test_contradictions_are_named():
    with pytest.raises(programs.ContradictionError, match=r"examples 0 and 2: 'a' gives 'x' and 'y'") as caught:
        programs.synthesize([("a", "x"), ("b", "z"), ("a", "y")])
    assert caught.value.pairs == [(0, 2)]


def test_suspect_is_the_example_that_does_not_fit():
    pairs = [("Ada Lovelace", "AL"), ("Alan Turing", "AT"), ("Grace Hopper", "GH"), ("Emmy Noether", "XQ")]
    assert programs.synthesize(pairs).suspects() == [3]
    assert programs.synthesize(pairs[:3]).suspects() == []


def test_ambiguities_are_answered_by_one_more_example():
    examples, rest = [("Ada Lovelace", "A. Lovelace"), ("Alan Turing", "A. Turing")], ["Ada King Lovelace", "Bob Ray"]
    found = programs.synthesize(examples, inputs=rest)
    asked = found.ambiguities()
    assert asked[0].input == "Ada King Lovelace"
    assert {"A. Lovelace", "A. King Lovelace"} <= set(asked[0].outputs)
    taught = programs.synthesize([*examples, (asked[0].input, "A. King Lovelace")], inputs=rest)
    assert taught.best("Alan Mathison Turing") == "A. Mathison Turing"


@pytest.mark.parametrize(
    "text, value",
    [
        ("$1,234.50", "1234.50"),
        ("-3 °C", "-3"),
        ("1 234 567", "1234567"),
        ("about 7", "7"),
        ("0.5", "0.5"),
        (".5", "0.5"),
    ],
)
def test_numbers_in_text(text, value):
    assert number(text) == Decimal(value)


def test_missing_and_odd_inputs_give_none():
    rule = programs.synthesize([("a-b", "b"), ("c-dd", "dd")]).best
    assert rule.map(["x-y", None]) == ["y", None]
    with pytest.raises(TypeError, match="takes 1 inputs"):
        rule("a", "b")


# -- languages of one's own --------------------------------------------------------------------------------------------


@programs.primitive
def first(numbers: list[int]) -> int:
    return numbers[0]


@programs.primitive(source="sum({0})")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@programs.primitive(source="{0} + {1}")
def plus(a: int, b: int) -> int:
    return a + b


def lists(name="lists of the tests"):
    return programs.DSL(name, [first, total, plus], constants=[1])


def test_own_language():
    found = programs.synthesize([([3, 4, 5], 15), ([2], 4), ([7, 1], 15)], dsl=lists())
    assert found.best([10, 20]) == 40
    assert "def first(numbers):" in found.best.source()
    assert found.best([]) is None  # no first element: undefined, not an error


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: programs.primitive(lambda x: x), TypeError, "type annotation"),
        (lambda: programs.primitive(cost=0)(first.fn), ValueError, "cost must be"),
        (lambda: programs.primitive(role="nonsense")(first.fn), ValueError, "role must be one of"),
        (lambda: programs.DSL("d", [first, first]), ValueError, "two primitives are called 'first'"),
        (lambda: programs.DSL("d", [len]), TypeError, "decorate each function"),
        (lambda: programs.synthesize([(1, 2)], dsl="strings"), TypeError, "must be a programs.DSL"),
    ],
)
def test_bad_languages(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    "config, message",
    [
        ({"call": "system", "arguments": []}, "no primitive 'system'"),
        ({"call": "first", "arguments": []}, "takes 1 arguments"),
        ({"constant": "os"}, "no constant 'os'"),
        ("__import__('os')", "must be a dict"),
    ],
)
def test_files_name_only_what_the_language_has(config, message):
    lists()
    with pytest.raises(ValueError, match=re.escape(message)):
        programs.Rule.from_config({"dsl": "lists of the tests", "names": ["x"], "program": config})
    with pytest.raises(ValueError, match="not defined in this process"):
        programs.Rule.from_config({"dsl": "unheard of", "names": ["x"], "program": config})


# -- long searches -----------------------------------------------------------------------------------------------------

HARD = [("abcdef", "qzx"), ("ghijkl", "wvu"), ("mnopqr", "kjh")]


@programs.primitive
def spin(text: str) -> str:
    return text[1:] + text[:1]


@programs.primitive
def swap(text: str, other: str) -> str:
    return other[:3] + text[3:]


def endless():
    return programs.DSL("endless", [spin, swap])


def test_stopped_search_goes_on_from_its_file(tmp_path):
    file = tmp_path / "search.json"
    found = programs.synthesize(HARD, dsl=endless(), state=file, watch=lambda level, logs: level == 6)
    assert found.best is None and not found.finished
    again = programs.synthesize(HARD, dsl=endless(), state=file, watch=lambda level, logs: True)
    assert again._search.level == found._search.level + 1
    assert len(again._search.bank) > len(found._search.bank) > 15
    with pytest.raises(ValueError, match="other examples"):
        programs.synthesize(HARD[:2], dsl=endless(), state=file)
    file.write_text("{]")
    with pytest.raises(ValueError, match="does not hold a search"):
        programs.synthesize(HARD, dsl=endless(), state=file)


def test_state_of_a_solved_search_is_removed(tmp_path):
    file = tmp_path / "search.json"
    pairs = COLUMN_TASKS[0].examples
    programs.synthesize(pairs, state=file, watch=lambda level, logs: level == 2)
    assert file.exists()
    assert programs.synthesize(pairs, state=file).best is not None
    assert not file.exists()


def test_time_limit():
    assert not programs.synthesize(HARD, dsl=endless(), time_limit=0.0).finished


@pytest.fixture
def interrupts():
    """Ctrl-C raises KeyboardInterrupt, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_interrupt_gives_what_there_is(interrupts):
    def interrupt(level, logs):
        if logs["cost"] < 1000:
            signal.raise_signal(signal.SIGINT)

    found = programs.synthesize(COLUMN_TASKS[0].examples, watch=interrupt)
    assert not found.finished and found.best("Grace Hopper").endswith("Hopper")


def test_interrupt_inside_a_level_loses_nothing_of_it(interrupts):
    calls = []

    @programs.primitive
    def turn(text: str) -> str:
        calls.append(text)
        if len(calls) == 40:
            signal.raise_signal(signal.SIGINT)
        return text[1:] + text[:1]

    def banks(search):
        return {kind: set(known) for kind, known in search.bank.known.items()}

    language = programs.DSL("interrupted", [turn, swap])
    found = programs.synthesize(HARD, dsl=language, watch=lambda level, logs: level == 8)
    assert len(calls) == 40 and not found.finished
    found.resume(watch=lambda level, logs: level == 8)
    whole = programs.synthesize(HARD, dsl=language, watch=lambda level, logs: level == 8)
    assert found._search.level == whole._search.level == 8
    assert banks(found._search) == banks(whole._search)


def test_watch_ends_a_search():
    levels = []
    found = programs.synthesize(HARD, dsl=endless(), watch=lambda level, logs: levels.append(level) or level == 3)
    assert levels == [1, 2, 3] and not found.finished


def test_progress_line():
    rows = [[{"str": "ab"}], [{"str": "cd"}]]
    search = Search(endless(), rows, ["x", "y"], str, [[str]])
    search.nodes, search.seconds = 5000, 1.0
    line = SearchProgress(1, until=time.perf_counter() + 9.2).line(search, search.resumed)
    assert "5,000 nodes" in line and "no program yet" in line and "s left" in line
