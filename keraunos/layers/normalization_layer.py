"""Features brought to mean 0 and variance 1."""

import math

import numpy as np

from keraunos import ops
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.util import registry, settings


@registry.builtin("keras.layers")
class Normalization(Layer):
    """``(x - mean) / √variance`` for each feature, with mean and variance given, or learnt from data by ``adapt``.

    Args:
        axis: axis or axes that keep their own statistics; None: one mean and variance for all.
        mean, variance: statistics, instead of ``adapt``.
        invert: bring normalised values back: ``x·√variance + mean``.

    **Shape:** any to the same.

    >>> import numpy as np
    >>> import keraunos as keras
    >>> layer = keras.layers.Normalization()
    >>> layer.adapt(np.array([[1.0], [3.0]]))
    >>> layer(np.array([[1.0], [3.0]])).tolist()
    [[-1.0], [1.0]]
    """

    _row_wise = True

    def __init__(self, axis=-1, mean=None, variance=None, invert=False, **kwargs):
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ValueError(
                f"{who(self)}: mean and variance must be given together, got mean={mean!r}, variance={variance!r}."
            )
        if mean is not None:
            mean, variance = np.asarray(mean, "float32"), np.asarray(variance, "float32")
        self.input_mean, self.input_variance = mean, variance
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape):
        if input_shape is None:
            return
        rank = len(input_shape)
        axes = sorted(a + rank if a < 0 else a for a in self.axis)
        if any(a < 0 or a >= rank for a in axes) or len(set(axes)) < len(axes):
            raise ValueError(f"{who(self)}: axis {self.axis} does not fit inputs of shape {tuple(input_shape)}.")
        if any(input_shape[a] is None for a in axes):
            raise ValueError(
                f"{who(self)}: dimensions {self.axis} of the input must be known, got shape {tuple(input_shape)}."
            )
        self._kept = tuple(axes)
        self._reduced = tuple(a for a in range(rank) if a not in axes)
        shape = tuple(input_shape[a] for a in axes)
        self._broadcast = tuple(input_shape[a] if a in axes else 1 for a in range(rank))
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(name="mean", shape=shape, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(name="variance", shape=shape, initializer="ones", trainable=False)
            self.count = self.add_weight(name="count", shape=(), dtype="int32", initializer="zeros", trainable=False)
        self.built = True

    @property
    def mean(self):
        """The mean in force, broadcast to the input, or None before the layer is built."""
        return self._shown("adapt_mean", self.input_mean)

    @property
    def variance(self):
        """The variance in force, broadcast to the input, or None before the layer is built."""
        return self._shown("adapt_variance", self.input_variance)

    def _shown(self, name, given):
        if not self.built:
            return None
        if given is not None:
            return ops.broadcast_to(ops.reshape(given, self._given_shape(given)), self._broadcast)
        return ops.reshape(getattr(self, name), self._broadcast)

    def _given_shape(self, given):
        return self._broadcast if given.size == math.prod(self._broadcast) else (1,) * len(self._broadcast)

    def adapt(self, data):
        """Learn mean and variance from data: an array, or an iterable of batches of arrays."""
        if self.input_mean is not None:
            raise ValueError(f"{who(self)}: adapt can't be called when mean and variance were given.")
        total = n = square = None
        for batch in [data] if hasattr(data, "shape") or isinstance(data, (list, tuple)) else data:
            batch = np.asarray(batch[0] if isinstance(batch, tuple) else batch)
            if not batch.size:
                continue
            if not self.built:
                self.build(batch.shape if batch.ndim > 1 else (*batch.shape, 1)[: max(batch.ndim, 1)])
            if total is None:
                total, square, n = 0.0, 0.0, 0
            wide = batch.astype("float64")
            count = math.prod(batch.shape[a] for a in self._reduced)
            mean = wide.mean(axis=self._reduced)
            spread = ((wide - wide.mean(axis=self._reduced, keepdims=True)) ** 2).sum(axis=self._reduced)
            delta = mean - (total / n if n else 0.0)
            square = square + spread + (delta**2 * n * count / (n + count) if n else 0.0)
            total, n = total + mean * count, n + count
        if not n:
            raise ValueError(f"{who(self)}: adapt needs at least one sample.")
        self.adapt_mean.assign(np.asarray(total / n, "float32"))
        self.adapt_variance.assign(np.asarray(square / n, "float32"))

    def finalize_state(self):
        """Kept for compatibility: the statistics are read when they are used."""

    def call(self, inputs):
        x = ops.cast(inputs, self.compute_dtype)
        mean = ops.cast(self.mean, self.compute_dtype)
        deviation = ops.maximum(ops.sqrt(ops.cast(self.variance, self.compute_dtype)), settings.epsilon())
        return x * deviation + mean if self.invert else (x - mean) / deviation

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = super().get_config()
        for name, value in (("mean", self.input_mean), ("variance", self.input_variance)):
            config[name] = None if value is None else np.asarray(value).tolist()
        return config
