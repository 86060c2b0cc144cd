"""Made-up columns of cells as tables have them (names, dates, phone numbers, prices, codes), to sample tasks from."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from keraunos.programs.synthesis.dsl import Constant
from keraunos.programs.synthesis.kinds import Number

FIRST = "Ada Alan Grace Emmy Edsger Barbara Noor Kofi Søren José Mei Ingrid Tomás Yuki Ana Lars Fatima Igor Chloe Ravi".split()
LAST = "Lovelace Turing Hopper Noether Dijkstra Liskov Khan Mensah Kierkegaard García Chen Berg Novák Sato Silva Olsen".split()
TITLES = "Dr. Prof. Mr. Ms. Mrs. Sir".split()
CITIES = ["Paris", "Lyon", "New York", "São Paulo", "Oslo", "Cape Town", "Kyoto", "Porto", "Graz", "Lima", "San Jose"]
COUNTRIES = ["France", "Norway", "Japan", "Brazil", "United Kingdom", "South Africa", "Peru", "Austria", "USA", "UK"]
WORDS = "report invoice blue river stone annual draft final market table paper signal winter garden order data train".split()
MONTHS = "January February March April May June July August September October November December".split()
UNITS = "kg km cm ml g m s MB GB oz lb".split()
DOMAINS = "example.org mail.net uni.edu shop.co.uk data.io navy.mil".split()
ENDINGS = "txt pdf csv tar.gz jpg docx log".split()
NAMES = (
    "{first} {last}|{last}, {first}|{first} {middle} {last}|{first} {m}. {last}|{title} {first} {last}|{first}|{last}|"
    "{f}.{l}@{domain}|{f}@{domain}|{f}_{l}|{f} {l}"
)
DATES = "{y}-{m:02}-{d:02}|{d:02}.{m:02}.{y}|{m}/{d}/{y}|{name} {d}, {y}|{d} {short} {y}|{d:02}/{m:02}/{yy}"
CODES = (  # 9 is any digit, A any capital letter, N a number of one to three digits
    "(999) 999-9999|999-999-9999|9999999999|+99 999 9999|999.999.9999|+9 999-999-999|"
    "AA-9999-A|A99/B9|AAA_N|9999-99|AAN|N-N-N|v9.9.9|#9999|00N|ID N|AAA-9-AA"
)
COMPANIES = ["Acme", "Globex Corp", "Initech", "Umbra Labs", "Stark Inc.", "IBM", "NASA", "Blue Sun", "BMW AG"]

Kind = Callable[[random.Random], object]


def _digits(rng, low, high=None) -> str:
    return "".join(rng.choice("0123456789") for _ in range(rng.randint(low, high or low)))


def _capitals(rng, low, high=None) -> str:
    return "".join(rng.choice("ABCDEFGHKLMNPRSTUVWXYZ") for _ in range(rng.randint(low, high or low)))


def _name(form: str) -> Kind:
    def cell(rng):
        first, middle, last = rng.choice(FIRST), rng.choice(FIRST), rng.choice(LAST)
        parts = {"first": first, "middle": middle, "last": last, "title": rng.choice(TITLES), "m": middle[0]}
        return form.format(**parts, f=first.lower(), l=last.lower(), domain=rng.choice(DOMAINS))

    return cell


def _date(form: str) -> Kind:
    def cell(rng):
        day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1950, 2024)
        name = MONTHS[month - 1]
        return form.format(d=day, m=month, y=year, name=name, short=name[:3], yy=f"{year % 100:02}")

    return cell


def _digits_in(form: str) -> Kind:
    fill = {"9": lambda r: _digits(r, 1), "A": lambda r: _capitals(r, 1), "N": lambda r: str(r.randint(1, 999))}
    return lambda rng: "".join(fill[c](rng) if c in fill else c for c in form)


def _words(low: int, high: int, between: str = " ", change: Callable = str) -> Kind:
    return lambda rng: between.join(change(rng.choice(WORDS)) for _ in range(rng.randint(low, high)))


def _one(values, change: Callable = str) -> Kind:
    return lambda rng: change(rng.choice(values))


def _made(form: str, **cells: Kind) -> Kind:
    """A text with cells of other kinds in it."""
    return lambda rng: form.format(**{name: cell(rng) for name, cell in cells.items()})


def _time(rng):
    return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"


def _time_12(rng):
    return f"{rng.randint(1, 12)}:{rng.randint(0, 59):02} {rng.choice(['AM', 'PM'])}"


def _price(rng):
    return f"{rng.choice('$€£')}{rng.randint(1, 9999) + rng.randint(0, 99) / 100:,.2f}"


def _messy(rng):
    text = "   ".join(rng.choice(WORDS) for _ in range(rng.randint(2, 4)))
    return rng.choice([" ", "", "  "]) + text + rng.choice([" ", ""])


city, country, word = _one(CITIES), _one(COUNTRIES), _one(WORDS)
small, amount = _digits_in("N"), lambda rng: str(round(rng.uniform(0.1, 500), rng.randint(0, 2)))

COLUMNS: tuple[Kind, ...] = (
    *map(_name, NAMES.split("|")),
    *map(_date, DATES.split("|")),
    *map(_digits_in, CODES.split("|")),
    *(city, country, _one(COMPANIES), word, _words(2, 5), _words(3, 7), _words(2, 4, "_"), _words(2, 4, "-")),
    *(_words(2, 4, ", "), _words(2, 3, "; "), _words(1, 3, "/")),
    *(_words(1, 3, " ", str.title), _words(1, 2, " ", str.upper)),
    *(_time, _time_12, _price, _messy, amount, small),
    _made("{n} %", n=small),
    *(_made(f"{{n}}{gap}{{unit}}", n=amount, unit=_one(UNITS)) for gap in ("", " ")),
    lambda rng: rng.choice((12, 5, 0.25, 45, 7.5, 110, 3, 64)),
    lambda rng: rng.randint(1, 5000),
    lambda rng: round(rng.uniform(0.01, 300), 2),
    lambda rng: rng.randint(1, 9),
    _made("{city} ({country})", city=city, country=country),
    _made("{city}, {country}", city=city, country=country),
    _made("{n} {street} St, {city}", n=small, street=_words(1, 2, " ", str.title), city=city),
    _made("{city}, {state} {zip}", city=city, state=_digits_in("AA"), zip=_digits_in("99999")),
    _made("https://www.{host}/{path}", host=_one(DOMAINS), path=_words(1, 3, "/")),
    _made("http://{host}", host=_one(DOMAINS)),
    _made("/{path}/{file}.{ending}", path=_words(1, 3, "/"), file=word, ending=_one(ENDINGS)),
    _made("{file}.{ending}", file=_words(1, 2, "_"), ending=_one(ENDINGS)),
    _made("{key}={a}; {other}={b}", key=word, a=small, other=word, b=small),
    _made("{first} [{n}] {second}", first=word, n=small, second=word),
    _made("{company} {n}: {text}", company=_one(COMPANIES), n=_digits_in("99"), text=_words(1, 3)),
    _made("{text} {n}{unit}", text=_words(1, 2), n=small, unit=_one(UNITS)),
    _made("{n}x {text} {price}", n=small, text=_words(1, 2), price=_price),
    _made("{name} <{mail}>", name=_name("{first} {last}"), mail=_name("{f}@{domain}")),
)
MIXED = 0.2  # share of columns in which two kinds of cells stand
ROWS = (2, 6)
MARKS = [", ", " ", "-", ".", "/", "_", ": ", "(", ")", "@", "; ", " - ", "#", "$", "€"]
FACTORS = "10 100 1000 60 0.5 2.54 2.20462 7 12 0.01".split()
GOALS = {str: 80, int: 8, bool: 8, float: 4}


class Material(NamedTuple):
    """What tasks are sampled from."""

    rows: list[tuple]  # inputs
    observed: list = []  # made-up outputs, in which the language finds constants
    constants: list[Constant] = []
    literals: list[str] = []  # texts to join with others
    goals: dict = {}  # type of an output -> how often it is drawn; empty: those of the language's primitives, equally


def column(rng: random.Random, count: int) -> list:
    """Cells of one kind, now and then of two."""
    kinds = [rng.choice(COLUMNS)] * count
    if rng.random() < MIXED:
        other = rng.choice(COLUMNS)
        kinds = [other if rng.random() < 0.5 else kind for kind in kinds]
    return [kind(rng) for kind in kinds]


def made_up(rng: random.Random) -> Material:
    """Rows of one to three columns, and what programs over them may add."""
    count, columns = rng.randint(*ROWS), rng.choices((1, 2, 3), (65, 25, 10))[0]
    rows = list(zip(*(column(rng, count) for _ in range(columns))))
    observed = [rng.choice(MARKS) + rng.choice(("", f"{i}007")) for i in range(count)]
    factor = Constant(Decimal(rng.choice(FACTORS)), Number, 2)
    return Material(rows, observed, [factor], [*MARKS, *WORDS[:6]], GOALS)
