"""Arrays as steps want them: a known dtype, the same number of rows."""

import numpy as np

from keraunos.backend import dispatch
from keraunos.backend.dtypes import numpy_dtype
from keraunos.util import settings, tree
from keraunos.util.optional import loaded


def host(value, who, argument):
    """A NumPy array (not cast, not copied if possible) from an array of any kind, a DataFrame or a list of numbers."""
    if value is None or isinstance(value, np.ndarray):
        found = value
    elif isinstance(value, (int, float, bool, np.generic)):
        raise ValueError(f"{who}: {argument} must be an array, got the number {value!r}.")
    elif hasattr(value, "to_numpy"):  # pandas, polars
        found = value.to_numpy()
    else:
        kind = dispatch.kind_of.get(type(value)) or dispatch.classify(value)
        torch = loaded("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            found = value.detach().cpu().numpy()
        elif kind is dispatch.HANDLE:
            found = value.numpy()
        elif kind is dispatch.HOST:
            found = np.asarray(value)
        elif kind is dispatch.SYMBOLIC or kind is None:
            raise ValueError(f"{who}: {argument} must be an array, got {type(value).__name__}.")
        else:
            found = kind.to_numpy(value)
    if found is not None:
        _check_kind(found, who, argument)
    return found


def _check_kind(array, who, argument):
    if array.dtype.kind in "OUSMm":
        raise ValueError(
            f"{who}: {argument} has dtype {array.dtype}, which no model can compute with. Convert it to numbers first"
            + (" (for a table: df.astype('float32'), or encode text columns)." if array.dtype.kind == "O" else ".")
        )
    if not array.ndim:
        raise ValueError(f"{who}: {argument} must have a first dimension of samples, got a scalar.")


def standard_dtype(dtype):
    """The dtype that steps get: float64 becomes floatx, 64-bit integers 32-bit."""
    if dtype == np.float64:
        return numpy_dtype(settings.floatx())
    return {np.dtype("int64"): np.dtype("int32"), np.dtype("uint64"): np.dtype("uint32")}.get(dtype, dtype)


def standard(array):
    """A NumPy array in the dtype that steps get."""
    if array is None:
        return None
    dtype = standard_dtype(array.dtype)
    return array if array.dtype == dtype else array.astype(dtype)


def host_tree(value, who, argument):
    """``host`` on a nested value; a list of numbers is one array, a list of arrays a list of inputs."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {k: host_tree(v, who, f"{argument}[{k!r}]") for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        if not len(value):
            raise ValueError(f"{who}: {argument} is empty.")
        if all(_is_plain(v) for v in value):
            return _list_to_array(value, who, argument)
        return (
            type(value)(host_tree(v, who, f"{argument}[{i}]") for i, v in enumerate(value))
            if type(value) in (list, tuple)
            else [host_tree(v, who, argument) for v in value]
        )
    if loaded("pandas") is not None and isinstance(value, loaded("pandas").Series):
        return host(value, who, argument)
    return host(value, who, argument)


def _is_plain(v):
    if isinstance(v, (list, tuple)):
        return all(_is_plain(x) for x in v)
    return isinstance(v, (int, float, bool, np.generic, str))


def _list_to_array(value, who, argument):
    try:
        found = np.asarray(value)
    except ValueError as e:
        raise ValueError(
            f"{who}: {argument} is a list of lists of unequal lengths; pad them first (keras.utils.pad_sequences)."
        ) from e
    _check_kind(found, who, argument)
    return found


def count_rows(parts, who):
    """The common number of rows of named nested arrays.

    Raises:
        ValueError: they differ, or there are none.
    """
    counts = [(name, len(a)) for name, value in parts for a in tree.flatten(value) if a is not None]
    if not counts:
        raise ValueError(f"{who}: x is required.")
    name, n = counts[0]
    for other, m in counts[1:]:
        if m != n:
            raise ValueError(
                f"{who}: all arrays must have the same number of samples: {name} has {n}, {other} has {m}."
            )
    if n == 0:
        raise ValueError(f"{who}: {name} has no samples.")
    return n
