"""What holds for the current thread: whose values variables show, the compute dtype, name prefixes, the call in progress."""

import copy
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
        key = id(variable)
        if key in self.values:
            return self.values[key]
        return variable._value if self._outer is None else self._outer.read(variable)

    def write(self, variable, value):
        """Give ``variable`` a value here."""
        self.values[id(variable)] = value
        self.written[id(variable)] = variable


class NotingScope(StateScope):
    """A scope that remembers what was read in it: ``seen`` has (variable, value read first) by the variable's id."""

    def __init__(self, variables=(), values=()):
        super().__init__(variables, values)
        self.seen = {}

    def read(self, variable):
        value = super().read(variable)
        if id(variable) not in self.written:
            self.seen.setdefault(id(variable), (variable, value))
        return value


class Surroundings:
    """What held for the thread when this was made, to hold again in a block: later, or in another thread."""

    def __init__(self):
        self.kept = {**vars(LOCAL), "call": copy.copy(LOCAL.call)}  # the call in progress changes until it is over

    def __enter__(self):
        self._before = dict(vars(LOCAL))
        _put(self.kept)

    def __exit__(self, *exc):
        _put(self._before)


def _put(kept):
    vars(LOCAL).clear()
    vars(LOCAL).update(kept)


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
