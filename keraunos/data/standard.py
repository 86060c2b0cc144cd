"""Arrays as steps want them: a known dtype, the same number of rows."""

import numpy as np

from keraunos.backend import dispatch
from keraunos.backend.dtypes import numpy_dtype
from keraunos.util import settings, tree
from keraunos.util.optional import loaded

_NARROWER = {np.dtype("int64"): np.dtype("int32"), np.dtype("uint64"): np.dtype("uint32")}


def host(value, who, argument):
    """A NumPy array (not cast, not copied if possible) from an array of any kind or a DataFrame."""
    if value is None or isinstance(value, np.ndarray):
        found = value
    elif isinstance(value, (int, float, bool, np.generic)):
        raise ValueError(f"{who}: {argument} must be an array, got the number {value!r}.")
    elif hasattr(value, "to_numpy"):  # pandas, polars
        found = _from_table(value, who, argument)
    elif hasattr(value, "nnz") and hasattr(value, "toarray"):
        raise ValueError(f"{who}: {argument} is a sparse {type(value).__name__}; make it dense with .toarray().")
    else:
        found = _from_framework(value, who, argument)
    if found is not None:
        _check_kind(found, who, argument)
    return found


def _from_table(value, who, argument):
    """A DataFrame as (rows, columns), a Series as (rows, 1), as Keras takes them."""
    columns = getattr(value, "columns", None)
    found = value.to_numpy()
    if found.dtype.kind == "O" and columns is not None and len(columns):  # of columns of unlike types, or text
        text = [str(c) for c in columns if np.asarray(value[c].to_numpy()).dtype.kind not in "biufc"]
        text = [c for c in text if not _is_numeric(value, c)]
        if text:
            raise ValueError(
                f"{who}: the columns {text} of {argument} don't hold numbers. Leave them out or encode them first (for example "
                "with pandas.get_dummies)."
            )
        found = value.to_numpy(dtype=settings.floatx())
    return found[:, None] if found.ndim == 1 and argument != "sample_weight" else found


def _is_numeric(table, column):
    """Whether a column of pandas' nullable types holds numbers."""
    return getattr(table.dtypes.get(column), "_is_numeric", False)


def _from_framework(value, who, argument):
    torch = loaded("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return dispatch.get_engine("torch").to_numpy(value)
    if torch is not None and isinstance(value, torch.utils.data.Dataset):
        raise ValueError(
            f"{who}: {argument} is a torch Dataset, which gives single samples; wrap it: torch.utils.data.DataLoader(dataset, "
            "batch_size=32)."
        )
    kind = dispatch.kind_of.get(type(value)) or dispatch.classify(value)
    if kind is dispatch.HANDLE:
        return value.numpy()
    if kind is dispatch.HOST:
        return np.asarray(value)
    if kind is dispatch.SYMBOLIC or kind is None:
        raise ValueError(
            f"{who}: {argument} must be an array (NumPy, an engine's, a DataFrame, a list of numbers) or a dataset of batches, "
            f"got {type(value).__name__}."
        )
    return kind.to_numpy(value)


def _check_kind(array, who, argument):
    if array.dtype.kind in "OUSMmT":
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
    return _NARROWER.get(dtype, dtype)


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
        if not value:
            raise ValueError(f"{who}: {argument} is empty.")
        return {k: host_tree(v, who, f"{argument}[{k!r}]") for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        if not len(value):
            raise ValueError(f"{who}: {argument} is empty.")
        if all(_is_plain(v) for v in value):
            return _list_to_array(value, who, argument)
        parts = [host_tree(v, who, f"{argument}[{i}]") for i, v in enumerate(value)]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts) if isinstance(value, tuple) else parts
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
    if all(value is None or isinstance(value, np.ndarray) for _, value in parts):
        counts = [(name, len(value)) for name, value in parts if value is not None]
    else:
        counts = [
            (name + "".join(f"[{p!r}]" for p in path), len(a))
            for name, value in parts
            for path, a in tree.flatten_with_path(value)
            if a is not None
        ]
    if not counts:
        raise ValueError(f"{who}: x is required.")
    name, n = counts[0]
    for other, m in counts[1:]:
        if m != n:
            raise ValueError(
                f"{who}: all arrays must have the same number of samples: {name} has {n} samples, {other} has {m}."
            )
    if n == 0:
        raise ValueError(f"{who}: {name} has no samples.")
    return n


def check_integers(parts, who):
    """Raise for integers that the narrower type, which steps compute with, can't hold."""
    for name, value in parts:
        for a in tree.flatten(value):
            narrower = None if a is None else _NARROWER.get(a.dtype)
            if narrower is None or not a.size:
                continue
            limits = np.iinfo(narrower)
            if a.min() < limits.min or a.max() > limits.max:
                row = int(np.nonzero(((a < limits.min) | (a > limits.max)).reshape(len(a), -1).any(1))[0][0])
                raise ValueError(
                    f"{who}: {name} holds integers beyond {narrower} (sample {row}), which models compute with. Hash or index "
                    "them to a smaller range first, or convert them to floats."
                )
