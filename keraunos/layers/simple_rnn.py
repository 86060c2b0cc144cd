"""The fully connected recurrent layer."""

from keraunos.layers.input_spec import InputSpec
from keraunos.layers.recurrent_cell import RecurrentCell, check_states
from keraunos.layers.rnn import CellRNN
from keraunos.util import registry


@registry.builtin("keras.layers")
class SimpleRNNCell(RecurrentCell):
    """One step of ``SimpleRNN``: h' = activation(x · kernel + h · recurrent_kernel + bias).

    Args:
        units: size of the output and the state.
        activation, use_bias, dropout, recurrent_dropout, seed: see ``SimpleRNN``.

    **Shape:** ``(batch, features)`` and the state ``(batch, units)`` to ``(batch, units)`` and the new state, in a list.

    >>> import keraunos as keras
    >>> cell = keras.layers.SimpleRNNCell(4)
    >>> y, states = cell(keras.ops.ones((2, 3)), cell.get_initial_state(2))
    >>> y.shape, len(states)
    ((2, 4), 1)
    """

    _seed_first = True
    _recurrence = "simple_rnn"

    def __init__(
        self,
        units,
        activation="tanh",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._hold(
            units,
            activation,
            use_bias,
            (kernel_initializer, recurrent_initializer, bias_initializer),
            (kernel_regularizer, recurrent_regularizer, bias_regularizer),
            (kernel_constraint, recurrent_constraint, bias_constraint),
            dropout,
            recurrent_dropout,
            seed,
        )

    def call(self, inputs, states, training=False):
        (h,) = check_states(self, states, 1)
        x, before = self._dropped(inputs, h, training)
        z = self._project(x, self.kernel) + self._project(before, self.recurrent_kernel)  # (batch, units)
        if self.bias is not None:
            z = z + self.bias
        h = self.activation(z)
        return h, [h]


@registry.builtin("keras.layers")
class SimpleRNN(CellRNN):
    """A recurrent layer whose output is fed back: h' = activation(x · kernel + h · recurrent_kernel + bias).

    Args:
        units: size of the output and the state.
        activation: name or function; None: linear.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights begin.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections applied after each update.
        dropout, recurrent_dropout: shares of the inputs and of the state that are dropped in training, the same at all steps.
        return_sequences, return_state, go_backwards, stateful, unroll: see ``RNN``.
        seed: of the dropout.

    **Shape:** ``(batch, time, features)`` to ``(batch, units)``, or ``(batch, time, units)`` with ``return_sequences``.

    >>> import keraunos as keras
    >>> keras.layers.SimpleRNN(4)(keras.ops.ones((2, 5, 3))).shape
    (2, 4)
    """

    _cell = SimpleRNNCell

    def __init__(
        self,
        units,
        activation="tanh",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        seed=None,
        **kwargs,
    ):
        cell = SimpleRNNCell(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            **self._of_cell(kwargs),
        )
        flags = (return_sequences, return_state, go_backwards, stateful, unroll)
        super().__init__(cell, *flags, activity_regularizer=activity_regularizer, **kwargs)
        self.input_spec = InputSpec(ndim=3)
