"""A variable: an array with an address."""

import contextlib

import numpy as np

from keraunos.backend import Engine, dispatch
from keraunos.backend.dtypes import is_float_dtype, numpy_dtype, standardize_dtype
from keraunos.core.scope import LOCAL, StateScope
from keraunos.ops import arithmetic
from keraunos.ops.operators import install_operators
from keraunos.util import naming, registry, tree
from keraunos.util.errors import describe


@registry.builtin("keras")
class Variable:
    """An array that changes: weights, statistics, optimizer slots, seed counters.

    ``value`` reads through the thread's scope, so that the same stateful code can be made pure (``functionalize``).

    Args:
        initializer: an array-like, or a function ``(shape, dtype) -> array``.
        shape: required with a function.
        dtype: name; default: the array's own, or floatx.
        trainable: whether gradients are wanted.
        autocast: whether a layer with a lower compute dtype sees it in that dtype.
        name: last part of the path.

    Raises:
        ValueError: shape missing, or not that of the value.

    >>> import keraunos as keras
    >>> v = keras.Variable([1.0, 2.0], name="v")
    >>> _ = v.assign_add([1.0, 1.0])
    >>> v.numpy().tolist()
    [2.0, 3.0]
    """

    def __init__(
        self,
        initializer,
        shape=None,
        dtype=None,
        trainable=True,
        autocast=True,
        aggregation="none",
        synchronization="auto",
        name=None,
        **kwargs,
    ):
        self.name = name or naming.auto_name(type(self).__name__)
        if "/" in self.name:
            raise ValueError(f"Variable: name must not contain '/', got {name!r}.")
        self.path = "/".join((*LOCAL.names, self.name))
        self._trainable = bool(trainable)
        self.made_trainable = self._trainable  # a frozen weight keeps its place among the trainable ones
        self._autocast = bool(autocast)
        self.aggregation = aggregation
        self.synchronization = synchronization
        self._regularizer = None
        self._constraint = None
        self.overwrite_with_gradient = False
        self.engine = dispatch.current()
        self._value = self._first_value(initializer, shape, dtype)

    def _first_value(self, initializer, shape, dtype):
        if callable(initializer) and not hasattr(initializer, "__array__"):
            if shape is None:
                raise ValueError(f"Variable {self.name!r}: shape is required when the initializer is a function.")
            self._dtype = standardize_dtype(dtype)
            shape = check_shape(shape, f"Variable {self.name!r}")
            value = self._made_or_waiting(initializer, shape, self._dtype)
        else:
            initializer = _raw(initializer)
            if dtype is None:
                own = getattr(initializer, "dtype", None)
                dtype = standardize_dtype(own) if own is not None else _default_dtype(initializer)
            self._dtype = standardize_dtype(dtype)
            with self.engine.eagerly():
                value = self.engine.stored(self.engine.asarray(_host(initializer, self.engine), self._dtype))
        self._shape = tuple(value.shape)
        if shape is not None and self._shape != tuple(shape):
            raise ValueError(f"Variable {self.name!r}: expected a value of shape {tuple(shape)}, got {self._shape}.")
        self._dtype = self.engine.canonical(self._dtype)
        self._is_float = is_float_dtype(self._dtype)
        return value

    def _made_or_waiting(self, initializer, shape, dtype):
        """The value that an initializer makes, or a stand-in of no size while initial values wait."""

        def make():
            with self.engine.eagerly(), outside_scopes():
                return self.engine.asarray(_raw(initializer(shape, dtype=dtype)), dtype)

        if LOCAL.waiting is None:
            return make()
        stand_in = np.broadcast_to(np.zeros((), numpy_dtype(self.engine.canonical(dtype))), shape)
        LOCAL.waiting.append((self, stand_in, make))
        return stand_in

    @property
    def value(self):
        """The array, as the thread's scope shows it."""
        scope = LOCAL.state
        if scope is not None:
            value = scope.read(self)
        elif self.engine.tapes and self._trainable and self._is_float:
            value = self.engine.parameter(self)
        else:
            value = self._value
        cast = LOCAL.autocast
        if cast is not None and self._is_float and self._autocast and cast != self._dtype:
            return self.engine.xp.astype(value, self.engine.dtype(cast))
        return value

    def __keraunos_value__(self):
        return self.value

    def assign(self, value):
        """Replace the value (same shape); returns the value."""
        value = _raw(value)
        if _is_stand_in(value, self.engine):  # shapes are being inferred by another engine
            LOCAL.state.write(self, value)
            return value
        if not self.engine.is_array(value):
            value = _host(value, self.engine)
        value = self.engine.asarray(value, self._dtype)
        if tuple(value.shape) != self._shape:
            raise ValueError(
                f"Variable {self.path!r}: assign expected a value of shape {self._shape} (set when it was made), got "
                f"{describe(value)}."
            )
        scope = LOCAL.state
        if scope is not None:
            scope.write(self, value)
        elif self.engine.is_tracer(value):
            raise ValueError(
                f"Variable {self.path!r} was assigned inside a compiled function without a scope, so the value would be lost. "
                "Use keraunos.jit, a Model's own training step, or a StatelessScope around the code."
            )
        else:
            self._value = self.engine.stored(value)
        return value

    def assign_add(self, value):
        """Add to the value."""
        return self.assign(arithmetic.add(self._plain(), self._operand(value)))

    def assign_sub(self, value):
        """Subtract from the value."""
        return self.assign(arithmetic.subtract(self._plain(), self._operand(value)))

    def _operand(self, value):
        """What is added: an array of the engine, or a number, which takes the variable's dtype."""
        value = _raw(value)
        if self.engine.is_array(value) or isinstance(value, (int, float)) or _is_stand_in(value, self.engine):
            return value
        return self.engine.asarray(_host(value, self.engine), self._dtype)

    def _plain(self):
        scope = LOCAL.state
        return self._value if scope is None else scope.read(self)

    def to(self, engine=None, device=None):
        """Move the value to another engine, to a device, or both.

        Args:
            engine: an ``Engine``; None: the present one.
            device: name such as "cpu" or "gpu:0"; None: where the engine puts new arrays, or where it is.
        """
        if device is None and engine in (None, self.engine):
            return
        if LOCAL.state is not None:
            raise ValueError(f"Variable {self.path!r} can't be moved inside a program or a StatelessScope.")
        if engine is not None and engine is not self.engine:
            value = self.engine.to_numpy(self._value)
            self.engine, self._dtype = engine, engine.canonical(self._dtype)
            self._value = engine.asarray(value, self._dtype)
        if device is not None:
            self._value = self.engine.place(self._value, device)

    @property
    def dtype(self):
        """Name of the dtype (the compute dtype inside a layer of lower precision)."""
        cast = LOCAL.autocast
        if cast is not None and self._autocast and self._is_float:
            return cast
        return self._dtype

    @property
    def shape(self):
        """Tuple of ints."""
        return self._shape

    @property
    def ndim(self):
        """Number of dimensions."""
        return len(self._shape)

    @property
    def size(self):
        """Number of elements."""
        return int(np.prod(self._shape))

    @property
    def trainable(self):
        """Whether gradients are wanted."""
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = bool(value)
        Structure.version += 1

    @property
    def regularizer(self):
        """Penalty on the value, or None."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value):
        if value is not None and not callable(value):
            raise ValueError(f"Variable {self.path!r}: regularizer must be callable or None, got {describe(value)}.")
        self._regularizer = value

    @property
    def constraint(self):
        """Projection applied after each update, or None."""
        return self._constraint

    @constraint.setter
    def constraint(self, value):
        if value is not None and not callable(value):
            raise ValueError(f"Variable {self.path!r}: constraint must be callable or None, got {describe(value)}.")
        self._constraint = value

    def numpy(self):
        """The value as a NumPy array."""
        found = np.asarray(self.engine.to_numpy(self.value))
        return found.copy() if self.engine.tapes else found  # such an engine's optimizers change arrays in place

    def __array__(self, dtype=None, copy=None):
        found = self.numpy()
        return found if dtype is None else found.astype(dtype)

    def __jax_array__(self):
        return self.value

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        """Functions of PyTorch take a variable for its value."""
        args, kwargs = tree.map_structure(_raw, (tuple(args), dict(kwargs or {})))
        return func(*args, **kwargs)

    def __len__(self):
        if not self._shape:
            raise TypeError(f"len() of a scalar Variable {self.path!r}.")
        return self._shape[0]

    def __iter__(self):
        return iter(self.value)

    def __float__(self):
        return float(self.numpy())

    def __int__(self):
        return int(self.numpy())

    def __index__(self):
        return int(self.numpy())

    def __bool__(self):
        return bool(self.numpy())

    def __hash__(self):
        return id(self)

    def __getstate__(self):
        """Unsigned integers (the state of a seed) go as NumPy arrays: PyTorch pickles them, but can't read them again."""
        state = dict(self.__dict__)
        if self._dtype.startswith("uint") and "_value" in state:
            state["_value"] = self.engine.to_numpy(self._value)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        if self._dtype.startswith("uint") and "_value" in state:
            self._value = self.engine.asarray(state["_value"], self._dtype)

    def __repr__(self):
        value = LOCAL.state.read(self) if LOCAL.state is not None else self._value
        shown = (
            "traced" if self.engine.is_tracer(value) else np.array2string(np.asarray(value), threshold=20, edgeitems=2)
        )
        return f"<Variable path={self.path}, shape={self._shape}, dtype={self._dtype}, value={shown}>"


