"""``programs.strings``: the language of cells of a table: texts, numbers and dates.

Kinds of values: ``str``; ``Number`` (exact decimals); ``Date`` (with time of day); ``bool`` for conditions; and small kinds that keep
the search from trying nonsense: ``Separator`` and ``Word`` (texts seen in the examples), ``Pattern`` (regular expressions), ``Index``,
``Place`` (position between characters).
"""

import datetime
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import NewType

from keraunos.programs.synthesis.dates import DATE_FORMATS, DATE_PRIMITIVES
from keraunos.programs.synthesis.dsl import DSL, Constant, primitive
from keraunos.programs.synthesis.features import features
from keraunos.programs.synthesis.kinds import PATTERNS, Cell, Date, Index, Place
from keraunos.programs.synthesis.made_up import made_up
from keraunos.programs.synthesis.numbers import NUMBER_FORMATS, NUMBER_PRIMITIVES, PLAIN_NUMBER, number_constants

Separator = NewType("Separator", str)
Word = NewType("Word", str)
Pattern = NewType("Pattern", str)
Width = NewType("Width", int)
LetterIndex = NewType("LetterIndex", int)


# -- pieces of a text ------------------------------------------------------------------------------------------------


@primitive(source="{0}.split()[{1}]")
def word(text: str, index: Index) -> str:
    return text.split()[index]


@primitive(source="{0}.split({1})[{2}]")
def part(text: str, separator: Separator, index: Index) -> str:
    return text.split(separator)[index]


@primitive(source="re.findall({1}, {0})[{2}]")
def match(text: str, pattern: Pattern, index: Index) -> str:
    return re.findall(pattern, text)[index]


@primitive(cost=2, source="{0}.partition({1})[2]")
def after_first(text: str, separator: Separator) -> str:
    return text.partition(separator)[2]


@primitive(cost=2, source="{0}.rpartition({1})[0]")
def before_last(text: str, separator: Separator) -> str:
    return text.rpartition(separator)[0]


@primitive(source="{0}[{1}]")
def letter(text: str, index: LetterIndex) -> str:
    return text[index]


@primitive(source="{0}[{1}:{2}]", role="slice")
def cut(text: str, start: Place, stop: Place) -> str:
    return text[start:stop]


# -- places in a text ------------------------------------------------------------------------------------------------


@primitive(source="len({0}) - {1}")
def from_end(text: str, count: Place) -> Place:
    if count > len(text):
        raise ValueError("the text is shorter")
    return Place(len(text) - count)


@primitive(source="len({0})")
def end(text: str) -> Place:
    return Place(len(text))


@primitive(source="{0}.index({1})")
def index(text: str, separator: Separator) -> Place:
    return Place(text.index(separator))


@primitive(source="{0}.index({1}) + len({1})")
def past(text: str, separator: Separator) -> Place:
    return Place(text.index(separator) + len(separator))


@primitive(source="{0}.rindex({1})")
def last_index(text: str, separator: Separator) -> Place:
    return Place(text.rindex(separator))


@primitive(source="{0}.rindex({1}) + len({1})")
def past_last(text: str, separator: Separator) -> Place:
    return Place(text.rindex(separator) + len(separator))


@primitive(cost=2, source="{0}.index({1}, {0}.index({1}) + 1)")
def second_index(text: str, separator: Separator) -> Place:
    return Place(text.index(separator, text.index(separator) + 1))


@primitive(source="[m.start() for m in re.finditer({1}, {0})][{2}]")
def start_of(text: str, pattern: Pattern, index: Index) -> Place:
    return Place([m.start() for m in re.finditer(pattern, text)][index])


@primitive(source="[m.end() for m in re.finditer({1}, {0})][{2}]")
def end_of(text: str, pattern: Pattern, index: Index) -> Place:
    return Place([m.end() for m in re.finditer(pattern, text)][index])


# -- whole texts -----------------------------------------------------------------------------------------------------


@primitive(source="{0} + {1}", role="join")
def join(first: str, second: str) -> str:
    return first + second


@primitive(source="{0}.upper()")
def upper(text: str) -> str:
    return text.upper()


@primitive(source="{0}.lower()")
def lower(text: str) -> str:
    return text.lower()


@primitive(cost=2, source="{0}.title()")
def title(text: str) -> str:
    return text.title()


@primitive(source="{0}.capitalize()")
def capitalize(text: str) -> str:
    return text.capitalize()


@primitive(source="{0}.strip()")
def strip(text: str) -> str:
    return text.strip()


@primitive(cost=2, source="' '.join({0}.split())")
def single_spaces(text: str) -> str:
    return " ".join(text.split())


@primitive(cost=2, source="{0}.replace({1}, '')")
def without(text: str, separator: Separator) -> str:
    return text.replace(separator, "")


@primitive(cost=2, source="{0}.replace({1}, {2})")
def replace(text: str, old: Separator, new: Separator) -> str:
    return text.replace(old, new)


