"""Random arrays. The same seed gives the same numbers on every engine, and those of Keras on JAX.

``seed`` is an integer (the same numbers at each call), a ``SeedGenerator`` (others at each call), or None (the global
generator, see ``keras.utils.set_random_seed``).
"""

import operator

from keraunos.backend import dispatch
from keraunos.backend.dtypes import is_float_dtype, is_int_dtype, standardize_dtype
from keraunos.random.seed import draw_seed
from keraunos.util.errors import describe


def _engine(who, key, *values):
    """The engine that draws, and the arrays among ``values`` on it."""
    if any(hasattr(v, "__keraunos_symbolic__") for v in values):
        raise TypeError(
            f"keras.random.{who} takes no symbolic tensors, as a graph has no place for the seed's state. Use a layer "
            "(keras.layers.Dropout, or your own with a SeedGenerator)."
        )
    engine = dispatch.engine_of(key, *values, who=who)
    return engine, [_operand(engine, v) for v in values]


def _operand(engine, value):
    if isinstance(value, (int, float)):
        return value
    return engine.asarray(value.__keraunos_value__() if hasattr(value, "__keraunos_value__") else value)


def _shape(shape, who):
    shape = (shape,) if isinstance(shape, int) else shape
    try:
        found = tuple(operator.index(n) for n in shape)
    except TypeError:
        raise TypeError(f"{who}: shape must be integers, all of them known, got {shape!r}.") from None
    if any(n < 0 for n in found):
        raise ValueError(f"{who}: no dimension of shape may be negative, got {found}.")
    return found


def _float(dtype, who):
    name = standardize_dtype(dtype)
    if not is_float_dtype(name) or "float8" in name:
        raise ValueError(f"{who}: dtype must be a float type, got {name!r}.")
    return name


def _scaled(engine, x, mean, stddev):
    """x · stddev + mean, in the dtype of x."""
    dtype = x.dtype
    if not (isinstance(stddev, (int, float)) and stddev == 1):
        x = x * stddev
    if not (isinstance(mean, (int, float)) and mean == 0):
        x = x + mean
    return x if x.dtype == dtype else engine.xp.astype(x, dtype)


def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normal (Gaussian) random numbers.

    **Shape:** out ``shape``; mean and stddev broadcast to it.

    Raises ``ValueError`` for a dtype that isn't a float type.

    >>> import keraunos as keras
    >>> keras.random.normal((2, 3), seed=1).shape
    (2, 3)
    """
    name, shape = _float(dtype, "normal"), _shape(shape, "normal")
    key = draw_seed(seed)
    engine, (mean, stddev) = _engine("normal", key, mean, stddev)
    return _scaled(engine, engine.random.normal(key, shape, name), mean, stddev)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normal random numbers given that they fall within two standard deviations of the mean.

    **Shape:** out ``shape``; mean and stddev broadcast to it.

    Raises ``ValueError`` for a dtype that isn't a float type.

    >>> import keraunos as keras
    >>> bool((abs(keras.random.truncated_normal((100,), seed=1)) <= 2).all())
    True
    """
    name, shape = _float(dtype, "truncated_normal"), _shape(shape, "truncated_normal")
    key = draw_seed(seed)
    engine, (mean, stddev) = _engine("truncated_normal", key, mean, stddev)
    return _scaled(engine, engine.random.truncated_normal(key, shape, name), mean, stddev)


