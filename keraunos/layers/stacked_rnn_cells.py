"""Cells of recurrent layers, one on the other."""

import contextlib

from keraunos import ops
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.util import registry
from keraunos.util.serialization import deserialize_keras_object


def check_cell(layer, cell):
    """The cell, or an error when it can't be one."""
    if not callable(getattr(cell, "call", None)) or not hasattr(cell, "state_size"):
        raise ValueError(
            f"{who(layer)}: a cell must have a method call(inputs, states) and an attribute state_size, an integer or a list of them, "
            f"got {cell!r}."
        )
    return cell


def sizes_of(cell):
    """The sizes of a cell's states, a list."""
    sizes = cell.state_size
    return list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]


@registry.builtin("keras.layers")
class StackedRNNCells(Layer):
    """Cells that work as one: the output of each is the input of the next.

    Args:
        cells: list of cells.

    **Shape:** ``(batch, features)`` and a list with the states of each cell, to the output of the last and the new states.

    >>> import keraunos as keras
    >>> cells = [keras.layers.LSTMCell(4), keras.layers.GRUCell(3)]
    >>> keras.layers.RNN(cells)(keras.ops.ones((2, 5, 6))).shape
    (2, 3)
    """

    def __init__(self, cells, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"{who(self)}: cells must be a list of at least one cell, got {cells!r}.")
        self.cells = [check_cell(self, cell) for cell in cells]
        self._is_cheap = any(getattr(cell, "_is_cheap", False) for cell in cells)
        self._row_wise = all(getattr(cell, "_row_wise", False) for cell in cells)

    @property
    def state_size(self):
        """The sizes of the states of each cell."""
        return [list(c.state_size) if isinstance(c.state_size, (list, tuple)) else c.state_size for c in self.cells]

    @property
    def output_size(self):
        """The size of the last cell's output."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size=None):
        """The first states of each cell."""
        return [
            cell.get_initial_state(batch_size=batch_size)
            if hasattr(cell, "get_initial_state")
            else [ops.zeros((batch_size, n), dtype=self.compute_dtype) for n in sizes_of(cell)]
            for cell in self.cells
        ]

    def build(self, input_shape):
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], _output_size(cell))

    @contextlib.contextmanager
    def same_dropout(self, x, states, training):
        """In the block each cell drops the same inputs and states at each call."""
        with contextlib.ExitStack() as stack:
            for cell, own in zip(self.cells, states, strict=True):
                if hasattr(cell, "same_dropout"):
                    stack.enter_context(cell.same_dropout(x, own, training))
                x = ops.zeros((x.shape[0], _output_size(cell)), dtype=self.compute_dtype)  # stands for the next input
            yield

    def call(self, inputs, states, training=False, **kwargs):
        new = []
        for cell, own in zip(self.cells, states, strict=True):
            own = list(own) if isinstance(own, (list, tuple)) else [own]
            inputs, own = (
                cell(inputs, own, training=training, **kwargs) if isinstance(cell, Layer) else cell.call(inputs, own)
            )
            new.append(list(own) if isinstance(own, (list, tuple)) else [own])
        return inputs, new

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A layer from ``get_config()``'s dict."""
        config = dict(config)
        config["cells"] = [deserialize_keras_object(c, custom_objects=custom_objects) for c in config["cells"]]
        return super().from_config(config)


def _output_size(cell):
    size = getattr(cell, "output_size", None)
    return sizes_of(cell)[0] if size is None else size
