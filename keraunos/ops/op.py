"""The ``@op`` decorator: an op is written once, against the engine's namespace, and this does the rest.

A call finds the engine from the data, converts and promotes the arguments, records a node when one of them is symbolic, and
runs the body, or the engine's native replacement of it. Dispatch is a dictionary lookup on the type.
"""

import contextlib
import functools
import inspect
import re
import threading

import numpy as np

from keraunos.backend import dispatch, dtypes
from keraunos.backend.dispatch import HANDLE, HOST, SYMBOLIC, classify, kind_of
from keraunos.backend.spec import Spec
from keraunos.ops import plans, symbolic
from keraunos.util import settings, tree

OPS = {}  # name -> Op
_SCALARS = dtypes.NUMBERS
_NAMED = re.compile("[a-z_0-9]+: ")  # a message that names a function already
_MOST_PLANS = 1000  # of one op


class Op:
    """An op: its one body, which of its parameters are arrays, how these promote.

    Attributes:
        name: public name.
        body: ``body(xp, *args)``.
        params: names of the parameters, without ``xp``.
        single: positions of array parameters. ``None`` is passed through.
        promoted: those among them that take part in ``promote``.
        many: positions of parameters that are sequences of arrays.
        promote: "same" (all arrays to their common dtype), "float" (to their common float dtype), or None (kept).
        compiled: whether an engine may run a call as a program of its own: not when the body looks at values, or returns
            other things than arrays.
        check: None, or ``check(engine, *args)``, called before a computation: for what looks at values or warns, which a
            compiled body can't.
    """

    def __init__(self, body, arrays, promote, name=None, compiled=True, check=None):
        self.name = name or body.__name__
        self.body = body
        signature = inspect.signature(body)
        parameters = list(signature.parameters.values())[1:]
        self.signature = signature.replace(parameters=parameters)
        self.params = [p.name for p in parameters]
        named = arrays.split() if arrays is not None else self.params[:1]
        self.single = tuple(self.params.index(n.removesuffix("!")) for n in named if not n.endswith("[]"))
        self.promoted = tuple(self.params.index(n) for n in named if not n.endswith(("[]", "!")))
        self.many = tuple(self.params.index(n[:-2]) for n in named if n.endswith("[]"))
        self.promote = promote
        self.compiled = compiled
        self.check = check
        kinds = [p.kind for p in parameters]
        self.variadic = (
            kinds.index(inspect.Parameter.VAR_POSITIONAL) if inspect.Parameter.VAR_POSITIONAL in kinds else None
        )
        self.bodies = {}
        self.plans = plans.table()
        self.public = None

    def bind(self, engine):
        """The function that computes on ``engine``: its native one, else the body."""
        fn = self.bodies.get(engine.name)
        if fn is None:
            fn = self.bodies[engine.name] = engine.prepared(self, engine.natives.get(self.name, self.body))
        return fn

    @contextlib.contextmanager
    def computed_by(self, engine, fn):
        """While the block runs, ``fn(xp, *args)`` computes on ``engine``."""
        before = self.bodies.get(engine.name)
        self.bodies[engine.name] = fn
        self.plans.clear()
        try:
            yield
        finally:
            self.plans.clear()
            if before is None:
                del self.bodies[engine.name]
            else:
                self.bodies[engine.name] = before

    def first(self, types, args):
        """A call with arrays of types that have no plan yet."""
        for i in self.single:
            kind_or_none(args[i])  # so that the type is known
        made = plans.plan(self, types, _common_name) or plans.general(self)
        if len(self.plans) < _MOST_PLANS:
            self.plans[types] = made
        return made(*args)

    def __call__(self, args):
        if self.many:
            return self._call_many(args)
        engine, hosts, recorded = None, False, False
        for i in self.single:
            a = args[i]
            kind = kind_of.get(type(a)) or classify(a)
            if kind is HANDLE:
                a = args[i] = a.__keraunos_value__()
                kind = kind_of.get(type(a)) or classify(a)
            if kind is HOST and isinstance(a, (list, tuple)):
                a = args[i] = gathered(a)
                kind = kind_of.get(type(a)) or classify(a)
            if kind is HOST:
                hosts = hosts or a is not None
            elif kind is SYMBOLIC:
                recorded = True
            elif kind is None:
                raise self._not_an_array(i, a)
            elif engine is None:
                engine = kind
            elif kind is not engine:
                raise dispatch.mixed(self.name, engine, kind)
        if recorded:
            return self._record(args)
        if engine is None:
            engine = dispatch.current()
        if hosts and (self.promote is None or len(self.promoted) < len(self.single)):
            for i in self.single:
                if args[i] is not None and (self.promote is None or i not in self.promoted):
                    args[i] = to_array(engine, args[i], self, i)
        if self.promote is not None and not self._agree(engine, args):
            places = [i for i in self.promoted if args[i] is not None]
            values = convert(engine, [args[i] for i in places], self.promote, self, places)
            for i, value in zip(places, values, strict=True):
                args[i] = value
        return self._run(engine, args, {})

    def _agree(self, engine, args):
        """Whether the promoted arguments are arrays of one dtype, and of one that can stay: the usual case."""
        first = None
        for i in self.promoted:
            a = args[i]
            if a is None:
                continue
            if not _is_on(engine, a) or (first is not None and a.dtype != first):
                return False
            first = a.dtype
        return first is None or self.promote == "same" or _is_float(first)

    def _call_many(self, args):
        """The general form, for ops over sequences of arrays."""
        if self._is_plain(args):
            return self._run(kind_of[type(args[self.many[0]][0])], args, {})
        places, values = [], []
        for i in (*self.single, *self.many):
            group = [args[i]] if i in self.single else self._sequence(args[i], i)
            for k, a in enumerate(group):
                if a is None:
                    continue
                places.append((i, k))
                values.append(a.__keraunos_value__() if kind_or_none(a) is HANDLE else gathered(a))
        for i in self.many:
            args[i] = list(args[i])
        if any(kind_or_none(v) is SYMBOLIC for v in values):
            return self._record(args)
        engine = dispatch.engine_of(*values, who=self.name)
        if self.promote is None:
            values = [to_array(engine, v, self, i) for v, (i, _) in zip(values, places, strict=True)]
        elif values:
            values = convert(engine, values, self.promote, self, [i for i, _ in places])
        for (i, k), v in zip(places, values, strict=True):
            if i in self.single:
                args[i] = v
            else:
                args[i][k] = v
        return self._run(engine, *self._spread(args))

    def _is_plain(self, args):
        """Whether the only arrays are a list of an engine's own, all with values and of one type and dtype: the usual case."""
        group = args[self.many[0]]
        if (
            self.variadic is not None
            or self.single
            or len(self.many) > 1
            or type(group) not in (list, tuple)
            or not group
        ):
            return False
        kind = type(group[0])
        engine = kind_of.get(kind)
        if engine is HOST or engine is None or kind not in getattr(engine, "direct_types", ()):
            return False
        dtype = group[0].dtype
        if self.promote == "float" and not _is_float(dtype):
            return False
        return all(type(a) is kind and a.dtype == dtype for a in group)

    def _run(self, engine, args, keywords):
        """The result of the body or native function; an error that an engine raises gets the names of the op and its arguments."""
        try:
            if self.check is not None:
                self.check(engine, *args, **keywords)
            fn = self.bodies.get(engine.name) or self.bind(engine)
            return fn(engine.xp, *args, **keywords)
        except plans.ENGINE_ERRORS as e:
            kind = _kind_of_error(e)
            if kind is None or _NAMED.match(str(e)):
                raise
            given = zip(self.params, (*args, *keywords.values()))
            raise kind(f"{self.name}: {', '.join(f'{n}={brief(a)}' for n, a in given)}: {e}") from e

    def _spread(self, args):
        """Arguments as the signature takes them: ``*operands`` opened, what follows by name."""
        at = self.variadic
        if at is None:
            return args, {}
        return (*args[:at], *args[at]), dict(zip(self.params[at + 1 :], args[at + 1 :], strict=True))

    def _sequence(self, value, i):
        if isinstance(value, (list, tuple)):
            return value
        kind = kind_or_none(value)
        if kind is None or kind is SYMBOLIC or not getattr(value, "shape", ()):
            raise TypeError(
                f"{self.name}: {self.params[i]} must be a list or tuple of arrays, got {type(value).__name__}."
            )
        return list(value)

    def _not_an_array(self, i, a):
        return TypeError(
            f"{self.name}: {self.params[i]} must be an array, a number or a nested list of numbers, got {type(a).__name__}."
        )

    def _record(self, args):
        operation = RecordedOp(self)
        outputs = symbolic.to_symbolic(self.infer(args))
        symbolic.Node(operation, *self._spread(args), outputs)
        return outputs

    def infer(self, args):
        """Nested ``Spec``s of the results, cached by the specs of the arrays and the static arguments."""
        try:
            key = (
                self.name,
                settings.backend(),
                settings.snapshot(),
                *[_freeze(a) for a in args],
            )
            found = _INFERRED.get(key)
        except TypeError:  # an unhashable static argument
            return symbolic.infer(self.public, *self._spread(args))
        if found is None:
            found = symbolic.infer(self.public, *self._spread(args))
            with _INFER_LOCK:
                if len(_INFERRED) > 100_000:
                    _INFERRED.clear()
                _INFERRED[key] = found
        return found


