"""Tables of records: one row describes a function of ``keras.ops``, and every check of it follows from the row.

A row is ``R(name, *args, **kwargs)``. An argument that is an array is written ``A("n", 3)``: its shape (a letter is a
dimension that may be unknown, 4 in the tests and 0 in the test of empty input) and, by keyword, its dtype and range; or
``V([[1.0, 2.0]])`` for given values. Everything else is passed as it is; what the tests need besides goes into
``.check(...)``.

``tests/ops/test_records.py`` runs all rows of all modules of this package, ``tests/parity/test_ops.py`` compares with Keras.
"""

import dataclasses
import importlib
import pkgutil
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np

SIZE = 4  # of a dimension written as a letter

GROUPS = {  # what `dtypes=` of a record may say
    "float": ("float16", "bfloat16", "float32"),
    "int": ("uint8", "uint16", "uint32", "int8", "int16", "int32"),
    "bool": ("bool",),
}
GROUPS["number"] = GROUPS["int"] + GROUPS["float"]
GROUPS["integral"] = GROUPS["bool"] + GROUPS["int"]
GROUPS["all"] = GROUPS["bool"] + GROUPS["number"]


class A:
    """An array argument with random values in [low, high), the same in every run.

    Args:
        shape: ints, or letters for dimensions that may be unknown.
        dtype: standard name.
        low, high: range of the values (integers: high excluded).
        distinct: whether all values differ clearly (for sorting and maxima).
        make: None, or ``make(values)`` that turns random values into suitable ones (a positive definite matrix, ...).
    """

    def __init__(self, *shape, dtype="float32", low=None, high=None, distinct=False, make=None):
        self.shape, self.dtype = shape, dtype
        self.low, self.high = low, high
        self.distinct, self.make = distinct, make

    def sized(self, n=SIZE):
        """The shape with ``n`` for the letters."""
        return tuple(n if isinstance(d, str) else d for d in self.shape)

    def values(self, seed, n=SIZE, dtype=None):
        """The array."""
        dtype = dtype or self.dtype
        rng = np.random.default_rng(seed)
        shape = self.sized(n)
        unsigned = dtype.startswith("uint") or dtype == "bool"
        low = (0 if unsigned else -2) if self.low is None else self.low
        high = (2 if dtype == "bool" else 3 if "int" in dtype else 2) if self.high is None else self.high
        if "int" in dtype or dtype == "bool":
            x = rng.integers(max(low, 0) if unsigned else low, max(high, 1), size=shape)
        elif self.distinct:
            size = int(np.prod(shape))
            x = rng.permutation(size).reshape(shape) * ((high - low) / max(size, 1)) + low
        elif dtype.startswith("complex"):
            x = rng.uniform(low, high, shape) + 1j * rng.uniform(low, high, shape)
        else:
            x = rng.uniform(low, high, shape)
        if self.make is not None:
            x = self.make(x)
        return _cast(x, dtype)

    def __repr__(self):
        return f"A({', '.join(map(repr, self.shape))}, {self.dtype})"


class V(A):
    """An array argument with given values."""

    def __init__(self, values, dtype=None):
        given = np.asarray(values)
        if dtype is None and given.dtype == np.float64:
            dtype = "float32"
        if dtype is None and given.dtype == np.int64:
            dtype = "int32"
        super().__init__(*given.shape, dtype=dtype or given.dtype.name)
        self.given = given

    def values(self, seed, n=SIZE, dtype=None):
        return _cast(self.given, dtype or self.dtype)


def _cast(x, dtype):
    with np.errstate(invalid="ignore"):  # NaN as an integer, in the matrix of dtypes
        return np.asarray(x).astype(_numpy_dtype(dtype))


def _numpy_dtype(name):
    return np.dtype(getattr(ml_dtypes, name)) if name == "bfloat16" else np.dtype(name)


@dataclasses.dataclass
class Record:
    """A row of a table."""

    name: str  # under keras.ops, such as "add" or "linalg.norm"
    args: tuple
    kwargs: dict
    want: Callable | None = None  # NumPy's answer to the same arguments; None: Keras alone is the witness
    dtypes: str = ""  # a group of GROUPS: for each, or each pair, the result's dtype is compared with Keras's
    grad: bool = False  # whether jax.grad is compared with finite differences
    kinks: dict | None = None  # for an elementwise function of one array: {point: derivative there}
    tol: float = 1e-5
    jit: bool = True  # False: the result's shape depends on values
    symbolic: bool = True  # whether it is called on symbolic tensors
    empty: bool = True  # whether it is called with 0 for the letters
    keras: bool = True  # False: Keras is wrong or has no such function (say why in a comment)
    engines: Sequence[str] = ("jax", "numpy", "torch")
    reduce: Callable | None = None  # brings results that may differ (signs of eigenvectors) to one form
    label: str = ""

    def check(self, **facts):
        """The same row with facts for the tests."""
        return dataclasses.replace(self, **facts)

    @property
    def arrays(self):
        """The array arguments, in order, also those within lists."""
        return [a for a in flat((self.args, self.kwargs)) if isinstance(a, A)]

    def seed(self, i):
        """A seed of array ``i``, known from the row alone."""
        return zlib.crc32(f"{self.name} {i}".encode())

    def numpy_values(self, n=SIZE, dtypes=None):
        """The arrays as NumPy values."""
        dtypes = dtypes or [None] * len(self.arrays)
        return [a.values(self.seed(i), n, d) for i, (a, d) in enumerate(zip(self.arrays, dtypes, strict=True))]

    def filled(self, values):
        """(args, kwargs) with the given values for the arrays."""
        it = iter(values)
        return swap((self.args, self.kwargs), lambda a: next(it) if isinstance(a, A) else a)

    def __str__(self):
        text = ", ".join([*(_short(a) for a in self.args), *(f"{k}={_short(v)}" for k, v in self.kwargs.items())])
        return self.label or f"{self.name}({text})"


def _short(a):
    text = repr(a)
    return text if len(text) < 24 else text[:20] + ".."


def R(name, *args, **kwargs) -> Record:
    """A record: the call of ``keras.ops.<name>`` with these arguments."""
    return Record(name, args, kwargs)


def swap(structure: Any, fn):
    """``structure`` with ``fn`` applied to its leaves, in order."""
    if isinstance(structure, dict):
        return {k: swap(v, fn) for k, v in structure.items()}
    if isinstance(structure, (list, tuple)):
        found = [swap(v, fn) for v in structure]
        return found if hasattr(structure, "_fields") else type(structure)(found)
    return fn(structure)


def flat(structure: Any) -> list:
    """The leaves in order; ``None`` counts."""
    found = []
    swap(structure, found.append)
    return found


def load() -> list[Record]:
    """The rows ``RECORDS`` of all modules of this package."""
    rows = []
    for module in pkgutil.iter_modules(__path__):
        rows += importlib.import_module(f"{__name__}.{module.name}").RECORDS
    return rows


def find(module, name):
    """``module.name`` for a dotted name."""
    for part in name.split("."):
        module = getattr(module, part)
    return module
