"""Normalisation of each sample by itself."""

import warnings

from keraunos import constraints, initializers, ops, regularizers
from keraunos.layers.activation_layers import Elementwise
from keraunos.layers.input_spec import InputSpec, who
from keraunos.util import registry


class AlongAxes(Elementwise):
    """Base of layers that normalise along an axis or several."""

    def _init_axis(self, axis):
        if not isinstance(axis, int) and not (
            isinstance(axis, (list, tuple)) and all(isinstance(a, int) for a in axis)
        ):
            raise TypeError(f"{who(self)}: axis must be an integer or a list of integers, got {axis!r}.")
        self.axis = axis if isinstance(axis, int) else list(axis)

    def _places(self, input_shape):
        """The axes, sorted and not negative."""
        rank = len(input_shape)
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        if any(not -rank <= a < rank for a in axes):
            raise ValueError(
                f"{who(self)}: axis {self.axis} is out of range for an input of shape {tuple(input_shape)}."
            )
        places = sorted({a % rank for a in axes})
        self._row_wise = 0 not in places
        return places

    def _sizes(self, input_shape):
        """The shape of the weights."""
        sizes = tuple(input_shape[a] for a in self._places(input_shape))
        if None in sizes:
            raise ValueError(
                f"{who(self)}: the sizes along axis {self.axis} must be known, got shape {tuple(input_shape)}."
            )
        self.axis = (
            [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        )  # as Keras writes it once it is built
        return sizes


@registry.builtin("keras.layers")
class LayerNormalization(AlongAxes):
    """(x - mean) / sqrt(variance + epsilon) · gamma + beta, mean and variance of each sample along ``axis``.

    Args:
        axis: an int, or several; gamma and beta have the shape of the input along them.
        epsilon: added to the variance.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer: how the weights begin.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: penalties and projections.

    **Shape:** any, kept. Source: Ba et al., 2016, https://arxiv.org/abs/1607.06450.

    >>> import keraunos as keras
    >>> keras.layers.LayerNormalization(epsilon=0.0)(keras.ops.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        axis=-1,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
        rms_scaling = kwargs.pop("rms_scaling", False)
        super().__init__(**kwargs)
        self._init_axis(axis)
        self.epsilon = epsilon
        self.center, self.scale = center, scale
        self.rms_scaling = rms_scaling
        if rms_scaling:
            warnings.warn(
                f"{who(self)}: rms_scaling=True divides by the standard deviation without taking the mean off, for old files; use "
                "RMSNormalization.",
                stacklevel=2,
            )
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape):
        shape = self._sizes(input_shape)
        self.gamma = self.beta = None
        if self.scale or self.rms_scaling:
            self.gamma = _add(self, "gamma", shape)
        if self.center and not self.rms_scaling:
            self.beta = _add(self, "beta", shape)

    def call(self, inputs):
        if not self.rms_scaling:
            return ops.layer_normalization(inputs, self.gamma, self.beta, axis=self.axis, epsilon=self.epsilon)
        places = tuple(self._places(inputs.shape))
        x = ops.cast(inputs, "float32")
        x = x / ops.sqrt(ops.var(x, axis=places, keepdims=True) + self.epsilon)
        sizes = [n if i in places else 1 for i, n in enumerate(inputs.shape)]
        return ops.cast(x * ops.reshape(self.gamma, sizes), self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "rms_scaling": self.rms_scaling}


def _add(layer, name, shape):
    """A weight gamma or beta: initializer, regularizer and constraint are attributes named after it."""
    return layer.add_weight(
        name=name,
        shape=shape,
        initializer=getattr(layer, f"{name}_initializer"),
        regularizer=getattr(layer, f"{name}_regularizer"),
        constraint=getattr(layer, f"{name}_constraint"),
        autocast=False,
    )


@registry.builtin("keras.layers")
class GroupNormalization(Elementwise):
    """Normalisation of each sample by mean and variance of each of ``groups`` runs of channels, over all positions.

    Args:
        groups: number of runs, which divides the channels; 1: all together; -1: each channel by itself.
        axis: of the channels.
        epsilon: added to the variance.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer: how the weights begin.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: penalties and projections.

    **Shape:** any, kept. Source: Wu and He, 2018, https://arxiv.org/abs/1803.08494.

    Raises:
        ValueError: ``groups`` does not divide the channels.

    >>> import keraunos as keras
    >>> keras.layers.GroupNormalization(groups=2, epsilon=0.0)(keras.ops.array([[1.0, 3.0, 5.0, 9.0]])).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        groups=32,
        axis=-1,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(groups, int) or groups < 1 and groups != -1:
            raise ValueError(f"{who(self)}: groups must be a positive integer or -1, got {groups!r}.")
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape):
        n = input_shape[self.axis]
        if n is None:
            raise ValueError(f"{who(self)}: the number of channels must be known, got shape {tuple(input_shape)}.")
        if self.groups == -1:
            self.groups = n
        if n % self.groups:
            raise ValueError(
                f"{who(self)}: groups ({self.groups}) must divide the {n} channels of the input {tuple(input_shape)}."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: n})
        self.gamma = _add(self, "gamma", (n,)) if self.scale else None
        self.beta = _add(self, "beta", (n,)) if self.center else None

    def call(self, inputs):
        return ops.group_normalization(inputs, self.gamma, self.beta, self.groups, axis=self.axis, epsilon=self.epsilon)


@registry.builtin("keras.layers")
class RMSNormalization(AlongAxes):
    """x / sqrt(mean of x² + epsilon) · scale, the mean of each sample along ``axis``.

    Args:
        axis: an int, or several; scale has the shape of the input along them.
        epsilon: added to the mean square.

    **Shape:** any, kept. Source: Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467.

    >>> import keraunos as keras
    >>> [round(v, 3) for v in keras.layers.RMSNormalization()(keras.ops.array([[1.0, 7.0]]))[0].tolist()]
    [0.2, 1.4]
    """

    def __init__(self, axis=-1, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self._init_axis(axis)
        self.axis = axis
        self.supports_masking = False  # as in Keras, where a mask ends here
        self.epsilon = epsilon

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=self._sizes(input_shape), initializer="ones", autocast=False)

    def call(self, inputs):
        return ops.rms_normalization(inputs, scale=self.scale, axis=self.axis, epsilon=self.epsilon)


@registry.builtin("keras.layers")
class UnitNormalization(AlongAxes):
    """Each sample divided by its length along ``axis``, so that the sum of squares is 1.

    Args:
        axis: an int, or several.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> [round(v, 3) for v in keras.layers.UnitNormalization()(keras.ops.array([[3.0, 4.0]]))[0].tolist()]
    [0.6, 0.8]
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self._init_axis(axis)

    def build(self, input_shape):
        self._places(input_shape)

    def call(self, inputs):
        axis = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        return ops.normalize(inputs, axis=axis, order=2, epsilon=1e-12)
