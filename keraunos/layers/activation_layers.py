"""Activations as layers."""

import warnings

from keraunos import activations, constraints, initializers, ops, regularizers
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.layer import Layer
from keraunos.util import registry

_HIDDEN = {"float16": -3e4}  # added where a mask is False; -1e9 elsewhere


class Elementwise(Layer):
    """Base of layers that keep shape and masks."""

    _row_wise = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


def _not_below(layer, argument, value, least=0):
    if not isinstance(value, (int, float)) or value < least:
        raise ValueError(f"{who(layer)}: {argument} must be a number not below {least}, got {value!r}.")
    return value


@registry.builtin("keras.layers")
class Activation(Elementwise):
    """An activation function as a layer.

    Args:
        activation: name or function.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> keras.layers.Activation("relu")(keras.ops.array([-3.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]
    """

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs):
        return self.activation(inputs)


@registry.builtin("keras.layers")
class ReLU(Elementwise):
    """Rectified linear unit with a ceiling, a slope below and a threshold (see ``keras.activations.relu``).

    Args:
        max_value: ceiling, None: none.
        negative_slope: slope below the threshold.
        threshold: from there on the output is the input.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> keras.layers.ReLU(max_value=1.0)(keras.ops.array([-3.0, 0.5, 2.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **kwargs):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_below(self, "max_value", max_value)
        self.negative_slope = _not_below(self, "negative_slope", negative_slope)
        self.threshold = _not_below(self, "threshold", threshold)

    def call(self, inputs):
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@registry.builtin("keras.layers")
class LeakyReLU(Elementwise):
    """x where x >= 0, else negative_slope · x.

    Args:
        negative_slope: slope below 0.

    **Shape:** any, kept. Source: Maas et al., 2013.

    >>> import keraunos as keras
    >>> keras.layers.LeakyReLU(0.5)(keras.ops.array([-3.0, 2.0])).tolist()
    [-1.5, 2.0]
    """

    _outside_config = ("alpha",)

    def __init__(self, negative_slope=0.3, **kwargs):
        alpha = kwargs.pop("alpha", None)
        super().__init__(**kwargs)
        if alpha is not None:
            warnings.warn(f"{who(self)}: alpha is the former name of negative_slope.", stacklevel=2)
            negative_slope = alpha
        self.negative_slope = _not_below(self, "negative_slope", negative_slope)

    def call(self, inputs):
        return ops.leaky_relu(inputs, negative_slope=self.negative_slope)


@registry.builtin("keras.layers")
class PReLU(Elementwise):
    """x where x >= 0, else alpha · x, with a learned alpha for each feature.

    Args:
        alpha_initializer, alpha_regularizer, alpha_constraint: for alpha.
        shared_axes: axes (from 1) along which alpha is one; for images usually [1, 2].

    **Shape:** any, kept. Source: He et al., 2015, https://arxiv.org/abs/1502.01852.

    >>> import keraunos as keras
    >>> keras.layers.PReLU("ones")(keras.ops.array([[-3.0, 2.0]])).tolist()
    [[-3.0, 2.0]]
    """

    def __init__(
        self, alpha_initializer="Zeros", alpha_regularizer=None, alpha_constraint=None, shared_axes=None, **kwargs
    ):
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if axes is None else list(axes)

    def build(self, input_shape):
        shared = {a % len(input_shape) for a in self.shared_axes or ()}
        shape = [1 if i in shared else n for i, n in enumerate(input_shape)][1:]
        if None in shape:
            raise ValueError(
                f"{who(self)}: there is an alpha for each feature, so all dimensions but the batch must be known or among "
                f"shared_axes, got input shape {tuple(input_shape)} and shared_axes {self.shared_axes}."
            )
        self.alpha = self.add_weight(
            name="alpha",
            shape=shape,
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        axes = {i: n for i, n in enumerate(input_shape) if i and i not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs):
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)


@registry.builtin("keras.layers")
class ELU(Elementwise):
    """x where x > 0, else alpha · (e^x - 1).

    Args:
        alpha: minus the limit at -∞.

    **Shape:** any, kept. Source: Clevert et al., 2015, https://arxiv.org/abs/1511.07289.

    >>> import keraunos as keras
    >>> keras.layers.ELU()(keras.ops.array([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, alpha=1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs):
        return activations.elu(inputs, alpha=self.alpha)


@registry.builtin("keras.layers")
class Softmax(Elementwise):
    """e^x divided by its sum along an axis.

    Args:
        axis: an int, or several that are normalised together.

    Call arguments: ``mask``, booleans like the input: where it is False the output is 0 and the input does not count.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> keras.layers.Softmax()(keras.ops.array([0.0, 0.0, 9.0]), mask=[True, True, False]).tolist()
    [0.5, 0.5, 0.0]
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape):
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        self._row_wise = not any(a in (0, -len(input_shape)) for a in axes)

    def call(self, inputs, mask=None):
        if mask is not None:
            mask = ops.cast(mask, inputs.dtype)
            hidden = ops.multiply(ops.subtract(1.0, mask), _HIDDEN.get(ops.dtype(inputs), -1e9))
            inputs = ops.add(inputs, hidden)
        if isinstance(self.axis, int):
            y = ops.softmax(inputs, axis=self.axis)
        else:
            y = ops.exp(ops.subtract(inputs, ops.logsumexp(inputs, axis=tuple(self.axis), keepdims=True)))
        return y if mask is None else ops.multiply(y, mask)
