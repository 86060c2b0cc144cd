"""Sequences of unequal lengths."""

import numpy as np


def pad_sequences(sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0):
    """A list of sequences as one array, padded and cut to one length.

    Args:
        sequences: list of lists (of numbers, or of vectors of one size).
        maxlen: length; default the longest.
        dtype: of the result.
        padding, truncating: "pre" or "post": at which end.
        value: what padding holds.

    **Shape:** ``(len(sequences), maxlen, ...)``.

    Raises:
        ValueError: an item is no sequence, or items differ in the size of their vectors.

    >>> import keraunos as keras
    >>> keras.utils.pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist()
    [[0, 1], [2, 3], [5, 6]]
    """
    for name, given in (("padding", padding), ("truncating", truncating)):
        if given not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} must be 'pre' or 'post', got {given!r}.")
    if not hasattr(sequences, "__len__"):
        raise ValueError(f"pad_sequences: sequences must have a length, got {type(sequences).__name__}.")
    for i, s in enumerate(sequences):
        if not hasattr(s, "__len__"):
            raise ValueError(f"pad_sequences: every item must be a sequence, got {s!r} at place {i}.")
    lengths = [len(s) for s in sequences]
    maxlen = max(lengths, default=0) if maxlen is None else maxlen
    item = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    text = np.issubdtype(dtype, np.str_) or np.issubdtype(dtype, np.object_)
    if isinstance(value, str) and dtype is not object and not text:
        raise ValueError(f"pad_sequences: dtype {dtype} can't hold the value {value!r}; use dtype=object.")
    out = np.full((len(sequences), maxlen, *item), value, dtype=dtype)
    for i, s in enumerate(sequences):
        if not len(s):
            continue
        kept = (
            np.asarray(s[-maxlen:] if truncating == "pre" else s[:maxlen], dtype=dtype)
            if maxlen
            else np.asarray([], dtype=dtype)
        )
        if kept.shape[1:] != item and len(kept):
            raise ValueError(f"pad_sequences: item {i} has vectors of shape {kept.shape[1:]}, the first has {item}.")
        if len(kept):
            if padding == "post":
                out[i, : len(kept)] = kept
            else:
                out[i, -len(kept) :] = kept
    return out
