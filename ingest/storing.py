"""The batch that is on its way into the store, on a thread of its own.

The thread waits for the database; while it does, the next batch is read, decoded and begun. What costs this process
time (rows, COPY) is done before a batch is handed over, but for one that has to be begun anew: two threads that both
have work slow each other down in Python.
"""

import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import NamedTuple

from store.batches import BegunBatch
from store.received import Batch, StoredBatch


class Settled(NamedTuple):
    """What became of a batch."""

    batch: Batch
    stored: StoredBatch


def free_frames(failure: BaseException) -> None:
    """Let go of what the functions that failed had in hand, a batch too.

    contextlib keeps an error in a frame that the error's own traceback leads to: a cycle, and only a collection of
    cycles would free it with all that the frame holds.
    """
    errors: list[BaseException] = [failure]
    # Grows while it is gone through: an error may have both, and share them with others.
    for error in errors:
        traceback.clear_frames(error.__traceback__)
        for led_to_it in (error.__cause__, error.__context__):
            if led_to_it is not None and all(known is not led_to_it for known in errors):
                errors.append(led_to_it)


class Storing:
    """Finishes one batch at a time. Used by one thread; `finish` runs on another."""

    def __init__(self, finish: Callable[[BegunBatch], StoredBatch]) -> None:
        self._finish = finish
        self._handed: SimpleQueue[BegunBatch] = SimpleQueue()
        self._ended = threading.Event()
        self._outcome: Settled | BaseException | None = None
        self._thread: threading.Thread | None = None
        self.under_way = False

    def hand_over(self, begun: BegunBatch) -> None:
        """Let the thread finish this batch; nothing may be under way."""
        if self._thread is None:
            # A daemon: a database that hangs must not hold up the end of the process.
            self._thread = threading.Thread(target=self._run, name="storing", daemon=True)
            self._thread.start()
        self.under_way = True
        self._ended.clear()
        self._handed.put(begun)

    def settled(self, timeout_s: float | None) -> Settled | None:
        """What became of the batch; None where nothing is under way, or it still is after `timeout_s`.

        Raises what the store raised.
        """
        if not self.under_way or not self._ended.wait(timeout_s):
            return None
        self.under_way = False
        outcome, self._outcome = self._outcome, None
        if isinstance(outcome, BaseException):
            try:
                raise outcome
            finally:
                # Its traceback leads here and to the batch: only a collection of cycles would free both.
                del outcome
        return outcome

    def _run(self) -> None:
        while True:
            begun = self._handed.get()
            try:
                self._outcome = Settled(begun.batch, self._finish(begun))
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that handed the batch over
                free_frames(error)
                self._outcome = error
            # Two batches in memory are enough: this one must not outlive its successor.
            del begun
            self._ended.set()
