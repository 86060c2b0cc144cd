"""Noise in training: layers that do nothing otherwise."""

import math

from keraunos import ops, random, regularizers
from keraunos.layers.activation_layers import Elementwise
from keraunos.layers.input_spec import InputSpec, who
from keraunos.util import registry
from keraunos.util.settings import standardize_data_format


class Noise(Elementwise):
    """Base of the layers here: a share ``rate`` and a generator, which there is only when the rate is not 0."""

    def _init_rate(self, rate, seed, name="rate"):
        if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise ValueError(f"{who(self)}: {name} must be a number between 0 and 1, got {rate!r}.")
        self._init_seed(rate, seed)
        return rate

    def _init_seed(self, strength, seed):
        self.seed = seed
        if strength > 0:
            self.seed_generator = random.SeedGenerator(seed)


def _check_noise_shape(layer, noise_shape):
    if noise_shape is None:
        return None
    fits = isinstance(noise_shape, (tuple, list)) and all(
        n is None or isinstance(n, int) and n > 0 for n in noise_shape
    )
    if not fits:
        raise ValueError(
            f"{who(layer)}: noise_shape must be a tuple of positive integers and None (the input's own dimension), got {noise_shape!r}."
        )
    return tuple(noise_shape)


@registry.builtin("keras.layers")
class Dropout(Noise):
    """In training, a share of the inputs becomes 0 and the others are divided by 1 - rate.

    Args:
        rate: share of zeros, from 0 to 1.
        noise_shape: shape of the choice, broadcast to the input; (None, 1, None) drops the same features at all steps.
        seed: integer, or None.

    Call arguments: ``training``, whether to drop at all.

    **Shape:** any, kept. Source: Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html.

    >>> import keraunos as keras
    >>> keras.layers.Dropout(0.5)(keras.ops.ones((2,)), training=False).tolist()
    [1.0, 1.0]
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = self._init_rate(rate, seed)
        self.noise_shape = _check_noise_shape(self, noise_shape)

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        return random.dropout(inputs, self.rate, noise_shape=self._noise_shape(inputs), seed=self.seed_generator)

    def _noise_shape(self, inputs):
        return self.noise_shape


class SpatialDropout(Dropout):
    """Base of the layers that drop whole feature maps; ``rank`` is the number of spatial dimensions."""

    rank = None

    def __init__(self, rate, data_format=None, seed=None, name=None, dtype=None, **kwargs):
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)
        self.data_format = standardize_data_format(data_format, who(self))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _noise_shape(self, inputs):
        batch, *rest = inputs.shape
        ones = (1,) * self.rank
        return (batch, rest[0], *ones) if self.data_format == "channels_first" else (batch, *ones, rest[-1])

    def get_config(self):
        config = super().get_config()
        del config["trainable"]  # the constructor does not take it
        return config if self.compute_dtype != self.dtype else {**config, "dtype": self.dtype}


@registry.builtin("keras.layers")
class SpatialDropout1D(SpatialDropout):
    """In training, a share of the features becomes 0 at all steps of a sequence, and the others are divided by 1 - rate.

    Args:
        rate: share of zeros, from 0 to 1.
        seed: integer, or None.

    **Shape:** ``(batch, steps, features)``, kept. Source: Tompson et al., 2014, https://arxiv.org/abs/1411.4280.

    >>> import keraunos as keras
    >>> y = keras.layers.SpatialDropout1D(0.5, seed=1)(keras.ops.ones((1, 3, 8)), training=True)
    >>> bool((y[:, 0] == y[:, 1]).all())
    True
    """

    rank = 1

    def __init__(self, rate, seed=None, name=None, dtype=None):
        super().__init__(rate, "channels_last", seed, name, dtype)


@registry.builtin("keras.layers")
class SpatialDropout2D(SpatialDropout):
    """In training, a share of the channels of an image becomes 0, and the others are divided by 1 - rate.

    Args:
        rate: share of zeros, from 0 to 1.
        data_format: "channels_last" or "channels_first"; None: ``keras.config.image_data_format()``.
        seed: integer, or None.

    **Shape:** ``(batch, height, width, channels)`` or ``(batch, channels, height, width)``, kept.
    Source: Tompson et al., 2014, https://arxiv.org/abs/1411.4280.

    >>> import keraunos as keras
    >>> keras.layers.SpatialDropout2D(0.5)(keras.ops.ones((1, 4, 4, 8)), training=True).shape
    (1, 4, 4, 8)
    """

    rank = 2

    def __init__(self, rate, data_format=None, seed=None, name=None, dtype=None):
        super().__init__(rate, data_format, seed, name, dtype)


@registry.builtin("keras.layers")
class SpatialDropout3D(SpatialDropout):
    """In training, a share of the channels of a volume becomes 0, and the others are divided by 1 - rate.

    Args:
        rate, data_format, seed: see ``SpatialDropout2D``.

    **Shape:** ``(batch, d1, d2, d3, channels)`` or ``(batch, channels, d1, d2, d3)``, kept.
    Source: Tompson et al., 2014, https://arxiv.org/abs/1411.4280.

    >>> import keraunos as keras
    >>> keras.layers.SpatialDropout3D(0.5)(keras.ops.ones((1, 4, 4, 4, 8)), training=True).shape
    (1, 4, 4, 4, 8)
    """

    rank = 3

    def __init__(self, rate, data_format=None, seed=None, name=None, dtype=None):
        super().__init__(rate, data_format, seed, name, dtype)


@registry.builtin("keras.layers")
class GaussianNoise(Noise):
    """In training, normal noise of mean 0 is added.

    Args:
        stddev: its standard deviation.
        seed: integer, or None.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> keras.layers.GaussianNoise(0.1)(keras.ops.ones((2, 3)), training=True).shape
    (2, 3)
    """

    def __init__(self, stddev, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.stddev = self._init_rate(stddev, seed, "stddev")

    def call(self, inputs, training=False):
        if not training or self.stddev == 0:
            return inputs
        noise = random.normal(inputs.shape, stddev=self.stddev, dtype=self.compute_dtype, seed=self.seed_generator)
        return inputs + noise


@registry.builtin("keras.layers")
class GaussianDropout(Noise):
    """In training, the inputs are multiplied by normal noise of mean 1 and standard deviation sqrt(rate / (1 - rate)).

    Args:
        rate: as in ``Dropout``, whose noise has the same variance.
        seed: integer, or None.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> keras.layers.GaussianDropout(0.5)(keras.ops.ones((2, 3)), training=True).shape
    (2, 3)
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = self._init_rate(rate, seed)
        if rate == 1:
            raise ValueError(f"{who(self)}: rate must be less than 1, where the noise is infinite, got {rate!r}.")

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        stddev = math.sqrt(self.rate / (1 - self.rate))
        return inputs * random.normal(inputs.shape, 1.0, stddev, dtype=self.compute_dtype, seed=self.seed_generator)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@registry.builtin("keras.layers")
