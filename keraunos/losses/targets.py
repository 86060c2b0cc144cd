"""Targets on the host checked before training: class indices in range, numbers between 0 and 1 for yes or no."""

import numpy as np

from keraunos.losses.crossentropy import (
    binary_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from keraunos.losses.ctc import ctc
from keraunos.losses.focal import binary_focal_crossentropy
from keraunos.losses.loss import LossFunctionWrapper
from keraunos.util import registry

_INDICES = (sparse_categorical_crossentropy, categorical_generalized_cross_entropy)
# Of one-hot targets nothing is asked but to be numbers: scaled ones (by an advantage, say) are in use.
_SHARES = (binary_crossentropy, binary_focal_crossentropy)


def check_targets(loss, y, output_shape=None):
    """Raise ``ValueError`` for targets that a loss can't mean: NaN, class indices out of range, yes-or-no targets outside [0, 1].

    Args:
        loss: a ``Loss`` or a function of ``keras.losses``; others are not checked.
        y: NumPy array, samples first.
        output_shape: shape of the predictions, with None for the batch; needed for the range of classes.

    >>> import numpy as np
    >>> import keraunos as keras
    >>> loss = keras.losses.SparseCategoricalCrossentropy()
    >>> keras.losses.check_targets(loss, np.array([0, 9, 12]), (None, 10))
    Traceback (most recent call last):
        ...
    ValueError: SparseCategoricalCrossentropy: y_true must hold class indices in [0, 10), got 12 at sample 2.
    """
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "biuf" or not y.size:
        return
    fn, who, options = _known(loss)
    if fn is None:
        return
    if y.dtype.kind == "f":
        _complain(who, np.isnan(y), y, "must be a number")
    if fn in _INDICES:
        _check_indices(who, y, output_shape, options.get("axis", -1), options.get("ignore_class"))
    elif fn is ctc:
        _check_indices(who, y, output_shape, -1, None)
    elif fn in _SHARES and y.dtype.kind != "b":
        slack = 1e-4 if y.dtype.kind == "f" else 0  # rounding of smoothed or averaged targets
        _complain(who, (y < -slack) | (y > 1 + slack), y, "must be in [0, 1]")


def _known(loss):
    """(function, name, options) of a loss of keraunos's own; (None, None, None) for others."""
    if not isinstance(loss, LossFunctionWrapper):
        return (loss, loss.__name__, {}) if hasattr(loss, "_class_indices") else (None, None, None)
    if type(loss) is not LossFunctionWrapper and registry.public_id(loss) is None:  # a user's subclass
        return None, None, None
    fn, name, _ = _known(loss.fn)
    return fn, name if type(loss) is LossFunctionWrapper else type(loss).__name__, loss._fn_kwargs


def _check_indices(who, y, output_shape, axis, ignored):
    wrong = np.zeros(y.shape, bool) if y.dtype.kind != "f" else y != np.floor(y)
    if wrong.any():
        _complain(who, wrong, y, "must hold class indices (whole numbers)")
    n = None if output_shape is None else output_shape[axis]
    wrong = y < 0 if n is None else (y < 0) | (y >= n)
    if ignored is not None:
        wrong &= y != ignored
    _complain(
        who, wrong, y, "must hold class indices of at least 0" if n is None else f"must hold class indices in [0, {n})"
    )


def _complain(who, wrong, y, rule):
    """An error that names the first sample for which ``wrong`` holds anywhere."""
    if not wrong.any():
        return
    place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    value = y[place]
    shown = value.item() if hasattr(value, "item") else value
    where = f" (place {tuple(int(i) for i in place[1:])})" if len(place) > 1 and wrong[0].size > 1 else ""
    at = f" at sample {int(place[0])}{where}" if place else ""
    raise ValueError(f"{who}: y_true {rule}, got {shown}{at}.")
