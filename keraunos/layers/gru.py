"""Gated recurrent unit."""

from keraunos import ops
from keraunos.layers.input_spec import InputSpec
from keraunos.layers.recurrent_cell import RecurrentCell, check_states
from keraunos.layers.rnn import CellRNN
from keraunos.util import registry


@registry.builtin("keras.layers")
class GRUCell(RecurrentCell):
    """One step of ``GRU``.

    Args:
        units: size of the output and the state.
        activation, recurrent_activation, use_bias, dropout, recurrent_dropout, reset_after, seed: see ``GRU``.

    **Shape:** ``(batch, features)`` and the state ``(batch, units)`` to ``(batch, units)`` and the new state, in a list.

    >>> import keraunos as keras
    >>> cell = keras.layers.GRUCell(4)
    >>> y, states = cell(keras.ops.ones((2, 3)), cell.get_initial_state(2))
    >>> y.shape, len(states)
    ((2, 4), 1)
    """

    _is_cheap = True
    gates = 3
    _recurrence = "gru"

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
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
        reset_after=True,
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
        self.reset_after = reset_after
        if not reset_after:
            self._recurrence = None

    def _bias(self, columns):
        return (2, columns) if self.reset_after else (columns,), self.bias_initializer

    def call(self, inputs, states, training=False):
        (h,) = check_states(self, states, 1)
        xs, before = self._dropped(inputs, h, training)
        x = self._project(xs, self.kernel)  # (batch, 3 units)
        if self.bias is not None:
            x = x + (self.bias[0] if self.reset_after else self.bias)
        z, r, candidate = self._gates_after(x, before) if self.reset_after else self._gates_before(x, h, before)
        h = z * h + (1 - z) * candidate
        return h, [h]

    def _gates_after(self, x, before):
        """The gate r acts on what the state became by the matrix product."""
        s = self._project(before, self.recurrent_kernel)  # (batch, 3 units)
        if self.bias is not None:
            s = s + self.bias[1]
        xz, xr, xh = ops.split(x, 3, axis=-1)
        sz, sr, sh = ops.split(s, 3, axis=-1)
        z, r = self.recurrent_activation(xz + sz), self.recurrent_activation(xr + sr)
        return z, r, self.activation(xh + r * sh)

    def _gates_before(self, x, h, before):
        """The gate r acts on the state, then comes the matrix product."""
        xz, xr, xh = ops.split(x, 3, axis=-1)
        kz, kr, kh = ops.split(self.recurrent_kernel, 3, axis=-1)
        hz, hr, hh = before if len(before) == 3 else before * 3
        z = self.recurrent_activation(xz + ops.matmul(hz, kz))
        r = self.recurrent_activation(xr + ops.matmul(hr, kr))
        return z, r, self.activation(xh + ops.matmul(r * hh, kh))


@registry.builtin("keras.layers")
class GRU(CellRNN):
    """Gated recurrent unit: gates z, r = recurrent_activation(x · kernel + h · recurrent_kernel + bias), each of its own columns,
    decide what the state keeps and what of it is seen: h' = z · h + (1 - z) · candidate, where the candidate is
    activation(x · kernel + r · (h · recurrent_kernel + bias)), or activation(x · kernel + (r · h) · recurrent_kernel + bias)
    without ``reset_after``.

    Args:
        units: size of the output and the state.
        activation, recurrent_activation: names or functions; None: linear.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights begin.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections applied after each update.
        dropout, recurrent_dropout: shares of the inputs and of h that are dropped in training, the same at all steps.
        seed: of the dropout.
        return_sequences, return_state, go_backwards, stateful, unroll: see ``RNN``.
        reset_after: where the gate r acts, see above.
        use_cudnn: kept for compatibility.

    **Shape:** ``(batch, time, features)`` to ``(batch, units)``, or ``(batch, time, units)`` with ``return_sequences``; the
    kernels' columns are in the order z, r, h. Source: Cho et al., 2014, https://arxiv.org/abs/1406.1078.

    >>> import keraunos as keras
    >>> keras.layers.GRU(4, return_sequences=True)(keras.ops.ones((2, 5, 3))).shape
    (2, 5, 4)
    """

    _cell = GRUCell
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
        reset_after=True,
        use_cudnn="auto",
        **kwargs,
    ):
        kwargs.pop("implementation", None)
        cell = GRUCell(
            units,
            activation,
            recurrent_activation,
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
            reset_after,
            seed,
            **self._of_cell(kwargs),
        )
        flags = (return_sequences, return_state, go_backwards, stateful, unroll)
        super().__init__(cell, *flags, activity_regularizer=activity_regularizer, **kwargs)
        self.use_cudnn = use_cudnn
        self.input_spec = InputSpec(ndim=3)
