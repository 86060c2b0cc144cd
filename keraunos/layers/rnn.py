"""Recurrent layers: a cell applied to one time step after another."""

import contextlib
import functools

import numpy as np

from keraunos import ops
from keraunos.backend import dispatch
from keraunos.core.capture import init_signature
from keraunos.core.scope import StateScope
from keraunos.core.variable import Variable
from keraunos.layers.build_signature import builds_nothing
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.layers.recurrence import Programs, recur
from keraunos.layers.stacked_rnn_cells import StackedRNNCells, check_cell, sizes_of
from keraunos.util import registry, tree
from keraunos.util.naming import to_snake_case
from keraunos.util.serialization import deserialize_keras_object

_FLAGS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")


class HeldState:
    """A state that stays from one call to the next. As a seed, it is among a layer's variables, but neither among its weights nor in
    files."""

    _part_kind = "seed"

    def __init__(self, shape, dtype):
        self.state = Variable(np.zeros(shape), dtype=dtype, trainable=False, name="rnn_state")


@registry.builtin("keras.layers")
class RNN(Layer):
    """A cell applied to one time step after another, its states carried along.

    Args:
        cell: a layer with ``call(inputs, states) -> (output, new states)`` and an attribute ``state_size``, an integer or a list of
            them; it may have ``output_size`` and ``get_initial_state(batch_size)``. A list of cells is stacked.
        return_sequences: whether the outputs of all steps are returned, not only the last.
        return_state: whether the last states are returned too.
        go_backwards: whether time runs from the end; the outputs are then in that order.
        stateful: whether the states stay for the next batch, whose row i goes on where row i of this one ended.
        unroll: whether the loop is written out in the program: longer to compile, faster for a few steps.
        zero_output_for_mask: whether the output of a masked step is 0, not that of the step before.

    Call arguments: ``sequences``; ``initial_state``, a list; ``mask``, ``(batch, time)``, false where the states are to stay;
    ``training``.

    **Shape:** ``(batch, time, ...)`` to ``(batch, units)``, or ``(batch, time, units)`` with ``return_sequences``; with
    ``return_state`` a tuple of that and the states.

    Raises:
        ValueError: the cell is none; a stateful layer does not know its batch size; states don't fit.

    >>> import keraunos as keras
    >>> class Decay(keras.layers.Layer):
    ...     state_size = 3
    ...     def call(self, inputs, states):
    ...         h = 0.5 * states[0] + inputs
    ...         return h, [h]
    >>> keras.layers.RNN(Decay())(keras.ops.ones((1, 2, 3))).tolist()
    [[1.5, 1.5, 1.5]]
    """

    def __init__(
        self,
        cell,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        self.cell = check_cell(self, cell)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.state_size = cell.state_size
        self.supports_masking = True
        self._row_wise = not stateful and getattr(cell, "_row_wise", False)
        self._held = ()
        self._programs = Programs()

    # -- building ----------------------------------------------------------------------------------------------------------

    def build(self, sequences_shape, initial_state_shape=None):
        if self.stateful:
            self._hold_states(sequences_shape[0])
        if not isinstance(self.cell, Layer) or self.cell.built:
            return
        if builds_nothing(type(self.cell)):
            self._build_by_running(sequences_shape)
        else:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        self.cell.built = True

    def _hold_states(self, batch):
        if batch is None:
            raise ValueError(
                f"{who(self)}: stateful=True needs a known batch size, as row i of a batch goes on where row i of the last one ended. "
                "Give it, for example keras.Input((time, features), batch_size=32)."
            )
        self._held = tuple(HeldState(s.shape, self.compute_dtype) for s in tree.flatten(self.get_initial_state(batch)))

    @property
    def states(self):
        """The states that a stateful layer holds, in the nesting of ``state_size``, else None."""
        if not self._held:
            return None
        nest = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        return tree.unflatten_like(list(nest), [h.state for h in self._held])

    def reset_state(self):
        """Let a stateful layer begin anew, with zeros."""
        for held in self._held:
            held.state.assign(ops.zeros(held.state.shape, dtype=held.state.dtype))

    def reset_states(self):
        """``reset_state``."""
        self.reset_state()

    def get_initial_state(self, batch_size):
        """The cell's first states for a batch, a list."""
        if hasattr(self.cell, "get_initial_state"):
            found = self.cell.get_initial_state(batch_size=batch_size)
        else:
            found = [ops.zeros((batch_size, n), dtype=self.compute_dtype) for n in sizes_of(self.cell)]
        return list(found) if isinstance(found, (list, tuple)) else [found]

    # -- computing ---------------------------------------------------------------------------------------------------------

    def call(self, sequences, initial_state=None, mask=None, training=False):
        if sequences.shape[1] == 0:
            raise ValueError(
                f"{who(self)}: sequences must have at least one time step, got shape {tuple(sequences.shape)}."
            )
        states = self._first_states(sequences, initial_state)
        engine = dispatch.engine_of(sequences)
        fused = self._fused(engine, mask, training)
        if fused is not None:
            last, outputs, states = self._run_fused(fused, sequences, states)
        elif engine.in_trace() or engine.tapes or not getattr(self.cell, "_output_is_state", False):
            last, outputs, states = self._loop(sequences, states, mask, training)
        else:
            key = training, self._fingerprint()
            run = functools.partial(self._loop, training=training)
            last, outputs, states = self._programs.call(key, engine, run, self.cell.variables, sequences, states, mask)
        for held, state in zip(self._held, tree.flatten(states), strict=bool(self._held)):
            held.state.assign(state)
        outputs = outputs if self.return_sequences else last
        return (outputs, *states) if self.return_state else outputs

    def _fused(self, engine, mask, training):
        """The engine's kernel for the whole layer, where it has one for this cell and these arguments."""
        return None

    def _loop(self, sequences, states, mask, training):
        first_step = sequences[:, 0]
        with self._same_dropout(first_step, states, training):
            return recur(
                lambda x, s: self._step(x, s, training),
                sequences,
                states,
                mask,
                first=self._first_output(first_step, states, training),
                stacked=self.return_sequences,
                zeros=self.zero_output_for_mask,
                backwards=self.go_backwards,
                unroll=self.unroll,
                recompute=getattr(self.cell, "_is_cheap", False),
                variables=self._changing(),
            )

    def _step(self, x, states, training):
        if not isinstance(self.cell, Layer):
            return self.cell.call(x, states)
        return self.cell(x, states, training=training)

    def _same_dropout(self, x, states, training):
        same = getattr(self.cell, "same_dropout", None)
        return contextlib.nullcontext() if same is None else same(x, states, training)

    def _first_states(self, sequences, initial_state):
        batch = sequences.shape[0]
        default = self.get_initial_state(batch)
        if initial_state is None:
            if not self._held:
                return default
            initial_state = self.states
            if self._held[0].state.shape[0] != batch:
                raise ValueError(
                    f"{who(self)}: a stateful layer was built for batches of {self._held[0].state.shape[0]} rows, got {batch}."
                )
        given, leaves = tree.flatten(initial_state), tree.flatten(default)
        if len(given) != len(leaves) or any(v is None for v in given):
            raise ValueError(f"{who(self)}: initial_state must hold {len(leaves)} array(s), got {len(given)}.")
        for v, zero in zip(given, leaves, strict=True):
            if tuple(v.shape) != tuple(zero.shape):
                raise ValueError(
                    f"{who(self)}: initial_state: expected shape {tuple(zero.shape)}, got {tuple(v.shape)}."
                )
        return tree.unflatten_like(default, [ops.cast(v, zero.dtype) for v, zero in zip(given, leaves, strict=True)])

    def _first_output(self, x, states, training):
        """Zeros like an output, or None when outputs are the first state. (Of the step only the shape is used.)"""
        if getattr(self.cell, "_output_is_state", False):
            return None
        with StateScope():
            return ops.zeros_like(self._step(x, states, training)[0])

    def _changing(self):
        """Variables that a cell of others may change in a step: seeds, statistics."""
        if getattr(self.cell, "_output_is_state", False) or not isinstance(self.cell, Layer):
            return ()
        return self.cell.non_trainable_variables

    # -- shapes, masks, configuration --------------------------------------------------------------------------------------

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        batch, time = sequences_shape[:2]
        nest = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        states = tree.map_structure(lambda n: (batch, n), list(nest))
        size = getattr(self.cell, "output_size", None)
        size = tree.flatten(self.state_size)[0] if size is None else size
        output = (batch, time, size) if self.return_sequences else (batch, size)
        return (output, *states) if self.return_state else output

    def compute_mask(self, _, mask):
        mask = mask if self.return_sequences else None
        return [mask] + [None for _ in tree.flatten(self.state_size)] if self.return_state else mask

    def get_config(self):
        return {**super().get_config(), **{flag: getattr(self, flag) for flag in _FLAGS}}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A layer from ``get_config()``'s dict."""
        config = dict(config)
        if isinstance(config.get("cell"), dict):
            config["cell"] = deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return super().from_config(config)


class CellRNN(RNN):
    """Base of the layers that make their cell themselves; its settings are readable as their own."""

    _cell = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "_cell" in cls.__dict__:
            for name in {p.name for p in init_signature(cls)} & {p.name for p in init_signature(cls._cell)}:
                setattr(cls, name, property(lambda self, name=name: getattr(self.cell, name), doc="The cell's."))

    def _fused(self, engine, mask, training):
        cell = self.cell
        fused = engine.recurrences.get(cell._recurrence)
        if fused is None or mask is not None or self.unroll or not cell.built or not cell._is_usual():
            return None
        return None if training and (cell.dropout > 0 or cell.recurrent_dropout > 0) else fused

    def _run_fused(self, fused, sequences, states):
        """``_loop`` by a kernel for the whole layer."""
        cell = self.cell
        bias = None if cell.bias is None else cell.bias.value
        x = ops.flip(sequences, axis=1) if self.go_backwards else sequences
        outputs, states = fused(x, states, cell.kernel.value, cell.recurrent_kernel.value, bias)
        return outputs[:, -1], outputs, states

    def _of_cell(self, kwargs):
        """What else the cell is made with, given the further arguments of the layer."""
        name = to_snake_case(self._cell.__name__)
        return {"name": name, "trainable": kwargs.get("trainable", True), "dtype": kwargs.get("dtype")}

    def get_config(self):
        config = super().get_config()
        config.setdefault("activity_regularizer", None)
        return config
