"""How much traffic there is, as people write it."""

import re
from typing import NamedTuple

from pointsman.exits import UsageError

_PATTERN = re.compile(
    r"(?P<number>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:\.[0-9]+)?)\s?(?P<times>[km]?)(?: requests?)?"
    r"(?:\s*/\s*|\s+(?:per|a|an)\s+)"
    r"(?P<unit>s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?)"
)
_TIMES = {"": 1, "k": 1000, "m": 1_000_000}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WORDS = {"s": "a second", "m": "a minute", "h": "an hour", "d": "a day", "w": "a week"}
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
        return f"{self.requests:,.10g} request{'' if self.requests == 1 else 's'} {_WORDS[self.unit]}"


def traffic_of(text: str, flag: str) -> Traffic:
    """`10/min`, `5/s`, `200/h`, `3,000/day`, `20k/week`. Raises UsageError, which names `flag`."""
    found = _PATTERN.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(
            f"{flag}: cannot read {text!r}: expected requests in a time (s, min, h, day, week), such as 10/min"
        )
    requests = float(found["number"].replace(",", "")) * _TIMES[found["times"]]
    if not 0 < requests <= _LARGEST:
        raise UsageError(f"{flag}: expected more than 0 and at most {_LARGEST:,.0f} requests, not {text!r}")
    return Traffic(requests, found["unit"][0])
