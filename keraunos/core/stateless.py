"""Scopes that Keras users open themselves."""

from keraunos.core.scope import LOCAL, StateScope
from keraunos.util import registry


@registry.builtin("keras")
class StatelessScope(StateScope):
    """Variables read and written in the block have the given values; nothing outside changes.

    Args:
        state_mapping: list of (variable, value).
        collect_losses: whether ``losses`` holds what layers added in the block.

    >>> import keraunos as keras
    >>> v = keras.Variable(1.0)
    >>> with keras.StatelessScope(state_mapping=[(v, keras.ops.convert_to_tensor(5.0))]) as scope:
    ...     _ = v.assign_add(1.0)
    >>> float(v), float(scope.get_current_value(v))
    (1.0, 6.0)
    """

    def __init__(self, state_mapping=None, collect_losses=False, initialize_variables=True):
        variables = [v for v, _ in state_mapping or ()]
        super().__init__(variables, [_checked(v, value) for v, value in state_mapping or ()])
        self.collect_losses = collect_losses
        self.losses = []
        self.state_mapping = self.values

    def __enter__(self):
        self._losses_before = LOCAL.losses
        if self.collect_losses:
            LOCAL.losses = {}
        return super().__enter__()

    def __exit__(self, *exc):
        if self.collect_losses:
            self.losses = [x for group in LOCAL.losses.values() for x in group]
            LOCAL.losses = self._losses_before
        return super().__exit__(*exc)

    def get_current_value(self, variable):
        """The value of a variable here, or None when the scope does not hold it."""
        return self.values.get(id(variable))

    def add_loss(self, loss):
        """Add to ``losses``."""
        self.losses.append(loss)

    def add_update(self, update):
        """Note a pair (variable, value)."""
        variable, value = update
        self.write(variable, value)


def _checked(variable, value):
    value = variable.engine.asarray(value, variable._dtype)
    if tuple(value.shape) != variable.shape:
        raise ValueError(
            f"StatelessScope: {variable.path!r} has shape {variable.shape}, its value in state_mapping has {tuple(value.shape)}."
        )
    return value


@registry.builtin("keras")
class SymbolicScope:
    """The block infers shapes only."""

    def __enter__(self):
        self._before = LOCAL.symbolic
        LOCAL.symbolic = self
        return self

    def __exit__(self, *exc):
        LOCAL.symbolic = self._before