install_operators(Variable)


class Structure:
    """A counter that goes up whenever some layer gains, loses or freezes a part: what was cached about structure is stale."""

    version = 0


class outside_scopes:
    """No state scope and no autocast in the block (initial values are made outside of any program)."""

    def __enter__(self):
        self._before = LOCAL.state, LOCAL.autocast, LOCAL.rows
        LOCAL.state = LOCAL.autocast = LOCAL.rows = None

    def __exit__(self, *exc):
        LOCAL.state, LOCAL.autocast, LOCAL.rows = self._before


@contextlib.contextmanager
def initial_values_wait():
    """Initial values of variables that are assigned in the block (from a file) are never made, the others at its end.

    >>> import keraunos as keras
    >>> from keraunos.core.variable import initial_values_wait
    >>> with initial_values_wait():
    ...     v = keras.Variable(keras.initializers.Ones(), shape=(2,))
    >>> v.numpy().tolist()
    [1.0, 1.0]
    """
    before, LOCAL.waiting = LOCAL.waiting, []
    try:
        yield
        waiting = LOCAL.waiting
    finally:
        LOCAL.waiting = before
    for variable, stand_in, make in waiting:
        if variable._value is stand_in:
            variable._value = make()


def _raw(value):
    return value.__keraunos_value__() if hasattr(value, "__keraunos_value__") else value