_INFERRED = {}
_INFER_LOCK = threading.Lock()


def _freeze(a):
    """A hashable stand-in of an argument: arrays by spec, values with their type (1 and 1.0 and True are not the same)."""
    cls = type(a)
    if cls is symbolic.KerasTensor:
        return a.shape, a.dtype
    if cls in (int, float, bool, str):
        return cls, a
    if cls is slice:
        return cls, _freeze(a.start), _freeze(a.stop), _freeze(a.step)
    if a is None:
        return a
    if isinstance(a, (list, tuple)):
        return (cls, *map(_freeze, a))
    if isinstance(a, dict):
        return (cls, *((k, _freeze(v)) for k, v in a.items()))
    if isinstance(a, np.ndarray) and a.nbytes <= 256:  # a static argument: its values may decide the shape
        return "values", a.shape, a.dtype.str, a.tobytes()
    if hasattr(a, "shape") and hasattr(a, "dtype"):
        return "array", tuple(a.shape), str(a.dtype)
    return a


class RecordedOp(symbolic.Operation):
    """A call of a function of ``keras.ops`` in a graph."""

    def __init__(self, op, name=None):
        super().__init__(name or symbolic.naming.auto_name(op.name))
        self.op = op

    def call(self, *args, **kwargs):
        return self.op.public(*args, **kwargs)

    def compute_output_spec(self, *args, **kwargs):
        bound = self.op.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return symbolic.to_symbolic(self.op.infer(list(bound.arguments.values())))


