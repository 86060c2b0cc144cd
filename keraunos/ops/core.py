"""Conversion, shape and dtype of arrays, and what stops or replaces their gradients."""

import functools

import numpy as np

from keraunos.backend import dispatch, dtypes
from keraunos.backend.dispatch import HANDLE, HOST, SYMBOLIC
from keraunos.backend.dtypes import standardize_dtype
from keraunos.ops.op import in_dtype, kind_or_none, op
from keraunos.ops.symbolic import KerasTensor


@op(promote=None, compiled=False)
def cast(xp, x, dtype):
    """x converted to a dtype; floats lose their fraction when they become ints.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    return xp.astype(x, standardize_dtype(dtype))


@op(promote=None)
def saturate_cast(xp, x, dtype):
    """x converted to a dtype, after values outside its range were moved to its ends.

    **Shape:** any, kept. Raises TypeError for complex x.

    >>> from keraunos import ops
    >>> ops.saturate_cast([-5.0, 300.0], "uint8").tolist()
    [0, 255]
    """
    source, target = standardize_dtype(x.dtype), standardize_dtype(dtype)
    if "complex" in source:
        raise TypeError(f"saturate_cast: x must be real, got dtype {source}.")
    if target == "bool" or source == "bool" or "complex" in target:
        return xp.astype(x, target)
    low, high = _common_range(source, target)
    return xp.astype(xp.clip(x, low, high), target)


@functools.lru_cache(maxsize=256)
def _common_range(source, target):
    """Least and greatest number, as values of ``source``, that ``target`` holds too."""
    (a, b), (c, d) = dtypes.finite_range(source), dtypes.finite_range(target)
    low, high = max(a, c), min(b, d)
    if dtypes.is_float_dtype(source):  # rounding to the source may have led out of the target's range
        kind = dtypes.numpy_dtype(source).type
        low, high = kind(low), kind(high)
        high = high if float(high) <= d else np.nextafter(high, kind(0))
        low = low if float(low) >= c else np.nextafter(low, kind(0))
        return float(low), float(high)
    return low, high


@op(promote=None, name="convert_to_tensor", compiled=False)
def _convert(xp, x, dtype=None):
    return x if dtype is None else xp.astype(x, standardize_dtype(dtype))


def convert_to_tensor(x, dtype=None, sparse=None, ragged=None):
    """x as an array of its engine, or of the default engine when it comes from Python or NumPy.

    **Shape:** any, kept. Python floats get ``floatx()``, ints int32. ``sparse=False`` and None are the same here.
    Raises ValueError for None, for text, and when a sparse or ragged array is asked for.

    >>> from keraunos import ops
    >>> ops.convert_to_tensor([1, 2], dtype="float32").tolist()
    [1.0, 2.0]
    """
    if x is None or isinstance(x, (str, bytes)):
        raise ValueError(f"convert_to_tensor: x must be numbers or arrays, got {x!r}.")
    if sparse or ragged:
        raise ValueError(f"convert_to_tensor: {'sparse' if sparse else 'ragged'} arrays are not supported.")
    if isinstance(x, KerasTensor) and (dtype is None or x.dtype == standardize_dtype(dtype)):
        return x
    return _convert(in_dtype("convert_to_tensor", x, dtype), dtype)


def convert_to_numpy(x):
    """x as a NumPy array.

    **Shape:** any, kept. Raises TypeError for a symbolic tensor.

    >>> from keraunos import ops
    >>> ops.convert_to_numpy([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    if isinstance(x, KerasTensor):
        raise TypeError(f"convert_to_numpy: x is symbolic and has no values: {x!r}.")
    if isinstance(x, np.ndarray):
        return x
    x = convert_to_tensor(x)
    return dispatch.engine_of(x).to_numpy(x)


def is_tensor(x):
    """Whether x is an array of an engine. NumPy's arrays are that only while NumPy is the engine; variables are not.

    >>> from keraunos import ops
    >>> ops.is_tensor(ops.convert_to_tensor(1.0)), ops.is_tensor([1.0])
    (True, False)
    """
    kind = kind_or_none(x)
    if kind is HOST:
        return dispatch.current().is_array(x)
    return kind is not None and kind is not HANDLE and kind is not SYMBOLIC


def shape(x):
    """The shape as a tuple of ints; ``None`` stands for an unknown dimension of a symbolic tensor.

    >>> from keraunos import ops
    >>> ops.shape([[1, 2, 3]])
    (1, 3)
    """
    found = getattr(x, "shape", None)
    return tuple(np.shape(x) if found is None else found)


def dtype(x):
    """The standard name of the dtype.

    >>> from keraunos import ops
    >>> ops.dtype([1.0])
    'float32'
    """
    found = getattr(x, "dtype", None)
    return standardize_dtype(convert_to_tensor(x).dtype if found is None else found)


@op(promote=None, compiled=False)
def stop_gradient(xp, variable):
    """The same values, through which no gradient flows.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> ops.stop_gradient([1.0]).tolist()
    [1.0]
    """
    return xp.stop_gradient(variable)


def custom_gradient(f):
    """A function with a gradient of its own: ``f(*args)`` returns its output and ``grad(*args, upstream)``.

    ``grad`` gets the gradient of the output as ``upstream`` and returns the gradient of each argument.

    >>> from keraunos import ops
    >>> @ops.custom_gradient
    ... def log1pexp(x):
    ...     e = ops.exp(x)
    ...     def grad(*args, upstream=None):
    ...         if upstream is None:
    ...             (upstream,) = args
    ...         return ops.multiply(upstream, 1.0 - 1.0 / ops.add(1, e))
    ...     return ops.log(1 + e), grad
    >>> round(float(log1pexp(1.0)), 3)
    1.313
    """

    @functools.wraps(f)
    def wrapped(*args, **kwargs):
        args = [a.__keraunos_value__() if kind_or_none(a) is HANDLE else a for a in args]
        args = [a if isinstance(a, KerasTensor) else convert_to_tensor(a) for a in args]
        run = functools.partial(f, **kwargs) if kwargs else f
        return dispatch.engine_of(*args, who="custom_gradient").custom_gradient(run)(*args)

    return wrapped


def device_scope(device_name):
    """A context in which new arrays are placed on ``device_name``, such as "cpu:0" or "gpu:1".

    >>> from keraunos import ops
    >>> with ops.device_scope("cpu:0"):
    ...     ops.convert_to_tensor([1.0]).tolist()
    [1.0]
    """
    return dispatch.current().device_scope(device_name)
