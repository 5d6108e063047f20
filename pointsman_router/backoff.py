"""How long to wait before Kafka is tried again: doubling, with jitter, up to a bound."""

import random

_FIRST_S = 0.2
_LONGEST_S = 5.0


class Backoff:
    """Half of each wait is random, so that a fleet of routers does not return all at once."""

    def __init__(self) -> None:
        self._next_s = _FIRST_S

    def next_s(self) -> float:
        """The next wait in seconds."""
        whole = self._next_s
        self._next_s = min(_LONGEST_S, whole * 2)
        return whole / 2 + random.uniform(0, whole / 2)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        """It worked: start over."""
        self._next_s = _FIRST_S
