"""Data that comes in batches."""

import itertools
import warnings
import weakref

import numpy as np

from keraunos.data.class_weights import weigh
from keraunos.data.order import permutation
from keraunos.data.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from keraunos.data.prefetch import Prefetcher
from keraunos.data.py_dataset import is_indexed, number_of_batches
from keraunos.data.standard import check_integers, count_rows, host_tree, standard_dtype
from keraunos.data.workers import ProcessWorkers, ThreadWorkers
from keraunos.util import tree
from keraunos.util.optional import loaded

_AHEAD = 2  # standardised batches that wait for a step


def is_stream(x):
    """Whether x yields batches by itself (a dataset or generator), as opposed to arrays."""
    if isinstance(x, (list, tuple, dict, str, bytes, set, range, np.ndarray)) or x is None:
        return False
    if is_indexed(x) or _is_of("torch.utils.data", "DataLoader", x):
        return True
    if any(hasattr(x, name) for name in ("__array__", "to_numpy", "__keraunos_value__", "shape")):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__")


def _is_of(module, name, x):
    """Whether x is an instance of a class of a framework, which then has been imported."""
    found = loaded(module.partition(".")[0])
    for part in (*module.split(".")[1:], name):
        found = getattr(found, part, None)
    return found is not None and isinstance(x, found)