class AlphaDropout(Noise):
    """In training, a share of the inputs takes the least value of ``selu``; mean and variance stay.

    Args:
        rate: the share.
        noise_shape: see ``Dropout``.
        seed: integer, or None.

    **Shape:** any, kept. Source: Klambauer et al., 2017, https://arxiv.org/abs/1706.02515.

    >>> import keraunos as keras
    >>> keras.layers.AlphaDropout(0.5)(keras.ops.ones((2, 3)), training=True).shape
    (2, 3)
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = self._init_rate(rate, seed)
        self.noise_shape = _check_noise_shape(self, noise_shape)

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        shape = self.noise_shape or (None,) * len(inputs.shape)
        shape = tuple(n if m is None else m for m, n in zip(shape, inputs.shape, strict=True))
        kept = ops.greater_equal(random.uniform(shape, seed=self.seed_generator), self.rate)
        least = -_SELU_ALPHA * _SELU_SCALE
        factor = ((1 - self.rate) * (1 + self.rate * least**2)) ** -0.5
        return factor * ops.where(kept, inputs, ops.cast(least, inputs.dtype)) - factor * least * self.rate


@registry.builtin("keras.layers")
class ActivityRegularization(Elementwise):
    """The input itself, whose size is penalised: l1 · sum of |x| + l2 · sum of x², by the batch size.

    Args:
        l1, l2: the factors.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> layer = keras.layers.ActivityRegularization(l1=0.5)
    >>> _ = layer(keras.ops.array([[-2.0, 2.0]]))
    >>> [float(v) for v in layer.losses]
    [2.0]
    """

    def __init__(self, l1=0.0, l2=0.0, **kwargs):
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def call(self, inputs):
        return inputs

    def get_config(self):
        config = super().get_config()
        del config["activity_regularizer"]
        return config
