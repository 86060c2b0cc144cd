"""``(x, y, sample_weight)`` in and out of one value."""


def pack_x_y_sample_weight(x, y=None, sample_weight=None):
    """One value from inputs, targets and weights, as a step's ``data``.

    >>> import keraunos as keras
    >>> keras.utils.pack_x_y_sample_weight([1], [2])
    ([1], [2])
    """
    if y is None and sample_weight is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data):
    """Inputs, targets and weights (``None`` where missing) from a step's ``data``.

    >>> import keraunos as keras
    >>> keras.utils.unpack_x_y_sample_weight(([1], [2]))
    ([1], [2], None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"Data must be x, (x,), (x, y) or (x, y, sample_weight), got a tuple of {len(data)}.")
    return (*data, None, None)[:3]
