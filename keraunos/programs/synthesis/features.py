"""Numbers that describe examples: what the cells look like, and how outputs and inputs are related."""

import re
from collections.abc import Sequence

import numpy as np

from keraunos.programs.synthesis.dates import date, date_day_first, time_of_day
from keraunos.programs.synthesis.dsl import UNDEFINED
from keraunos.programs.synthesis.kinds import PATTERNS
from keraunos.programs.synthesis.numbers import number

MONTH = re.compile(r"(?i)\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b")
DAY = re.compile(r"(?i)\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b")
LARGEST = 3.0
MARKS = " .,-/_:;()@'#%+$€=\n"
WORD, RUN, LETTERS, DIGITS = (re.compile(p) for p in (r"\S+", r"[^\W_]+", r"[^\W\d_]+", r"\d+"))
COMPILED = [re.compile(p) for p, _ in PATTERNS.values()]


def _value(read, text):
    try:
        return read.fn(text)
    except UNDEFINED:
        return None


def look(text: str) -> list[float]:
    """What a text looks like."""
    n = len(text) or 1
    words = text.split()
    return [
        min(len(text), 60) / 20,
        min(len(words), 8) / 4,
        sum(map(str.isdigit, text)) / n,
        sum(map(str.isalpha, text)) / n,
        sum(map(str.isupper, text)) / n,
        text[:1].isupper(),
        text[:1].isdigit(),
        text.isupper(),
        text.islower(),
        text.istitle(),
        text == "",
        text != text.strip(),
        "  " in text,
        not text.isascii(),
        text[:1] == "0",
        MONTH.search(text) is not None,
        DAY.search(text) is not None,
        *(m in text for m in MARKS),
        *(len(p.findall(text)) / 2 for p in COMPILED),
    ]


def relation(columns: Sequence[str], output: str) -> list[float]:
    """How an output is related to the inputs of its row."""
    whole = "\x00".join(columns)
    low, wanted = whole.lower(), output.lower()
    words, runs = WORD.findall(output), RUN.findall(output)
    letters, digits = LETTERS.findall(output), DIGITS.findall(output)
    given_words, given_runs = set(re.split(r"[\s\x00]+", whole)), RUN.findall(whole)
    marks = {c for c in output if not c.isalnum()}
    first_letters = "".join(r[0] for r in LETTERS.findall(whole))
    splits = [part for c in columns for m in ",-/_:;.@" if m in c for part in c.split(m)]
    values = [v for c in columns if (v := _value(number, c)) is not None]
    value = _value(number, output)
    return [
        output in whole,
        wanted in low,
        any(map(output.startswith, filter(None, columns))),
        any(map(output.endswith, filter(None, columns))),
        sum(bool(c) and c in output for c in columns) / len(columns),
        sum(bool(c) and c.lower() in wanted for c in columns) / len(columns),
        any(c.startswith(output) for c in columns),
        any(c.endswith(output) for c in columns),
        any(c.lower() == wanted for c in columns),
        output == whole.upper(),
        output == whole.lower(),
        output == whole.title(),
        _share(runs, whole),
        _share([r.lower() for r in runs], low),
        _share(runs, given_runs),
        _share(words, given_words),
        _share(letters, whole),
        _share(digits, whole),
        _share([str(int(d)) for d in digits], given_runs),
        _share(marks, whole),
        float(not marks),
        float("".join(letters) == first_letters),
        float("".join(letters).lower() == first_letters.lower()),
        float("".join(digits) == "".join(DIGITS.findall(whole))),
        float("".join(letters) == "".join(LETTERS.findall(whole))),
        sum(len(r) == 1 for r in letters) / (len(letters) or 1),
        sum(r.isdigit() for r in given_runs) / (len(given_runs) or 1),
        *_word_places(columns, output),
        _share(splits, {output}),
        any(p.strip() == output for p in splits),
        *(any(output in p.findall(c) for c in columns) for p in COMPILED),
        *(any("".join(p.findall(c)) == output for c in columns) for p in COMPILED),
        *(any(p.sub("", c).strip() == output.strip() for c in columns) for p in COMPILED),
        value is not None and any(value == v for v in values),
        value is not None and any(abs(value) == abs(v) for v in values),
        value is not None and len(values) > 1 and value in (sum(values), values[0] * values[1], values[0] - values[1]),
        value is not None and all(value != v for v in values),
        any(len(c) == len(output) for c in columns),
        value is not None and any(value == len(c) for c in columns),
        value is not None and any(value == len(c.split()) for c in columns),
        any(_value(read, c) is not None for read in (date, date_day_first) for c in columns),
        any(_value(time_of_day, c) is not None for c in columns),
    ]


def _share(parts, whole) -> float:
    """Share of the parts that the whole has; one where there is none."""
    parts = list(parts)
    return sum(p in whole for p in parts) / len(parts) if parts else 1.0


def _word_places(columns, output) -> list[bool]:
    """Whether the output is, or begins or ends with, the first, a middle or the last word of an input."""
    found = [False] * 9
    for words in map(str.split, columns):
        for place, some in enumerate((words[:1], words[1:-1], words[-1:])):
            for word in some:
                found[place] |= word == output
                found[3 + place] |= output.startswith(word)
                found[6 + place] |= output.endswith(word)
    return found


def features(inputs: Sequence[tuple], outputs: Sequence) -> np.ndarray:
    """One vector for all examples: kinds of values, means and extremes of looks and relations."""
    rows = []
    for row, output in zip(inputs, outputs):
        columns, text = [str(v) for v in row], str(output)
        looks = np.array([look(c) for c in columns], np.float32)
        rows.append(np.concatenate([looks.max(axis=0), look(text), np.array(relation(columns, text), np.float32)]))
    table = np.stack(rows)
    texts = list(map(str, outputs))
    kinds = [isinstance(outputs[0], k) for k in (str, bool, int, float)]
    numbers = [any(isinstance(v, int | float) for v in row) for row in inputs]
    shared = [
        *kinds,
        len(inputs[0]) == 1,
        len(inputs[0]) == 2,
        len(inputs) / 4,
        np.mean(numbers),
        len(set(texts)) / len(texts),
        len(set(map(len, texts))) == 1,
        len({len(t.split()) for t in texts}) == 1,
        len({t[:1] for t in texts}) == 1,
        len({t[-1:] for t in texts}) == 1,
    ]
    found = np.concatenate([table.mean(axis=0), table.min(axis=0), table.max(axis=0), np.array(shared, np.float32)])
    return found.clip(-LARGEST, LARGEST)
