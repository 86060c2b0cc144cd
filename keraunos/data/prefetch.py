"""Items computed ahead in a thread, in order."""

import queue
import threading
import warnings

from keraunos.backend import dispatch
from keraunos.util import settings

_SECONDS_TO_END = 10  # how long close() waits for an item that is being made


class Prefetcher:
    """Iterates over ``items`` (a generator, which is closed at the end), up to ``depth`` items ahead.

    What the generator raises is raised again where the item was asked for. The thread ends with the items or with ``close()``.
    """

    def __init__(self, items, depth):
        self._items = items
        self._ready = queue.SimpleQueue()
        self._room = threading.Semaphore(depth)
        self._stopped = False
        self._over = False
        # The default engine is a matter of the thread: the items are to be made under that of the caller.
        self._thread = threading.Thread(
            target=self._work, args=(settings.backend(),), name="keraunos-prefetch", daemon=True
        )
        self._thread.start()

    def _work(self, engine):
        try:
            with dispatch.use(engine):
                while self._room.acquire() and not self._stopped:
                    item = next(self._items, self)
                    if item is self:
                        break
                    self._ready.put((item, None))
        except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
            self._ready.put((None, error))
        finally:
            self._items.close()
            self._ready.put(None)

    def __iter__(self):
        return self

    def __next__(self):
        found = None if self._over else self._ready.get()
        if found is None:
            self._over = True
            raise StopIteration
        item, error = found
        if error is not None:
            self._over = True
            raise error
        self._room.release()
        return item

    def close(self):
        """Stop; an item that is being made is waited for."""
        self._over = self._stopped = True
        self._room.release()
        self._thread.join(_SECONDS_TO_END)
        if self._thread.is_alive():
            warnings.warn(
                f"The dataset did not return a batch within {_SECONDS_TO_END} s after training had ended; its thread is left "
                "behind.",
                stacklevel=2,
            )
