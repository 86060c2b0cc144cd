"""Kinds of values that the languages of texts, numbers and dates share."""

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
