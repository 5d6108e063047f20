"""Two rules in common use, as they would fire at each look of a row of equal looks."""

from typing import Any

import numpy as np

from bench.evidence.oracles import Counts

Fires = np.ndarray[Any, np.dtype[np.bool_]]

# Bad requests that are expected where the z-test begins: with fewer, one bad request would be enough for it.
_LEAST_BAD = 1
# 1 % by chance to one side, at one look.
_ONE_PERCENT = 2.3263
_LAST = 1_000


def z_test(bads: Counts, look: int, limit: float) -> Fires:
    """After each look of `look` requests (along the last axis): whether all so far are too many at 1 %."""
    n = look * np.arange(1, bads.shape[-1] + 1)
    z = (bads.cumsum(axis=-1) - n * limit) / np.sqrt(n * limit * (1 - limit))
    return np.asarray((z > _ONE_PERCENT) & (n * limit >= _LEAST_BAD))


def last_above(bads: Counts, look: int, limit: float) -> Fires:
    """After each look: whether of the last 1,000 requests, once there are so many, a larger share is bad."""
    total, looks = bads.cumsum(axis=-1), _LAST // look
    window = total.copy()
    window[..., looks:] -= total[..., :-looks]
    window[..., : looks - 1] = 0
    return np.asarray(window > _LAST * limit)
