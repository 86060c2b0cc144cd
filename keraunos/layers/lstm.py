"""Long short-term memory."""

from keraunos import initializers, ops
from keraunos.layers.input_spec import InputSpec
from keraunos.layers.recurrent_cell import RecurrentCell, check_states
from keraunos.layers.rnn import CellRNN
from keraunos.util import registry


@registry.builtin("keras.layers")
class LSTMCell(RecurrentCell):
    """One step of ``LSTM``.

    Args:
        units: size of the output and of each state.
        activation, recurrent_activation, use_bias, unit_forget_bias, dropout, recurrent_dropout, seed: see ``LSTM``.

    **Shape:** ``(batch, features)`` and the states [h, c], each ``(batch, units)``, to ``(batch, units)`` and the new states.

    >>> import keraunos as keras
    >>> cell = keras.layers.LSTMCell(4)
    >>> y, states = cell(keras.ops.ones((2, 3)), cell.get_initial_state(2))
    >>> y.shape, len(states)
    ((2, 4), 2)
    """

    _is_cheap = True
    gates = 4
    _recurrence = "lstm"

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
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
        kwargs.pop("implementation", None)  # older files choose between equal ways to compute
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
            recurrent_activation,
        )
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [units, units]

    def _bias(self, columns):
        def forget_bias(shape, dtype=None):
            n = self.units
            parts = (self.bias_initializer((n,), dtype=dtype), initializers.Ones()((n,), dtype=dtype))
            return ops.concatenate([*parts, self.bias_initializer((2 * n,), dtype=dtype)])

        return (columns,), forget_bias if self.unit_forget_bias else self.bias_initializer

    def call(self, inputs, states, training=False):
        h, c = check_states(self, states, 2)
        x, before = self._dropped(inputs, h, training)
        z = self._project(x, self.kernel) + self._project(before, self.recurrent_kernel)  # (batch, 4 units)
        if self.bias is not None:
            z = z + self.bias
        i, f, g, o = ops.split(z, 4, axis=-1)
        i, f, o = self.recurrent_activation(i), self.recurrent_activation(f), self.recurrent_activation(o)
        c = f * c + i * self.activation(g)
        h = o * self.activation(c)
        return h, [h, c]


@registry.builtin("keras.layers")
class LSTM(CellRNN):
    """Long short-term memory: gates i, f, o = recurrent_activation(x · kernel + h · recurrent_kernel + bias), each of its own
    columns, decide what the memory c takes in, keeps and gives out:
    c' = f · c + i · activation(x · kernel + h · recurrent_kernel + bias), h' = o · activation(c').

    Args:
        units: size of the output and of the states h and c.
        activation, recurrent_activation: names or functions; None: linear.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights begin.
        unit_forget_bias: whether the bias of the gate f begins with 1 (Jozefowicz et al., 2015).
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections applied after each update.
        dropout, recurrent_dropout: shares of the inputs and of h that are dropped in training, the same at all steps.
        seed: of the dropout.
        return_sequences, return_state, go_backwards, stateful, unroll: see ``RNN``.
        use_cudnn: kept for compatibility.

    **Shape:** ``(batch, time, features)`` to ``(batch, units)``, or ``(batch, time, units)`` with ``return_sequences``; the
    kernels' columns are in the order i, f, c, o. Source: Hochreiter and Schmidhuber, 1997.

    >>> import keraunos as keras
    >>> y, h, c = keras.layers.LSTM(4, return_sequences=True, return_state=True)(keras.ops.ones((2, 5, 3)))
    >>> y.shape, h.shape, c.shape
    ((2, 5, 4), (2, 4), (2, 4))
    """

    _cell = LSTMCell
    _outside_config = ("use_cudnn", "implementation")

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        use_cudnn="auto",
        **kwargs,
    ):
        kwargs.pop("implementation", None)
        cell = LSTMCell(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            unit_forget_bias,
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
        self.use_cudnn = use_cudnn
        self.input_spec = InputSpec(ndim=3)
