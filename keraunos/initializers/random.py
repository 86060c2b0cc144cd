"""Initializers that draw."""

import math

import numpy as np

from keraunos.backend import dispatch
from keraunos.initializers.initializer import Initializer, from_host
from keraunos.random import distributions
from keraunos.random.seed import SeedGenerator, check_seed, make_default_seed
from keraunos.util import registry
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


class RandomInitializer(Initializer):
    """The base of initializers that draw.

    Args:
        seed: an integer: the same numbers at each call; a ``SeedGenerator``: others at each call; None: an integer drawn now.
    """

    def __init__(self, seed=None):
        self._given_seed = seed
        if isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        if seed is None:
            self.seed = make_default_seed()
        else:
            self.seed = seed if isinstance(seed, SeedGenerator) else check_seed(seed, type(self).__name__)

    def get_config(self):
        return {**super().get_config(), "seed": serialize_keras_object(self._given_seed)}


@registry.builtin("keras.initializers")
class RandomNormal(RandomInitializer):
    """Normal random numbers.

    Args:
        mean, stddev: of the distribution.
        seed: integer, ``SeedGenerator``, or None.

    >>> import keraunos as keras
    >>> keras.initializers.RandomNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        return distributions.normal(shape, self.mean, self.stddev, dtype, self.seed)


@registry.builtin("keras.initializers")
class TruncatedNormal(RandomInitializer):
    """Normal random numbers within two standard deviations of the mean.

    Args:
        mean, stddev: of the distribution before it is truncated.
        seed: integer, ``SeedGenerator``, or None.

    >>> import keraunos as keras
    >>> bool((abs(keras.initializers.TruncatedNormal(seed=1)((100,))) <= 0.1).all())
    True
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        return distributions.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


@registry.builtin("keras.initializers")
class RandomUniform(RandomInitializer):
    """Uniform random numbers in [minval, maxval).

    Args:
        minval, maxval: the bounds.
        seed: integer, ``SeedGenerator``, or None.

    >>> import keraunos as keras
    >>> bool((abs(keras.initializers.RandomUniform(seed=1)((100,))) <= 0.05).all())
    True
    """

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        self.minval = minval
        self.maxval = maxval
        super().__init__(seed)

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        return distributions.uniform(shape, self.minval, self.maxval, dtype, self.seed)


# The standard deviation of a standard normal variable that is kept within (-2, 2).
_TRUNCATED_STDDEV = 0.87962566103423978
_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


@registry.builtin("keras.initializers")
class VarianceScaling(RandomInitializer):
    """Random numbers of mean 0 and variance scale / n, where n is the number of inputs or outputs of a unit.

    Args:
        scale: positive factor of the variance.
        mode: which n: "fan_in", "fan_out", or "fan_avg", the mean of both.
        distribution: "truncated_normal", "untruncated_normal" or "uniform" (within ±√(3 · variance)).
        seed: integer, ``SeedGenerator``, or None.
        input_axes, output_axes: axes of the shape whose product is the number of inputs and of outputs. By default the last two
            axes are input and output, and those before them (the extent of a convolution) count for both.

    Raises ``ValueError`` for another mode or distribution, or a scale that isn't positive.

    >>> import keraunos as keras
    >>> bool((abs(keras.initializers.VarianceScaling(1.0, distribution="uniform", seed=1)((3, 100))) <= 1).all())
    True
    """

    def __init__(
        self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None, input_axes=None, output_axes=None
    ):
        distribution = {"normal": "truncated_normal"}.get(distribution.lower(), distribution.lower())
        if not scale > 0:
            raise ValueError(f"{type(self).__name__}: scale must be positive, got {scale!r}.")
        for name, value, allowed in (("mode", mode, _MODES), ("distribution", distribution, _DISTRIBUTIONS)):
            if value not in allowed:
                raise ValueError(f"{type(self).__name__}: {name} must be one of {allowed}, got {value!r}.")
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes
        super().__init__(seed)

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return distributions.uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return distributions.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        stddev = math.sqrt(variance) / _TRUNCATED_STDDEV
        return distributions.truncated_normal(shape, 0.0, stddev, dtype, self.seed)