@primitive(cost=2, source="''.join(re.findall({1}, {0}))")
def only(text: str, pattern: Pattern) -> str:
    return "".join(re.findall(pattern, text))


@primitive(cost=2, source="re.sub({1}, '', {0})")
def removed(text: str, pattern: Pattern) -> str:
    return re.sub(pattern, "", text)


@primitive(cost=3, source="''.join((word[0] for word in {0}.split()))")
def initials(text: str) -> str:
    return "".join(word[0] for word in text.split())


@primitive(cost=9, source="' '.join(reversed({0}.split()))")
def words_reversed(text: str) -> str:
    return " ".join(reversed(text.split()))


@primitive(cost=3)
def without_accents(text: str) -> str:
    text = text.translate(str.maketrans("ØøŁłĐđĦħı", "OoLlDdHhi"))  # letters that have no accent to take away
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@primitive(cost=2, source="{0}.zfill({1})")
def padded(text: str, width: Width) -> str:
    return text.zfill(width)


@primitive(cost=2, source="{0}.lstrip('0')")
def without_zeros(text: str) -> str:
    return text.lstrip("0")


@primitive(source="int({0}) - 1")
def ordinal(cell: Cell) -> Index:
    return Index(int(cell) - 1)


# -- counts and conditions ---------------------------------------------------------------------------------------------


@primitive(source="len({0})")
def length(text: str) -> int:
    return len(text)


@primitive(source="{0}.count({1})")
def count(text: str, separator: Separator) -> int:
    return text.count(separator)


@primitive(source="{0}.count({1})")
def count_text(text: str, other: str) -> int:
    if not other:
        raise ValueError("an empty text is everywhere")
    return text.count(other)


@primitive(source="len(re.findall({1}, {0}))")
def count_matches(text: str, pattern: Pattern) -> int:
    return len(re.findall(pattern, text))


@primitive(source="len({0}.split())")
def count_words(text: str) -> int:
    return len(text.split())


@primitive(cost=2, source="{0} - {1}", role="subtract")
def difference(a: int, b: int) -> int:
    return a - b


@primitive(cost=2, source="{0} >= {1}")
def at_least(number: int, bound: Index) -> bool:
    return number >= bound


@primitive(source="{1} in {0}")
def contains(text: str, word: Word) -> bool:
    return word in text


@primitive(source="{0}.startswith({1})")
def starts_with(text: str, word: Word) -> bool:
    return text.startswith(word)


@primitive(source="{0}.endswith({1})")
def ends_with(text: str, word: Word) -> bool:
    return text.endswith(word)


@primitive(cost=2, source="{1} in {0}")
def contains_text(text: str, other: str) -> bool:
    return other in text


@primitive(cost=2, source="{0} == {1}")
def is_equal(text: str, other: str) -> bool:
    return text == other


@primitive(source="bool(re.search({1}, {0}))")
def has(text: str, pattern: Pattern) -> bool:
    return re.search(pattern, text) is not None


@primitive(source="{0} == ''")
def is_empty(text: str) -> bool:
    return text == ""


@primitive(source="not {0}")
def negated(condition: bool) -> bool:
    return not condition


@primitive(cost=3, source="{1} if {0} else {2}", role="if", name="if_text")
def if_text(condition: bool, then: str, otherwise: str) -> str:
    return then if condition else otherwise


@primitive(cost=3, source="{1} if {0} else {2}", role="if")
def if_integer(condition: bool, then: int, otherwise: int) -> int:
    return then if condition else otherwise


@primitive(cost=3, source="{1} if {0} else {2}", role="if")
def if_float(condition: bool, then: float, otherwise: float) -> float:
    return then if condition else otherwise


# -- constants -------------------------------------------------------------------------------------------------------


def _observed(inputs: Sequence[Sequence], outputs: Sequence) -> list[Constant]:
    """Separators, words and numbers that the examples show."""
    texts = [v for row in inputs for v in row if isinstance(v, str)]
    wanted = [o for o in outputs if isinstance(o, str)]
    found = [*_separators(texts, wanted), *_words(inputs, outputs), *number_constants(inputs, outputs)]
    widths = {len(run) for o in wanted for run in re.findall(r"\b0\d+", o)}
    found += [Constant(w, Width) for w in sorted(widths)[:2]]
    if not wanted:
        found += [Constant(o, type(o), 6) for o in dict.fromkeys(outputs) if isinstance(o, int | float)][:6]
    return found


def _separators(texts, wanted) -> list[Constant]:
    """Runs of punctuation in the inputs, and single marks of inputs and outputs; those in every input first."""
    runs: dict[str, int] = {}
    for text in texts:
        for run in {
            *re.findall(r"[^\w\s]+\s*|\s+", text),
            *re.findall(r"\s+[^\w\s]+", text),
            *re.findall(r"[^\w]|_", text),
        }:
            runs[run] = runs.get(run, 0) + 1
    common = sorted(runs, key=lambda run: (-runs[run], len(run), run))[:12]
    marks = [m for m in dict.fromkeys(c for o in wanted for c in re.findall(r"[^\w]|_", o)) if m not in common][:4]
    return [Constant(s, Separator, 1 if runs[s] * 2 >= len(texts) else 2) for s in common] + [
        Constant(m, Separator, 2) for m in marks
    ]


