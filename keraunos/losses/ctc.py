"""The loss of connectionist temporal classification."""

import numpy as np

from keraunos.backend import dispatch
from keraunos.losses.loss import LossFunctionWrapper, loss_function
from keraunos.losses.matching import as_array
from keraunos.ops.core import cast
from keraunos.ops.ctc import ctc_loss
from keraunos.util import registry


@loss_function(class_indices=True)
def ctc(y_true, y_pred):
    """-log of the probability that the frames y_pred show the labels y_true, over all alignments; class 0 is the blank.

    **Shape:** y_true ``(batch, labels)`` of class indices, y_pred ``(batch, frames, classes)`` logits, to ``(batch,)``.
    Raises ``ValueError`` for other shapes. Source: Graves et al., 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.losses.ctc([[1]], [[[0.0, 0.0]]]).tolist()]
    [0.6931]
    """
    engine = dispatch.engine_of(y_true, y_pred, who="ctc")
    y_true, y_pred = as_array(engine, y_true), as_array(engine, y_pred)
    if len(y_true.shape) != 2 or len(y_pred.shape) != 3 or y_true.shape[0] != y_pred.shape[0]:
        raise ValueError(
            "ctc: y_true must have shape (batch, labels) and y_pred (batch, frames, classes), got "
            f"{tuple(y_true.shape)} and {tuple(y_pred.shape)}."
        )
    batch = y_pred.shape[0]
    labels = np.full(batch, y_true.shape[1], "int32")  # a host array: it follows the others
    frames = np.full(batch, y_pred.shape[1], "int32")
    return ctc_loss(cast(y_true, "int32"), y_pred, labels, frames, mask_index=0)


@registry.builtin("keras.losses")
class CTC(LossFunctionWrapper):
    """Labels from frames that are not aligned with them; see ``keras.losses.ctc``.

    Args:
        reduction, name, dtype: see ``Loss``.

    **Shape:** y_true ``(batch, labels)``, y_pred ``(batch, frames, classes)`` logits; values ``(batch,)``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.CTC()([[1]], [[[0.0, 0.0]]])), 4)
    0.6931
    """

    _row_wise = True

    def __init__(self, reduction="sum_over_batch_size", name="ctc", dtype=None):
        super().__init__(ctc, name=name, reduction=reduction, dtype=dtype)
