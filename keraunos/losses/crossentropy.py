"""Cross entropies between classes, or class indices, and predicted probabilities or logits."""

import warnings

from keraunos.backend import dispatch
from keraunos.backend.dtypes import is_float_dtype
from keraunos.core.masks import set_mask
from keraunos.losses.loss import LossFunctionWrapper, loss_function
from keraunos.losses.matching import as_array, pair
from keraunos.ops import cross_entropy
from keraunos.ops.arithmetic import power
from keraunos.ops.core import cast
from keraunos.ops.indexing import where
from keraunos.ops.onehot import one_hot
from keraunos.ops.reductions import mean
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.ops.shapes import squeeze
from keraunos.util import registry, settings


def smooth(y_true, label_smoothing, classes, who):
    """Targets moved by a share ``label_smoothing`` towards the uniform distribution."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{who}: label_smoothing must be between 0 and 1, got {label_smoothing}.")
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes if label_smoothing else y_true


def warn_one_class(who, y_pred, axis):
    """One class leaves nothing to choose."""
    if y_pred.shape[axis] == 1:
        warnings.warn(
            f"{who}: y_pred has one class only (shape {tuple(y_pred.shape)}), so the loss is constant. For two classes in one "
            "output use binary_crossentropy.",
            stacklevel=4,
        )


@loss_function(mean_of_last=True)
def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """mean(-t·log(p) - (1 - t)·log(1 - p)) over ``axis``, with p = y_pred, or sigmoid(y_pred) for logits.

    **Shape:** both ``(..., n)``, to ``(...)``. ``label_smoothing`` s moves targets to t(1 - s) + s/2. Probabilities are limited to
    [epsilon, 1 - epsilon]. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.losses.binary_crossentropy([[0.0, 1.0]], [[0.5, 1.0]]).tolist()]
    [0.3466]
    """
    y_true, y_pred = pair("binary_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 2, "binary_crossentropy")
    return mean(cross_entropy.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


@loss_function()
def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """-Σ t·log(p) over the classes at ``axis``, with p = y_pred brought to sum 1, or softmax(y_pred) for logits.

    **Shape:** both ``(..., classes)``, to ``(...)``. ``label_smoothing`` s moves targets to t(1 - s) + s/classes. Probabilities are
    limited to [epsilon, 1 - epsilon]. Raises ``ValueError`` for other shapes, as for class indices.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).tolist()]
    [0.6931]
    """
    y_true, y_pred = classes_pair("categorical_crossentropy", y_true, y_pred)
    warn_one_class("categorical_crossentropy", y_pred, axis)
    y_true = smooth(y_true, label_smoothing, y_pred.shape[axis], "categorical_crossentropy")
    return cross_entropy.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def classes_pair(who, y_true, y_pred):
    """``pair``, whose error for class indices says which loss takes them."""
    try:
        return pair(who, y_true, y_pred)
    except ValueError as e:
        t, p = getattr(y_true, "shape", ()), getattr(y_pred, "shape", ())
        if tuple(t) in (tuple(p[:-1]), (*p[:-1], 1)):
            raise ValueError(
                f"{who}: y_true must hold a value per class, shape {tuple(p)}, got {tuple(t)}. For class indices use "
                "sparse_categorical_crossentropy, or make them one-hot with keras.ops.one_hot."
            ) from e
        raise


@loss_function(class_indices=True)
def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1):
    """-log(p[y_true]) for class indices y_true, with p = y_pred brought to sum 1 over ``axis``, or softmax(y_pred) for logits.

    **Shape:** y_true ``(...)`` or ``(..., 1)``, y_pred ``(..., classes)``, to ``(...)``. Where y_true is ``ignore_class`` the value is
    0 and masked. Other indices out of range give NaN. Raises ``ValueError`` for other shapes.

    >>> import keraunos as keras
    >>> [round(v, 4) for v in keras.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).tolist()]
    [0.6931]
    """
    y_true, y_pred = _indices_and_predictions("sparse_categorical_crossentropy", y_true, y_pred, axis)
    if ignore_class is None:
        return cross_entropy.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    valid = y_true != ignore_class
    y_true = where(valid, y_true, 0)
    loss = cross_entropy.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    loss = where(valid, loss, 0.0)
    set_mask(loss, valid)
    return loss


def _indices_and_predictions(who, y_true, y_pred, axis):
    """(indices, predictions): int32 of the shape of y_pred without ``axis``, and floats."""
    engine = dispatch.engine_of(y_true, y_pred, who=who)
    y_true, y_pred = as_array(engine, y_true), as_array(engine, y_pred)
    if not is_float_dtype(y_pred.dtype):
        y_pred = cast(y_pred, settings.floatx())
    n = len(y_pred.shape)
    if not n:
        raise ValueError(f"{who}: y_pred must have a dimension of classes, got a scalar.")
    if len(y_true.shape) == n and y_true.shape[axis] == 1:
        y_true = squeeze(y_true, axis)
    expected = tuple(d for i, d in enumerate(y_pred.shape) if i != axis % n)
    fits = len(y_true.shape) == n - 1 and all(
        a is None or b is None or a == b for a, b in zip(y_true.shape, expected, strict=True)
    )
    if not fits:
        mend = (
            " For one-hot targets use categorical_crossentropy." if tuple(y_true.shape) == tuple(y_pred.shape) else ""
        )
        raise ValueError(
            f"{who}: y_true must hold one class index per prediction, shape {expected} for y_pred {tuple(y_pred.shape)}, got "
            f"{tuple(y_true.shape)}.{mend}"
        )
    return cast(y_true, "int32"), y_pred


@loss_function(class_indices=True)
def categorical_generalized_cross_entropy(y_true, y_pred, q):
    """(1 - p[y_true]^q) / q: between cross entropy (q → 0) and absolute error (q = 1), robust to wrong labels.

    **Shape:** y_true ``(batch,)`` or ``(batch, 1)`` of class indices, y_pred ``(batch, classes)`` probabilities, to ``(batch,)``.
    Raises ``ValueError`` for other shapes.
    Source: Zhang and Sabuncu, 2018, https://arxiv.org/abs/1805.07836.

    >>> import keraunos as keras
    >>> keras.losses.categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5).tolist()
    [1.0]
    """
    who = "categorical_generalized_cross_entropy"
    y_true, y_pred = _indices_and_predictions(who, y_true, y_pred, -1)
    p = reduce_sum(one_hot(y_true, y_pred.shape[-1], dtype=str(y_pred.dtype)) * y_pred, axis=-1)
    return (1.0 - power(p, q)) / q


@registry.builtin("keras.losses")
class BinaryCrossentropy(LossFunctionWrapper):
    """Cross entropy of yes-or-no targets; see ``keras.losses.binary_crossentropy``.

    Args:
        from_logits: whether y_pred are logits, not probabilities.
        label_smoothing: share by which targets move towards ½.
        axis: the dimension to take the mean over.
        reduction, name, dtype: see ``Loss``.

    **Shape:** both ``(batch, ..., n)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 1.0]])), 4)
    0.3466
    """

    _row_wise = True

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_crossentropy",
        dtype=None,
    ):
        super().__init__(
            binary_crossentropy,
            name=name,
            reduction=reduction,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.builtin("keras.losses")
class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross entropy of one-hot targets; see ``keras.losses.categorical_crossentropy``.

    Args:
        from_logits: whether y_pred are logits, not probabilities.
        label_smoothing: share by which targets move towards the uniform distribution.
        axis: the dimension of the classes.
        reduction, name, dtype: see ``Loss``.

    **Shape:** both ``(batch, ..., classes)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    _row_wise = True

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="categorical_crossentropy",
        dtype=None,
    ):
        super().__init__(
            categorical_crossentropy,
            name=name,
            reduction=reduction,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.builtin("keras.losses")
class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross entropy of class indices; see ``keras.losses.sparse_categorical_crossentropy``.

    Args:
        from_logits: whether y_pred are logits, not probabilities.
        ignore_class: an index whose samples are masked.
        axis: the dimension of the classes.
        reduction, name, dtype: see ``Loss``.

    **Shape:** y_true ``(batch, ...)`` or ``(batch, ..., 1)``, y_pred ``(batch, ..., classes)``; values ``(batch, ...)``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    _row_wise = True

    def __init__(
        self,
        from_logits=False,
        ignore_class=None,
        reduction="sum_over_batch_size",
        axis=-1,
        name="sparse_categorical_crossentropy",
        dtype=None,
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            name=name,
            reduction=reduction,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


@registry.builtin("keras.losses")
class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """(1 - p^q) / q of the probability p of the target class: robust to wrong labels.

    See ``keras.losses.categorical_generalized_cross_entropy``.

    Args:
        q: 0 < q < 1: from cross entropy towards absolute error.
        reduction, name, dtype: see ``Loss``.

    **Shape:** y_true ``(batch,)`` class indices, y_pred ``(batch, classes)``; values ``(batch,)``.

    >>> import keraunos as keras
    >>> round(float(keras.losses.CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]])), 4)
    1.0
    """

    _row_wise = True

    def __init__(
        self, q=0.5, reduction="sum_over_batch_size", name="categorical_generalized_cross_entropy", dtype=None
    ):
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy: q must be between 0 and 1, both excluded, got {q}.")
        super().__init__(categorical_generalized_cross_entropy, name=name, reduction=reduction, dtype=dtype, q=q)
