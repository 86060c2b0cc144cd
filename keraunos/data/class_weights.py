"""Weights of classes as weights of samples."""

import warnings

import numpy as np

from keraunos.util import tree


def weigh(y, sample_weight, class_weight, who):
    """Weights of samples from the weights of their classes, times ``sample_weight`` if given."""
    if class_weight is None:
        return sample_weight
    if isinstance(y, dict) or len(tree.flatten(y)) != 1:
        raise ValueError(f"{who}: class_weight works with one output only; pass sample_weight for each output instead.")
    if sample_weight is not None and len(tree.flatten(sample_weight)) != 1:
        raise ValueError(f"{who}: class_weight and a nested sample_weight can't be combined.")
    labels = np.asarray(tree.flatten(y)[0])
    if labels.ndim > 1 and labels.shape[-1] > 1:
        labels = labels.argmax(-1)
    labels = labels.reshape(labels.shape[0], -1)
    if labels.shape[1] != 1:
        raise ValueError(
            f"{who}: class_weight needs one label per sample, got y of shape {np.shape(tree.flatten(y)[0])}."
        )
    labels = np.rint(labels[:, 0]).astype(np.int64)
    table = {int(k): float(v) for k, v in class_weight.items()}
    missing = sorted({int(c) for c in np.unique(labels)} - set(table))
    if missing:
        warnings.warn(
            f"{who}: class_weight has no weight for the classes {missing}, which occur in y: they count with weight 1. It has "
            f"{sorted(table)}.",
            stacklevel=6,
        )
    classes, inverse = np.unique(labels, return_inverse=True)
    weights = np.array([table.get(int(c), 1.0) for c in classes], np.float32)[inverse]
    if sample_weight is None:
        return weights
    given = np.asarray(tree.flatten(sample_weight)[0], np.float32)
    return weights.reshape((-1,) + (1,) * (given.ndim - 1)) * given
