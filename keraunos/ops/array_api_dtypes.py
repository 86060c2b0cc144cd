"""Dtypes by the Python array API standard: what they are, where they meet, and what the default engine has of them."""

from typing import NamedTuple

import ml_dtypes

from keraunos.backend import dispatch, dtypes
from keraunos.ops import creation

_KINDS = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float32", "float64"),
    "complex floating": ("complex64", "complex128"),
}
_KINDS["integral"] = _KINDS["signed integer"] + _KINDS["unsigned integer"]
_KINDS["numeric"] = _KINDS["integral"] + _KINDS["real floating"] + _KINDS["complex floating"]
_DTYPES = _KINDS["bool"] + _KINDS["numeric"]


def __getattr__(name):
    """A dtype of the default engine."""
    if name not in _DTYPES:
        raise AttributeError(f"module 'keraunos.ops' has no attribute {name!r}")
    engine = dispatch.current()
    if engine.canonical(name) != name:
        raise AttributeError(f"keraunos.ops.{name}: the {engine.name} engine has no {name} (JAX: set jax_enable_x64).")
    return engine.dtype(name)


def _weak_name(x):
    """The lattice's name of the dtype of an array, of a dtype, or of a Python number."""
    if isinstance(x, (bool, int, float, complex)):
        return type(x).__name__
    return dtypes.standardize_dtype(getattr(x, "dtype", x))


def result_type(*arrays_and_dtypes):
    """The dtype that arrays, dtypes and Python numbers meet in.

    >>> from keraunos import ops
    >>> import keraunos as keras
    >>> keras.backend.standardize_dtype(ops.result_type(ops.ones((2,), "int8"), "uint8"))
    'int16'
    """
    if not arrays_and_dtypes:
        raise ValueError("result_type: arrays_and_dtypes must hold at least one array or dtype, got none.")
    engine = dispatch.current()
    name = dtypes.strengthen(dtypes.lub(*(_weak_name(x) for x in arrays_and_dtypes)))
    return engine.dtype(engine.canonical(name))


def can_cast(from_, to):
    """Whether promotion leads from a dtype (or an array's) to another.

    >>> from keraunos import ops
    >>> ops.can_cast("int8", "int32"), ops.can_cast("int32", "int8")
    (True, False)
    """
    return dtypes.lub(_weak_name(from_), _weak_name(to)) == _weak_name(to)


def isdtype(dtype, kind):
    """Whether a dtype is of a kind ("bool", "integral", "real floating", ...), is another dtype, or is one of a tuple of both.

    >>> from keraunos import ops
    >>> ops.isdtype("int8", "integral"), ops.isdtype("int8", ("bool", "float32"))
    (True, False)
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    name = dtypes.standardize_dtype(dtype)
    if kind == "real floating":
        return dtypes.is_float_dtype(name)  # with the 16-bit ones
    if isinstance(kind, str) and kind in _KINDS:
        return name in _KINDS[kind] or (kind == "numeric" and dtypes.is_float_dtype(name))
    return name == dtypes.standardize_dtype(kind)


class FloatInfo(NamedTuple):
    """Limits of a float dtype."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: object


class IntInfo(NamedTuple):
    """Limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: object


def finfo(type):
    """Limits of a float dtype, or of the parts of a complex one; the dtype may be an array's.

    >>> from keraunos import ops
    >>> ops.finfo("float32").bits
    32
    """
    name = {"complex64": "float32", "complex128": "float64"}.get(_weak_name(type), _weak_name(type))
    found = ml_dtypes.finfo(dtypes.numpy_dtype(name))
    limits = (float(v) for v in (found.eps, found.max, found.min, found.smallest_normal))
    return FloatInfo(found.bits, *limits, _dtype_of(name))


def iinfo(type):
    """Limits of an integer dtype; it may be an array's.

    >>> from keraunos import ops
    >>> ops.iinfo("uint8").max
    255
    """
    name = _weak_name(type)
    found = ml_dtypes.iinfo(dtypes.numpy_dtype(name))
    return IntInfo(found.bits, int(found.max), int(found.min), _dtype_of(name))


def _dtype_of(name):
    engine = dispatch.current()
    return engine.dtype(engine.canonical(name))


class Info:
    """What the namespace can do on the default engine."""

    def capabilities(self):
        """Whether indices may be booleans, and shapes depend on values; the most dimensions of an array."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self):
        """Where new arrays go."""
        return dispatch.current().device_of(creation.zeros(()))

    def devices(self):
        """The devices known without asking for one by name."""
        return [self.default_device()]

    def default_dtypes(self, *, device=None):
        """Dtypes of what is made without one."""
        names = {"real floating": dtypes.strengthen("float"), "complex floating": "complex64"}
        return {kind: _dtype_of(n) for kind, n in (names | {"integral": "int32", "indexing": "int32"}).items()}

    def dtypes(self, *, device=None, kind=None):
        """The dtypes of a kind, or of a tuple of kinds; all without one."""
        canonical = dispatch.current().canonical
        kinds = kind if isinstance(kind, tuple) or kind is None else (kind,)
        names = _DTYPES if kinds is None else [n for k in kinds for n in _KINDS[k]]
        return {n: _dtype_of(n) for n in names if canonical(n) == n}


def __array_namespace_info__():
    """What the namespace can do on the default engine: capabilities, devices, dtypes."""
    return Info()
