"""Cyclic garbage collected by the clock instead of by count.

Python looks for cycles after every 700 new objects that stay, and a batch is tens of thousands of objects without any
cycle: looking through them again and again took more than half of the time of decoding them.
"""

import gc
import threading
from datetime import timedelta

_EVERY = timedelta(seconds=2)


class GarbageClock:
    """A service of the process: while it runs, cycles are looked for once in a while and at no other time."""

    name = "garbage"

    def __init__(self, *, every: timedelta = _EVERY) -> None:
        self._every = every
        self._stopping = threading.Event()

    def run(self) -> None:
        """Collect by the clock until `stop`; then Python goes back to its own rule."""
        # What the start of the process made stays for its whole life: nobody needs to look at it again.
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            while not self._stopping.wait(self._every.total_seconds()):
                gc.collect()
        finally:
            gc.enable()
            gc.unfreeze()

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()
