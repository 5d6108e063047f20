"""The batch that is on its way into the store, on a thread of its own.

While the database works, the next batch is read and decoded: on two cores that is half of the time of each.
"""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import NamedTuple

from store.received import Batch, StoredBatch


class Settled(NamedTuple):
    """What became of a batch, and how long it took."""

    batch: Batch
    stored: StoredBatch
    seconds: float


class Storing:
    """Stores one batch at a time. Used by one thread; `store` runs on another."""

    def __init__(self, store: Callable[[Batch], StoredBatch]) -> None:
        self._store = store
        self._handed: SimpleQueue[Batch] = SimpleQueue()
        self._ended = threading.Event()
        self._outcome: Settled | BaseException | None = None
        self._thread: threading.Thread | None = None
        self.under_way = False

    def begin(self, batch: Batch) -> None:
        """Hand over a batch; nothing may be under way."""
        if self._thread is None:
            # A daemon: a database that hangs must not hold up the end of the process.
            self._thread = threading.Thread(target=self._run, name="storing", daemon=True)
            self._thread.start()
        self.under_way = True
        self._ended.clear()
        self._handed.put(batch)

    def settled(self, timeout_s: float | None) -> Settled | None:
        """What became of the batch; None where nothing is under way, or it still is after `timeout_s`.

        Raises what the store raised.
        """
        if not self.under_way or not self._ended.wait(timeout_s):
            return None
        self.under_way = False
        outcome, self._outcome = self._outcome, None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _run(self) -> None:
        while True:
            batch = self._handed.get()
            began = time.monotonic()
            try:
                self._outcome = Settled(batch, self._store(batch), time.monotonic() - began)
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that handed the batch over
                self._outcome = error
            # Two batches in memory are enough: this one must not outlive its successor.
            del batch
            self._ended.set()
