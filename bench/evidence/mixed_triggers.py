"""A rate and a comparison of two arms as one: the rate is previewed, and the arms lag behind, since they count closed
looks.
"""

from collections.abc import Sequence

import numpy as np

from analytics.evidence import ArmsEvidence, RateEvidence, any_of
from bench.evidence.arm_streams import ALL, SHARE, counted, dispatched
from bench.evidence.experiment import Experiment, Figure, share_of
from bench.evidence.rates import LIMIT

_REQUESTS = 80_000
# Looks that are open: closed for both children 60 looks after the rate has been previewed with them.
_OPEN = 60


def _rolled_back(random: np.random.Generator, quick: bool) -> bool:
    """80,000 requests of both arms, all at the limit: whether the rate of the candidate or the comparison rolls it
    back. The bad requests of the candidate are the same ones in both.

    At the end of each look the rate is previewed through all that are open; the last ones are closed after the end.
    """
    requests = _REQUESTS // 4 if quick else _REQUESTS
    looks = counted(random, dispatched(random, requests, SHARE), LIMIT, LIMIT)
    together = any_of([RateEvidence(LIMIT, planned=requests * SHARE), ArmsEvidence(planned=requests)])
    of_rate = [(look.candidate_n, look.candidate_bad) for look in looks]
    for now in range(1, len(looks) + _OPEN + 1):
        closed = max(now - _OPEN, 0)
        if closed:
            together.update(of_rate[closed - 1], ({ALL: looks[closed - 1]},))
        if together.decide([of_rate[closed:now], []]):
            return True
    return False


def _figures(results: Sequence[bool]) -> list[Figure]:
    """Of the runs at the limit."""
    return [share_of("rate or arms, the same requests: false rollbacks, rate previewed, arms closed", results, 2.34)]


EXPERIMENTS = (Experiment.sized("any-of-rate-and-arms", 300, 10, _rolled_back, _figures),)
