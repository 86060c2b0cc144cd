"""Circle loss: embeddings of a class drawn together and apart from those of others."""

from keraunos.backend import dispatch
from keraunos.backend.dtypes import is_float_dtype
from keraunos.core.masks import set_mask
from keraunos.losses.loss import LossFunctionWrapper, loss_function
from keraunos.losses.matching import as_array
from keraunos.ops.activation import softplus
from keraunos.ops.arithmetic import maximum
from keraunos.ops.core import cast
from keraunos.ops.creation import eye
from keraunos.ops.indexing import where
from keraunos.ops.products import matmul
from keraunos.ops.reductions import any as reduce_any
from keraunos.ops.reductions import logsumexp
from keraunos.ops.shapes import reshape, transpose
from keraunos.util import registry, settings


@loss_function(row_wise=False, class_indices=True)
def circle(y_true, y_pred, ref_labels=None, ref_embeddings=None, remove_diagonal=True, gamma=80, margin=0.4):
    """log(1 + Σ exp(γ·α_n·(s_n - m)) · Σ exp(-γ·α_p·(s_p - 1 + m))) for each sample, over its pairs with the references.

    s are cosines of pairs of one class (p) and of different classes (n); α_p = max(1 + m - s_p, 0), α_n = max(s_n + m, 0).

    Args:
        y_true: class indices.
        y_pred: embeddings of length 1.
        ref_labels, ref_embeddings: what to compare with; default: the batch itself.
        remove_diagonal: leave out the pairs of equal places (each sample with itself).
        gamma: scale γ of the similarities.
        margin: m, how far from perfect similarities may stay.

    **Shape:** y_true ``(batch,)`` or ``(batch, 1)``, y_pred ``(batch, n)``, to ``(batch,)``. Samples that are
    alone in their class have the value 0 and are masked. Raises ``ValueError`` for other shapes.
    Source: Sun et al., 2020, https://arxiv.org/abs/2002.10857.

    >>> import keraunos as keras
    >>> loss = keras.losses.circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], gamma=1.0)
    >>> [round(v, 3) for v in loss.tolist()]
    [0.546, 0.546, 0.0]
    """
    engine = dispatch.engine_of(y_true, y_pred, who="circle")
    y_pred = as_array(engine, y_pred)
    if not is_float_dtype(y_pred.dtype):
        y_pred = cast(y_pred, settings.floatx())
    labels = _labels("y_true", as_array(engine, y_true), y_pred)
    references = y_pred if ref_embeddings is None else as_array(engine, ref_embeddings, str(y_pred.dtype))
    ref_labels = labels if ref_labels is None else _labels("ref_labels", as_array(engine, ref_labels), references)
    cosines = matmul(y_pred, transpose(references))  # (batch, references)
    same = reshape(labels, (-1, 1)) == reshape(ref_labels, (1, -1))
    other = ~same
    if remove_diagonal:
        same = same & ~cast(eye(*cosines.shape), "bool")
    pull = maximum(1.0 + margin - cosines, 0.0)
    push = maximum(cosines + margin, 0.0)
    near = _log_sum(-gamma * pull * (cosines - 1.0 + margin), same)
    far = _log_sum(gamma * push * (cosines - margin), other)
    loss = softplus(near + far)
    set_mask(loss, reduce_any(same, axis=1))
    return loss


def _labels(name, labels, embeddings):
    n = embeddings.shape[0]
    if len(embeddings.shape) != 2 or tuple(labels.shape) not in ((n,), (n, 1)):
        raise ValueError(
            f"circle: {name} must hold one class index per embedding, shape ({n},), and embeddings must have two dimensions, got "
            f"shapes {tuple(labels.shape)} and {tuple(embeddings.shape)}."
        )
    return cast(labels, "int32")


def _log_sum(x, chosen):
    """log Σ exp(x) over the chosen entries of each row; very low where there is none."""
    return logsumexp(where(chosen, x, -1e9), axis=1)


@registry.builtin("keras.losses")
class Circle(LossFunctionWrapper):
    """Embeddings of one class drawn together, those of others apart; see ``keras.losses.circle``.

    Args:
        gamma: scale of the similarities.
        margin: how far from perfect similarities may stay.
        remove_diagonal: leave out the pair of each sample with itself.
        reduction, name, dtype: see ``Loss``.

    **Shape:** y_true ``(batch,)`` class indices, y_pred ``(batch, n)`` embeddings of length 1; values ``(batch,)``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.Circle(gamma=1.0)([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])), 3)
    0.546
    """

    def __init__(
        self,
        gamma=80.0,
        margin=0.4,
        remove_diagonal=True,
        reduction="sum_over_batch_size",
        name="circle",
        dtype=None,
    ):
        super().__init__(
            circle,
            name=name,
            reduction=reduction,
            dtype=dtype,
            gamma=gamma,
            margin=margin,
            remove_diagonal=remove_diagonal,
        )
