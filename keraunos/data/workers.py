"""Batches of a ``PyDataset`` made by several threads or processes, in order."""

import collections
import itertools
import multiprocessing
import os
import pickle
import shutil
import signal
import tempfile
import weakref
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from keraunos.data.py_dataset import PyDataset


def in_window(submit, indices, size):
    """Results of ``submit(index)`` (a future) in order, ``size`` of them asked for ahead."""
    waiting = collections.deque()
    indices = iter(indices)
    try:
        waiting.extend((i, submit(i)) for i in itertools.islice(indices, size))
        while waiting:
            index, future = waiting.popleft()
            try:
                batch = future.result()
            except BrokenProcessPool:
                raise
            except Exception as e:
                e.add_note(f"Raised in a worker, by the dataset's __getitem__({index}).")
                raise
            yield batch
            waiting.extend((i, submit(i)) for i in itertools.islice(indices, 1))
    finally:
        for _, future in waiting:
            future.cancel()


class ThreadWorkers:
    """Threads of this process."""

    def __init__(self, dataset, workers, ahead):
        self._dataset, self._ahead = dataset, ahead
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="keraunos-worker")

    def batches(self, indices):
        """The batches with these indices."""
        return in_window(lambda i: self._pool.submit(self._dataset.__getitem__, i), indices, self._ahead)

    def close(self):
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class ProcessWorkers:
    """Processes of their own. They are spawned, not forked: a copy of a process that runs an engine's threads may hang.

    The dataset travels as a file that each process reads once, and again when ``on_epoch_begin`` or ``on_epoch_end`` may have
    changed it.
    """

    def __init__(self, dataset, workers, ahead):
        self._dataset, self._workers, self._ahead = dataset, workers, ahead
        self._folder = tempfile.mkdtemp(prefix="keraunos-dataset-")
        self._pool = ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("spawn"), initializer=_ignore_interrupts
        )
        self._version = 0
        self._end = weakref.finalize(self, _end, self._pool, self._folder)

    def batches(self, indices):
        """The batches with these indices."""
        if not self._version or _changes(self._dataset):
            self._version += 1
            self._write()
        path = self._path(self._version)
        try:
            yield from in_window(lambda i: self._pool.submit(_get, path, i), indices, self._ahead)
        except BrokenProcessPool as e:
            raise RuntimeError(
                f"A worker process of {type(self._dataset).__name__} died (killed, out of memory, or unable to start). Workers "
                'are new Python processes: the script must start its work under `if __name__ == "__main__":`, and the dataset\'s '
                "class must stand in a file that can be imported. use_multiprocessing=False uses threads instead."
            ) from e

    def _path(self, version):
        return os.path.join(self._folder, f"{version}.pickle")

    def _write(self):
        try:
            with open(self._path(self._version), "wb") as f:
                pickle.dump(self._dataset, f, protocol=pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, TypeError, AttributeError) as e:
            raise ValueError(
                f"{type(self._dataset).__name__} can't be sent to worker processes (use_multiprocessing=True): {e}. Open files, "
                "lambdas and locks can't travel; make them in __getitem__, or use threads (use_multiprocessing=False)."
            ) from e
        if self._version > 1 and os.path.exists(old := self._path(self._version - 1)):
            os.unlink(old)

    def close(self):
        """End the processes."""
        self._end()


def _changes(dataset):
    """Whether the dataset may differ from one epoch to the next."""
    own = type(dataset)
    names = ("on_epoch_begin", "on_epoch_end")
    return any(getattr(own, name, None) is not getattr(PyDataset, name) for name in names)


def _end(pool, folder):
    pool.shutdown(wait=True, cancel_futures=True)
    shutil.rmtree(folder, ignore_errors=True)


# -- in the worker process ---------------------------------------------------------------------------------------------

_RECEIVED = {}  # path -> dataset


def _ignore_interrupts():
    """Ctrl-C is for the main process, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _get(path, index):
    dataset = _RECEIVED.get(path)
    if dataset is None:
        with open(path, "rb") as f:
            dataset = pickle.load(f)  # written by our own parent process
        _RECEIVED.clear()
        _RECEIVED[path] = dataset
    return dataset[index]
