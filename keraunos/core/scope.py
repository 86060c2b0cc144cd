"""What holds for the current thread: whose values variables show, the compute dtype, name prefixes, the call in progress."""

import threading


class _Local(threading.local):
    state = None  # the innermost StateScope
    autocast = None  # dtype name that float variables are shown in
    names = ()  # prefixes for the paths of new variables
    call = None  # the CallContext of the outermost layer call
    rows = None  # the RealRows of a padded batch
    losses = None  # dict id(layer) -> list of losses added in the call in progress
    symbolic = None  # the SymbolicScope in force
    waiting = None  # variables whose initial values are made later: (variable, stand-in, function)


LOCAL = _Local()


class StateScope:
    """Variables read and written here instead of in place; what is not here is read from the scope around.

    Args:
        variables, values: what the variables show at first.
    """

    def __init__(self, variables=(), values=()):
        self.values = {id(v): value for v, value in zip(variables, values, strict=True)}
        self.written = {}  # id -> variable, in order of first writing

    def __enter__(self):
        self._outer = LOCAL.state
        LOCAL.state = self
        return self

    def __exit__(self, *exc):
        LOCAL.state = self._outer

    def read(self, variable):
        """The value that ``variable`` has here."""
        scope, key = self, id(variable)
        while scope is not None:
            if key in scope.values:
                return scope.values[key]
            scope = scope._outer
        return variable._value

    def write(self, variable, value):
        """Give ``variable`` a value here."""
        self.values[id(variable)] = value
        self.written[id(variable)] = variable


class NameScope:
    """Variables made in the block have paths that begin with ``name``.

    >>> import keraunos as keras
    >>> with keras.name_scope("block"):
    ...     v = keras.Variable([0.0], name="v")
    >>> v.path
    'block/v'
    """

    def __init__(self, name, **kwargs):
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"name_scope: name must be a string without '/', got {name!r}.")
        self.name = name

    def __enter__(self):
        self._before = LOCAL.names
        LOCAL.names = (*self._before, self.name)
        return self

    def __exit__(self, *exc):
        LOCAL.names = self._before


name_scope = NameScope


class AutocastScope:
    """Float variables are shown in ``dtype`` in the block (None: as they are)."""

    def __init__(self, dtype):
        self.dtype = dtype

    def __enter__(self):
        self._before = LOCAL.autocast
        LOCAL.autocast = self.dtype
        return self

    def __exit__(self, *exc):
        LOCAL.autocast = self._before


class RealRows:
    """Says, while a padded batch is computed, which of its rows are real.

    A loss, a metric or a batch statistic that sums over rows asks ``real_rows(n)`` for the mask and the count, so that padding
    changes no number.

    Args:
        mask: float array of shape (batch,), 1 for real rows.
        count: scalar array, the number of real rows.
        size: batch size with padding.
        repeated: whether padding repeats real rows, so that nothing in it can be worse than in them.
    """

    def __init__(self, mask, count, size, repeated=False):
        self.mask, self.count, self.size, self.repeated = mask, count, size, repeated

    def __enter__(self):
        self._before = LOCAL.rows
        LOCAL.rows = self
        return self

    def __exit__(self, *exc):
        LOCAL.rows = self._before


def real_rows(size):
    """The ``RealRows`` in force for arrays with ``size`` rows, or None when all rows are real."""
    rows = LOCAL.rows
    return rows if rows is not None and rows.size == size else None
