"""The same prompts through both arms: how often the candidate is rolled back although it is as it may be, and how often
it advances although it is just what it may not be.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from analytics.evidence import PairedAdvance, PairedEvidence, RateEvidence
from bench.evidence.experiment import Experiment, Figure, share_of

AT_MOST, ADVANCE_AT_MOST = 2.16, 7.0
_PAIRS, _LOOK = 20_000, 10
# Bad on the baseline alone, as a share of all pairs.
_ALONE = 0.05


def _chances(rho: float, common: float) -> list[float]:
    """Chances of a pair that is bad on both sides, the candidate's alone, the baseline's alone, neither: the
    candidate's rate is rho times the baseline's.
    """
    of_baseline = common + _ALONE
    of_candidate = rho * of_baseline
    return [common, of_candidate - common, _ALONE, 1 - of_candidate - _ALONE]


def _looks(random: np.random.Generator, chances: list[float], pairs: int) -> list[list[int]]:
    looks: list[list[int]] = random.multinomial(_LOOK, chances, pairs // _LOOK).tolist()
    return looks


def _rolled_back(random: np.random.Generator, quick: bool, *, rho: float, common: float) -> bool:
    """Whether the candidate is rolled back within 20,000 pairs."""
    pairs = _PAIRS // 20 if quick else _PAIRS
    evidence = PairedEvidence(planned=pairs, margin=rho - 1)
    for look in _looks(random, _chances(rho, common), pairs):
        evidence.update(*look)
    return evidence.failed


def _discordant(random: np.random.Generator, quick: bool, *, rho: float, common: float) -> bool:
    """The same by the pairs that are bad on one side only, of which rho/(1 + rho) are held to be the candidate's."""
    pairs = _PAIRS // 4 if quick else _PAIRS
    chances = _chances(rho, common)
    evidence = RateEvidence(rho / (1 + rho), planned=pairs * (chances[1] + chances[2]))
    for _, own, other, _ in _looks(random, chances, pairs):
        evidence.update(own + other, own)
    return evidence.failed


def _advanced(random: np.random.Generator, quick: bool, *, rho: float, common: float) -> bool:
    """Whether a candidate that is worse by exactly the margin advances within 20,000 pairs."""
    evidence = PairedAdvance(margin=rho - 1)
    for look in _looks(random, _chances(rho, common), _PAIRS // 20 if quick else _PAIRS):
        evidence.update(*look)
    return evidence.passed


def _never(rho: float, common: float) -> Experiment:
    what = f"paired: false rollbacks, rho {rho:g}, {common:.0%} bad on both sides"

    def figures(results: Sequence[bool]) -> list[Figure]:
        return [share_of(what, results, AT_MOST)]

    return Experiment.sized(
        f"paired-{rho:g}-{common:g}", 400, 12, partial(_rolled_back, rho=rho, common=common), figures
    )


def _not_on(rho: float, common: float) -> Experiment:
    what = f"paired to advance: wrong at {rho:g} times the baseline's, {common:.0%} bad on both sides"

    def figures(results: Sequence[bool]) -> list[Figure]:
        return [share_of(what, results, ADVANCE_AT_MOST)]

    run = partial(_advanced, rho=rho, common=common)
    return Experiment.sized(f"paired-advance-{rho:g}-{common:g}", 400, 20, run, figures)


def _wrong(rho: float, common: float) -> Experiment:
    what = f"paired: false, discordant pairs alone, rho {rho:g}, {common:.0%} bad on both sides"

    def figures(results: Sequence[bool]) -> list[Figure]:
        return [share_of(what, results, AT_MOST, must_fail=True)]

    return Experiment.sized(
        f"paired-discordant-{rho:g}-{common:g}", 400, 12, partial(_discordant, rho=rho, common=common), figures
    )


EXPERIMENTS = (
    *(_never(rho, common) for rho in (1.0, 1.2, 2.0) for common in (0.0, 0.1, 0.4)),
    *(_not_on(rho, common) for rho in (1.2, 2.0) for common in (0.0, 0.1, 0.4)),
    *(_wrong(rho, common) for rho in (1.2, 2.0) for common in (0.1, 0.4)),
)
