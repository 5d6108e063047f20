"""Absolute rates against a limit of 0.5 %: healthy canaries."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from analytics.evidence import RateEvidence
from bench.evidence.experiment import Experiment, Figure, share_of

LIMIT = 0.005
LOOK = 10


def _healthy(requests: int, random: np.random.Generator) -> bool:
    """So many requests at the limit itself, all of them planned, in looks of 10: whether they were rolled back."""
    evidence = RateEvidence(LIMIT, planned=requests)
    for bad in random.binomial(LOOK, LIMIT, requests // LOOK).tolist():
        evidence.update(LOOK, bad)
    return evidence.failed


def _figures(results: Sequence[bool]) -> list[Figure]:
    """Of the runs of 200,000."""
    return [share_of("rate: false rollbacks, 200,000 requests at the limit", results, 1.73)]


def _days_figures(results: Sequence[bool]) -> list[Figure]:
    """Of the runs of 72 hours."""
    return [share_of("rate: false rollbacks, 72 h at 10/s at the limit", results, 2.3)]


EXPERIMENTS = (
    Experiment("rate-healthy", 1000, 20, partial(_healthy, 200_000), _figures, partial(_healthy, 50_000)),
    Experiment("rate-healthy-72h", 300, 10, partial(_healthy, 2_592_000), _days_figures, partial(_healthy, 50_000)),
)
