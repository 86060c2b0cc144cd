"""Which engine computes: the data decides, by a lookup on its type.

``kind_of[type(x)]`` is an ``Engine``, or ``HOST`` (NumPy and Python values, which follow the other operand or the default
engine), or ``HANDLE`` (a variable: look at its value), or ``SYMBOLIC``.
"""

import contextlib
import importlib
import importlib.metadata
import threading

import numpy as np

from keraunos.util import settings
from keraunos.util.errors import near

HOST = "host"
HANDLE = "handle"
SYMBOLIC = "symbolic"

_BUILTIN = {"jax": "keraunos.backend.jax", "numpy": "keraunos.backend.numpy", "torch": "keraunos.backend.torch"}
_ENGINES = {}
_LOCK = threading.RLock()

kind_of = dict.fromkeys((int, float, bool, complex, np.ndarray, list, tuple, dict, type(None), str, np.bool_), HOST)


def engine_names():
    """Names of all engines that are installed: ours, and those of other packages (entry points ``keraunos.backends``)."""
    found = {p.name for p in importlib.metadata.entry_points(group="keraunos.backends")}
    return sorted(found | set(_BUILTIN))


def get_engine(name):
    """The engine of that name, loaded on first use."""
    engine = _ENGINES.get(name)
    if engine is not None:
        return engine
    with _LOCK:
        if name not in _ENGINES:
            before = (
                np.random.get_state()
            )  # importing JAX draws from NumPy's global generator, whose numbers are the user's
            _ENGINES[name] = _load(name)
            np.random.set_state(before)
        return _ENGINES[name]


def _load(name):
    for point in importlib.metadata.entry_points(group="keraunos.backends"):
        if point.name == name and name not in _BUILTIN:
            return point.load()
    if name not in _BUILTIN:
        raise ValueError(
            f"set_backend: unknown engine {name!r}; installed are {engine_names()}.{near(name, engine_names())} "
            "An engine of another package registers itself by the entry point group 'keraunos.backends'."
        )
    return importlib.import_module(_BUILTIN[name]).ENGINE


def current():
    """The engine that computes where the data does not decide."""
    return get_engine(settings.backend())


@contextlib.contextmanager
def use(name):
    """Make ``name`` the default engine of this thread while the block runs.

    >>> import keraunos as keras
    >>> with keras.backend.use("numpy"):
    ...     print(type(keras.ops.ones((2,))).__name__)
    ndarray
    """
    get_engine(name)
    before = settings.push_backend(name)
    try:
        yield
    finally:
        settings.pop_backend(before)


def classify(x):
    """The kind of a type met for the first time, remembered from then on."""
    cls = type(x)
    kind = kind_of.get(cls)
    if kind is not None:
        return kind
    if hasattr(cls, "__keraunos_value__"):
        kind = HANDLE
    elif hasattr(cls, "__keraunos_symbolic__"):
        kind = SYMBOLIC
    elif isinstance(x, (np.ndarray, np.generic)):  # also where NumPy is an engine: its values follow the other operand
        kind = HOST
    else:
        kind = next((e for e in list(_ENGINES.values()) if e.is_array(x)), None)
        if kind is None:
            kind = _foreign(x)
    if kind is not None:
        kind_of[cls] = kind
    return kind


def _foreign(x):
    """An array of an engine that is not loaded yet, or a host value of a rarer type."""
    top = type(x).__module__.split(".")[0]
    if top in ("jax", "jaxlib"):
        engine = get_engine("jax")
        if engine.is_array(x):
            return engine
    if isinstance(x, (np.ndarray, np.generic, int, float, list, tuple, dict, str, bytes)):
        return HOST
    if top in engine_names():
        engine = get_engine(top)
        return engine if engine.is_array(x) else None
    return HOST if hasattr(x, "__array__") else None


def to_host(x):
    """A NumPy array of a variable, an array of any engine, or a host value."""
    kind = kind_of.get(type(x)) or classify(x)
    if kind is HANDLE:
        x = x.__keraunos_value__()
        kind = kind_of.get(type(x)) or classify(x)
    return np.asarray(x) if kind is HOST or kind is None else kind.to_numpy(x)


def mixed(op, first, second):
    """The error for arrays of two frameworks in one call."""
    return TypeError(
        f"{op}: arrays of two engines in one call: {first.name} and {second.name}. Convert one of them first, for example "
        f"with keraunos.ops.convert_to_numpy(x)."
    )


def engine_of(*leaves, who="keraunos"):
    """The engine of the arrays among ``leaves``, or the default engine when there is none."""
    engine = None
    for x in leaves:
        kind = kind_of.get(type(x)) or classify(x)
        if kind is HANDLE:
            x = x.__keraunos_value__()
            kind = kind_of.get(type(x)) or classify(x)
        if kind is HOST or kind is SYMBOLIC or kind is None:
            continue
        if engine is not None and kind is not engine:
            raise mixed(who, engine, kind)
        engine = kind
    return engine or current()
