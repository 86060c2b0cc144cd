"""Data that comes in batches."""

import itertools

import numpy as np

from keraunos.data.class_weights import weigh
from keraunos.data.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from keraunos.data.standard import host, standard
from keraunos.random.seed import draw_order_seed
from keraunos.util import tree


def is_stream(x):
    """Whether x yields batches by itself (a dataset or generator), as opposed to arrays."""
    if isinstance(x, (list, tuple, dict, np.ndarray)) or x is None or hasattr(x, "__array__") or hasattr(x, "to_numpy"):
        return False
    if hasattr(x, "__keraunos_value__") or hasattr(x, "shape"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__") or hasattr(x, "__getitem__")


class StreamSource:
    """Batches of a generator, a ``PyDataset``, a torch ``DataLoader`` or a ``tf.data.Dataset``."""

    kind = "stream"

    def __init__(self, dataset, steps=None, shuffle=False, class_weight=None, who="fit"):
        self.dataset, self.class_weight, self.who = dataset, class_weight, who
        self.shuffle = bool(shuffle)
        self.order_seed = draw_order_seed() if shuffle else 0
        self.steps = steps if steps is not None else self._length()
        self._once = (
            iter(dataset) if hasattr(dataset, "__next__") else None
        )  # a generator goes on where the last epoch ended
        self._peeked = None

    def _length(self):
        length = getattr(self.dataset, "num_batches", None)
        if length is None and hasattr(self.dataset, "__len__"):
            try:
                length = len(self.dataset)
            except TypeError:  # an infinite tf.data.Dataset
                length = None
        return int(length) if length is not None else None

    def sample(self):
        """(a batch, its rows); the batch is not lost."""
        if self._peeked is None:
            iterator = self._raw(0, 0)
            first = next(iterator, None)
            if first is None:
                raise ValueError(f"{self.who}: the data yielded no batch.")
            self._peeked = first, iterator
        data = self._pack(self._peeked[0])
        return data, len(next(a for a in tree.flatten(data) if a is not None))

    def batches(self, epoch, skip=0):
        """Batches of an epoch, from step ``skip`` on; it ends after ``steps`` batches or when the data does."""
        if self._peeked is not None and (epoch == 0 or self._once is not None) and not skip:
            first, rest = self._peeked
            iterator = itertools.chain([first], rest)
            self._peeked = None
        else:
            iterator = self._raw(epoch, skip)
        limit = None if self.steps is None else self.steps - skip
        for batch in itertools.islice(iterator, limit):
            yield self._pack(batch)

    def predict_batches(self, pad):
        """Pairs (batch, None)."""
        for data in self.batches(0):
            yield data, None

    def _raw(self, epoch, skip):
        """What the dataset yields in an epoch."""
        if self._once is not None:
            return itertools.islice(self._once, skip, None)
        if hasattr(self.dataset, "__getitem__") and hasattr(self.dataset, "on_epoch_end"):
            return self._indexed(epoch, skip)
        return itertools.islice(iter(self.dataset), skip, None)

    def _indexed(self, epoch, skip):
        order = np.arange(self.dataset.num_batches)
        if self.shuffle:
            np.random.Generator(np.random.Philox(key=np.array([self.order_seed, epoch], np.uint64))).shuffle(order)
        for i in order[skip:]:
            yield self.dataset[int(i)]
        self.dataset.on_epoch_end()

    def _pack(self, batch):
        x, y, sample_weight = unpack_x_y_sample_weight(batch)
        convert = lambda a: None if a is None else standard(host(a, self.who, "a batch of the dataset"))
        x, y, sample_weight = (tree.map_structure(convert, part) for part in (x, y, sample_weight))
        if self.class_weight is not None:
            sample_weight = weigh(y, sample_weight, self.class_weight, self.who)
        return pack_x_y_sample_weight(x, y, sample_weight)

    def note_steps(self, steps):
        """An epoch had so many steps."""
        if self.steps is None and self._once is None:
            self.steps = steps
