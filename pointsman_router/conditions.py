"""What is wrong just now, said in the log once when it begins and once when it ends; never with a payload."""

import logging

log = logging.getLogger("pointsman_router")
# Names of fields come from the contract, names of topics from the emitter: this many can hardly be.
_MOST = 1_000


class Conditions:
    """Remembers what was said, so that an outage is two lines and not one each second."""

    def __init__(self) -> None:
        self._active: set[str] = set()

    def begins(self, name: str, sentence: str) -> None:
        """It is so; said if it was not so before."""
        if name not in self._active and len(self._active) < _MOST:
            self._active.add(name)
            log.warning("%s", sentence)

    def ends(self, name: str, sentence: str) -> None:
        """It is not so any more; said if it was."""
        if name in self._active:
            self._active.discard(name)
            log.info("%s", sentence)
