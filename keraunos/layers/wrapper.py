"""Layers that hold another layer."""

from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.util import registry
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object


@registry.builtin("keras.layers")
class Wrapper(Layer):
    """Base of layers that hold another; a subclass defines ``call``.

    Args:
        layer: the layer.

    Raises:
        ValueError: ``layer`` is none.

    >>> import keraunos as keras
    >>> class Twice(keras.layers.Wrapper):
    ...     def call(self, x):
    ...         return 2 * self.layer(x)
    >>> Twice(keras.layers.Identity())(keras.ops.ones((2,))).tolist()
    [2.0, 2.0]
    """

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise ValueError(f"{who(self)}: layer must be a layer, got {describe(layer)}.")
        self.layer = layer

    def build(self, input_shape=None):
        self._build_layer(input_shape)

    def _build_layer(self, input_shape):
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A layer from ``get_config()``'s dict."""
        config = dict(config)
        if isinstance(config.get("layer"), dict):
            config["layer"] = deserialize_keras_object(config["layer"], custom_objects=custom_objects)
        return super().from_config(config)