def _kind_of_error(e):
    """What to raise for an engine's complaint about arguments; None for what it says in a type of its own (a traced value, ...)."""
    own = type(e).__module__.partition(".")[0] not in ("builtins", "numpy")
    if own or isinstance(e, (np.linalg.LinAlgError, RecursionError)):
        return None
    if isinstance(e, NotImplementedError):  # PyTorch, of a dtype
        return TypeError
    return next((kind for kind in (IndexError, TypeError, OverflowError) if isinstance(e, kind)), ValueError)


def brief(a):
    """An argument in an error: an array by dtype and shape, anything else as it is written."""
    if isinstance(a, (list, tuple)):
        text = f"[{', '.join(map(brief, a))}]"
    elif hasattr(a, "shape") and hasattr(a, "dtype"):
        text = f"{dtypes.standardize_dtype(a.dtype)}{tuple(a.shape)}"
    else:
        text = repr(a)
    return text if len(text) <= 80 else text[:77] + "..."


def kind_or_none(a):
    """The kind of a value (see ``dispatch``)."""
    return kind_of.get(type(a)) or classify(a)


def _is_on(engine, a):
    """Whether a value is an array of ``engine``; the look-up is faster than JAX's ``isinstance``."""
    return kind_of.get(type(a)) is engine or (type(a) not in _SCALARS and engine.is_array(a))


