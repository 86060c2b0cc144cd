"""Numbers in cells: read out of text with units, signs and thousands separators, computed exactly, and written again."""

import re
from decimal import Decimal

from keraunos.programs.synthesis.dsl import UNDEFINED, Constant, primitive
from keraunos.programs.synthesis.kinds import Bound, Cell, Number, NumberFormat

FORMATS = {
    ".0f": 2,
    ".1f": 2,
    ".2f": 1,
    ".3f": 3,
    ",": 1,
    ",.0f": 2,
    ",.2f": 1,
    "+": 3,
    "+.1f": 4,
    ".0%": 2,
    ".1%": 2,
    ".2%": 3,
}
MAX_CONSTANTS = 6
# Pounds, inches, feet, miles, ounces and gallons, to and from the metric system.
UNITS = "2.20462 0.453592 0.393701 2.54 3.28084 0.3048 0.621371 1.60934 0.035274 28.3495 0.264172 3.78541".split()
TOLERANCE = Decimal("0.000001")
PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")


@primitive(source="Decimal(str({0}))")
def exact(cell: Cell) -> Number:
    return Number(Decimal(str(cell)))


@primitive(source="str({0})")
def text_of(cell: Cell) -> str:
    return str(cell)


@primitive(cost=2)
def number(text: str) -> Number:
    found = re.search(r"([-−]?)[^\w-]*?(\d{1,3}(?:[, '\u00a0]\d{3})+(?!\d)|\d+)?(\.\d+)?(?<=\d)", text)
    if found is None:
        raise ValueError("no number")
    digits = re.sub(r"\D", "", found[2] or "0") + (found[3] or "")
    return Decimal(("-" if found[1] else "") + digits)


@primitive(cost=2, source="{0}.translate(str.maketrans(',.', '.,'))")
def marks_swapped(text: str) -> str:
    if "," not in text and "." not in text:
        raise ValueError("nothing to swap")
    return text.translate(str.maketrans(",.", ".,"))


@primitive(source="format({0}.normalize(), 'f')")
def plain(number: Number) -> str:
    return format(number.normalize(), "f")


@primitive(source="format({0}, {1})")
def written(number: Number, form: NumberFormat) -> str:
    return format(number, form)


@primitive(cost=2, source="{0} + {1}")
def plus(a: Number, b: Number) -> Number:
    return a + b


@primitive(cost=2, source="{0} - {1}")
def minus(a: Number, b: Number) -> Number:
    return a - b


@primitive(cost=2, source="{0} * {1}")
def times(a: Number, b: Number) -> Number:
    return a * b


@primitive(cost=2, source="{0} / {1}")
def over(a: Number, b: Number) -> Number:
    return a / b


@primitive(cost=2, source="abs({0})")
def absolute(a: Number) -> Number:
    return abs(a)


@primitive(cost=2, source="float({0}) < {1}")
def is_less(cell: Cell, bound: Bound) -> bool:
    return float(cell) < bound


@primitive(source="int({0})")
def whole(a: Number) -> int:
    if a != int(a):
        raise ValueError("not a whole number")
    return int(a)


@primitive(source="float(round({0}, 9))")
def decimal(a: Number) -> float:
    return float(round(a, 9))


@primitive(cost=2, source="float(round({0}, 2))")
def cents(a: Number) -> float:
    return float(round(a, 2))


NUMBER_PRIMITIVES = (
    *(
        exact,
        text_of,
        number,
        marks_swapped,
        plain,
        written,
        plus,
        minus,
        times,
        over,
        absolute,
        is_less,
        whole,
        decimal,
        cents,
    ),
)
NUMBER_FORMATS = [Constant(form, NumberFormat, cost) for form, cost in FORMATS.items()]


def number_constants(inputs, outputs) -> list[Constant]:
    """Factors and differences that hold between numbers of all examples, and bounds between inputs whose outputs differ."""
    columns = list(zip(*inputs))
    wanted = _numbers(outputs)
    factors = [f for c in columns if wanted and (numbers := _numbers(c)) for f in _relations(numbers, wanted)]
    found = [Constant(value, Number, 2) for value in list(dict.fromkeys(factors))[:MAX_CONSTANTS]]
    if len(set(map(str, outputs))) > 1:
        for column in columns:
            if all(isinstance(v, int | float) or PLAIN_NUMBER.fullmatch(str(v)) for v in column):
                found += [Constant(b, Bound, 1) for b in _bounds([float(v) for v in column], outputs)]
    return found


def _numbers(values) -> list[Decimal] | None:
    """All values as numbers, or None."""
    try:
        return [Decimal(str(v)) if isinstance(v, int | float) else number(v) for v in values]
    except UNDEFINED:
        return None


def _relations(column, wanted) -> list[Decimal]:
    """What all outputs are times, divided by or more than an input, if that is a short number."""
    pairs = list(dict.fromkeys(zip(wanted, column)))
    if len(pairs) < 2:  # anything holds for one
        return []
    known = [f for f in map(Decimal, UNITS) if all(abs(w - c * f) <= abs(c) * TOLERANCE + _step(w) for w, c in pairs)]
    found = [{w / c for w, c in pairs if c}, {c / w for w, c in pairs if w}, {w - c for w, c in pairs}]
    trivial = (1, 1, 0)  # x * 1, x / 1, x + 0
    same = [v.pop().normalize() for v, t in zip(found, trivial) if len(v) == 1 and t not in v]
    return known + [Decimal(format(v, "f")) for v in same if v and len(v.as_tuple().digits) < 7]


def _step(value: Decimal) -> Decimal:
    """Half a unit of the last digit that is written: how far a rounded value may be off."""
    return Decimal(5).scaleb(int(value.as_tuple().exponent) - 1)


def _bounds(column, outputs) -> list:
    """Round numbers between neighbours with different outputs."""
    pairs = sorted(zip(column, map(str, outputs)))
    edges = [(a, b) for (a, x), (b, y) in zip(pairs, pairs[1:]) if a != b and x != y]
    return [_roundest(Decimal(str(a)), Decimal(str(b))) for a, b in edges][:4]


def _roundest(low: Decimal, high: Decimal) -> int | float:
    """Of the numbers with the fewest digits in (low, high], the one nearest to the middle."""
    for exponent in range(9, -10, -1):
        unit = Decimal(1).scaleb(exponent)
        for value in (((low + high) / 2 / unit).to_integral_value() * unit, (high // unit) * unit):
            if low < value <= high:
                return int(value) if value == int(value) else float(value)
    return float(high)
