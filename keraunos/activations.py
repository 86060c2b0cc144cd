"""Activation functions, by name.

Most are the functions of ``keras.ops`` themselves; those here have arguments of their own.
"""

from keraunos.backend.dtypes import standardize_dtype
from keraunos.ops import activation as ops
from keraunos.ops.activation import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh_shrink,
    threshold,
)
from keraunos.ops.elementwise import exp, tanh
from keraunos.ops.op import op
from keraunos.util import registry
from keraunos.util.errors import describe, near
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

swish, hard_swish = silu, hard_silu


@op
def general_relu(xp, x, negative_slope=0.0, max_value=None, threshold=0.0):
    """``relu`` with all its arguments: max_value from there on, x above the threshold, a slope below."""
    if standardize_dtype(x.dtype) == "bool":
        x = xp.astype(x, "int32")
    zero = xp.zeros_like(x)
    below = negative_slope * (x - threshold)
    y = xp.where(x > threshold, x, xp.where(x < threshold, below, zero) if negative_slope else zero)
    return y if max_value is None else xp.where(y >= max_value, xp.full_like(x, max_value), y)


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """Rectified linear unit, with a slope, a ceiling and a threshold:

    max_value where x >= max_value, else x where x > threshold, else negative_slope · (x - threshold).

    The gradient is 0 at the threshold and at max_value; with a slope alone (a leaky unit) it is 1 at 0.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> keras.activations.relu([-10.0, -5.0, 0.0, 5.0, 10.0], negative_slope=0.5, max_value=6.0).tolist()
    [-5.0, -2.5, 0.0, 5.0, 6.0]
    """
    if max_value is None and threshold == 0:
        return ops.leaky_relu(x, negative_slope) if negative_slope else ops.relu(x)
    return general_relu(x, negative_slope, max_value, threshold)


def gelu(x, approximate=False):
    """Gaussian error linear unit, x · P(N(0, 1) <= x); ``approximate`` takes tanh for the distribution function.

    **Shape:** any, kept. Source: Hendrycks and Gimpel, 2016, https://arxiv.org/abs/1606.08415.

    >>> import keraunos as keras
    >>> [round(v, 3) for v in keras.activations.gelu([-1.0, 0.0, 1.0]).tolist()]
    [-0.159, 0.0, 0.841]
    """
    return ops.gelu(x, approximate)


def exponential(x):
    """e^x.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> keras.activations.exponential([0.0]).tolist()
    [1.0]
    """
    return exp(x)


def linear(x):
    """x.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> keras.activations.linear(3)
    3
    """
    return x


@op(promote="float")
def mish(xp, x):
    """x · tanh(softplus(x)).

    **Shape:** any, kept. Source: Misra, 2019, https://arxiv.org/abs/1908.08681.

    >>> import keraunos as keras
    >>> [round(v, 3) for v in keras.activations.mish([-1.0, 0.0, 1.0]).tolist()]
    [-0.303, 0.0, 0.865]
    """
    return x * xp.tanh(ops.softplus(x))


_FUNCTIONS = (
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid log_softmax mish "
    "relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus tanh "
    "tanh_shrink threshold"
).split()
_NAMES = {name: globals()[name] for name in _FUNCTIONS} | {"swish": silu, "hard_swish": hard_silu}
for _name, _function in _NAMES.items():
    registry.builtin("keras.activations", _name)(_function)
for _name in _FUNCTIONS:
    globals()[_name]._config_name = _name  # how configurations call it
ops.relu._config_name, ops.gelu._config_name = "relu", "gelu"


def get(identifier):
    """An activation from its name, configuration, or itself; any callable is taken as it is, None is ``linear``.

    Raises ``ValueError`` for an unknown name and for anything else.

    >>> import keraunos as keras
    >>> keras.activations.get("relu") is keras.activations.relu, keras.activations.get(None) is keras.activations.linear
    (True, True)
    """
    if identifier is None:
        return linear
    found = deserialize(identifier) if isinstance(identifier, (str, dict)) else identifier
    if isinstance(found, str):
        raise ValueError(
            f"Unknown activation: {found!r}.{near(found, _NAMES)} A function of your own must be registered with "
            "@keras.saving.register_keras_serializable()."
        )
    if not callable(found):
        raise ValueError(
            f"An activation must be a name such as 'relu', a configuration, a function or a layer, got {describe(identifier)}."
        )
    return found


def serialize(activation):
    """The configuration of an activation: its name when it is one of this module.

    >>> import keraunos as keras
    >>> keras.activations.serialize(keras.activations.swish)
    'silu'
    """
    name = getattr(activation, "_config_name", None)
    return serialize_keras_object(activation) if name is None else name


def deserialize(config, custom_objects=None):
    """An activation from its name or configuration; an unknown name comes back as it is."""
    if isinstance(config, str):
        return registry.get_registered_object(config, custom_objects, _NAMES) or config
    return deserialize_keras_object(config, custom_objects=custom_objects, module="keras.activations")
