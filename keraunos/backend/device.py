"""Where new arrays go."""

from keraunos.backend import dispatch


def device(device_name):
    """A context in which new arrays go to a device of the default engine: "cpu", "cpu:0", "gpu:1".

    Raises:
        ValueError: the engine does not know the device.

    >>> import keraunos as keras
    >>> with keras.device("cpu:0"):
    ...     x = keras.ops.ones((2,))
    >>> x.shape
    (2,)
    """
    if not isinstance(device_name, str):
        raise ValueError(f"device: device_name must be a string such as 'cpu' or 'gpu:0', got {device_name!r}.")
    return dispatch.current().device_scope(device_name)