def _words(inputs, outputs) -> list[Constant]:
    """Words and marks that some inputs have and others do not: what conditions can ask for."""
    rows = [" ".join(v for v in row if isinstance(v, str) and not PLAIN_NUMBER.fullmatch(v)) for row in inputs]
    if len(set(map(str, outputs))) < 2:
        return []
    found: dict[str, int] = {}
    for row in rows:
        for token in {*re.findall(r"[^\W\d_]+|\d+|[^\w\s]", row), *re.findall(r"\S+", row)}:
            found[token] = found.get(token, 0) + 1
    some = [t for t, n in sorted(found.items(), key=lambda item: (-item[1], len(item[0]), item[0])) if n < len(rows)]
    return [Constant(t, Word, 2 if len(t) < 4 else 3) for t in some[:24]]


def _literal_cost(inputs):
    """What it costs to write a text into a program: letters and digits more than marks; much more if every input has them."""
    rows = [" ".join(map(str, row)) for row in inputs]

    def cost(text: str) -> int:
        price = 1 + sum(2 if c.isalnum() else 1 for c in text)
        for run in re.findall(r"[^\W_]+", text):
            if all(run in row for row in rows):
                price += 2 + 2 * len(run)
        return price

    return cost


def _vary(rows):
    """Rows like the given ones with longer and shorter words and numbers, and with a part more."""
    found = []
    for row in rows[:2]:
        longer = tuple(_longer(v) if isinstance(v, str) else v for v in row)
        more = tuple(re.sub(r"^([^\W_]+)([^\w]|_)", r"\1\2Qa\2", v) if isinstance(v, str) else v for v in row)
        found += [r for r in (longer, more) if r not in (row, *rows)]
    return found[:4]


def _longer(text: str) -> str:
    """Each word with two more letters, each number with a digit less or more."""
    text = re.sub(r"[^\W\d_]+", lambda m: "K" + m[0] + "z" if m[0][0].isupper() else "k" + m[0] + "z", text)
    return re.sub(r"\d+", lambda m: m[0][1:] if len(m[0]) > 1 and m[0][1] != "0" else m[0] + "3", text)


def _readings(value) -> list:
    """How a cell is read: a number as a number, a date as a date, anything else as text, a number in text as both."""
    if isinstance(value, bool):
        return [(bool, value)]
    if isinstance(value, int | float | Decimal):
        return [(Cell, value)]
    if isinstance(value, datetime.date):
        whole = value if isinstance(value, datetime.datetime) else datetime.datetime.combine(value, datetime.time())
        return [(Date, whole)]
    text = str(value)
    return [(str, text), (Cell, Decimal(text))] if PLAIN_NUMBER.fullmatch(text) else [(str, text)]


def _goal(value):
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return float, round(value, 9)
    return type(value), value


def _keep(value) -> bool:
    return not isinstance(value, str) or len(value) <= 300


def _constants() -> list[Constant]:
    found = [
        Constant(i, Index, c) for i, c in ((0, 1), (-1, 1), (1, 1), (2, 2), (-2, 2), (3, 3), (-3, 3), (4, 4), (5, 5))
    ]
    found += [Constant(i, LetterIndex, c) for i, c in ((0, 1), (-1, 1), (1, 3), (-2, 3), (2, 4))]
    found += [Constant(i, Place, 1 + (i > 0) + i // 4) for i in range(13)]
    found += [*NUMBER_FORMATS, *DATE_FORMATS]
    return found + [Constant(pattern, Pattern, cost, name) for name, (pattern, cost) in PATTERNS.items()]


TEXT_PRIMITIVES = (
    *(word, part, match, after_first, before_last, letter, cut),
    *(from_end, end, index, past, last_index, past_last, second_index, start_of, end_of, ordinal),
    *(join, upper, lower, title, capitalize, strip, single_spaces, without, replace, only, removed, initials),
    *(
        words_reversed,
        without_accents,
        padded,
        without_zeros,
        length,
        count,
        count_text,
        count_matches,
        count_words,
        difference,
    ),
    *(at_least, contains, starts_with, ends_with, contains_text, is_equal, has, is_empty, negated),
    *(if_text, if_integer, if_float),
)

strings = DSL(
    "strings",
    [*TEXT_PRIMITIVES, *NUMBER_PRIMITIVES, *DATE_PRIMITIVES],
    _constants(),
    observe=_observed,
    read=_readings,
    goal=_goal,
    keep=_keep,
    literal=_literal_cost,
    vary=_vary,
    sample=made_up,
    features=features,
    backwards=("join", "slice"),
)
