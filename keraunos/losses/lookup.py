"""Losses by name, class or configuration."""

from keraunos.losses import regression
from keraunos.losses.crossentropy import binary_crossentropy
from keraunos.util import registry
from keraunos.util.errors import describe, near
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

_MODULE = "keras.losses"
_SHORT = {
    "bce": binary_crossentropy,
    "kld": regression.kl_divergence,
    "mae": regression.mean_absolute_error,
    "mse": regression.mean_squared_error,
    "mape": regression.mean_absolute_percentage_error,
    "msle": regression.mean_squared_logarithmic_error,
}
_ALIASES = _SHORT | {name.upper(): fn for name, fn in _SHORT.items()}


def get(identifier):
    """A loss from its name, class, configuration, or itself; None is None.

    A name in snake case ("mse", "huber") gives the function, a class's name ("Huber") an instance.

    Raises ``ValueError`` for an unknown name, and for what can't be called.

    >>> import keraunos as keras
    >>> keras.losses.get("mse").__name__, type(keras.losses.get("Huber")).__name__
    ('mean_squared_error', 'Huber')
    """
    if identifier is None:
        return None
    found = identifier
    if isinstance(identifier, dict):
        found = deserialize(identifier)
    elif isinstance(identifier, str):
        found = _named(identifier)
    if isinstance(found, type):
        found = found()
    if not callable(found):
        raise ValueError(
            f"The loss must be a name, a function of (y_true, y_pred), a Loss or a configuration, got {describe(identifier)}."
        )
    return found


def _named(name):
    found = registry.get_registered_object(name) or _ALIASES.get(name) or registry.find_builtin(_MODULE, name)
    if found is None:
        names = [*registry.builtin_names(_MODULE), *_ALIASES]
        raise ValueError(
            f"Unknown loss: {name!r}.{near(name, names)} A class or function of your own must be registered with "
            "@keras.saving.register_keras_serializable()."
        )
    return found


def serialize(loss):
    """The configuration of a loss.

    >>> import keraunos as keras
    >>> keras.losses.serialize(keras.losses.Huber(delta=2.0))["config"]["delta"]
    2.0
    """
    return serialize_keras_object(loss)


def deserialize(name, custom_objects=None):
    """A loss from its configuration or its name.

    >>> import keraunos as keras
    >>> keras.losses.deserialize("mse").__name__
    'mean_squared_error'
    """
    if isinstance(name, str):
        with registry.CustomObjectScope(custom_objects):
            return _named(name)
    return deserialize_keras_object(name, custom_objects=custom_objects, module=_MODULE)
