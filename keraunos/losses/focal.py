"""Focal losses: cross entropies in which what is already right counts little."""

from keraunos.backend import dispatch
from keraunos.losses.crossentropy import classes_pair, smooth, warn_one_class
from keraunos.losses.loss import LossFunctionWrapper, loss_function
from keraunos.losses.matching import as_array, pair
from keraunos.ops import cross_entropy
from keraunos.ops.activation import sigmoid, softmax
from keraunos.ops.arithmetic import clip, power
from keraunos.ops.elementwise import log
from keraunos.ops.reductions import mean
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.util import registry, settings


@loss_function(mean_of_last=True)
def binary_focal_crossentropy(
    y_true, y_pred, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1
):
    """Binary cross entropy with the factor (1 - p_t)^gamma, so that what is already right counts little; mean over ``axis``.

    p_t is the probability given to the target. With ``apply_class_balancing`` positive targets count alpha, negative ones
    1 - alpha.

    **Shape:** both ``(..., n)``, to ``(...)``. Raises ``ValueError`` for other shapes.
    Source: Lin et al., 2018, https://arxiv.org/abs/1708.02002.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.losses.binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 1.0]]).tolist()]
    [0.0866]
    """
    y_true, y_pred = pair("binary_focal_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 2, "binary_focal_crossentropy")
    p = sigmoid(y_pred) if from_logits else y_pred
    p_t = y_true * p + (1.0 - y_true) * (1.0 - p)
    loss = power(1.0 - p_t, gamma) * cross_entropy.binary_crossentropy(y_true, p)
    if apply_class_balancing:
        loss = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * loss
    return mean(loss, axis=axis)


@loss_function()
def categorical_focal_crossentropy(
    y_true, y_pred, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1
):
    """-Σ alpha · (1 - p)^gamma · t·log(p) over the classes at ``axis``; ``alpha`` is a number or one for each class.

    **Shape:** both ``(..., classes)``, to ``(...)``. Raises ``ValueError`` for other shapes.
    Source: Lin et al., 2018, https://arxiv.org/abs/1708.02002.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).tolist()]
    [0.0433]
    """
    y_true, y_pred = classes_pair("categorical_focal_crossentropy", y_true, y_pred)
    warn_one_class("categorical_focal_crossentropy", y_pred, axis)
    y_true = smooth(y_true, label_smoothing, y_pred.shape[axis], "categorical_focal_crossentropy")
    if from_logits:
        y_pred = softmax(y_pred, axis=axis)
    e = settings.epsilon()
    p = clip(y_pred / reduce_sum(y_pred, axis=axis, keepdims=True), e, 1.0 - e)
    alpha = as_array(dispatch.engine_of(p), alpha, str(p.dtype))
    return reduce_sum(-alpha * power(1.0 - p, gamma) * y_true * log(p), axis=axis)


@registry.builtin("keras.losses")
class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Cross entropy of yes-or-no targets in which right predictions count little; see ``keras.losses.binary_focal_crossentropy``.

    Args:
        apply_class_balancing: whether classes count alpha and 1 - alpha.
        alpha: weight of positive targets.
        gamma: how little right predictions count.
        from_logits: whether y_pred are logits, not probabilities.
        label_smoothing: share by which targets move towards ½.
        axis: the dimension to take the mean over.
        reduction, name, dtype: see ``Loss``.

    **Shape:** both ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.BinaryFocalCrossentropy()([[0.0, 1.0]], [[0.5, 1.0]])), 4)
    0.0866
    """

    _row_wise = True

    def __init__(
        self,
        apply_class_balancing=False,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_focal_crossentropy",
        dtype=None,
    ):
        super().__init__(
            binary_focal_crossentropy,
            name=name,
            reduction=reduction,
            dtype=dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.builtin("keras.losses")
class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Cross entropy of one-hot targets in which right predictions count little; see ``keras.losses.categorical_focal_crossentropy``.

    Args:
        alpha: weight of the loss, or one for each class.
        gamma: how little right predictions count.
        from_logits: whether y_pred are logits, not probabilities.
        label_smoothing: share by which targets move towards the uniform distribution.
        axis: the dimension of the classes.
        reduction, name, dtype: see ``Loss``.

    **Shape:** both ``(batch, ..., classes)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.0433
    """

    _row_wise = True

    def __init__(
        self,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="categorical_focal_crossentropy",
        dtype=None,
    ):
        super().__init__(
            categorical_focal_crossentropy,
            name=name,
            reduction=reduction,
            dtype=dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
