"""The span of time over which a rate per second is taken."""

import math


def checked_span(seconds: float) -> float:
    """The span again. Raises ValueError where it has no length, or no end."""
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"a span of {seconds} s: a rate takes one that is longer than 0")
    return seconds
