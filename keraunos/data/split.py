"""A dataset in two parts."""

import numpy as np

from keraunos.data.order import permutation
from keraunos.data.py_dataset import PyDataset
from keraunos.data.standard import count_rows, host_tree
from keraunos.util import tree
from keraunos.util.errors import describe
from keraunos.util.optional import loaded, require

_WHO = "split_dataset"


class Samples:
    """Some samples of arrays, got one by one; ``batch`` makes a dataset for ``fit`` of them.

    **Shape:** sample i is nested like the arrays, without their first dimension.

    >>> import numpy as np
    >>> import keraunos as keras
    >>> left, right = keras.utils.split_dataset(np.arange(10), left_size=0.8)
    >>> len(left), [int(x) for x in right]
    (8, [8, 9])
    """

    def __init__(self, arrays, rows):
        self._arrays, self._rows = arrays, rows

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        if not -len(self) <= index < len(self):
            raise IndexError(f"There are {len(self)} samples, got the index {index}.")
        return tree.map_structure(lambda a: a[self._rows[index]], self._arrays)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def batch(self, batch_size, drop_remainder=False):
        """Batches of so many samples, as a ``PyDataset``."""
        return _Batches(self._arrays, self._rows, batch_size, drop_remainder)


class _Batches(PyDataset):
    def __init__(self, arrays, rows, batch_size, drop_remainder):
        super().__init__()
        self._arrays, self._batch_size = arrays, batch_size
        self._rows = rows[: len(rows) // batch_size * batch_size] if drop_remainder else rows

    def __len__(self):
        return -(-len(self._rows) // self._batch_size)

    def __getitem__(self, index):
        rows = self._rows[index * self._batch_size : (index + 1) * self._batch_size]
        return tree.map_structure(lambda a: a[rows], self._arrays)


def split_dataset(dataset, left_size=None, right_size=None, shuffle=False, seed=None, preferred_backend=None):
    """The first samples of a dataset, and the last.

    Args:
        dataset: array, list, tuple or dict of arrays (then a sample is nested likewise), or a map-style torch ``Dataset``.
        left_size, right_size: number of samples, or share of them between 0 and 1; one of the two may be left out.
        shuffle: draw the samples at random.
        seed: of the draw; default from NumPy's generator.
        preferred_backend: "torch" makes torch datasets of arrays.

    Returns:
        A pair: of torch ``Subset`` for torch, else of datasets of single samples, iterable, with a length, and a method
        ``batch(batch_size)``, whose result ``fit`` takes.

    Raises ``ValueError`` for sizes that are out of range or together too large, ``TypeError`` for other datasets.

    >>> import numpy as np
    >>> import keraunos as keras
    >>> x, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 2])
    >>> left, right = keras.utils.split_dataset((x, y), right_size=1)
    >>> [(a.tolist(), int(b)) for a, b in right]
    [([4.0, 5.0], 2)]
    """
    if preferred_backend not in (None, "torch", "jax", "numpy"):
        raise ValueError(
            f"{_WHO}: preferred_backend must be None, 'torch', 'jax' or 'numpy', got {preferred_backend!r}."
        )
    torch = loaded("torch")
    is_torch = torch is not None and isinstance(dataset, torch.utils.data.Dataset)
    if is_torch:
        arrays, n = dataset, len(dataset)
    elif hasattr(dataset, "shape") or isinstance(dataset, (list, tuple, dict)):
        arrays = host_tree(dataset, _WHO, "dataset")
        n = count_rows([("dataset", arrays)], _WHO)
    else:
        raise TypeError(
            f"{_WHO}: dataset must be an array, a list, tuple or dict of arrays, or a torch Dataset, got {describe(dataset)}."
        )
    left, right = _sizes(left_size, right_size, n)
    rows = permutation(n, _seed(seed), 0) if shuffle else np.arange(n)
    parts = rows[:left], rows[n - right :]
    if is_torch or preferred_backend == "torch":
        return _subsets(arrays, parts, is_torch)
    return tuple(Samples(arrays, part) for part in parts)


def _seed(seed):
    return int(np.random.randint(2**31 - 1)) if seed is None else seed


def _subsets(data, parts, is_torch):
    torch = require("torch", who=f"{_WHO} with preferred_backend='torch'")
    if not is_torch:
        if isinstance(data, dict):
            raise TypeError(f"{_WHO}: a dict of arrays can't be a torch TensorDataset; pass a tuple.")
        data = torch.utils.data.TensorDataset(*(torch.as_tensor(a) for a in tree.flatten(data)))
    return tuple(torch.utils.data.Subset(data, part.tolist()) for part in parts)


def _sizes(left_size, right_size, n):
    """Numbers of samples of the two parts."""
    if left_size is None and right_size is None:
        raise ValueError(f"{_WHO}: left_size or right_size must be given.")
    left, right = (_count(name, size, n) for name, size in (("left_size", left_size), ("right_size", right_size)))
    left = n - right if left is None else left
    right = n - left if right is None else right
    if left + right > n:
        raise ValueError(
            f"{_WHO}: left_size={left_size} and right_size={right_size} are {left} + {right} samples, but there are {n}."
        )
    if left == 0 or right == 0:
        raise ValueError(f"{_WHO}: {n} samples with left_size={left_size}, right_size={right_size} leave a part empty.")
    return left, right


def _count(name, size, n):
    if size is None:
        return None
    if isinstance(size, float) and 0 < size < 1:
        return round(size * n)
    if isinstance(size, (int, np.integer)) and not isinstance(size, bool) and 0 < size < n:
        return int(size)
    raise ValueError(
        f"{_WHO}: {name} must be an integer between 0 and the number of samples ({n}), or a float between 0 and 1, got {size!r}."
    )
