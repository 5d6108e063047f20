"""How long to wait before the next try: doubling, with jitter, up to a bound."""

import random
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Waits grow from `first_s` to `longest_s`; half of each is random, so that processes do not return together."""

    first_s: float = 0.2
    longest_s: float = 10.0
    _tries: int = field(default=0, init=False)

    def next_s(self) -> float:
        """The next wait in seconds."""
        whole = min(self.longest_s, self.first_s * float(2**self._tries))
        self._tries = min(self._tries + 1, 30)
        return whole / 2 + random.uniform(0, whole / 2)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        """It worked: start over."""
        self._tries = 0
