"""Kinds of values, and patterns, that the languages of texts, numbers and dates share."""

import datetime
from decimal import Decimal
from typing import NewType

Index = NewType("Index", int)
Place = NewType("Place", int)
Cell = NewType("Cell", float)  # a number as it stands in a table
Bound = NewType("Bound", float)  # a number that cells are compared with
Number = Decimal  # computed exactly
Date = datetime.datetime  # with the time of day
NumberFormat = NewType("NumberFormat", str)
DateFormat = NewType("DateFormat", str)

# Regular expressions that programs may name, and their costs.
PATTERNS = {
    "DIGITS": (r"\d+", 1),
    "LETTERS": (r"[^\W\d_]+", 2),
    "CAPITALS": (r"[A-Z]+", 2),
    "CAPITALIZED": (r"[A-Z][a-z]+", 2),
    "LETTERS_AND_DIGITS": (r"[^\W_]+", 2),
    "NUMBER": (r"\d+(?:[.,]\d+)*", 2),
    "DECIMAL": (r"\d+\.\d+", 2),
    "ACRONYM": (r"\b[A-Z]{2,}\b", 2),
    "IN_BRACKETS": (r"(?<=[(\[<])[^)\]>]*(?=[)\]>])", 1),
}
