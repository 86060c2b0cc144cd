"""Datasets that give batches by their index."""

import warnings


class PyDataset:
    """Base of datasets whose batches are got by index, so that workers can make them side by side.

    A subclass defines ``__getitem__(index)``, which returns a batch ``(x, y)`` or ``(x, y, sample_weight)``, and
    ``__len__`` (or the property ``num_batches``), the number of batches.

    Args:
        workers: how many threads or processes make batches; 0 makes them in the main thread, between the steps.
        use_multiprocessing: processes instead of threads. They are new Python processes, so the script needs
            ``if __name__ == "__main__":``.
        max_queue_size: how many batches the workers may be ahead.

    Batches come in the order of their indices (or of a permutation, when ``fit`` shuffles), however many workers there are.

    **Shape:** a batch holds arrays ``(batch, ...)``; the last may be smaller.

    Raises ``ValueError`` for a negative number of workers or an empty queue.

    >>> import numpy as np
    >>> import keraunos as keras
    >>> class Squares(keras.utils.PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, index):
    ...         x = np.array([[2.0 * index], [2.0 * index + 1]])
    ...         return x, x**2
    >>> Squares(workers=2).num_batches
    3
    """

    def __init__(self, workers=1, use_multiprocessing=False, max_queue_size=10):
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def _setting(self, name, default):
        if name not in self.__dict__:
            warnings.warn(
                f"{type(self).__name__}.__init__ should call super().__init__(**kwargs), where kwargs can hold workers, "
                "use_multiprocessing and max_queue_size; the defaults are used.",
                stacklevel=3,
            )
            PyDataset.__init__(self)
        return self.__dict__.get(name, default)

    @property
    def workers(self):
        """How many threads or processes make batches."""
        return self._setting("_workers", 1)

    @workers.setter
    def workers(self, value):
        if int(value) < 0:
            raise ValueError(f"{type(self).__name__}: workers must be at least 0, got {value!r}.")
        self._workers = int(value)

    @property
    def use_multiprocessing(self):
        """Whether the workers are processes."""
        return self._setting("_use_multiprocessing", False)

    @use_multiprocessing.setter
    def use_multiprocessing(self, value):
        self._use_multiprocessing = bool(value)

    @property
    def max_queue_size(self):
        """How many batches the workers may be ahead."""
        return self._setting("_max_queue_size", 10)

    @max_queue_size.setter
    def max_queue_size(self, value):
        if int(value) < 1:
            raise ValueError(f"{type(self).__name__}: max_queue_size must be at least 1, got {value!r}.")
        self._max_queue_size = int(value)

    def __getitem__(self, index):
        """The batch at an index."""
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(index), which returns a batch.")

    @property
    def num_batches(self):
        """Number of batches in an epoch; None for a dataset without end."""
        if hasattr(type(self), "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__} must define __len__(), or the property num_batches: the number of batches, None if endless."
        )

    def on_epoch_begin(self):
        """Called before the first batch of each epoch."""

    def on_epoch_end(self):
        """Called after the last batch of each epoch."""


def is_indexed(dataset):
    """Whether a dataset gives batches by index, as a ``PyDataset`` (of ours, of Keras, or one that looks like it)."""
    return isinstance(dataset, PyDataset) or (
        hasattr(dataset, "__getitem__") and hasattr(dataset, "on_epoch_end") and not hasattr(dataset, "__next__")
    )


def number_of_batches(dataset):
    """Batches in an epoch of an indexed dataset, or None."""
    found = dataset.num_batches if hasattr(dataset, "num_batches") else len(dataset)
    return None if found is None else int(found)
