"""Rules for two arms that are nearly ours and do not hold: what each of our details is for."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from analytics.evidence import ArmCounts, alternatives
from analytics.evidence.arm_counts import NONE
from analytics.evidence.arms_trials import ArmsTrials
from analytics.evidence.stratum import Stratum
from bench.evidence.arm_streams import ALL, LOOK, SHARE, Strata, alone, counted, dispatched
from bench.evidence.arms import AT_MOST, moving_mix
from bench.evidence.experiment import Experiment, Figure, share_of
from bench.evidence.oracles import LOG_100

_REQUESTS, _MORE_REQUESTS = 200_000, 500_000
# Fewer runs than this cannot be held to show what happens in one of ten.
_MANY = 100
_RATE = 0.05
# Batches of 100 requests, each of one arm and of one time; in a bad one the rate is ten times as high.
_BATCHES, _BAD, _WORSE = 200, 0.03, 10
_SPARSE = "batches"
# Requests of the other stratum in a look.
_BUSY = 20

Looks = Iterable[Strata]
Stream = Callable[[np.random.Generator, int], Looks]


class NominalCounts(ArmCounts):
    """Counts that say of the candidate's share what the policy says, and not what was dispatched."""

    @property
    def n(self) -> int:
        """As many requests as would make the share 10 %."""
        return round(self.candidate_n / SHARE)


class NominalTrials(ArmsTrials):
    """The nominal share in place of that of the look."""

    def _log_factors(self, counts: ArmCounts, b: float) -> list[float]:
        return super()._log_factors(NominalCounts(*counts), b)


class PatientStratum(Stratum):
    """One that carries requests of one arm on and on, until the other has some."""

    __slots__ = ()

    def close(self, counts: ArmCounts) -> None:
        """End this look."""
        joined = self.joined(counts)
        if joined.has_both_arms:
            super().close(counts)
        else:
            self._carried = joined
            self.total = self.total.plus(counts)


class PatientTrials(ArmsTrials):
    """The sparse stratum is a patient one."""

    def look(self, counts: Mapping[str, ArmCounts]) -> None:
        """Close one look."""
        self._strata.setdefault(_SPARSE, PatientStratum())
        super().look(counts)


def _rolled_back(
    random: np.random.Generator, quick: bool, *, trials: type[ArmsTrials], stream: Stream, requests: int = _REQUESTS
) -> bool:
    """Whether a candidate that is as good as its baseline is rolled back."""
    requests = requests // 4 if quick else requests
    process = trials(1.0, alternatives.worse_than, alternatives.WEIGHTS, requests)
    for look in stream(random, requests):
        process.look(look)
        if process.log_value >= LOG_100:
            return True
    return False


def _equal(random: np.random.Generator, requests: int, *, share: float) -> Looks:
    return alone(counted(random, dispatched(random, requests, share), _RATE, _RATE))


def _mixed_up(random: np.random.Generator, requests: int) -> Looks:
    """The strata of a moving mix thrown together."""
    for look in moving_mix(random, requests):
        easy, hard = look.values()
        yield {ALL: easy.plus(hard)}


def _batches(random: np.random.Generator, requests: int, *, busy: bool = True) -> Looks:
    """200 batches of 100 requests, one arm's each, 10 % of them the candidate's, every other look; beside them a
    stratum in which both arms always have some, or nothing.
    """
    del requests  # A batch is bad or it is not: fewer of them would show nothing.
    rates = np.where(random.random(_BATCHES) < _BAD, _WORSE * _RATE, _RATE)
    bad, candidates = random.binomial(LOOK, rates).tolist(), (random.random(_BATCHES) < SHARE).tolist()
    others = np.full(2 * _BATCHES, _BUSY)
    beside = iter(counted(random, (others, others), _RATE, _RATE))
    for k, of_candidate in zip(bad, candidates, strict=True):
        batch = ArmCounts(LOOK, k, 0, 0) if of_candidate else ArmCounts(0, 0, LOOK, k)
        for one in (batch, NONE):
            yield {_SPARSE: one, ALL: next(beside)} if busy else {_SPARSE: one}


def _experiment(
    name: str, what: str, trials: type[ArmsTrials], stream: Stream, *, must_fail: bool = True
) -> Experiment:
    def figures(results: Sequence[bool]) -> list[Figure]:
        return [share_of(f"two arms: false, {what}", results, AT_MOST, must_fail=must_fail)]

    return Experiment.sized(name, 300, 20, partial(_rolled_back, trials=trials, stream=stream), figures)


def _nominal_figures(results: Sequence[bool]) -> list[Figure]:
    limit = AT_MOST if len(results) >= _MANY else math.inf
    what = "two arms: false, nominal share 10 %, real share 5 %, 500,000 requests"
    return [share_of(what, results, limit, must_fail=math.isfinite(limit))]


EXPERIMENTS = (
    Experiment.sized(
        "arms-nominal-5",
        300,
        10,
        partial(_rolled_back, trials=NominalTrials, stream=partial(_equal, share=0.05), requests=_MORE_REQUESTS),
        _nominal_figures,
    ),
    _experiment("arms-nominal-2", "nominal share 10 %, real share 2 %", NominalTrials, partial(_equal, share=0.02)),
    _experiment("arms-one-stratum", "mix moves, strata thrown together", ArmsTrials, _mixed_up),
    _experiment("arms-batches", "batches of one arm, carried once", ArmsTrials, _batches, must_fail=False),
    _experiment("arms-patient", "batches of one arm, carried on and on", PatientTrials, _batches),
    _experiment(
        "arms-batches-alone",
        "batches of one arm, empty looks between",
        ArmsTrials,
        partial(_batches, busy=False),
        must_fail=False,
    ),
)
