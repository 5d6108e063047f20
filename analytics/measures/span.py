"""The span of time over which a rate per second is taken."""

import numpy as np

from analytics.intervals import Numbers, divided


def per_second(amounts: Numbers, seconds: float | Numbers) -> Numbers:
    """Amounts / seconds, of one span for all rows or of each row's own; NaN where nothing of a span is over yet.

    Raises ValueError for a span that is negative, or has no end.
    """
    spans = np.broadcast_to(np.asarray(seconds, dtype=np.float64), amounts.shape)
    if not np.isfinite(seconds).all() or (np.asarray(seconds) < 0).any():
        raise ValueError(f"a span of {seconds} s: a rate takes one that has a beginning and an end")
    return divided(amounts, spans)
