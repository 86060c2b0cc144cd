"""Names of dtypes and the promotion lattice.

The lattice is the one that JAX documents and Keras uses: python scalars are weak (``int``, ``float``), integers never widen a
float, and float16 with bfloat16 gives float32.
"""

import functools

import ml_dtypes
import numpy as np

from keraunos.util import settings
from keraunos.util.errors import near

FLOATS = ("bfloat16", "float16", "float32", "float64")
INTS = ("int4", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
COMPLEX = ("complex64", "complex128")
FLOAT8 = ("float8_e4m3fn", "float8_e5m2")
ALL = ("bool", *INTS, *FLOATS, *FLOAT8, *COMPLEX, "string")

# Each dtype and those right above it ("int" and "float" are Python's own numbers).
_UP = {
    "bool": ("int",),
    "int": ("uint8", "int8"),
    "uint8": ("uint16", "int16"),
    "uint16": ("uint32", "int32"),
    "uint32": ("uint64", "int64"),
    "uint64": ("float",),
    "int4": ("int8",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("float8_e4m3fn", "float8_e5m2", "bfloat16", "float16", "complex"),
    "float8_e4m3fn": ("bfloat16", "float16"),
    "float8_e5m2": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex": ("complex64",),
    "complex64": ("complex128",),
    "complex128": (),
}


def _above(name):
    seen, todo = {name}, [name]
    while todo:
        for up in _UP[todo.pop()]:
            if up not in seen:
                seen.add(up)
                todo.append(up)
    return frozenset(seen)


_ABOVE = {name: _above(name) for name in _UP}
_PYTHON = {bool: "bool", int: "int", float: "float", complex: "complex"}
NUMBERS = frozenset(_PYTHON)
_NUMPY = {name: np.dtype(name) for name in ("bool", *INTS[1:], "float16", "float32", "float64", *COMPLEX)}
_NUMPY |= {name: np.dtype(getattr(ml_dtypes, name)) for name in ("bfloat16", "int4", *FLOAT8)}
_NAMES = {d: n for n, d in _NUMPY.items()}
_ALIASES = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "int": "int32",
    "bool_": "bool",
    "str": "string",
}


def register(names):
    """Make an engine's own dtype objects known by their standard names, so that they are found by one look-up."""
    _NAMES.update(names)


def numpy_dtype(name):
    """The NumPy dtype of a standard name (bfloat16 and float8 come from ml_dtypes)."""
    return _NUMPY[name]


@functools.lru_cache(maxsize=1024)
def _standardize(dtype):
    if dtype in _PYTHON:
        return {bool: "bool", int: "int32", float: settings.floatx(), complex: "complex64"}[dtype]
    if dtype is str:
        return "string"
    if isinstance(dtype, str):
        if dtype in ALL:
            return dtype
        if dtype in _ALIASES:
            return _ALIASES[dtype]
    name = getattr(dtype, "name", None)  # numpy dtypes
    if name in ALL:
        return name
    name = getattr(dtype, "__name__", None)  # numpy and jax scalar types
    if name in ALL:
        return name
    text = str(dtype)
    if text.startswith("torch."):
        return _standardize(text[6:])
    if text.startswith("<dtype: "):  # tensorflow
        return _standardize(text.split("'")[1])
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = None
    if name in ALL:
        return name
    raise ValueError(f"Invalid dtype: {dtype!r}.{near(dtype, ALL)}")


def standardize_dtype(dtype):
    """The name of a dtype given as a name, a type, or any framework's own dtype; ``None`` gives ``floatx()``.

    >>> import numpy as np
    >>> from keraunos.backend import standardize_dtype
    >>> standardize_dtype(np.float64), standardize_dtype("half"), standardize_dtype(int)
    ('float64', 'float16', 'int32')
    """
    if dtype is None:
        return settings.floatx()
    found = _NAMES.get(dtype) if dtype.__class__ is not str else None
    if found is not None:
        return found
    if dtype is float:
        return settings.floatx()
    return _standardize(dtype)


def is_float_dtype(dtype):
    """Whether a dtype is a float type."""
    return "float" in standardize_dtype(dtype)


def is_int_dtype(dtype):
    """Whether a dtype is an integer type."""
    return "int" in standardize_dtype(dtype)


@functools.lru_cache(maxsize=8192)
def lub(*names):
    """The least dtype above all the given names, where "int", "float" and "complex" are Python's weak numbers.

    Returns the weak name itself when only weak numbers came.
    """
    common = frozenset.intersection(*(_ABOVE[n] for n in names))
    best = max(common, key=lambda n: len(_ABOVE[n] & common))
    if len(_ABOVE[best] & common) != len(common):
        raise ValueError(f"No dtype holds all of {names}.")
    return best


def strengthen(name):
    """A weak name made a dtype: "int" → int32, "float" → floatx."""
    if name == "float":
        return settings.floatx()
    return {"int": "int32", "complex": "complex64"}.get(name, name)


def weak_name(dtype):
    """The lattice's name of a dtype or of a Python number type."""
    if dtype in _PYTHON:
        return _PYTHON[dtype]
    return standardize_dtype(dtype)


def result_type(*dtypes):
    """The dtype that a computation over these dtypes has. Python's ``int`` and ``float`` are weak.

    >>> from keraunos.backend import result_type
    >>> result_type("int32", "float16"), result_type("int8", int), result_type("bfloat16", "float16")
    ('float16', 'int8', 'float32')
    """
    if not dtypes:
        return settings.floatx()
    return strengthen(lub(*(weak_name(d) for d in dtypes)))


def float_result(*dtypes):
    """The float dtype in which a function of these dtypes is computed: ints give floatx."""
    name = lub("float", *(d if d in _UP else weak_name(d) for d in dtypes))  # "float" is weak here
    return strengthen(name)


def finite_range(dtype):
    """Least and greatest finite number of an integer or float dtype, as Python numbers."""
    found = numpy_dtype(standardize_dtype(dtype))
    if "float" in found.name:
        info = ml_dtypes.finfo(found)
        return float(info.min), float(info.max)
    info = ml_dtypes.iinfo(found)
    return int(info.min), int(info.max)
