"""Notices that an embedded service has ended by itself: nobody else would start it again."""

import threading
from collections.abc import Sequence

from pointsman.embedded.errors import EmbeddedFailed
from pointsman.embedded.guarded import GuardedProcess

_LOOK_S = 0.5


class Watch:
    """Looks after the processes of embedded services, as a service of the application."""

    name = "embedded services"

    def __init__(self, processes: Sequence[GuardedProcess]) -> None:
        self._processes = processes
        self._stopping = threading.Event()

    def run(self) -> None:
        """Look until `stop`. Raises EmbeddedFailed where one has ended."""
        while not self._stopping.wait(_LOOK_S):
            for process in self._processes:
                if not process.running():
                    raise EmbeddedFailed(
                        f"{process.name} has ended by itself; it last wrote:\n{process.tail()}".rstrip()
                    )

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