def fans(shape, input_axes=None, output_axes=None):
    """(number of inputs, number of outputs) of a unit whose weights have this shape.

    >>> from keraunos.initializers.random import fans
    >>> fans((3, 3, 16, 32)), fans((10, 4)), fans((7,)), fans((4, 5, 6), (0,), (1, 2))
    ((144, 288), (10, 4), (7, 7), (4, 30))
    """
    if input_axes is not None and output_axes is not None:
        try:
            return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
        except (TypeError, IndexError) as e:
            raise ValueError(
                f"input_axes and output_axes must be sequences of axes of the shape {shape}, got {input_axes!r} and {output_axes!r}."
            ) from e
    if len(shape) < 2:
        n = math.prod(shape)
        return n, n
    extent = math.prod(shape[:-2])
    return extent * shape[-2], extent * shape[-1]


@registry.builtin("keras.initializers")
class GlorotUniform(VarianceScaling):
    """Uniform in ±√(6 / (inputs + outputs)).

    Args:
        seed, input_axes, output_axes: see ``VarianceScaling``.

    Source: Glorot and Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html.

    >>> import keraunos as keras
    >>> keras.initializers.GlorotUniform(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_avg", "uniform", seed, input_axes, output_axes)


@registry.builtin("keras.initializers")
class GlorotNormal(VarianceScaling):
    """Truncated normal of variance 2 / (inputs + outputs).

    Args:
        seed, input_axes, output_axes: see ``VarianceScaling``.

    Source: Glorot and Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html.

    >>> import keraunos as keras
    >>> keras.initializers.GlorotNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, input_axes, output_axes)


@registry.builtin("keras.initializers")
class HeUniform(VarianceScaling):
    """Uniform in ±√(6 / inputs).

    Args:
        seed, input_axes, output_axes: see ``VarianceScaling``.

    Source: He et al., 2015, https://arxiv.org/abs/1502.01852.

    >>> import keraunos as keras
    >>> keras.initializers.HeUniform(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(2.0, "fan_in", "uniform", seed, input_axes, output_axes)


@registry.builtin("keras.initializers")
class HeNormal(VarianceScaling):
    """Truncated normal of variance 2 / inputs.

    Args:
        seed, input_axes, output_axes: see ``VarianceScaling``.

    Source: He et al., 2015, https://arxiv.org/abs/1502.01852.

    >>> import keraunos as keras
    >>> keras.initializers.HeNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


@registry.builtin("keras.initializers")
class LecunUniform(VarianceScaling):
    """Uniform in ±√(3 / inputs).

    Args:
        seed, input_axes, output_axes: see ``VarianceScaling``.

    Source: LeCun et al., 1998, Efficient BackProp.

    >>> import keraunos as keras
    >>> keras.initializers.LecunUniform(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_in", "uniform", seed, input_axes, output_axes)


@registry.builtin("keras.initializers")
class LecunNormal(VarianceScaling):
    """Truncated normal of variance 1 / inputs.

    Args:
        seed, input_axes, output_axes: see ``VarianceScaling``.

    Source: LeCun et al., 1998, Efficient BackProp.

    >>> import keraunos as keras
    >>> keras.initializers.LecunNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


@registry.builtin("keras.initializers")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal rows or columns (whichever are fewer), times a gain: Q of the QR decomposition.

    Args:
        gain: factor.
        seed: integer, ``SeedGenerator``, or None.

    **Shape:** (..., columns); the dimensions before the last are taken together as rows.

    Raises ``ValueError`` for fewer than two dimensions. Source: Saxe et al., 2014, https://arxiv.org/abs/1312.6120.

    >>> import keraunos as keras
    >>> q = keras.initializers.Orthogonal(seed=1)((3, 2))
    >>> (abs(q.T @ q).round(4)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, gain=1.0, seed=None):
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape, dtype=None):
        shape, dtype = self._checked(shape, dtype)
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: shape must have at least two dimensions, got {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = distributions.normal((max(rows, columns), min(rows, columns)), dtype=dtype, seed=self.seed)
        # On the host: LAPACK's numbers on every engine, and no program to compile.
        drawn = dispatch.to_host(drawn)
        q, r = np.linalg.qr(drawn.astype(np.float32) if drawn.dtype.itemsize < 4 else drawn)
        q *= np.sign(np.diag(r))  # makes the decomposition unique
        q = q.T if rows < columns else q
        return from_host(np.ascontiguousarray(self.gain * q.reshape(shape)), dtype)
