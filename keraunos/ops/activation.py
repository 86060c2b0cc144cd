"""Activation functions: elementwise ones, and those along an axis.

At a kink the gradient is the one written in the docstring, on every engine: the branches of ``where`` are chosen so that
automatic differentiation of the body gives it.
"""

import math
import warnings

from keraunos.backend.dtypes import standardize_dtype
from keraunos.ops import checks
from keraunos.ops.op import op

_SQRT_HALF = math.sqrt(0.5)
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


@op
def relu(xp, x):
    """Rectified linear unit, max(x, 0); its gradient at 0 is 0.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.relu([-1.0, 0.0, 2.0]).tolist()
    [0.0, 0.0, 2.0]
    """
    if standardize_dtype(x.dtype) == "bool":
        x = xp.astype(x, "int32")
    return xp.where(x <= 0, xp.zeros_like(x), x)


@op(promote="float")
def relu6(xp, x):
    """min(max(x, 0), 6); its gradient at 0 and at 6 is 0.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.relu6([-1.0, 3.0, 7.0]).tolist()
    [0.0, 3.0, 6.0]
    """
    return xp.where(x <= 0, 0.0, xp.where(x >= 6, 6.0, x))


@op(promote="float")
def sigmoid(xp, x):
    """Logistic function, 1 / (1 + exp(-x)).

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.sigmoid([-200.0, 0.0, 200.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return xp.exp(-xp.logaddexp(-x, xp.zeros_like(x)))


@op(promote="float")
def log_sigmoid(xp, x):
    """Logarithm of the logistic function, -softplus(-x).

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.log_sigmoid([-200.0, 200.0]).tolist()
    [-200.0, -0.0]
    """
    return -xp.logaddexp(-x, xp.zeros_like(x))


@op(promote="float")
def softplus(xp, x):
    """log(1 + exp(x)), computed so that large |x| neither overflow nor vanish.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.softplus([-200.0, 200.0]).tolist()
    [0.0, 200.0]
    """
    return xp.logaddexp(x, xp.zeros_like(x))


@op(promote="float")
def softsign(xp, x):
    """x / (1 + |x|).

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.softsign([-1.0, 0.0, 3.0]).tolist()
    [-0.5, 0.0, 0.75]
    """
    return x / (1 + xp.abs(x))


@op(promote="float")
def silu(xp, x):
    """Sigmoid-weighted linear unit (swish), x * sigmoid(x).

    **Shape:** any, kept. Source: Elfwing et al., 2017, https://arxiv.org/abs/1702.03118.

    >>> from keraunos import ops
    >>> ops.silu([0.0, 200.0]).tolist()
    [0.0, 200.0]
    """
    return x * sigmoid(x)


swish = silu


@op(promote="float")
def gelu(xp, x, approximate=True):
    """Gaussian error linear unit, x * P(N(0, 1) <= x); ``approximate`` takes tanh for the distribution function.

    **Shape:** any, kept. Source: Hendrycks and Gimpel, 2016, https://arxiv.org/abs/1606.08415.

    >>> from keraunos import ops
    >>> [round(v, 3) for v in ops.gelu([-1.0, 0.0, 1.0], approximate=False).tolist()]
    [-0.159, 0.0, 0.841]
    """
    if approximate:
        return 0.5 * x * (1 + xp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))))
    return 0.5 * x * (1 + xp.erf(x * _SQRT_HALF))


@op(promote="float")
def elu(xp, x, alpha=1.0):
    """x where x > 0, else alpha * (exp(x) - 1); its gradient at 0 is alpha.

    **Shape:** any, kept. Source: Clevert et al., 2015, https://arxiv.org/abs/1511.07289.

    >>> from keraunos import ops
    >>> ops.elu([-200.0, 0.0, 2.0], alpha=0.5).tolist()
    [-0.5, 0.0, 2.0]
    """
    return xp.where(x > 0, x, alpha * xp.expm1(xp.where(x > 0, 0.0, x)))


@op(promote="float")
def selu(xp, x):
    """Scaled exponential linear unit, 1.0507 * elu(x, 1.6733): keeps mean 0 and variance 1 from layer to layer.

    **Shape:** any, kept. Source: Klambauer et al., 2017, https://arxiv.org/abs/1706.02515.

    >>> from keraunos import ops
    >>> [round(v, 3) for v in ops.selu([-1.0, 0.0, 1.0]).tolist()]
    [-1.111, 0.0, 1.051]
    """
    return _SELU_SCALE * xp.where(x > 0, x, _SELU_ALPHA * xp.expm1(xp.where(x > 0, 0.0, x)))


@op(promote="float")
def celu(xp, x, alpha=1.0):
    """x where x > 0, else alpha * (exp(x / alpha) - 1): an elu whose gradient is continuous for every alpha.

    **Shape:** any, kept. Source: Barron, 2017, https://arxiv.org/abs/1704.07483.

    >>> from keraunos import ops
    >>> ops.celu([-200.0, 0.0, 2.0], alpha=0.5).tolist()
    [-0.5, 0.0, 2.0]
    """
    return xp.where(x > 0, x, alpha * xp.expm1(xp.where(x > 0, 0.0, x) / alpha))


@op(promote="float")
def leaky_relu(xp, x, negative_slope=0.2):
    """x where x >= 0, else negative_slope * x; its gradient at 0 is 1.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.leaky_relu([-1.0, 0.0, 2.0], negative_slope=0.5).tolist()
    [-0.5, 0.0, 2.0]
    """
    return xp.where(x >= 0, x, negative_slope * x)


@op(promote="float")
def hard_sigmoid(xp, x):
    """Piecewise linear sigmoid, relu6(x + 3) / 6.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.hard_sigmoid([-3.0, 0.0, 3.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return relu6(x + 3) / 6


@op(promote="float")
def hard_silu(xp, x):
    """Piecewise quadratic silu, x * hard_sigmoid(x).

    **Shape:** any, kept. Source: Howard et al., 2019, https://arxiv.org/abs/1905.02244.

    >>> from keraunos import ops
    >>> ops.hard_silu([-3.0, 0.0, 3.0]).tolist()
    [-0.0, 0.0, 3.0]
    """
    return x * relu6(x + 3) / 6


hard_swish = hard_silu


@op
def hard_tanh(xp, x):
    """x limited to [-1, 1]; its gradient at -1 and at 1 is 1.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.hard_tanh([-2.0, 0.5, 2.0]).tolist()
    [-1.0, 0.5, 1.0]
    """
    name = standardize_dtype(x.dtype)
    if name == "bool":
        x = xp.astype(x, "int32")
    one = xp.ones_like(x)
    x = xp.where(x > 1, one, x)
    return x if name.startswith(("uint", "bool")) else xp.where(x < -1, -one, x)


@op(promote="float")
def hard_shrink(xp, x, threshold=0.5):
    """x where |x| > threshold, else 0.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.hard_shrink([-1.0, 0.5, 1.0]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return xp.where(xp.abs(x) <= threshold, 0.0, x)


@op(promote="float")
def soft_shrink(xp, x, threshold=0.5):
    """x moved towards 0 by threshold, and 0 where |x| <= threshold.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.soft_shrink([-1.0, 0.5, 1.0]).tolist()
    [-0.5, 0.0, 0.5]
    """
    return xp.where(xp.abs(x) <= threshold, 0.0, xp.where(x > 0, x - threshold, x + threshold))


@op(promote="float")
def tanh_shrink(xp, x):
    """x - tanh(x).

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.tanh_shrink([-20.0, 0.0, 20.0]).tolist()
    [-19.0, 0.0, 19.0]
    """
    return x - xp.tanh(x)


@op(promote="float")
def threshold(xp, x, threshold, default_value):
    """x where x > threshold, else default_value.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.threshold([-1.0, 0.0, 1.0], 0.0, 5.0).tolist()
    [5.0, 5.0, 1.0]
    """
    return xp.where(x <= threshold, default_value, x)


@op(promote="float")
def squareplus(xp, x, b=4):
    """(x + sqrt(x² + b)) / 2, an algebraic softplus.

    **Shape:** any, kept. Source: Barron, 2021, https://arxiv.org/abs/2112.11687.

    >>> from keraunos import ops
    >>> ops.squareplus([0.0]).tolist()
    [1.0]
    """
    return (x + xp.sqrt(x * x + b)) / 2


@op(promote="float")
def sparse_plus(xp, x):
    """0 up to -1, (x + 1)² / 4 between -1 and 1, and x from 1 on: the integral of ``sparse_sigmoid``.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.sparse_plus([-1.0, 0.0, 1.0, 2.0]).tolist()
    [0.0, 0.25, 1.0, 2.0]
    """
    return xp.where(x <= -1, 0.0, xp.where(x >= 1, x, (x + 1) * (x + 1) / 4))


@op(promote="float")
def sparse_sigmoid(xp, x):
    """(x + 1) / 2 limited to [0, 1]; its gradient at -1 and at 1 is 1/4.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.sparse_sigmoid([-2.0, 0.0, 1.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    one = xp.ones_like(x)
    return (xp.minimum(xp.maximum(x, -one), one) + 1) / 2


def _one_class(engine, x, axis):
    """Axes that x has, and a warning where the result says nothing."""
    if axis.__class__ is int and -x.ndim <= axis < x.ndim and x.shape[axis] != 1:
        return
    checks.axes("softmax", x, axis)
    if isinstance(axis, int) and x.shape[axis] == 1:
        warnings.warn(
            f"softmax: axis {axis} of the input of shape {tuple(x.shape)} has size 1, so every output is 1. Did you mean "
            "sigmoid?",
            stacklevel=4,
        )


@op(promote="float", check=_one_class)
def softmax(xp, x, axis=-1):
    """exp(x) / sum of exp(x) along ``axis`` (an int, a tuple of ints, or None for all axes).

    **Shape:** any, kept. Warns when the axis has size 1, where the result is 1 whatever x is.

    >>> from keraunos import ops
    >>> ops.softmax([[200.0, 200.0], [-200.0, 200.0]]).tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    e = xp.exp(x - xp.stop_gradient(xp.max(x, axis=axis, keepdims=True)))
    return e / xp.sum(e, axis=axis, keepdims=True)


@op(promote="float", check=lambda engine, x, axis: checks.axes("log_softmax", x, axis))
def log_softmax(xp, x, axis=-1):
    """x - log(sum of exp(x)) along ``axis`` (an int, a tuple of ints, or None for all axes).

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.log_softmax([0.0, 200.0]).tolist()
    [-200.0, 0.0]
    """
    x = x - xp.stop_gradient(xp.max(x, axis=axis, keepdims=True))
    return x - xp.log(xp.sum(xp.exp(x), axis=axis, keepdims=True))


@op(promote="float")
def sparsemax(xp, x, axis=-1):
    """The point of the probability simplex nearest to x along ``axis``: max(x - t, 0) with t such that it sums to 1.

    **Shape:** any, kept. Source: Martins and Astudillo, 2016, https://arxiv.org/abs/1602.02068.

    >>> from keraunos import ops
    >>> ops.sparsemax([[0.5, 0.25, -1.0]]).tolist()
    [[0.625, 0.375, 0.0]]
    """
    axis = checks.axis("sparsemax", x, axis)
    z = xp.moveaxis(x, axis, -1)
    z = z - xp.stop_gradient(xp.max(z, axis=-1, keepdims=True))
    falling = xp.flip(xp.sort(z, axis=-1), axis=-1)
    k = xp.astype(xp.arange(1, z.shape[-1] + 1), z.dtype)
    inside = 1 + k * falling > xp.cumsum(falling, axis=-1)  # the first so many that stay above zero
    size = xp.sum(xp.astype(inside, z.dtype), axis=-1, keepdims=True)
    t = (xp.sum(xp.where(inside, falling, 0.0), axis=-1, keepdims=True) - 1) / size
    return xp.moveaxis(relu(z - t), -1, axis)


@op(promote="float")
def glu(xp, x, axis=-1):
    """Gated linear unit: x cut into halves a and b along ``axis``, a * sigmoid(b).

    **Shape:** ``(..., 2n, ...)`` to ``(..., n, ...)``. Raises ValueError when the axis is odd.
    Source: Dauphin et al., 2016, https://arxiv.org/abs/1612.08083.

    >>> from keraunos import ops
    >>> ops.glu([4.0, 0.0]).tolist()
    [2.0]
    """
    axis = checks.axis("glu", x, axis)
    if x.shape[axis] % 2:
        raise ValueError(f"glu: axis {axis} must have an even size to be cut into halves, got shape {tuple(x.shape)}.")
    half = x.shape[axis] // 2
    lead = (slice(None),) * axis
    return x[(*lead, slice(None, half))] * sigmoid(x[(*lead, slice(half, None))])
