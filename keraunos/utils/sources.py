"""Where symbolic tensors come from."""

from keraunos.ops.symbolic import KerasTensor
from keraunos.util.errors import describe


def get_source_inputs(tensor):
    """The symbolic inputs that a symbolic tensor is computed from, each once.

    Raises ``ValueError`` for what isn't a symbolic tensor.

    >>> import keraunos as keras
    >>> a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    >>> [x.name for x in keras.utils.get_source_inputs(keras.layers.Dense(1)(a + b))]
    ['a', 'b']
    """
    if not isinstance(tensor, KerasTensor):
        raise ValueError(f"get_source_inputs: tensor must be symbolic (from keras.Input), got {describe(tensor)}.")
    found, seen, open_ = [], set(), [tensor]
    while open_:
        t = open_.pop()
        if id(t) in seen:
            continue
        seen.add(id(t))
        if t.node is None or t.node.is_input:
            found.append(t)
        else:
            open_.extend(reversed(t.node.inputs))
    return found
