"""The base of losses: conversion, masks, sample weights, and the reduction of values per sample to one number."""

import math

from keraunos.backend import dispatch
from keraunos.core import dtype_policy
from keraunos.core.masks import get_mask
from keraunos.core.scope import real_rows
from keraunos.losses.matching import as_array, is_nesting, map_arrays, match_ranks, match_weights, rank
from keraunos.ops.arithmetic import divide_no_nan, maximum
from keraunos.ops.core import cast
from keraunos.ops.indexing import where
from keraunos.ops.reductions import sum as reduce_sum
from keraunos.ops.shapes import expand_dims, reshape
from keraunos.util import naming, registry, settings, tree
from keraunos.util.errors import describe, near
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


@registry.builtin("keras")
@registry.builtin("keras.losses")
class Loss:
    """The base of all losses: a subclass defines ``call(y_true, y_pred)``, which returns a value per sample.

    Args:
        name: default: the class's name in snake case.
        reduction: what becomes of the values v with weights w: "sum_over_batch_size" (or "mean"; Σ w·v / number of values),
            "sum" (Σ w·v), "mean_with_sample_weight" (Σ w·v / Σ w), "none" or None (w·v).
        dtype: dtype in which it is computed; default: floatx.

    **Shape:** y_true, y_pred as ``call`` takes them; values ``(batch, ...)``; sample_weight ``(batch,)`` or that of the first
    dimensions of the values. A mask that y_pred carries multiplies the weights; means are then over unmasked values.

    Raises ``ValueError`` for an unknown reduction, and for weights that don't fit.

    >>> import keraunos as keras
    >>> class Gap(keras.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return keras.ops.max(keras.ops.abs(y_true - y_pred), axis=-1)
    >>> float(Gap()([[0.0, 0.0], [0.0, 0.0]], [[1.0, 2.0], [3.0, 4.0]]))
    3.0
    """

    _row_wise = False  # whether the values of a row depend on that row only, so that batches may be padded

    def __init__(self, name=None, reduction="sum_over_batch_size", dtype=None):
        self.name = name or naming.auto_name(type(self).__name__)
        self.reduction = check_reduction(reduction, type(self).__name__)
        self._dtype_given = dtype
        self._dtype = settings.floatx() if dtype is None else dtype_policy.get(dtype).compute_dtype

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "_row_wise" not in cls.__dict__:  # a subclass may compute anything, whatever its base does
            cls._row_wise = False

    @property
    def dtype(self):
        """Name of the dtype in which it is computed."""
        return self._dtype

    def call(self, y_true, y_pred):
        """Values per sample."""
        raise NotImplementedError(f"{type(self).__name__} must define call(y_true, y_pred).")

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The reduced loss of a batch; ``sample_weight`` weighs its samples."""
        who = type(self).__name__
        mask = None if is_nesting(y_pred) else get_mask(y_pred)
        engine = dispatch.engine_of(*tree.flatten(y_pred), *tree.flatten(y_true), who=who)
        y_pred = map_arrays(lambda x: as_array(engine, x, self._dtype), y_pred)
        y_true = map_arrays(lambda x: self._as_target(engine, x), y_true)
        rows = rows_of(y_pred)
        reduction = self.reduction
        if rows is not None or sample_weight is not None:
            y_true, y_pred, vectors = self._by_samples(y_true, y_pred)
            if vectors and sample_weight is None:
                reduction = "mean"  # vectors alone are one sample, whose value is a mean
        if rows is not None:
            y_true, y_pred = fill_padding(rows, y_true), fill_padding(rows, y_pred)
        values = self.call(y_true, y_pred)
        return reduce_weighted(values, sample_weight, both(mask, get_mask(values)), reduction, rows, who)

    def _as_target(self, engine, x):
        return x if x is None else as_array(engine, x, self._dtype)

    def _by_samples(self, y_true, y_pred):
        """(y_true, y_pred, whether they were vectors) such that values have a dimension of samples."""
        return y_true, y_pred, False

    def get_config(self):
        """Arguments that make an equal loss."""
        config = {"name": self.name, "reduction": self.reduction}
        if self._dtype_given is not None:
            config["dtype"] = serialize_keras_object(self._dtype_given)
        return config

    @classmethod
    def from_config(cls, config):
        """A loss from ``get_config()``'s dict."""
        return cls(**config)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"


@registry.builtin("keras.losses")
class LossFunctionWrapper(Loss):
    """A loss from a function ``fn(y_true, y_pred, **kwargs)`` that returns a value per sample.

    >>> import keraunos as keras
    >>> from keraunos.losses.loss import LossFunctionWrapper
    >>> loss = LossFunctionWrapper(keras.losses.huber, delta=0.5)
    >>> float(loss([[0.0]], [[2.0]]))
    0.875
    """

    def __init__(self, fn, reduction="sum_over_batch_size", name=None, dtype=None, **kwargs):
        if not callable(fn):
            raise TypeError(f"{type(self).__name__}: fn must be a function of y_true and y_pred, got {describe(fn)}.")
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        known = type(self)._row_wise if type(self) is not LossFunctionWrapper else getattr(fn, "_row_wise", False)
        self._row_wise = known and _leaves_samples(kwargs.get("axis", -1))

    def call(self, y_true, y_pred):
        """Values per sample."""
        if not (tree.is_nested(y_true) or tree.is_nested(y_pred)):
            y_true, y_pred = match_ranks(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def _as_target(self, engine, x):
        if x is None or getattr(self.fn, "_class_indices", False):
            return x if x is None else as_array(engine, x)  # large indices would not survive a float dtype
        return as_array(engine, x, self._dtype)

    def _by_samples(self, y_true, y_pred):
        if not getattr(self.fn, "_mean_of_last", False) or rank(y_pred) != 1 or rank(y_true) != 1:
            return y_true, y_pred, False
        return expand_dims(y_true, -1), expand_dims(y_pred, -1), True

    def get_config(self):
        """Arguments that make an equal loss."""
        config = super().get_config() | {k: serialize_keras_object(v) for k, v in self._fn_kwargs.items()}
        if type(self) is LossFunctionWrapper:
            config["fn"] = serialize_keras_object(self.fn)
        return config

    @classmethod
    def from_config(cls, config):
        """A loss from ``get_config()``'s dict."""
        if isinstance(config.get("fn"), dict):
            config = {**config, "fn": deserialize_keras_object(config["fn"])}
        return cls(**config)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name} fn={self.fn.__name__ if hasattr(self.fn, '__name__') else self.fn}>"


