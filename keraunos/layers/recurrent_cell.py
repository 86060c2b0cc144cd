"""What the cells of recurrent layers have in common: weights of their gates, and dropout that stays the same over time."""

import contextlib

from keraunos import activations, constraints, initializers, ops, random, regularizers
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer


class RecurrentCell(Layer):
    """Base of SimpleRNNCell, LSTMCell and GRUCell: ``gates`` blocks of ``units`` columns in each weight.

    The output is the first state.
    """

    _row_wise = True
    _output_is_state = True
    _is_cheap = False  # beside the traffic of what its gradient would read (on CPUs a third less time when it is computed again)
    _seed_first = False  # whether a seed is drawn before those of the initial weights (else behind)
    gates = 1
    _recurrence = None  # the name of an engine's kernel for a whole layer of such cells

    def _hold(
        self,
        units,
        activation,
        use_bias,
        starts,
        penalties,
        projections,
        dropout,
        recurrent_dropout,
        seed,
        recurrent_activation=None,
    ):
        """Settings; starts, penalties and projections are each of (kernel, recurrent kernel, bias)."""
        if not isinstance(units, int) or units <= 0:
            raise ValueError(f"{who(self)}: units must be a positive integer, got {units!r}.")
        for name, rate in (("dropout", dropout), ("recurrent_dropout", recurrent_dropout)):
            if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
                raise ValueError(f"{who(self)}: {name} must be a number between 0 and 1, got {rate!r}.")
        self.units = self.output_size = units
        self.seed = seed
        if self._seed_first:
            self.seed_generator = random.SeedGenerator(seed)
        self.activation = activations.get(activation)
        if recurrent_activation is not None:
            self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias = use_bias
        self.kernel_initializer, self.recurrent_initializer, self.bias_initializer = map(initializers.get, starts)
        self.kernel_regularizer, self.recurrent_regularizer, self.bias_regularizer = map(regularizers.get, penalties)
        self.kernel_constraint, self.recurrent_constraint, self.bias_constraint = map(constraints.get, projections)
        self.dropout, self.recurrent_dropout = dropout, recurrent_dropout
        if not self._seed_first:
            self.seed_generator = random.SeedGenerator(seed)
        self.state_size = units
        self.bias = None
        self._masks = None

    def build(self, input_shape):
        features, columns = input_shape[-1], self.gates * self.units
        if features is None:
            raise ValueError(
                f"{who(self)}: the last dimension of the input must be known, got shape {tuple(input_shape)}."
            )
        self.kernel = self.add_weight(
            shape=(features, columns),
            name="kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, columns),
            name="recurrent_kernel",
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        if self.use_bias:
            shape, initializer = self._bias(columns)
            self.bias = self.add_weight(
                shape=shape,
                name="bias",
                initializer=initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _bias(self, columns):
        """Shape and initializer of the bias."""
        return (columns,), self.bias_initializer

    def _is_usual(self):
        """Whether the cell computes what kernels for whole layers do: tanh, and sigmoid in the gates."""
        gates = getattr(self, "recurrent_activation", activations.sigmoid)
        own = type(self).__module__.startswith("keraunos.")
        return own and self.activation is activations.tanh and gates is activations.sigmoid

    def get_initial_state(self, batch_size=None):
        """States of zeros."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, n), dtype=self.compute_dtype) for n in sizes]

    # -- dropout -----------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def same_dropout(self, x, states, training):
        """In the block the cell drops the same inputs and states at each call, as in the steps of one sequence."""
        object.__setattr__(self, "_masks", self._draw(x, states[0]) if training else None)
        try:
            yield
        finally:
            object.__setattr__(self, "_masks", None)

    def _draw(self, x, h):
        """(masks of the input, masks of the state): one for each gate when both or states are dropped, as different gates
        should not lose the same ones; else one for all."""
        n = self.gates if self.recurrent_dropout > 0 else 1
        return tuple(
            [random.dropout(ops.ones_like(a), rate, seed=self.seed_generator) for _ in range(n)] if rate > 0 else None
            for a, rate in ((x, self.dropout), (h, self.recurrent_dropout))
        )

    def _dropped(self, x, h, training):
        """Input and state for each gate, or a list of one that serves all."""
        dropout, recurrent = (self._masks or self._draw(x, h)) if training else (None, None)
        return ([x] if dropout is None else [x * m for m in dropout]), (
            [h] if recurrent is None else [h * m for m in recurrent]
        )

    def _project(self, inputs, kernel):
        """``input @ kernel``, where each gate may have its input."""
        if len(inputs) == 1:
            return ops.matmul(inputs[0], kernel)
        blocks = ops.split(kernel, self.gates, axis=-1)
        return ops.concatenate([ops.matmul(x, k) for x, k in zip(inputs, blocks, strict=True)], axis=-1)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


def check_states(layer, states, n):
    """The n states as a list, or an error."""
    states = list(states) if isinstance(states, (list, tuple)) else [states]
    if len(states) != n:
        raise ValueError(f"{who(layer)}: expected {n} state(s), got {len(states)}.")
    return states
