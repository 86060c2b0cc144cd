"""Mean and variance, and what is normalised by them. Half-precision inputs are summed in float32."""

import math

from keraunos.backend.dtypes import finite_range, is_float_dtype, standardize_dtype
from keraunos.ops import checks
from keraunos.ops.op import op
from keraunos.util import settings

_HALF = ("float16", "bfloat16")


def axes_of(name, x, axis, argument="axis"):
    """An axis or several as a sorted tuple of non-negative ints."""
    found = checks.axes(name, x, axis, argument)
    return tuple(sorted((found,) if isinstance(found, int) else found))


def wide(xp, x):
    """Half-precision x in float32, other x as it is."""
    return xp.astype(x, "float32") if standardize_dtype(x.dtype) in _HALF else x


def along(xp, w, axes, rank):
    """Weights w over ``axes`` (or a scalar) shaped to broadcast against an input of this rank."""
    shape = [1] * rank
    for a, n in zip(axes, w.shape[-len(axes) :], strict=False):
        shape[a] = n
    return xp.reshape(w, shape) if w.ndim else w


def mean_and_variance(xp, x, axes):
    """Both with the axes kept; two passes, so that a large mean leaves the variance its digits."""
    mean = xp.mean(x, axis=axes, keepdims=True)
    away = x - mean
    return mean, xp.mean(away * away, axis=axes, keepdims=True)


@op(promote="float")
def moments(xp, x, axes, keepdims=False, synchronized=False):
    """Mean and variance over ``axes``.

    **Shape:** any; both results lack the axes, or keep them with size 1. float16 values beyond its range are moved to
    its ends. Raises ValueError for ``synchronized=True``: one program sees the whole batch already.

    >>> from keraunos import ops
    >>> mean, variance = ops.moments([1.0, 3.0], axes=[0])
    >>> float(mean), float(variance)
    (2.0, 1.0)
    """
    if synchronized:
        raise ValueError(
            "moments: synchronized=True is not supported; the mean over all devices comes from sharding the batch."
        )
    name = standardize_dtype(x.dtype)
    axes = axes_of("moments", x, axes, "axes")
    mean, variance = mean_and_variance(xp, wide(xp, x), axes)
    if not keepdims:
        mean, variance = xp.squeeze(mean, axis=axes), xp.squeeze(variance, axis=axes)
    if name == "float16":
        low, high = finite_range(name)
        mean, variance = xp.clip(mean, low, high), xp.clip(variance, low, high)
    return xp.astype(mean, name), xp.astype(variance, name)


