"""Normalisation by the statistics of the batch."""

from keraunos import constraints, initializers, ops, regularizers
from keraunos.core.scope import real_rows
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.layer import Layer
from keraunos.util import registry

_HALF = ("float16", "bfloat16")
_CLIPS = ("rmax", "rmin", "dmax")


@registry.builtin("keras.layers")
class BatchNormalization(Layer):
    """(x - mean) / sqrt(variance + epsilon) · gamma + beta, for each feature.

    In training, mean and variance are those of the batch, and moving averages follow them:
    ``moving = moving · momentum + batch · (1 - momentum)``. Otherwise, and when ``trainable`` is False, the moving averages are
    used. Rows that only fill up a batch, and what a mask leaves out, don't count.

    Args:
        axis: of the features.
        momentum: of the moving averages.
        epsilon: added to the variance.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: how the weights begin.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: penalties and projections.
        renorm: whether the batch's statistics are corrected towards moving ones in training, too.
        renorm_clipping: dict with "rmax", "rmin", "dmax", the limits of that correction.
        renorm_momentum: of the statistics that it uses.
        synchronized: no difference here: one program sees the whole batch, whatever devices it lies on.

    Call arguments: ``training``; ``mask``, booleans of shape ``x.shape[:-1]`` or ``(batch, time)``.

    **Shape:** any, kept. Mean and variance are computed in float32 for 16-bit inputs.
    Sources: Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167; renorm: Ioffe, 2017, https://arxiv.org/abs/1702.03275.

    >>> import keraunos as keras
    >>> layer = keras.layers.BatchNormalization(epsilon=0.0)
    >>> layer(keras.ops.array([[1.0], [3.0]]), training=True).tolist()
    [[-1.0], [1.0]]
    """

    _row_wise = True

    def __init__(
        self,
        axis=-1,
        momentum=0.99,
        epsilon=1e-3,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        renorm=False,
        renorm_clipping=None,
        renorm_momentum=0.99,
        synchronized=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(axis, int):
            raise TypeError(f"{who(self)}: axis must be an integer, got {axis!r}.")
        unknown = sorted(set(renorm_clipping or ()) - set(_CLIPS))
        if unknown:
            raise ValueError(f"{who(self)}: renorm_clipping may hold {_CLIPS}, got {unknown}.")
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.renorm = renorm
        self.renorm_clipping = renorm_clipping or {} if renorm else renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized
        self.supports_masking = True

    def build(self, input_shape):
        rank = len(input_shape)
        if not -rank <= self.axis < rank or input_shape[self.axis] is None:
            raise ValueError(
                f"{who(self)}: axis {self.axis} must be a dimension of the input whose size is known, got shape {tuple(input_shape)}."
            )
        n = input_shape[self.axis]
        self.input_spec = InputSpec(ndim=rank, axes={self.axis: n})
        self._row_wise = self.axis % rank != 0
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self._add_vector(
                "gamma", n, self.gamma_initializer, self.gamma_regularizer, self.gamma_constraint
            )
        if self.center:
            self.beta = self._add_vector("beta", n, self.beta_initializer, self.beta_regularizer, self.beta_constraint)
        self.moving_mean = self._add_statistic("moving_mean", n, self.moving_mean_initializer)
        self.moving_variance = self._add_statistic("moving_variance", n, self.moving_variance_initializer)
        if self.renorm:
            self.moving_stddev = self._add_statistic("moving_stddev", n, _root_of(self.moving_variance_initializer))
            self.renorm_mean = self._add_statistic("renorm_mean", n, self.moving_mean_initializer)
            self.renorm_stddev = self._add_statistic("renorm_stddev", n, _root_of(self.moving_variance_initializer))

    def _add_vector(self, name, n, initializer, regularizer, constraint):
        return self.add_weight(
            name=name,
            shape=(n,),
            initializer=initializer,
            regularizer=regularizer,
            constraint=constraint,
            autocast=False,
        )

    def _add_statistic(self, name, n, initializer):
        return self.add_weight(name=name, shape=(n,), initializer=initializer, trainable=False, autocast=False)

    def call(self, inputs, training=None, mask=None):
        if training and self.trainable:
            return self._normalize_by_batch(inputs, _weights(inputs, mask))
        x = ops.cast(inputs, "float32") if ops.dtype(inputs) in _HALF else inputs
        y = ops.batch_normalization(
            x,
            self.moving_mean,
            self.moving_variance,
            self.axis,
            offset=self.beta,
            scale=self.gamma,
            epsilon=self.epsilon,
        )
        return ops.cast(y, self.compute_dtype)

    def _normalize_by_batch(self, x, weights):
        gamma, beta = (None, None) if self.renorm else (self.gamma, self.beta)
        y, mean, variance = ops.batch_normalization_training(
            x, gamma, beta, axis=self.axis, epsilon=self.epsilon, weights=weights
        )
        _follow(self.moving_mean, mean, self.momentum)
        if self.renorm:
            return self._renormalize(y, mean, ops.sqrt(variance + self.epsilon))
        _follow(self.moving_variance, variance, self.momentum)
        return y

    def _renormalize(self, y, mean, stddev):
        """y · r + d, where r and d lead from the batch's statistics to the moving ones, and gamma and beta."""
        clip = self.renorm_clipping
        r = ops.clip(stddev / self.renorm_stddev, clip.get("rmin", 0.0), clip.get("rmax", float("inf")))
        limit = clip.get("dmax", float("inf"))
        d = ops.clip((mean - self.renorm_mean) / self.renorm_stddev, -limit, limit)
        if self.gamma is not None:
            r, d = r * self.gamma, d * self.gamma
        if self.beta is not None:
            d = d + self.beta
        shape = [-1 if i == self.axis % len(y.shape) else 1 for i in range(len(y.shape))]
        out = ops.cast(y * ops.reshape(r, shape) + ops.reshape(d, shape), self.compute_dtype)
        _follow(self.renorm_mean, mean, self.renorm_momentum)
        _follow(self.renorm_stddev, stddev, self.renorm_momentum)
        _follow(self.moving_stddev, stddev, self.momentum)
        self.moving_variance.assign(ops.maximum(ops.square(self.moving_stddev) - self.epsilon, 0.0))
        return out

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


def _follow(moving, value, momentum):
    """The moving average goes on."""
    moving.assign(moving * momentum + value * (1.0 - momentum))


def _root_of(initializer):
    """What gives the square roots of an initializer's values."""
    return lambda shape, dtype=None: ops.sqrt(initializer(shape, dtype=dtype))


def _weights(x, mask):
    """How much each entry counts, broadcast to x, or None when all count alike: padded rows and masked places are 0."""
    rank, weights = len(x.shape), None
    rows = real_rows(x.shape[0])
    if rows is not None:
        weights = ops.reshape(rows.mask, (x.shape[0], *(1,) * (rank - 1)))
    if mask is not None:
        if tuple(mask.shape) != tuple(x.shape[: len(mask.shape)]) or len(mask.shape) >= rank:
            raise ValueError(
                f"BatchNormalization: mask must have the shape of the input without its last dimension(s), got {tuple(mask.shape)} "
                f"for an input of shape {tuple(x.shape)}."
            )
        seen = ops.cast(ops.reshape(mask, (*mask.shape, *(1,) * (rank - len(mask.shape)))), "float32")
        weights = seen if weights is None else weights * seen
    return weights