_FLOAT_DTYPES = {}


def _is_float(dtype):
    found = _FLOAT_DTYPES.get(dtype)
    if found is None:
        found = _FLOAT_DTYPES[dtype] = dtypes.is_float_dtype(dtype) or "complex" in dtypes.standardize_dtype(dtype)
    return found


def gathered(value):
    """A nested list that has arrays of an engine among its leaves, as one array of that engine; anything else as it is."""
    if not isinstance(value, (list, tuple)) or all(kind_or_none(v) is HOST for v in tree.flatten(value)):
        return value
    rows = [v.__keraunos_value__() if kind_or_none(v) is HANDLE else gathered(v) for v in value]
    engine = dispatch.engine_of(*rows)
    rows = [v if engine.is_array(v) else engine.asarray(host_array([v])[0]) for v in rows]
    dtype = engine.canonical(dtypes.result_type(*(v.dtype for v in rows)))
    return engine.xp.stack([engine.xp.astype(v, dtype) for v in rows])


def host_array(value):
    """A NumPy array of a nested list; its Python numbers get the default dtypes (floatx, int32, bool)."""
    leaves = tree.flatten(value)
    found = np.asarray(value)
    if found.dtype == np.float64 and not any(isinstance(v, (np.ndarray, np.float64)) for v in leaves):
        return found.astype(dtypes.numpy_dtype(settings.floatx()))
    if found.dtype == np.int64 and not any(isinstance(v, (np.ndarray, np.int64)) for v in leaves):
        small = not found.size or (found.max() < 2**31 and found.min() >= -(2**31))
        return found.astype(np.int32) if small else found
    if found.dtype == np.complex128 and not any(isinstance(v, (np.ndarray, np.complex128)) for v in leaves):
        return found.astype(np.complex64)
    return found


def in_dtype(who, value, dtype):
    """Python numbers, also in nested lists, as a NumPy array of a dtype, with all its digits; anything else as it is."""
    if dtype is None or hasattr(value, "dtype") or not all(type(v) in _SCALARS for v in tree.flatten(value)):
        return value
    try:
        name = dispatch.current().canonical(dtypes.standardize_dtype(dtype))
        return np.asarray(value, dtypes.numpy_dtype(name))
    except ValueError as e:
        raise ValueError(f"{who}: dtype={dtype!r}: {e}") from e
    except OverflowError as e:
        raise OverflowError(f"{who}: numbers must be in the range of {name}, got {value}.") from e


def convert(engine, values, promote, op, places):
    """``values`` as arrays of ``engine`` and of their common dtype."""
    values = [host_array(v) if isinstance(v, (list, tuple)) else v for v in values]
    try:
        kinds = [type(v) if type(v) in _SCALARS else v.dtype for v in values]
        target = _common_name(engine, promote, *kinds)
        dtype = engine.dtype(target)
    except (ValueError, AttributeError) as e:
        raise TypeError(
            f"{op.name}: {', '.join(op.params[i] for i in places)} can't be brought to one dtype: {e}"
        ) from e
    meets_array = not _SCALARS.issuperset(kinds)
    for k, v in enumerate(values):
        if kinds[k] in _SCALARS and meets_array:
            values[k] = _scalar(engine, v, target, op, places[k])
        elif not _is_on(engine, v):
            values[k] = to_array(engine, v, op, places[k], target)
        elif kinds[k] != dtype:
            values[k] = engine.xp.astype(v, dtype)
    return values


def _common_name(engine, promote, *kinds):
    """The common dtype of Python's number types and arrays' dtypes as ``engine`` would hold them."""
    return _common_dtype(engine, promote, settings.floatx(), engine.canonical("int64"), *kinds)