def _is_stand_in(value, engine):
    """Whether a value is a tracer of another engine, as which arrays of ``engine`` are seen while their shapes are inferred."""
    if LOCAL.state is None or engine.is_array(value):
        return False
    kind = dispatch.kind_of.get(type(value)) or dispatch.classify(value)
    return isinstance(kind, Engine) and kind is not engine and kind.is_tracer(value)


def _host(value, engine):
    """What another engine or Python gave, as this engine can take it."""
    if engine.is_array(value):
        return value
    kind = dispatch.kind_of.get(type(value)) or dispatch.classify(value)
    if kind is dispatch.HOST or kind is None:
        return np.asarray(value)
    return kind.to_numpy(value)


def _default_dtype(value):
    kind = np.asarray(value).dtype
    if kind.kind == "f":
        return None
    return {"i": "int32", "u": "uint32", "b": "bool"}.get(kind.kind, kind.name)


def check_shape(shape, who):
    """A tuple of ints from an int or a sequence, or an error."""
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    for d in shape:
        if d is None or int(d) != d or d < 0:
            raise ValueError(f"{who}: every dimension of shape must be a known non-negative integer, got {shape}.")
    return tuple(int(d) for d in shape)


def functionalize(fn, variables):
    """``fn`` made pure over ``variables``: ``pure(values, *args) -> (new values, result)``.

    Anything else that ``fn`` changes is an error: it would be lost.

    >>> import keraunos as keras
    >>> from keraunos.core.variable import functionalize
    >>> v = keras.Variable(1.0)
    >>> def bump(x):
    ...     v.assign_add(x)
    ...     return v.value * 2
    >>> new, out = functionalize(bump, [v])([keras.ops.convert_to_tensor(1.0)], 4.0)
    >>> float(new[0]), float(out), float(v)
    (5.0, 10.0, 1.0)
    """
    variables = list(variables)
    known = {id(v) for v in variables}

    def pure(values, *args, **kwargs):
        with StateScope(variables, values) as scope:
            out = fn(*args, **kwargs)
        for key, variable in scope.written.items():
            if key not in known:
                raise ValueError(
                    f"Variable {variable.path!r} is changed by {getattr(fn, '__name__', fn)!r}, but is not among the variables "
                    "that it was made pure over, so the change would be lost. Track it as an attribute of the model, or pass it."
                )
        return [scope.values[id(v)] for v in variables], out

    return pure
