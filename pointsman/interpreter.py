"""How Python itself runs in a process that ingests: when it looks for cycles, how long a thread keeps its turn.

Python looks for cycles after every 700 new objects that stay, and a batch is tens of thousands of objects without any
cycle: looking through them again and again took a third of the time of decoding. A thread that waited for a socket gets
its turn back after 5 ms, and the thread that finishes a batch waits a dozen times.
"""

import gc
import sys
import threading
from datetime import timedelta

_EVERY = timedelta(seconds=10)
_TURN_S = 0.001


class Interpreter:
    """A service of the process: while it runs, turns are short, and cycles are looked for once in a while only."""

    name = "interpreter"

    def __init__(self, *, every: timedelta = _EVERY) -> None:
        self._every = every
        self._stopping = threading.Event()

    def run(self) -> None:
        """Collect by the clock until `stop`; then Python goes back to its own rules."""
        turn_s = sys.getswitchinterval()
        sys.setswitchinterval(_TURN_S)
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
            sys.setswitchinterval(turn_s)

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()
