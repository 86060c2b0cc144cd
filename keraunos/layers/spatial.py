"""Sizes along spatial dimensions: arguments that are one int or one for each, and the shapes that windows leave."""

import types

from keraunos.layers.input_spec import who

PADDINGS = ("valid", "same")


def ints(layer, argument, value, rank, least=1):
    """An int for all spatial dimensions, or one for each, as a tuple of ints not below ``least``."""
    values = (value,) * rank if isinstance(value, int) else value
    fits = isinstance(values, (tuple, list)) and len(values) == rank
    if not fits or not all(isinstance(v, int) and not isinstance(v, bool) and v >= least for v in values):
        wanted = "positive integer" if least == 1 else f"integer not below {least}"
        each = f" or {rank} of them" if rank > 1 else ""
        raise ValueError(f"{who(layer)}: {argument} must be a {wanted}{each}, got {value!r}.")
    return tuple(values)


def pairs(layer, argument, value, rank):
    """An int, one for each dimension, or a (before, after) for each, as a tuple of pairs of ints not below 0."""
    rows = [value] * rank if isinstance(value, int) else value
    if rank == 1 and isinstance(value, (tuple, list)) and len(value) == 2:
        rows = [value]
    if not isinstance(rows, (tuple, list)) or len(rows) != rank:
        raise _no_pairs(layer, argument, value, rank)
    found = tuple((r, r) if isinstance(r, int) else tuple(r) if isinstance(r, (tuple, list)) else () for r in rows)
    if any(len(r) != 2 or not all(isinstance(v, int) and v >= 0 for v in r) for r in found):
        raise _no_pairs(layer, argument, value, rank)
    return found


def _no_pairs(layer, argument, value, rank):
    each = "" if rank == 1 else f", {rank} integers, or a pair (before, after) for each of {rank} dimensions"
    one = " or a pair (before, after)" if rank == 1 else ""
    return ValueError(f"{who(layer)}: {argument} must be an integer not below 0{one}{each}, got {value!r}.")


def one_of(layer, argument, value, allowed):
    """A name in lower case, or an error that lists what is allowed."""
    found = value.lower() if isinstance(value, str) else value
    if found not in allowed:
        raise ValueError(f"{who(layer)}: {argument} must be one of {tuple(allowed)}, got {value!r}.")
    return found


def window_length(n, window, stride, padding, dilation=1):
    """How many places a window has among n positions (None: unknown)."""
    if n is None:
        return None
    if padding in ("same", "causal"):
        return -(-n // stride)
    return (n - (window - 1) * dilation - 1) // stride + 1


def spatial_shape(shape, data_format, change, channels=None):
    """The shape with ``change(i, n)`` in place of spatial dimension i of size n, and ``channels`` unless None."""
    first = data_format == "channels_first"
    positions = shape[2:] if first else shape[1:-1]
    found = tuple(change(i, n) for i, n in enumerate(positions))
    kept = shape[1 if first else -1] if channels is None else channels
    return (shape[0], kept, *found) if first else (shape[0], *found, kept)


def channel_axis(data_format):
    """Where the channels are."""
    return 1 if data_format == "channels_first" else -1


def channels_of(layer, shape, data_format):
    """The number of channels of an input shape, or an error when it isn't known."""
    n = shape[channel_axis(data_format)]
    if n is None:
        raise ValueError(
            f"{who(layer)}: the number of channels must be known to make the weights, got shape {tuple(shape)}."
        )
    return n


def with_defaults(fn, **defaults):
    """A copy of a function with other default values: one ``__init__`` serves the layers of all ranks."""
    names = fn.__code__.co_varnames[: fn.__code__.co_argcount]
    own = dict(zip(names[-len(fn.__defaults__) :], fn.__defaults__, strict=True)) | defaults
    return types.FunctionType(fn.__code__, fn.__globals__, fn.__name__, tuple(own.values()), fn.__closure__)
