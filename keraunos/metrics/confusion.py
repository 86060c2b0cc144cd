"""Counts of true and false, positive and negative predictions at thresholds."""

import math

import numpy as np

from keraunos.backend import dispatch
from keraunos.backend.dtypes import standardize_dtype
from keraunos.losses.matching import as_array, match_ranks, match_weights, rank
from keraunos.ops.arithmetic import clip
from keraunos.ops.core import cast
from keraunos.ops.elementwise import floor
from keraunos.ops.indexing import take, where
from keraunos.ops.indexing import top_k as find_top_k
from keraunos.ops.reductions import cumsum
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.ops.scatter import segment_sum
from keraunos.ops.shapes import broadcast_to, flip, reshape, transpose

LOWEST = -1e10  # below every prediction
_MANY = 2**13  # comparisons from which on sorting into buckets is quicker than comparing with every threshold


class Counts:
    """Σ weights of positive and negative samples above each threshold, and of all of them.

    **Shape:** ``(thresholds,)``, or ``(thresholds, labels)``; the totals ``()`` or ``(labels,)``.
    """

    def __init__(self, above_true, above_false, all_true, all_false):
        self.true_positives, self.false_positives = above_true, above_false
        self._all_true, self._all_false = all_true, all_false

    @property
    def false_negatives(self):
        """Positive samples not above the threshold."""
        return self._all_true - self.true_positives

    @property
    def true_negatives(self):
        """Negative samples not above the threshold."""
        return self._all_false - self.false_positives


def count(
    who,
    y_true,
    y_pred,
    thresholds,
    dtype,
    *,
    even=False,
    sample_weight=None,
    top_k=None,
    class_id=None,
    by_label=False,
    label_weights=None,
):
    """``Counts`` of a batch.

    Args:
        y_true: nonzero for positive.
        y_pred: scores; above a threshold is predicted positive.
        thresholds: NumPy array, ascending.
        even: whether thresholds divide [0, 1] evenly (but for the ends).
        sample_weight: weights of the samples, or of all values.
        top_k: only the k highest scores of each row count as predictions.
        class_id: only this column counts.
        by_label: counts for each column.
        label_weights: weights of the columns.
    """
    engine = dispatch.engine_of(y_true, y_pred, who=who)
    y_true, y_pred = match_ranks(as_array(engine, y_true), as_array(engine, y_pred, dtype))
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            f"{who}: y_true must have the shape of y_pred, {tuple(y_pred.shape)}, got {tuple(y_true.shape)}."
        )
    weights = None if sample_weight is None else as_array(engine, sample_weight, dtype)
    if top_k is not None:
        y_pred = _only_top(y_pred, top_k)
    if weights is not None:
        weights, y_pred = match_weights(who, weights, y_pred)
        y_true = reshape(y_true, y_pred.shape)
    if label_weights is not None:
        scale = as_array(engine, label_weights, dtype)
        weights = scale if weights is None else weights * scale
    if class_id is not None:
        weights = (
            weights if weights is None or not rank(weights) else broadcast_to(weights, y_pred.shape)[..., class_id]
        )
        y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
    positive = cast(y_true, "bool")
    if weights is None:
        yes = cast(positive, dtype)
        no = 1.0 - yes
    else:
        weights = broadcast_to(weights, y_pred.shape)
        yes, no = where(positive, weights, 0.0), where(positive, 0.0, weights)
    labels = y_pred.shape[-1] if by_label else 1
    scores, yes, no = (transpose(reshape(a, (-1, labels))) for a in (y_pred, yes, no))  # (labels, n)
    above = _above_by_buckets if even and math.prod(scores.shape) * len(thresholds) > _MANY else _above
    found = (*above(scores, yes, no, thresholds), reduce_sum(yes, axis=1), reduce_sum(no, axis=1))
    if by_label:
        return Counts(transpose(found[0]), transpose(found[1]), *found[2:])
    return Counts(*(part[0] for part in found))


def _above(scores, yes, no, thresholds):
    """Sums of weights above each threshold, by comparing with each: (labels, thresholds) twice."""
    limits = as_array(dispatch.engine_of(scores), thresholds, standardize_dtype(scores.dtype))
    above = scores[:, None, :] > limits[None, :, None]  # (labels, thresholds, n)
    return tuple(reduce_sum(where(above, w[:, None, :], 0.0), axis=-1) for w in (yes, no))


def _above_by_buckets(scores, yes, no, thresholds):
    """The same, by the sums of weights between neighbouring thresholds, for evenly spaced ones."""
    n, labels = len(thresholds), scores.shape[0]
    limits = as_array(dispatch.engine_of(scores), thresholds, standardize_dtype(scores.dtype))
    near = cast(
        clip(floor(scores * (n - 1)) - 1.0, 0, max(n - 4, 0)), "int32"
    )  # a threshold just below, up to rounding
    bucket = near
    for step in range(min(4, n)):
        bucket = bucket + cast(take(limits, near + step) < scores, "int32")  # number of thresholds below the score
    bucket = bucket + as_array(dispatch.engine_of(scores), np.arange(labels)[:, None] * (n + 1), "int32")
    found = []
    for w in (yes, no):
        sums = reshape(
            segment_sum(reshape(w, (-1,)), reshape(bucket, (-1,)), num_segments=labels * (n + 1)), (labels, n + 1)
        )
        found.append(flip(cumsum(flip(sums, axis=1), axis=1), axis=1)[:, 1:])
    return tuple(found)


def _only_top(y_pred, k):
    """Scores below the k highest of their row moved below every threshold."""
    least = find_top_k(y_pred, k)[0][..., -1:]
    return where(y_pred >= least, y_pred, LOWEST)


def check_thresholds(who, thresholds, default=0.5):
    """A list of thresholds in [0, 1] from None, a number or a sequence."""
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    wrong = [t for t in found if t is None or not 0 <= t <= 1]
    if wrong or not found:
        raise ValueError(f"{who}: thresholds must be numbers between 0 and 1, got {thresholds!r}.")
    return [float(t) for t in found]


def even_thresholds(num_thresholds):
    """``num_thresholds`` numbers that divide [0, 1] evenly."""
    return np.arange(num_thresholds, dtype=np.float64) / (num_thresholds - 1)


def are_even(thresholds):
    """Whether thresholds divide [0, 1] evenly (the ends aside, which may stand a little outside)."""
    if len(thresholds) < 3:
        return False
    return bool(np.allclose(thresholds, even_thresholds(len(thresholds)), rtol=0, atol=1e-6))
