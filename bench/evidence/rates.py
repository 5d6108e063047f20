"""Absolute rates against a limit of 0.5 %."""

from collections.abc import Sequence

import numpy as np

from analytics.evidence import RateEvidence
from bench.evidence.experiment import Experiment, Figure, share_of

LIMIT = 0.005
_LOOK = 10


def _healthy(random: np.random.Generator, quick: bool) -> bool:
    """200,000 requests at the limit itself, in looks of 10: whether they were rolled back."""
    requests = 20_000 if quick else 200_000
    evidence = RateEvidence(LIMIT, planned=requests)
    for bad in random.binomial(_LOOK, LIMIT, requests // _LOOK).tolist():
        evidence.update(_LOOK, bad)
    return evidence.failed


def _healthy_figures(results: Sequence[bool]) -> list[Figure]:
    return [share_of("rate: false rollbacks, 200,000 requests at the limit", results, 1.73)]


EXPERIMENTS = (Experiment("rate-healthy", 1000, 10, _healthy, _healthy_figures),)