class StreamSource:
    """Batches of a generator, a ``PyDataset``, a torch ``DataLoader``, a ``tf.data.Dataset`` or another iterable.

    They are got and standardised ahead of the steps in a thread. An epoch of fewer steps than the data gives goes on where the
    last one ended.
    """

    kind = "stream"

    def __init__(self, dataset, steps=None, shuffle=False, class_weight=None, who="fit"):
        self.dataset, self.class_weight, self.who = dataset, class_weight, who
        self.indexed = is_indexed(dataset)
        self.once = hasattr(dataset, "__next__")  # a generator goes on where the last epoch ended
        self.shuffle = bool(shuffle) and self.indexed
        self.order_seed = int(np.random.randint(2**31 - 1)) if self.shuffle else 0
        self.length = None if self.once else self._length()
        self._check_steps(steps)
        self._given = steps
        self.steps = self.length if steps is None else steps if self.length is None else min(steps, self.length)
        self._peeked = None  # (first batch, iterator over the rest, order seed)
        self._rest = None  # what is left of the last pass over the data
        self._last_epoch = None
        self._ended = False
        self._open = None  # the batches of the epoch that is running
        self._workers = self._end_workers = None

    def _length(self):
        if self.indexed:
            return number_of_batches(self.dataset)
        try:
            length = len(self.dataset)
        except TypeError:  # no length, or an endless tf.data.Dataset
            return None
        return int(length)

    def _check_steps(self, steps):
        if steps is not None and steps < 1:
            raise ValueError(f"{self.who}: the number of steps must be at least 1, got {steps}.")
        if self.length == 0:
            raise ValueError(
                f"{self.who}: the dataset {type(self.dataset).__name__} has length 0: there is no batch in it."
            )
        if steps is None and self.length is None and self.indexed:
            raise ValueError(
                f"{self.who}: the dataset {type(self.dataset).__name__} has no end; say how many steps an epoch has "
                "(steps_per_epoch, validation_steps or steps)."
            )
        if steps is not None and self.length is not None and steps > self.length:
            self._warn_short(self.length, steps, stacklevel=7)

    def _warn_short(self, had, wanted, stacklevel):
        remedy = "a generator must yield steps_per_epoch * epochs batches" if self.once else "a dataset can be repeated"
        warnings.warn(
            f"{self.who}: the data ran out after {had} of {wanted} steps, and the epoch ends there ({remedy}).",
            stacklevel=stacklevel,
        )

    # -- batches ---------------------------------------------------------------------------------------------------------

    def sample(self):
        """(a batch, its rows); the batch is not lost."""
        if self._peeked is None:
            rest = self._raw(0, 0)
            first = next(rest, self)
            if first is self:
                raise ValueError(f"{self.who}: the data yielded no batch.")
            self._peeked = first, rest, self.order_seed
        data = self._pack(self._peeked[0])
        return data, len(next(a for a in tree.flatten(data) if a is not None))

    def batches(self, epoch, skip=0):
        """Batches of an epoch, from step ``skip`` on; it ends after ``steps`` batches or when the data does."""
        if self.once and self._ended:
            raise ValueError(
                f"{self.who}: the {type(self.dataset).__name__} has no batches left after an earlier epoch. Pass a dataset that "
                "can be iterated over again (a PyDataset), or a generator that yields enough batches."
            )
        limit = None if self._given is None else self.steps - skip
        items = self._packed(itertools.islice(self._from(epoch, skip), limit))
        self._open = items = Prefetcher(items, _AHEAD) if self._runs_ahead() else items
        done, complete = 0, False
        try:
            for data in items:
                done += 1
                yield data
            self._ended = limit is None or done < limit
            if limit is not None and self._ended:
                self._warn_short(skip + done, self.steps, stacklevel=6)
            complete = True
        finally:
            items.close()
            if self._open is items and (complete or skip + done == self.steps):
                self._end_epoch()

    def predict_batches(self, pad):
        """Pairs (batch, None)."""
        for data in self.batches(0):
            yield data, None

    def _runs_ahead(self):
        """Whether batches are got in a thread; a ``PyDataset`` with ``workers=0`` stays in the main thread."""
        return not self.indexed or getattr(self.dataset, "workers", 1) > 0

    def _packed(self, batches):
        for batch in batches:
            yield self._pack(batch)

    def _from(self, epoch, skip):
        """Batches of the dataset from a place on."""
        if self._peeked is not None:
            first, rest, order_seed = self._peeked
            self._peeked = None
            if self.once or (epoch == 0 and skip == 0 and order_seed == self.order_seed):
                return itertools.islice(itertools.chain([first], rest), skip if self.once else 0, None)
            rest.close()  # the run goes on elsewhere
            self._last_epoch = None
        return self._raw(epoch, skip)

    def _raw(self, epoch, skip):
        """What the dataset yields in an epoch, from a step on."""
        if self.once:
            return itertools.islice(self.dataset, skip, None)
        if self.indexed:
            self.dataset.on_epoch_begin()
            return self._by_index(epoch, skip)
        return self._passes(epoch, skip)

    def _passes(self, epoch, skip):
        """Batches of an iterable: the rest of the last pass, then a new one; an epoch that is run again starts anew."""
        goes_on = self._rest is not None and self._last_epoch is not None and epoch > self._last_epoch
        if not goes_on:
            if self._last_epoch is None and self._given is not None and self.length and skip:  # a run that is resumed
                skip = (epoch * self.steps + skip) % self.length
            self._rest = itertools.islice(self._iterator(), skip, None)
        self._last_epoch = epoch
        yield from self._rest
        self._rest = None
        if goes_on:
            self._rest = self._iterator()
            yield from self._rest
            self._rest = None

    def _iterator(self):
        """A new pass over the data; a slice, as ``yield from`` would close a generator when an epoch ends."""
        is_tf = _is_of("tensorflow.data", "Dataset", self.dataset)
        return itertools.islice(self.dataset.as_numpy_iterator() if is_tf else self.dataset, None)

    # -- by index --------------------------------------------------------------------------------------------------------

    def _by_index(self, epoch, skip):
        indices = self._indices(epoch, skip)
        workers, processes = getattr(self.dataset, "workers", 1), getattr(self.dataset, "use_multiprocessing", False)
        if workers > 1 or (workers and processes):
            yield from self._team().batches(indices)
        else:
            for i in indices:
                yield self.dataset[i]

    def _indices(self, epoch, skip):
        """Indices of an epoch's batches: a window of the endless sequence of passes, each pass in its own order."""
        first = epoch * self.steps
        known, order = None, None
        for place in range(first + skip, first + self.steps):
            number, within = divmod(place, self.length) if self.length else (0, place)
            if self.shuffle and self.length and number != known:
                known, order = number, permutation(self.length, self.order_seed, number)
            yield within if order is None else int(order[within])

    def _team(self):
        """The workers, which serve all epochs."""
        if self._workers is None:
            dataset = self.dataset
            kind = ProcessWorkers if dataset.use_multiprocessing else ThreadWorkers
            self._workers = kind(dataset, max(1, dataset.workers), max(1, dataset.max_queue_size))
            self._end_workers = weakref.finalize(self, self._workers.close)
        return self._workers

    # -- one batch -------------------------------------------------------------------------------------------------------

    def _pack(self, batch):
        """A batch as standardised NumPy arrays of its own: a dataset may fill the same buffer again for the next one, and an
        engine may read a buffer long after it was given it."""
        x, y, sample_weight = unpack_x_y_sample_weight(batch)
        who = f"{self.who}: a batch of the {type(self.dataset).__name__}"
        parts = [(n, host_tree(v, who, n)) for n, v in (("x", x), ("y", y), ("sample_weight", sample_weight))]
        count_rows(parts, who)
        check_integers(parts, who)
        x, y, sample_weight = (tree.map_structure(_own, part) for _, part in parts)
        if self.class_weight is not None:
            sample_weight = weigh(y, sample_weight, self.class_weight, self.who)
        return pack_x_y_sample_weight(x, y, sample_weight)

    # -- the end ---------------------------------------------------------------------------------------------------------

    def note_steps(self, steps):
        """An epoch had so many steps."""
        self._end_epoch()
        if self.steps is None and not self.once:
            self.steps = steps

    def _end_epoch(self):
        """Tell the dataset, once, that the epoch is over, when nothing is got from it any more."""
        if self._open is None:
            return
        self._open.close()
        self._open = None
        if self.indexed:
            self.dataset.on_epoch_end()

    def can_go_on(self):
        """Whether another epoch can begin; warns when a generator has ended. Looks for its next batch."""
        if not self.once or self._peeked is not None:
            return True
        if not self._ended:
            first = next(self.dataset, self)
            if first is not self:
                self._peeked = first, self.dataset, self.order_seed
                return True
        self._ended = True
        warnings.warn(
            f"{self.who}: the {type(self.dataset).__name__} has no batches for another epoch, so training ends here. It must "
            "yield steps_per_epoch * epochs batches; a PyDataset can be gone through again.",
            stacklevel=4,
        )
        return False

    def close(self):
        """End the epoch and the workers, if any."""
        if self._open is not None:
            self._open.close()
            self._open = None
        if self._end_workers is not None:
            self._end_workers()
            self._workers = self._end_workers = None


def _own(array):
    """A copy in the dtype that steps get."""
    return None if array is None else np.array(array, standard_dtype(array.dtype))
