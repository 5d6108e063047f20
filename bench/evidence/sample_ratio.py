"""Requests dispatched by the weights of the policy: how often they are said not to be."""

from collections.abc import Sequence

import numpy as np

from analytics.evidence import SampleRatio
from bench.evidence.experiment import Experiment, Figure, share_of

_DISPATCHES, _LOOK = 1_000_000, 1000
_SHARE = 0.1


def _alarmed(random: np.random.Generator, quick: bool) -> bool:
    """Whether a million dispatches, 10 % to the candidate as they should be, raise an alarm."""
    looks = _DISPATCHES // _LOOK // (20 if quick else 1)
    ratio = SampleRatio({"candidate": _SHARE, "baseline": 1 - _SHARE})
    for own in random.binomial(_LOOK, _SHARE, looks).tolist():
        ratio.update({"candidate": own, "baseline": _LOOK - own})
    return ratio.alarmed


def _figures(results: Sequence[bool]) -> list[Figure]:
    return [share_of("sample ratio: false alarms in a million dispatches", results, 0.3)]


EXPERIMENTS = (Experiment.sized("sample-ratio", 1000, 10, _alarmed, _figures),)
