"""Metrics by name, class or configuration."""

from keraunos.metrics import probabilistic_metrics, regression_metrics
from keraunos.util import naming, registry
from keraunos.util.errors import describe, near
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

_MODULE = "keras.metrics"
_SHORT = {
    "bce": probabilistic_metrics.BinaryCrossentropy,
    "mae": regression_metrics.MeanAbsoluteError,
    "mse": regression_metrics.MeanSquaredError,
    "mape": regression_metrics.MeanAbsolutePercentageError,
    "msle": regression_metrics.MeanSquaredLogarithmicError,
}
_ALIASES = _SHORT | {name.upper(): cls for name, cls in _SHORT.items()}
_LOSSES = "keras.losses"  # functions that may be metrics too, where no class of that name is


def _classes():
    """Classes by name, in both spellings."""
    found = {}
    for name in registry.builtin_names(_MODULE):
        obj = registry.find_builtin(_MODULE, name)
        if isinstance(obj, type):
            found[name] = found[naming.to_snake_case(name)] = obj
    return found | _ALIASES


def check_name(name):
    """What a name means: a class or a function; an error for an unknown one.

    Functions of ``keras.losses`` that have no class here ("huber", "kld") count too.
    """
    found = registry.get_registered_object(name) or _classes().get(name) or registry.find_builtin(_MODULE, name)
    if found is None:
        found = registry.find_builtin(_LOSSES, {"kld": "kl_divergence", "KLD": "kl_divergence"}.get(name, name))
        found = None if isinstance(found, type) else found
    if found is None:
        names = sorted(_classes())
        raise ValueError(
            f"Unknown metric: {name!r}.{near(name, names)} A class or function of your own must be registered with "
            "@keras.saving.register_keras_serializable()."
        )
    return found


def get(identifier):
    """A metric from its name, class, configuration, or itself; any function is taken as it is, None is None.

    Raises ``ValueError`` for an unknown name, and for what can't be called.

    >>> import keraunos as keras
    >>> type(keras.metrics.get("mse")).__name__
    'MeanSquaredError'
    """
    if identifier is None:
        return None
    found = identifier
    if isinstance(identifier, dict):
        found = deserialize(identifier)
    elif isinstance(identifier, str):
        found = check_name(identifier)
    if isinstance(found, type):
        found = found()
    if not callable(found):
        raise ValueError(
            f"The metric must be a name, a function of (y_true, y_pred), a Metric or a configuration, got {describe(identifier)}."
        )
    return found


def serialize(metric):
    """The configuration of a metric.

    >>> import keraunos as keras
    >>> keras.metrics.serialize(keras.metrics.Mean(name="m"))["config"]
    {'name': 'm', 'dtype': 'float32'}
    """
    return serialize_keras_object(metric)


def deserialize(config, custom_objects=None):
    """A metric from its configuration or its name.

    >>> import keraunos as keras
    >>> keras.metrics.deserialize({"class_name": "Mean", "config": {"name": "m"}}).name
    'm'
    """
    if isinstance(config, str):
        with registry.CustomObjectScope(custom_objects):
            found = check_name(config)
            return found() if isinstance(found, type) else found
    return deserialize_keras_object(config, custom_objects=custom_objects, module=_MODULE)