@functools.lru_cache(maxsize=8192)
def _common_dtype(engine, promote, floatx, widest, *kinds):
    """The same; ``floatx`` and ``widest``, the engine's widest integer, are settings that the answer depends on."""
    names = [k.__name__ if k in _SCALARS else engine.canonical(dtypes.standardize_dtype(k)) for k in kinds]
    found = dtypes.float_result(*names) if promote == "float" else dtypes.strengthen(dtypes.lub(*names))
    return engine.canonical(found)


def _scalar(engine, v, target, op, i):
    """A Python number in the dtype of the arrays that it meets."""
    try:
        return engine.scalar(v, target)
    except OverflowError as e:
        raise OverflowError(
            f"{op.name}: {op.params[i]} must be in the range of {target}, the dtype of the array, got {v}."
        ) from e


def to_array(engine, value, op, i, dtype=None):
    """One value as an array of ``engine``, or an error that names the op and the parameter."""
    if dtype is None and engine.is_array(value):
        return value
    try:
        if isinstance(value, (list, tuple)):
            value = host_array(value)
        elif dtype is None and type(value) in _SCALARS:
            dtype = dtypes.strengthen(type(value).__name__)
        return engine.asarray(value, dtype)
    except OverflowError as e:
        raise OverflowError(f"{op.name}: {op.params[i]} must be in the range of {dtype}, got {value}.") from e
    except (TypeError, ValueError) as e:
        raise type(e)(f"{op.name}: {op.params[i]} can't be made an array: {e}") from e


def op(arrays=None, promote="same", name=None, compiled=True, check=None):
    """Make a body an op.

    ``@op`` alone: the first parameter is the array. ``@op("x1 x2")`` names the arrays; ``"xs[]"`` is a sequence of arrays;
    ``@op("")`` has none (it makes arrays); ``"x!"`` keeps its dtype, whatever the others are brought to.
    ``promote`` is "same", "float" or None, and ``compiled`` False for a body that looks at values; for ``check`` see ``Op``.

    >>> from keraunos.ops.op import op
    >>> @op("x1 x2")
    ... def mean_of_two(xp, x1, x2):
    ...     return (x1 + x2) / 2
    >>> float(mean_of_two(1.0, 2))
    1.5
    """
    if callable(arrays):
        return _make(arrays, None, promote, name, compiled, check)
    return lambda body: _make(body, arrays, promote, name, compiled, check)


def _make(body, arrays, promote, name, compiled, check):
    made = Op(body, arrays, promote, name, compiled, check)
    fn = _public(made)
    made.public = fn
    OPS[made.name] = made
    return fn


def _public(made):
    """The public function: Python binds the arguments by the signature, at the speed of a call."""
    defaults = {}
    head, call = [], []
    for p in made.signature.parameters.values():
        text = p.name
        if p.kind is p.VAR_POSITIONAL:
            text = "*" + text
        elif p.kind is p.KEYWORD_ONLY and not any(h.startswith("*") for h in head):
            head.append("*")
        if p.default is not p.empty:
            defaults[f"_d_{p.name}"] = p.default
            text += f"=_d_{p.name}"
        head.append(text)
        call.append(p.name)
    general = f"_op([{', '.join(call)}])"
    body = f"    return {general}\n"
    if made.single and not made.many:
        types = "".join(f"type({made.params[i]}), " for i in made.single)
        first = f"_op.first(_types, [{', '.join(call)}])"
        body = f"    _types = ({types})\n    _plan = _plans.get(_types)\n"
        body += f"    return {first} if _plan is None else _plan({', '.join(call)})\n"
    source = f"def {made.name}({', '.join(head)}):\n{body}"
    scope = {"_op": made, "_plans": made.plans, **defaults}
    exec(source, scope)  # the source is made of this module's own parameter names
    fn = scope[made.name]
    fn.__doc__ = made.body.__doc__
    fn.__module__ = made.body.__module__
    fn.__qualname__ = made.name
    fn.__signature__ = made.signature
    fn.op = made
    return fn


def spec_of(x):
    """The ``Spec`` of an array or symbolic tensor."""
    return Spec(x.shape, dtypes.standardize_dtype(x.dtype))
