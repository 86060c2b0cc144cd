"""What a call does once the types of its arguments are known: the short way of ``Op`` on concrete arrays.

A plan is found by the types of the array arguments, and in it what to run by their dtypes. There is one for calls in which nothing else
has to be looked at: arrays of one engine, and NumPy arrays and Python numbers where the engine takes them as they are.
"""

from keraunos.backend import dispatch, dtypes
from keraunos.backend.protocol import Engine
from keraunos.util import settings

ENGINE_ERRORS = (ValueError, TypeError, IndexError, ArithmeticError, RuntimeError)
NUMBERS = dtypes.NUMBERS
_NOTHING = type(None)
_TABLES = []


def plan(op, types, common_dtype):
    """The short way of ``op`` for array arguments of these types, or None.

    Args:
        types: type of each argument of ``op.single``.
        common_dtype: ``(engine, promote, *kinds)`` to the name of the dtype that arrays are brought to.
    """
    given = {i: kind for i, kind in zip(op.single, types, strict=True) if kind is not _NOTHING}
    kinds = {i: dispatch.kind_of.get(kind) for i, kind in given.items()}
    handles = [i for i, kind in kinds.items() if kind is dispatch.HANDLE]
    if handles:
        return _of_handles(op, handles)
    if NUMBERS.issuperset(given.values()):
        return None
    engines = {kind for kind in kinds.values() if kind is not dispatch.HOST}
    if not engines:
        return _on_default_engine(op, given, common_dtype)
    engine = engines.pop()
    return _on(engine, op, given, common_dtype) if isinstance(engine, Engine) else None


def forget():
    """Drop what was made under other settings."""
    for plans in _TABLES:
        plans.clear()


settings.on_change(forget)


def table():
    """A place for the plans of an op, by the types of its arrays."""
    _TABLES.append({})
    return _TABLES[-1]


def _of_handles(op, places):
    """A plan for variables: that for their values."""

    def call(*args):
        args = list(args)
        for i in places:
            args[i] = args[i].__keraunos_value__()
        return op.public(*args)

    return call


def _on_default_engine(op, given, common_dtype):
    """A plan where no array decides on the engine."""
    plans = {}

    def call(*args):
        name = settings.backend()
        found = plans.get(name)
        if found is None:
            found = _on(dispatch.get_engine(name), op, given, common_dtype) or general(op)
            plans[name] = found
        return found(*args)

    return call


def _on(engine, op, given, common_dtype):
    """A plan on an engine, or None."""
    numbers = [kind for kind in given.values() if kind in NUMBERS]
    promoted = op.promoted if op.promote else ()
    for i, kind in given.items():
        if kind not in engine.direct_types and (kind not in NUMBERS or i not in promoted):
            return None
    if op.check is not None and (numbers or any(dispatch.kind_of[kind] is not engine for kind in given.values())):
        return None  # it looks at arrays of the engine
    arrays = [i for i in promoted if i in given and given[i] not in NUMBERS]

    def find(*args):
        kinds = {i: args[i].dtype for i in arrays}
        target = common_dtype(engine, op.promote, *kinds.values(), *numbers) if op.promote else None
        return engine.direct(op, given, kinds, target) or _refuse

    scope = {"_find": find, "_runs": {}, "_general": general(op), "_ENGINE_ERRORS": ENGINE_ERRORS}
    scope |= {"_check": op.check, "_engine": engine}
    args = ", ".join(op.params)
    check = f"_check(_engine, {args})" if op.check else ""
    source = _SOURCE.format(args=args, check=check, key="".join(f"{op.params[i]}.dtype, " for i in arrays))
    exec(source, scope)  # made of this package's own parameter names
    return scope["call"]


_SOURCE = """
def call({args}):
    _key = ({key})
    _run = _runs.get(_key)
    try:
        if _run is None:
            _run = _runs[_key] = _find({args})
        {check}
        _found = _run({args})
    except _ENGINE_ERRORS:  # the general way knows what to say
        _found = NotImplemented
    return _general({args}) if _found is NotImplemented else _found
"""


def general(op):
    """The general way, as a plan."""
    return lambda *args: op(list(args))


def _refuse(*args):
    return NotImplemented
