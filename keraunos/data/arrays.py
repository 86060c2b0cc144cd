"""Data that is arrays."""

import warnings

import numpy as np

from keraunos.data.class_weights import weigh
from keraunos.data.order import rows_of_pass, window
from keraunos.data.packing import pack_x_y_sample_weight
from keraunos.data.standard import check_integers, count_rows, host_tree, standard, standard_dtype
from keraunos.data.streams import is_stream
from keraunos.util import tree

# Arrays of up to so many bytes are put on the device whole; beyond, blocks of rows are sent as they are needed.
_WHOLE_BYTES = 64 << 20
_BLOCK_BYTES = 8 << 20


class ArraySource:
    """Rows of arrays in batches.

    The order of an epoch is a function of (``order_seed``, epoch), never of what was drawn before. An epoch of fewer steps than
    the data gives goes on where the last one ended.
    """

    kind = "arrays"

    def __init__(
        self, x, y=None, sample_weight=None, batch_size=None, steps=None, shuffle=False, class_weight=None, who="fit"
    ):
        parts = [(n, host_tree(v, who, n)) for n, v in (("x", x), ("y", y), ("sample_weight", sample_weight))]
        x, y, sample_weight = (value for _, value in parts)
        if x is None:
            raise ValueError(f"{who}: x is required.")
        self.n = count_rows(parts, who)
        check_integers(parts, who)
        if class_weight is not None and y is None:
            raise ValueError(f"{who}: class_weight needs y.")
        sample_weight = weigh(y, sample_weight, class_weight, who)
        if batch_size is None:
            batch_size = -(-self.n // steps) if steps else 32  # so many steps make one pass over the data
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"{who}: batch_size must be a positive integer, got {batch_size!r}.")
        self.x, self.y = x, y
        self.batch_size = int(batch_size)
        if steps is not None and steps < 1:
            raise ValueError(f"{who}: the number of steps must be at least 1, got {steps}.")
        whole = -(-self.n // self.batch_size)
        if steps is not None and steps > whole:
            warnings.warn(
                f"{who}: {steps} steps of {self.batch_size} samples were asked for, the data gives {whole}; going on with "
                f"{whole}.",
                stacklevel=5,
            )
        self.steps = whole if steps is None else min(int(steps), whole)
        self.shuffle = shuffle
        # NumPy's global generator, which set_random_seed seeds, is drawn from once.
        self.order_seed = int(np.random.randint(2**31 - 1)) if shuffle else 0
        self.data = pack_x_y_sample_weight(x, y, sample_weight)
        warn_about_nan(parts, who)

    @property
    def n_rows(self):
        """Number of samples."""
        return self.n

    def order(self, epoch):
        """The rows in the order of an epoch (int32)."""

        def of_pass(number):
            return rows_of_pass(self.n, self.batch_size, self.shuffle, self.order_seed, number)

        rows = self.steps * self.batch_size
        return of_pass(epoch) if rows >= self.n else window(of_pass, self.n, epoch * rows, (epoch + 1) * rows)

    def sample(self):
        """(arrays nested like a batch, rows of a batch), to build variables from."""
        return self.data, min(self.batch_size, self.n)

    def on_device(self, engine):
        """All data as arrays of the engine, or None when it is large."""
        size = sum(a.size * standard_dtype(a.dtype).itemsize for a in tree.flatten(self.data) if a is not None)
        if size > _WHOLE_BYTES:
            return None

        # A copy: the engine may share a NumPy buffer, and the caller may write to it during training.
        return tree.map_structure(
            lambda a: None if a is None else engine.asarray(np.array(a, standard_dtype(a.dtype))), self.data
        )

    @property
    def block_steps(self):
        """How many steps make one block of data that is sent at a time."""
        row = sum(a[:1].size * standard_dtype(a.dtype).itemsize for a in tree.flatten(self.data) if a is not None)
        return max(1, min(self.steps, _BLOCK_BYTES // max(1, row * self.batch_size)))

    def rows(self, indices):
        """The given rows, cast."""
        return tree.map_structure(lambda a: None if a is None else standard(a[indices]), self.data)

    def batches(self, epoch, skip=0):
        """Batches of an epoch, from step ``skip`` on."""
        order = self.order(epoch)
        for step in range(skip, self.steps):
            yield self.rows(order[step * self.batch_size : (step + 1) * self.batch_size])

    def predict_batches(self, pad):
        """Pairs (batch, number of real rows or None), in order; with ``pad`` the last is filled up by repeating its first row."""
        size = self.batch_size
        for step in range(self.steps):
            start, stop = step * size, min((step + 1) * size, self.n)
            if pad and step and stop - start < size:
                indices = np.concatenate([np.arange(start, stop), np.full(size - (stop - start), start)])
                yield self.rows(indices), stop - start
            else:
                yield (
                    tree.map_structure(lambda a, s=start, e=stop: None if a is None else standard(a[s:e]), self.data),
                    None,
                )

    def note_steps(self, steps):
        """The number of steps is known."""

    def can_go_on(self):
        """Whether another epoch can begin."""
        return True

    def close(self):
        """Nothing is held."""


def warn_about_nan(parts, who):
    """Warn of NaN in named nested arrays, and say in which sample."""
    for name, value in parts:
        for path, a in tree.flatten_with_path(value):
            row = first_nan_row(a) if a is not None and a.dtype.kind == "f" else None
            if row is not None:
                name += "".join(f"[{p!r}]" for p in path)
                outcome = "predictions" if who == "predict" else "loss"
                warnings.warn(
                    f"{who}: {name} holds NaN, first in sample {row}; unless the model deals with it, the {outcome} will be NaN.",
                    stacklevel=6,
                )


def first_nan_row(a):
    """The first row with a NaN, or None; one pass, in chunks."""
    rows = max(1, (1 << 22) // max(1, a[:1].size))
    for start in range(0, len(a), rows):
        chunk = a[start : start + rows]
        with np.errstate(invalid="ignore", over="ignore"):
            suspicious = np.isnan(np.sum(chunk, dtype=np.float32 if chunk.dtype.itemsize <= 4 else None))
        if suspicious:
            bad = np.isnan(chunk).reshape(len(chunk), -1).any(1)
            if bad.any():
                return start + int(bad.argmax())
    return None


def split_validation(parts, fraction, who="fit"):
    """The first rows to train on and the last ``fraction`` to validate on.

    Raises:
        ValueError: fraction not within (0, 1), data that is no arrays, or too few samples.
    """
    if is_stream(parts[0]):
        raise ValueError(
            f"{who}: validation_split needs arrays; x is a dataset ({type(parts[0]).__name__}). Pass validation_data instead."
        )
    if not 0 < fraction < 1:
        raise ValueError(f"{who}: validation_split must be between 0 and 1, got {fraction!r}.")
    hosted = tuple(host_tree(p, who, name) for p, name in zip(parts, ("x", "y", "sample_weight"), strict=True))
    n = count_rows(list(zip(("x", "y", "sample_weight"), hosted, strict=True)), who)
    at = int(np.floor(n * (1 - fraction)))
    if at == 0 or at == n:
        raise ValueError(
            f"{who}: validation_split={fraction} of {n} samples leaves no sample to train or to validate on."
        )

    def cut(value, rows):
        return None if value is None else tree.map_structure(lambda a: None if a is None else a[rows], value)

    return tuple(cut(p, slice(None, at)) for p in hosted), tuple(cut(p, slice(at, None)) for p in hosted)
