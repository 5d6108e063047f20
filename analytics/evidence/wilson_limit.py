"""A limit from a reference: what its rate is at most."""

import math

from analytics.evidence.checking import trials

# The 99th percentile of the normal distribution.
# Deviations of the normal distribution to one side, above which 1 % lies.
ONE_SIDED = 2.326


def wilson_limit(n: int, bad: int) -> float:
    """The upper end of the one-sided 99 % Wilson interval of `bad` in `n` requests of a reference.

    A detector against the share itself would be wrong in half of all references within 50,000 requests. Raises
    ValueError for no requests, negative numbers, and more bad ones than there are. Source: E. B. Wilson, J. Am. Stat.
    Assoc. 22 (1927) 209.
    """
    n, bad = trials(n, bad)
    if n == 0:
        raise ValueError("n must be above 0: no requests are no reference")
    share, square = bad / n, ONE_SIDED * ONE_SIDED
    half = ONE_SIDED * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return min((share + square / (2 * n) + half) / (1 + square / n), 1.0)
