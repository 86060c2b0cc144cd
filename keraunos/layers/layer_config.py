"""A layer as a configuration, and back."""

from keraunos import regularizers
from keraunos.core import capture, dtype_policy
from keraunos.layers.build_signature import build_parameters, builds_nothing
from keraunos.util.serialization import serialize_keras_object


class LayerConfig:
    """Mixin of ``Layer``."""

    def get_config(self):
        """Arguments that make an equal layer, captured from the constructor.

        A class of your own whose constructor takes more than plain values should extend it.
        """
        args, kwargs = self._captured
        config = {"name": self.name, "trainable": self._trainable, "dtype": serialize_keras_object(self._dtype_policy)}
        for name, value in capture.bind(type(self), args, kwargs).items():
            if name in self._outside_config:
                continue
            if name in ("name", "trainable", "dtype", "activity_regularizer") and name in config:
                continue
            if (
                name in ("input_shape", "input_dim", "batch_input_shape", "batch_size", "weights")
                and name not in self._own_parameters()
            ):
                continue
            value = getattr(self, name, value)
            config[name] = capture.config_value(value)
        config.pop("activity_regularizer", None)
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    def _own_parameters(self):
        return {p.name for p in capture.init_signature(type(self))}

    @classmethod
    def from_config(cls, config):
        """A layer from ``get_config()``'s dict."""
        config = dict(config)
        if isinstance(config.get("dtype"), dict):
            config["dtype"] = dtype_policy.get(config["dtype"])
        try:
            return cls(**config)
        except TypeError as e:
            raise TypeError(
                f"{cls.__name__}.from_config: the configuration {config} does not fit its constructor: {e}"
            ) from e

    def get_build_config(self):
        """The shapes that it was built with, or None."""
        if self._build_shapes is None or (builds_nothing(type(self)) and not self._layers):
            return None  # without parts there is nothing to build
        shapes = self._build_shapes
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": {f"{k.removesuffix('_shape')}_shape": v for k, v in shapes.items()}}

    def build_from_config(self, config):
        """Build with the shapes of ``get_build_config()``."""
        if not config or self.built:
            return
        if "shapes_dict" in config:
            self.build(**{k: _as_shape(v) for k, v in config["shapes_dict"].items()})
        elif "input_shape" in config:
            shape = _as_shape(config["input_shape"])
            if (
                isinstance(shape, dict)
                and not builds_nothing(type(self))
                and len(build_parameters(type(self)) or ()) > 1
            ):
                self.build(**shape)
            else:
                self.build(shape)
        self.built = True


def _as_shape(value):
    """Shapes from JSON: lists of ints and None become tuples."""
    if isinstance(value, dict):
        return {k: _as_shape(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        if all(d is None or isinstance(d, int) for d in value):
            return tuple(value)
        return [_as_shape(v) for v in value]
    return value
