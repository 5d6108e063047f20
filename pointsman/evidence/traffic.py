"""How much traffic there is, as people write it."""

import re
from typing import NamedTuple

from pointsman.exits import UsageError

_PATTERN = re.compile(r"^([0-9]+(?:\.[0-9]+)?)\s*(?:/|per|a)\s*(s|sec|second|min|minute|h|hour|d|day)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_WORDS = {"s": "a second", "m": "a minute", "h": "an hour", "d": "a day"}
_LARGEST = 1e9


class Traffic(NamedTuple):
    """Requests in a unit of time."""

    requests: float
    unit: str

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / _SECONDS[self.unit]

    def __str__(self) -> str:
        return f"{self.requests:,g} request{'' if self.requests == 1 else 's'} {_WORDS[self.unit]}"


def traffic_of(text: str, flag: str) -> Traffic:
    """`10/min`, `5/s`, `200/h`, `3000/day`. Raises UsageError, which names `flag`."""
    found = _PATTERN.match(text.strip().lower())
    if found is None:
        raise UsageError(f"{flag}: cannot read {text!r}: expected requests in a time (s, min, h, day), such as 10/min")
    if not 0 < float(found[1]) <= _LARGEST:
        raise UsageError(f"{flag}: expected more than 0 and at most {_LARGEST:,.0f} requests, not {text!r}")
    return Traffic(float(found[1]), found[2][0])