@op("x mean variance offset scale", promote="float")
def batch_normalization(xp, x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, with one mean, variance, scale and offset per entry of axis.

    **Shape:** x ``(..., n, ...)`` with n at ``axis``, the others ``(n,)``; the result is like x.
    Source: Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167.

    >>> from keraunos import ops
    >>> ops.batch_normalization([[1.0], [3.0]], [2.0], [1.0], axis=-1, epsilon=0.0).tolist()
    [[-1.0], [1.0]]
    """
    (axis,) = axes_of("batch_normalization", x, axis)
    n = x.shape[axis]
    for name, w in {"mean": mean, "variance": variance, "offset": offset, "scale": scale}.items():
        if w is not None and tuple(w.shape) != (n,):
            raise ValueError(
                f"batch_normalization: {name} must have shape ({n},), the size of axis {axis} of x {tuple(x.shape)}, got "
                f"{tuple(w.shape)}."
            )
    factor = 1 / xp.sqrt(variance + epsilon)
    if scale is not None:
        factor = factor * scale
    out = (x - along(xp, mean, (axis,), x.ndim)) * along(xp, factor, (axis,), x.ndim)
    return out if offset is None else out + along(xp, offset, (axis,), x.ndim)


@op("x scale offset weights", promote=None)
def batch_normalization_training(xp, x, scale, offset, axis=-1, epsilon=1e-3, weights=None):
    """Normalise by the mean and variance of the batch itself; returns the result, the mean and the variance.

    **Shape:** x ``(..., n, ...)`` with n at ``axis``; scale and offset ``(n,)`` or None; results like x, ``(n,)``, ``(n,)``.
    ``weights``, of the rank of x and broadcast to it, say how much each entry counts (0: masked, or padding); None: all alike.
    Mean and variance are in float32 for half-precision x, and no gradient flows through them.

    >>> from keraunos import ops
    >>> y, mean, variance = ops.batch_normalization_training([[1.0], [3.0]], None, None, epsilon=0.0)
    >>> y.tolist(), mean.tolist(), variance.tolist()
    ([[-1.0], [1.0]], [2.0], [1.0])
    """
    (axis,) = axes_of("batch_normalization_training", x, axis)
    others = tuple(a for a in range(x.ndim) if a != axis)
    z = wide(xp, x)
    mean_of = _mean_over(xp, z, others, weights)
    mean = mean_of(z)
    # The large array is shifted by a constant, so that its gradient is one fused pass; the mean's own gradient comes in by
    # ``away``, which is 0 but has a derivative, and is small.
    shifted = z - xp.stop_gradient(mean)
    away = mean - xp.stop_gradient(mean)
    variance = mean_of(shifted * shifted) - away * away
    factor = 1 / xp.sqrt(variance + epsilon)
    if scale is not None:
        factor = factor * along(xp, xp.astype(scale, z.dtype), (axis,), x.ndim)
    shift = -away * factor
    if offset is not None:
        shift = shift + along(xp, xp.astype(offset, z.dtype), (axis,), x.ndim)
    out = xp.astype(shifted * factor + shift, x.dtype)
    mean, variance = (xp.stop_gradient(xp.squeeze(v, axis=others)) for v in (mean, variance))
    return out, mean, variance


def _mean_over(xp, z, axes, weights):
    """The function that takes the mean over axes, kept with size 1, of arrays like z."""
    if weights is None:
        return lambda v: xp.mean(v, axis=axes, keepdims=True)
    w = xp.astype(weights, z.dtype)
    alike = math.prod(z.shape[a] // max(w.shape[a], 1) for a in axes)  # entries that share a weight
    total = xp.clip(xp.sum(w, axis=axes, keepdims=True) * alike, finite_tiny(z.dtype), None)
    return lambda v: xp.sum(v * w, axis=axes, keepdims=True) / total


@op("x gamma beta", promote=None, name="layer_normalization")
def _layer_normalization(xp, x, gamma=None, beta=None, axis=-1, epsilon=None):
    axes = axes_of("layer_normalization", x, axis)
    z = _floats(xp, x)
    mean, variance = mean_and_variance(xp, z, axes)
    out = (z - mean) / xp.sqrt(variance + (settings.epsilon() if epsilon is None else epsilon))
    if gamma is not None:
        out = out * along(xp, xp.astype(gamma, z.dtype), axes, x.ndim)
    if beta is not None:
        out = out + along(xp, xp.astype(beta, z.dtype), axes, x.ndim)
    return xp.astype(out, x.dtype) if is_float_dtype(x.dtype) else out


def _floats(xp, x):
    return wide(xp, x) if is_float_dtype(x.dtype) else xp.astype(x, settings.floatx())


def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None, **kwargs):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, mean and variance over ``axis`` of each sample.

    **Shape:** x any, kept; gamma and beta have the shape of x along ``axis`` (an int or several). ``epsilon`` is
    ``keras.config.epsilon()`` unless given. The former ``rms_scaling`` is refused: use ``rms_normalization``.
    Source: Ba et al., 2016, https://arxiv.org/abs/1607.06450.

    >>> from keraunos import ops
    >>> [round(v, 3) for v in ops.layer_normalization([1.0, 3.0]).tolist()]
    [-1.0, 1.0]
    """
    if kwargs.pop("rms_scaling", False):
        raise ValueError(
            "layer_normalization: rms_scaling divided by the wrong quantity; use rms_normalization instead."
        )
    if kwargs:
        raise TypeError(f"layer_normalization: unknown arguments {sorted(kwargs)}.")
    return _layer_normalization(x, gamma, beta, axis, epsilon)


@op("x scale", promote=None)
def rms_normalization(xp, x, scale=None, axis=-1, epsilon=None):
    """x / sqrt(mean of x² + epsilon) * scale, the mean over ``axis`` of each sample.

    **Shape:** x any, kept; scale has the shape of x along ``axis`` (an int or several), or is a scalar. ``epsilon`` is
    ``keras.config.epsilon()`` unless given. Source: Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467.

    >>> from keraunos import ops
    >>> [round(v, 3) for v in ops.rms_normalization([1.0, 7.0]).tolist()]
    [0.2, 1.4]
    """
    axes = axes_of("rms_normalization", x, axis)
    z = _floats(xp, x)
    square = xp.mean(z * z, axis=axes, keepdims=True)
    out = z / xp.sqrt(square + (settings.epsilon() if epsilon is None else epsilon))
    if scale is not None:
        out = out * along(xp, xp.astype(scale, z.dtype), axes, x.ndim)
    return xp.astype(out, x.dtype) if is_float_dtype(x.dtype) else out


@op(promote="float")
def normalize(xp, x, axis=-1, order=2, epsilon=None):
    """x divided by its norm of the given order along ``axis``, or by ``epsilon`` where the norm is less.

    **Shape:** any, kept. ``axis=None`` takes the norm of all of x. Raises ValueError when order is not an int >= 1.

    >>> from keraunos import ops
    >>> [round(v, 3) for v in ops.normalize([3.0, 4.0]).tolist()]
    [0.6, 0.8]
    """
    if not isinstance(order, int) or isinstance(order, bool) or order < 1:
        raise ValueError(f"normalize: order must be an int >= 1, got {order!r}.")
    axis = checks.axes("normalize", x, axis)
    epsilon = settings.epsilon() if epsilon is None else epsilon
    if order == 2:  # through the square, whose gradient exists at 0
        square = xp.sum(x * x, axis=axis, keepdims=True)
        return x / xp.sqrt(xp.clip(square, max(epsilon * epsilon, finite_tiny(x.dtype)), None))
    norm = xp.sum(xp.abs(x) ** order, axis=axis, keepdims=True)
    least = max(epsilon**order, finite_tiny(x.dtype))
    return x / xp.clip(norm, least, None) ** (1 / order)


def finite_tiny(dtype):
    """The least positive number of normal precision in a float dtype."""
    return {"float16": 6.1e-5, "float64": 2.3e-308}.get(standardize_dtype(dtype), 1.2e-38)


@op("x scale offset", promote=None)
def group_normalization(xp, x, scale, offset, groups, axis=-1, epsilon=1e-3):
    """Normalise each sample by mean and variance of each of ``groups`` runs of channels, over all positions.

    **Shape:** x ``(batch, ..., n, ...)`` with the n channels at ``axis``; scale and offset ``(n,)`` or None; result like x.
    Raises ValueError when groups does not divide n. Source: Wu and He, 2018, https://arxiv.org/abs/1803.08494.

    >>> from keraunos import ops
    >>> ops.group_normalization([[1.0, 3.0, 5.0, 5.0]], None, None, groups=2, epsilon=0.01).shape
    (1, 4)
    """
    (axis,) = axes_of("group_normalization", x, axis)
    n = x.shape[axis]
    if groups < 1 or n % groups:
        raise ValueError(f"group_normalization: groups must divide the {n} channels of axis {axis}, got {groups}.")
    z = _floats(xp, x)
    positions = tuple(a for a in range(1, x.ndim) if a != axis)

    def mean_of(v):
        """Means over positions, then over each run: the large array is read channel by channel, which is far quicker."""
        by_channel = xp.mean(v, axis=positions, keepdims=True) if positions else v
        by_group = xp.mean(xp.reshape(by_channel, (x.shape[0], groups, n // groups)), axis=-1, keepdims=True)
        return xp.reshape(xp.broadcast_to(by_group, (x.shape[0], groups, n // groups)), by_channel.shape)

    mean = mean_of(z)
    shifted, away = z - xp.stop_gradient(mean), mean - xp.stop_gradient(mean)  # as in batch_normalization_training
    factor = 1 / xp.sqrt(mean_of(shifted * shifted) - away * away + epsilon)
    if scale is not None:
        factor = factor * along(xp, xp.astype(scale, z.dtype), (axis,), x.ndim)
    shift = -away * factor
    if offset is not None:
        shift = shift + along(xp, xp.astype(offset, z.dtype), (axis,), x.ndim)
    out = shifted * factor + shift
    return xp.astype(out, x.dtype) if is_float_dtype(x.dtype) else out
