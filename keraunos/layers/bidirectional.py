"""Recurrent layers in both directions of time."""

from keraunos import ops
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.util import registry
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

_MODES = ("sum", "mul", "ave", "concat", None)
_NEEDED = ("go_backwards", "return_sequences", "return_state", "stateful")


@registry.builtin("keras.layers")
class Bidirectional(Layer):
    """A recurrent layer over time in both directions, outputs of the same step merged.

    Args:
        layer: ``RNN``, ``LSTM``, ``GRU``, or a layer with their attributes ``go_backwards``, ``return_sequences``, ``return_state``
            and ``stateful``. It is copied.
        merge_mode: "concat", "sum", "mul", "ave", or None: both outputs.
        weights: list of arrays that the weights begin with.
        backward_layer: the layer of the other direction, if it is not like ``layer``.

    Call arguments: as of ``RNN``; ``initial_state`` holds the states of ``layer``, then those of the other.

    **Shape:** as of the layer, the last dimension twice as large with "concat"; with ``return_state`` a tuple of that and the states.

    Raises:
        ValueError: the layers run in one direction, or return different things; an unknown merge mode.

    >>> import keraunos as keras
    >>> keras.layers.Bidirectional(keras.layers.LSTM(8))(keras.ops.ones((2, 10, 4))).shape
    (2, 16)
    """

    _outside_config = ("weights",)

    def __init__(self, layer, merge_mode="concat", weights=None, backward_layer=None, **kwargs):
        super().__init__(**kwargs)
        if merge_mode not in _MODES:
            raise ValueError(f"{who(self)}: merge_mode must be one of {_MODES}, got {merge_mode!r}.")
        _check_recurrent(self, "layer", layer)
        if backward_layer is not None:
            _check_recurrent(self, "backward_layer", backward_layer)
        self.forward_layer = layer if getattr(layer, "_made_for_a_pair", False) else _copy(layer, "forward_")
        if backward_layer is None:
            backward_layer = _copy(layer, "backward_", go_backwards=not layer.go_backwards)
        self.backward_layer = backward_layer
        self._check_pair()
        self.merge_mode = merge_mode
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.stateful = layer.stateful
        if self.return_sequences:  # so that masked steps add nothing when outputs are merged
            for one in (self.forward_layer, self.backward_layer):
                one.zero_output_for_mask = True
        self._first_weights = None if weights is None else tuple(weights)
        self.supports_masking = True
        self.input_spec = layer.input_spec
        self._row_wise = self.forward_layer._row_wise and self.backward_layer._row_wise

    @property
    def layer(self):
        """The layer that runs forwards."""
        return self.forward_layer

    def _check_pair(self):
        one, other = self.forward_layer, self.backward_layer
        if one.go_backwards == other.go_backwards:
            raise ValueError(
                f"{who(self)}: layer and backward_layer must run in different directions; both have "
                f"go_backwards={one.go_backwards}."
            )
        for name in ("return_sequences", "return_state", "stateful"):
            if getattr(one, name) != getattr(other, name):
                raise ValueError(
                    f"{who(self)}: layer and backward_layer must agree in {name}, got {getattr(one, name)} and "
                    f"{getattr(other, name)}."
                )

    def build(self, sequences_shape, initial_state_shape=None):
        for one in (self.forward_layer, self.backward_layer):
            if not one.built:
                one.build(sequences_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    def call(self, sequences, initial_state=None, mask=None, training=None):
        states = [None, None]
        if initial_state is not None:
            half = len(initial_state) // 2
            if len(initial_state) != 2 * half:
                raise ValueError(
                    f"{who(self)}: initial_state must hold the states of both layers, got {len(initial_state)} arrays."
                )
            states = [list(initial_state[:half]), list(initial_state[half:])]
        layers = (self.forward_layer, self.backward_layer)
        y, back = (
            layer(sequences, mask=mask, training=training, **({} if s is None else {"initial_state": s}))
            for layer, s in zip(layers, states, strict=True)
        )
        states = ()
        if self.return_state:
            (y, *first), (back, *second) = y, back
            states = (*first, *second)
        if self.return_sequences:
            back = ops.flip(back, axis=1)  # in the order of time, as y
        merged = self._merge(y, back)
        return (*merged, *states) if self.merge_mode is None else (merged, *states) if states else merged

    def _merge(self, y, back):
        if self.merge_mode == "concat":
            return ops.concatenate([y, back], axis=-1)
        if self.merge_mode == "sum":
            return y + back
        if self.merge_mode == "mul":
            return y * back
        return (y + back) / 2 if self.merge_mode == "ave" else (y, back)

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        back = self.backward_layer.compute_output_shape(sequences_shape)
        states = ()
        if self.return_state:
            (shape, *first), (back, *second) = shape, back
            states = (*first, *second)
        if self.merge_mode is None:
            return (shape, back, *states)
        if self.merge_mode == "concat":
            shape = (*shape[:-1], shape[-1] + back[-1])
        return (shape, *states) if states else shape

    def compute_mask(self, _, mask):
        mask = mask if self.return_sequences else None
        return (mask, mask) if self.merge_mode is None else mask

    def reset_state(self):
        """Let stateful layers begin anew, with zeros."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self):
        """``reset_state``."""
        self.reset_state()

    @property
    def states(self):
        """The states that stateful layers hold, those of both after one another, else None."""
        one, other = self.forward_layer.states, self.backward_layer.states
        return None if one is None else (*one, *other)

    def get_config(self):
        return {
            **super().get_config(),
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A layer from ``get_config()``'s dict."""
        config = dict(config)
        for key in ("layer", "backward_layer"):
            if isinstance(config.get(key), dict):
                config[key] = deserialize_keras_object(config[key], custom_objects=custom_objects)
                object.__setattr__(config[key], "_made_for_a_pair", True)  # so it need not be copied
        return super().from_config(config)


def _check_recurrent(layer, name, value):
    missing = [n for n in _NEEDED if not hasattr(value, n)]
    if not isinstance(value, Layer) or missing:
        raise ValueError(
            f"{who(layer)}: {name} must be a recurrent layer with the attributes {_NEEDED}, got {describe(value)}, which has no "
            f"{', '.join(missing)}."
        )


def _copy(layer, prefix, **changes):
    """A layer with the same configuration but these changes, its name beginning with the prefix."""
    config = {**layer.get_config(), **changes}
    config["name"] = prefix + layer.name.removeprefix("forward_" if prefix == "backward_" else prefix)
    return type(layer).from_config(config)
