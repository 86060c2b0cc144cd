"""Dates and times of day in cells: read in the usual ways of writing them, and written in parts."""

import datetime
import re

from keraunos.programs.synthesis.dsl import Constant, primitive
from keraunos.programs.synthesis.kinds import Date, DateFormat

FORMATS = {
    "%Y": 1,
    "%m": 1,
    "%d": 1,
    "%b": 1,
    "%B": 1,
    "%y": 1,
    "%a": 2,
    "%A": 2,
    "%H": 1,
    "%M": 1,
    "%S": 1,
    "%I": 2,
    "%p": 1,
}


@primitive(cost=2)
def date(text: str) -> Date:
    months = "jan feb mar apr may jun jul aug sep oct nov dec".split()
    found = re.search(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text)
    if found:
        year, month, day = map(int, found.groups())
    elif found := re.search(r"(?i)(\d{1,2})(?:st|nd|rd|th)?[ .-]+([a-z]{3})[a-z]*\.?,?[ -]+(\d{4})", text):
        year, month, day = int(found[3]), months.index(found[2].lower()) + 1, int(found[1])
    else:
        found = re.search(r"(?i)([a-z]{3})[a-z]*\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})", text)
        if found is None:
            raise ValueError("no date")
        year, month, day = int(found[3]), months.index(found[1].lower()) + 1, int(found[2])
    return datetime.datetime(year, month, day)


@primitive(cost=2)
def date_day_first(text: str) -> Date:
    found = re.search(r"(?<!\d)(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?!\d)", text)
    if found is None:
        raise ValueError("no date or time")
    day, month, year = int(found[1]), int(found[2]), int(found[3])
    return datetime.datetime(year if year > 99 else year + (1900 if year > 68 else 2000), month, day)


@primitive(cost=2)
def date_month_first(text: str) -> Date:
    found = re.search(r"(?<!\d)(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?!\d)", text)
    if found is None:
        raise ValueError("no date or time")
    month, day, year = int(found[1]), int(found[2]), int(found[3])
    return datetime.datetime(year if year > 99 else year + (1900 if year > 68 else 2000), month, day)


@primitive(cost=2)
def time_of_day(text: str) -> Date:
    found = re.search(r"(?i)(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?\.?m?", text)
    if found is None:
        raise ValueError("no date or time")
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + (12 if found[4] in "pP" else 0)
    return datetime.datetime(1900, 1, 1, hour, int(found[2]), int(found[3] or 0))


@primitive(source="{0}.strftime({1})")
def date_part(date: Date, form: DateFormat) -> str:
    return date.strftime(form)


@primitive(cost=2, source="str({0}.day)")
def day(date: Date) -> str:
    return str(date.day)


@primitive(cost=2, source="str({0}.month)")
def month(date: Date) -> str:
    return str(date.month)


@primitive(cost=2, source="str(({0}.hour - 1) % 12 + 1)")
def hour(date: Date) -> str:
    return str((date.hour - 1) % 12 + 1)


@primitive(cost=3, source="str(({0}.month + 2) // 3)")
def quarter(date: Date) -> str:
    return str((date.month + 2) // 3)


@primitive(cost=2, source="{0}.year")
def year(date: Date) -> int:
    return date.year


DATE_PRIMITIVES = (date, date_day_first, date_month_first, time_of_day, date_part, day, month, hour, quarter, year)
DATE_FORMATS = [Constant(form, DateFormat, cost) for form, cost in FORMATS.items()]
