"""The loss of what ends in a program."""

from keraunos import ops
from keraunos.losses import LossFunctionWrapper
from keraunos.losses.loss import loss_function
from keraunos.util import registry


@loss_function(class_indices=True)
def negative_log_likelihood(y_true, y_pred):
    """-log P(label), from the logarithms that ``programs.Program`` returns.

    **Shape:** y_true ``(batch,)`` or ``(batch, 1)`` of label indices (``program.encode``), y_pred ``(batch, labels)``, to
    ``(batch,)``. Other indices out of range give NaN. Raises ``ValueError`` for other shapes.

    >>> import numpy as np
    >>> from keraunos import programs
    >>> [round(v, 4) for v in programs.negative_log_likelihood(np.array([1]), np.log([[0.25, 0.75]])).tolist()]
    [0.2877]
    """
    if len(y_true.shape) == 1:
        y_true = ops.expand_dims(y_true, -1)
    if len(y_pred.shape) != 2 or tuple(y_true.shape[1:]) != (1,):
        raise ValueError(
            "negative_log_likelihood: y_true must have shape (batch,) and y_pred (batch, labels), got "
            f"{tuple(y_true.shape)} and {tuple(y_pred.shape)}."
        )
    index, labels = ops.cast(y_true, "int32"), y_pred.shape[1]
    inside = (index >= 0) & (index < labels)
    chosen = ops.take_along_axis(y_pred, ops.clip(index, 0, labels - 1), axis=1)
    return -ops.squeeze(ops.where(inside, chosen, float("nan")), 1)


@registry.builtin("keras.programs")
class NegativeLogLikelihood(LossFunctionWrapper):
    """-log P(label), for models that end in a ``Program``; see ``negative_log_likelihood``.

    Unlike ``SparseCategoricalCrossentropy(from_logits=True)`` it does not bring the labels' probabilities to sum 1: where a
    program calls combinations impossible, it also trains away from these.

    Args:
        reduction, name, dtype: see ``keras.losses.Loss``.

    **Shape:** y_true ``(batch,)`` of label indices, y_pred ``(batch, labels)`` of logarithms; values ``(batch,)``.

    >>> import numpy as np
    >>> from keraunos import programs
    >>> round(float(programs.NegativeLogLikelihood()(np.array([1]), np.log([[0.25, 0.75]]))), 4)
    0.2877
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="negative_log_likelihood", dtype=None):
        super().__init__(negative_log_likelihood, name=name, reduction=reduction, dtype=dtype)
