"""A function as a layer."""

import inspect

from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.util import registry
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


@registry.builtin("keras.layers")
class Lambda(Layer):
    """A Python function as a layer. It can't be read from a file unless ``safe_mode=False``: it is code.

    Args:
        function: of the input.
        output_shape: shape without batch, or function of the input shape; inferred when missing.
        mask: mask, or function ``(inputs, mask) -> mask``.
        arguments: dict of keyword arguments for the function.

    **Shape:** the function's.

    >>> import keraunos as keras
    >>> keras.layers.Lambda(lambda x: x**2)(keras.ops.array([3.0])).tolist()
    [9.0]
    """

    def __init__(self, function, output_shape=None, mask=None, arguments=None, **kwargs):
        super().__init__(**kwargs)
        if not callable(function):
            raise ValueError(f"{who(self)}: function must be callable, got {function!r}.")
        self.function = function
        self.arguments = arguments or {}
        self._output_shape = output_shape
        self.mask = mask
        self.supports_masking = mask is not None
        self.built = True

    def call(self, inputs, mask=None, training=None):
        names = _parameters(self.function)
        extra = dict(self.arguments)
        if "mask" in names:
            extra["mask"] = mask
        if "training" in names:
            extra["training"] = training
        return self.function(inputs, **extra)

    def compute_output_spec(self, *args, **kwargs):
        if self._output_shape is None:
            return super()._infer_spec(*args, **kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def compute_output_shape(self, input_shape):
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return tuple(self._output_shape(input_shape))
        return (input_shape[0], *self._output_shape)

    def compute_mask(self, inputs, previous_mask):
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self):
        config = {"name": self.name, "trainable": self.trainable, "dtype": serialize_keras_object(self._dtype_policy)}
        config["function"] = serialize_keras_object(self.function)
        if self._output_shape is not None:
            config["output_shape"] = (
                serialize_keras_object(self._output_shape) if callable(self._output_shape) else self._output_shape
            )
        if self.mask is not None:
            config["mask"] = serialize_keras_object(self.mask)
        config["arguments"] = serialize_keras_object(self.arguments)
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None, safe_mode=None):
        """A layer from its configuration; a function that is code needs ``safe_mode=False``."""
        config = dict(config)
        allowed = {} if safe_mode is None else {"safe_mode": safe_mode}
        for key in ("function", "mask", "output_shape"):
            if isinstance(config.get(key), dict):
                config[key] = deserialize_keras_object(config[key], custom_objects=custom_objects, **allowed)
        return super().from_config(config)


def _parameters(function):
    """Names of a function's parameters; none where they are not told (functions written in C)."""
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()