def _leaves_samples(axis):
    """Whether a reduction over ``axis`` is sure not to be one over samples."""
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    return all(a is not None and (a == -1 or a > 0) for a in axes)


def loss_function(row_wise=True, mean_of_last=False, class_indices=False):
    """Decorator: a public function of losses, and what wrappers must know of it.

    Args:
        row_wise: whether values of a row depend on that row only.
        mean_of_last: whether the values are means over the last dimension (so vectors may be taken as columns).
        class_indices: whether targets are class indices.
    """

    def mark(fn):
        fn._row_wise, fn._mean_of_last, fn._class_indices = row_wise, mean_of_last, class_indices
        return registry.builtin("keras.losses")(fn)

    return mark


def check_reduction(reduction, who):
    """The reduction, or an error that lists the known ones."""
    if reduction is None or reduction in REDUCTIONS:
        return reduction
    raise ValueError(
        f"{who}: reduction must be one of {REDUCTIONS} or None, got {reduction!r}.{near(reduction, REDUCTIONS)}"
    )


def rows_of(y):
    """The ``RealRows`` in force for the samples of y, or None."""
    for leaf in tree.flatten(y):
        if leaf is not None and rank(leaf):
            return real_rows(leaf.shape[0])
    return None


def row_mask(rows, x):
    """Which rows of x are real, as bools of shape (batch, 1, ..., 1)."""
    return reshape(rows.mask, (rows.size, *([1] * (rank(x) - 1)))) > 0


def fill_padding(rows, y):
    """y with its first row in place of padding: whatever stood there, values are those of a real row, gradients zero."""
    if rows.repeated:
        return y

    def fill(x):
        if x is None or not rank(x) or x.shape[0] != rows.size:
            return x
        return where(row_mask(rows, x), x, x[:1])

    return tree.map_structure(fill, y)


def both(mask, other):
    """Where both masks hold; None holds everywhere."""
    if mask is None or other is None:
        return other if mask is None else mask
    mask, other = match_ranks(mask, other)
    return cast(mask, "bool") & cast(other, "bool")


def mean_mask(mask, dtype, rows, normalize):
    """A mask as weights, 0 at padding; with ``normalize`` they are scaled to mean 1, so that means count unmasked values only."""
    weights = cast(mask, dtype)
    if rows is not None:
        weights = where(row_mask(rows, weights), weights, 0.0)
    if not normalize:
        return weights
    valid = reduce_sum(cast(weights, "float32"))
    return weights * cast(number_of(weights, rows) / maximum(valid, 1e-7), dtype)


def number_of(values, rows):
    """How many elements values have in real rows."""
    if rows is None:
        return float(math.prod(values.shape))
    return rows.count * float(math.prod(values.shape[1:]))


def reduce_weighted(values, sample_weight=None, mask=None, reduction="sum_over_batch_size", rows=None, who="loss"):
    """Values per sample, weighed, masked and reduced; padded rows count nothing."""
    engine = dispatch.engine_of(values)
    if rows is not None and (not rank(values) or values.shape[0] != rows.size):
        raise ValueError(
            f"{who}: a value per sample is needed, {rows.size} for this batch, got shape {tuple(values.shape)}, so padding can't be "
            "told from samples. Give y_pred a last dimension, or use a batch size that divides the number of samples."
        )
    weights = None
    if mask is not None:
        weights = mean_mask(mask, values.dtype, rows, normalize=reduction in ("mean", "sum_over_batch_size"))
    if sample_weight is not None:
        sample_weight = as_array(engine, sample_weight, str(values.dtype))
        if rows is not None:
            sample_weight = fill_padding(rows, sample_weight)
        if weights is not None:
            sample_weight, weights = match_weights(who, sample_weight, weights)
            weights = weights * sample_weight
        else:
            weights = sample_weight
    if weights is not None:
        weights, values = match_weights(who, weights, values)
        values = values * weights
    if rows is not None:
        values = where(row_mask(rows, values), values, 0.0)
    if reduction in (None, "none"):
        return values
    total = reduce_sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        return divide_no_nan(total, total_weight(weights, values, rows))
    n = number_of(values, rows)
    if rows is None:
        return total / n if n else total
    return cast(total / n, values.dtype)


def total_weight(weights, values, rows):
    """The sum of weights over all values that they weigh."""
    if rows is not None:
        if not rank(weights) or weights.shape[0] != rows.size:
            weights = weights * cast(row_mask(rows, values), values.dtype)
        else:
            weights = where(row_mask(rows, weights), weights, 0.0)
    shared = math.prod(values.shape) / max(math.prod(weights.shape), 1)  # values that have the same weight
    return reduce_sum(weights) * shared