def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Uniform random numbers in [minval, maxval).

    **Shape:** out ``shape``; the bounds broadcast to it.

    Raises ``ValueError`` for a dtype that isn't a float type: ``randint`` draws integers.

    >>> import keraunos as keras
    >>> x = keras.random.uniform((100,), 2.0, 3.0, seed=1)
    >>> bool(((2 <= x) & (x < 3)).all())
    True
    """
    name, shape = _float(dtype, "uniform"), _shape(shape, "uniform")
    key = draw_seed(seed)
    engine, (minval, maxval) = _engine("uniform", key, minval, maxval)
    return engine.random.uniform(key, shape, name, minval, maxval)


def randint(shape, minval, maxval, dtype="int32", seed=None):
    """Uniform random integers in [minval, maxval).

    **Shape:** out ``shape``; the bounds broadcast to it.

    Raises ``ValueError`` for a dtype that isn't an integer type.

    >>> import keraunos as keras
    >>> x = keras.random.randint((100,), 0, 3, seed=1)
    >>> sorted({int(v) for v in x})
    [0, 1, 2]
    """
    name, shape = standardize_dtype(dtype), _shape(shape, "randint")
    if not is_int_dtype(name):
        raise ValueError(f"randint: dtype must be an integer type, got {name!r}.")
    key = draw_seed(seed)
    engine, (minval, maxval) = _engine("randint", key, minval, maxval)
    return engine.random.randint(key, shape, minval, maxval, engine.canonical(name))


def categorical(logits, num_samples, dtype="int32", seed=None):
    """Random classes with probabilities softmax(logits).

    **Shape:** logits (rows, classes), out (rows, num_samples).

    Raises ``ValueError`` for logits that have not two dimensions.

    >>> import keraunos as keras
    >>> keras.random.categorical([[0.0, 100.0], [100.0, 0.0]], 3, seed=1).tolist()
    [[1, 1, 1], [0, 0, 0]]
    """
    key = draw_seed(seed)
    engine, (logits,) = _engine("categorical", key, logits)
    if len(logits.shape) != 2:
        raise ValueError(f"categorical: logits must have shape (rows, classes), got {describe(logits)}.")
    found = engine.random.categorical(key, logits, operator.index(num_samples))
    return engine.xp.astype(found, engine.dtype(standardize_dtype(dtype)))


def dropout(inputs, rate, noise_shape=None, seed=None):
    """Inputs with a share of them set to 0 and the others divided by 1 - rate, so that the mean stays.

    **Shape:** any, kept.

    Args:
        inputs: floats.
        rate: share of zeros, between 0 and 1.
        noise_shape: shape of the mask, broadcast to that of the inputs; None within it takes the inputs' dimension. For
            inputs (batch, time, features), (None, 1, None) drops the same features at all times.

    Raises ``ValueError`` for a rate outside [0, 1] and a noise shape that doesn't broadcast.
    Source: Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html.

    >>> import keraunos as keras
    >>> sorted(set(keras.random.dropout(keras.ops.ones((100,)), 0.5, seed=1).tolist()))
    [0.0, 2.0]
    """
    rate = float(rate)
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout: rate must be between 0 and 1, got {rate}.")
    key = draw_seed(seed)
    engine, (x,) = _engine("dropout", key, inputs)
    shape = tuple(x.shape)
    if noise_shape is not None:
        shape = _noise_shape(noise_shape, shape)
    if not is_float_dtype(x.dtype):
        raise ValueError(f"dropout: inputs must be floats, got {describe(x)}.")
    if rate in (0, 1):
        return x if rate == 0 else engine.xp.zeros_like(x)
    return engine.random.dropout(key, x, rate, shape)


def _noise_shape(noise_shape, shape):
    if len(noise_shape) != len(shape) or any(n not in (None, 1, d) for n, d in zip(noise_shape, shape, strict=True)):
        raise ValueError(
            f"dropout: noise_shape must have, for each dimension of inputs of shape {shape}, that dimension, 1 or None, got "
            f"{tuple(noise_shape)}."
        )
    return tuple(d if n is None else n for n, d in zip(noise_shape, shape, strict=True))


def shuffle(x, axis=0, seed=None):
    """The elements along an axis in random order, **each line along the axis in an order of its own**.

    Rows of a matrix are torn apart by this, as they are by Keras on JAX; to keep them whole, use
    ``x[keras.random.shuffle(keras.ops.arange(n))]``.

    **Shape:** any, kept.

    >>> import keraunos as keras
    >>> sorted(keras.random.shuffle([1, 2, 3], seed=1).tolist())
    [1, 2, 3]
    """
    key = draw_seed(seed)
    engine, (x,) = _engine("shuffle", key, x)
    if not -len(x.shape) <= axis < len(x.shape):
        raise ValueError(f"shuffle: axis {axis} is out of range for {describe(x)}.")
    return engine.random.shuffle(key, x, axis)


def gamma(shape, alpha, dtype=None, seed=None):
    """Gamma random numbers with density x^(alpha-1) · exp(-x) / Γ(alpha).

    **Shape:** out ``shape``; alpha broadcasts to it.

    Raises ``ValueError`` for a dtype that isn't a float type.

    >>> import keraunos as keras
    >>> bool((keras.random.gamma((100,), 0.5, seed=1) >= 0).all())
    True
    """
    name, shape = _float(dtype, "gamma"), _shape(shape, "gamma")
    key = draw_seed(seed)
    engine, (alpha,) = _engine("gamma", key, alpha)
    return engine.random.gamma(key, alpha, shape, name)


def beta(shape, alpha, beta, dtype=None, seed=None):
    """Beta random numbers with density proportional to x^(alpha-1) · (1-x)^(beta-1).

    **Shape:** out ``shape``; alpha and beta broadcast to it.

    Raises ``ValueError`` for a dtype that isn't a float type.

    >>> import keraunos as keras
    >>> x = keras.random.beta((100,), 2.0, 3.0, seed=1)
    >>> bool(((0 <= x) & (x <= 1)).all())
    True
    """
    name, shape = _float(dtype, "beta"), _shape(shape, "beta")
    key = draw_seed(seed)
    engine, (alpha, beta) = _engine("beta", key, alpha, beta)
    return engine.random.beta(key, alpha, beta, shape, name)


def binomial(shape, counts, probabilities, dtype=None, seed=None):
    """Numbers of successes among ``counts`` independent trials that succeed with the given probabilities.

    **Shape:** out ``shape``; counts and probabilities broadcast to it.

    Raises ``ValueError`` for a dtype that isn't a float type.

    >>> import keraunos as keras
    >>> keras.random.binomial((3,), 10, 1.0, seed=1).tolist()
    [10.0, 10.0, 10.0]
    """
    name, shape = _float(dtype, "binomial"), _shape(shape, "binomial")
    key = draw_seed(seed)
    engine, (counts, probabilities) = _engine("binomial", key, counts, probabilities)
    return engine.random.binomial(key, counts, probabilities, shape, name)
