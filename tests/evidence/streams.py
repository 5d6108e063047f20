"""Looks of any kind for Hypothesis, and one of every kind of evidence to give them to."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from analytics.evidence import (
    ArmCounts,
    ArmsAdvance,
    ArmsEvidence,
    CostAdvance,
    CostEvidence,
    CostLimitEvidence,
    MeanDetector,
    PairedAdvance,
    PairedEvidence,
    RateAdvance,
    RateDetector,
    RateEvidence,
    SampleRatio,
    all_of,
    any_of,
)
from analytics.evidence.process import AlarmingProcess, FailingProcess, PassingProcess, Process
from tests.evidence.reference_arms import Request

Rates = list[tuple[int, int]]

limits = st.sampled_from([0.0005, 0.005, 0.05, 0.3, 0.87, 0.9, 0.95]) | st.floats(1e-4, 0.95)
plans = st.sampled_from([1.0, 200_000.0]) | st.floats(1, 1e6)
# More than what a preview of these looks goes through.
long_plans = st.floats(2000, 1e6)
margins = st.sampled_from([0.0, 0.2, 1.0]) | st.floats(0, 3)
above_0 = st.sampled_from([0.2, 0.5]) | st.floats(0.01, 3)


@st.composite
def rate_look(draw: st.DrawFn, most: int = 300) -> tuple[int, int]:
    """Requests, and any number of them bad; few more often than many."""
    n = draw(st.integers(0, most))
    return n, draw(st.integers(0, min(n, 4)) | st.integers(0, n))


def rate_looks(most: int = 300, size: int = 15, fewest: int = 0) -> st.SearchStrategy[Rates]:
    """Looks, oldest first."""
    return st.lists(rate_look(most), min_size=fewest, max_size=size)


@st.composite
def arm_counts(draw: st.DrawFn) -> ArmCounts:
    """Both arms, either, or none."""
    return ArmCounts(*draw(rate_look(60) | st.just((0, 0))), *draw(rate_look(200) | st.just((0, 0))))


arm_look = st.dictionaries(st.sampled_from(["a", "b", "c"]), arm_counts(), max_size=3)
arm_looks = st.lists(arm_look, max_size=12)
requests = st.builds(Request, st.just(0.0) | st.floats(1e-6, 20), st.integers(0, 1))
cost_look = st.tuples(st.lists(requests, max_size=7), st.lists(requests, max_size=7))
cost_looks = st.lists(cost_look, max_size=8)
pairs = st.tuples(*[st.integers(0, 30)] * 4)
pair_looks = st.lists(pairs, max_size=12)
value_looks = st.lists(st.lists(st.floats(-12, 12), max_size=6), max_size=8)
SENT = {"baseline": 9000.0, "candidate": 900.0, "other": 100.0}
sent_look = st.dictionaries(st.sampled_from(sorted(SENT)), st.integers(0, 120), max_size=3)


def reference_values() -> dict[float, int]:
    """20,000 values by how often each occurs, skewed."""
    return {-1.5: 3000, -0.5: 6000, 0.25: 7000, 1.0: 2500, 2.5: 1400, 9.0: 100}


@cache
def _mean_state() -> dict[str, Any]:
    values = np.repeat(list(reference_values()), list(reference_values().values()))
    return MeanDetector(values, run_length=500, tolerance=0.1).state()


def _costs(look: tuple[list[Request], list[Request]]) -> tuple[Any, ...]:
    return tuple(([one.cost for one in arm], [one.success for one in arm]) for arm in look)


@dataclass(frozen=True)
class Kind:
    """One kind of evidence: how to make it, and arguments of `update`: any, and those that lead to the verdict."""

    name: str
    make: Callable[[], Process]
    look: st.SearchStrategy[tuple[Any, ...]]
    decisive: tuple[Any, ...]
    opposite: tuple[Any, ...]


_two_rates = st.tuples(rate_look(), rate_look())
_dear, _cheap = ([9.0] * 700, [1, 0] * 350), ([1.0] * 700, [1] * 700)
_bad_pair, _good_pair = (3, 40, 2, 5), (3, 2, 40, 5)
_bad_arm, _good_arm = ({"a": ArmCounts(50, 40, 400, 4)},), ({"a": ArmCounts(400, 1, 400, 200)},)


def _rates() -> list[RateEvidence]:
    return [RateEvidence(0.01, planned=5000), RateEvidence(0.05, planned=900, incidents="clip")]


KINDS = (
    Kind("rate", lambda: RateEvidence(0.02, planned=2000), rate_look().map(tuple), (50, 40), (2000, 0)),
    Kind("clip", lambda: RateEvidence(0.05, planned=2000, incidents="clip"), rate_look(), (600, 500), (2000, 1)),
    Kind("rate_advance", lambda: RateAdvance(0.05, margin=0.1), rate_look(), (500, 0), (50, 40)),
    Kind("arms", lambda: ArmsEvidence(planned=900, margin=0.1), st.tuples(arm_look), _bad_arm, _good_arm),
    Kind("arms_advance", lambda: ArmsAdvance(margin=0.2), st.tuples(arm_look), _good_arm, _bad_arm),
    Kind(
        "cost",
        lambda: CostEvidence(cap=10, tail_share=0.03, planned=300, margin=0.1),
        cost_look.map(_costs),
        (_dear, _cheap),
        (_cheap, _dear),
    ),
    Kind(
        "cost_limit",
        lambda: CostLimitEvidence(3.0, cap=10, planned=300),
        cost_look.map(lambda look: _costs(look)[:1]),
        (_dear,),
        (_cheap,),
    ),
    Kind(
        "cost_advance", lambda: CostAdvance(cap=8, margin=0.1), cost_look.map(_costs), (_cheap, _dear), (_dear, _cheap)
    ),
    Kind("paired", lambda: PairedEvidence(planned=300, margin=0.1), pairs, _bad_pair, _good_pair),
    Kind("paired_advance", lambda: PairedAdvance(margin=0.2), pairs, _good_pair, _bad_pair),
    Kind("rate_detector", lambda: RateDetector(0.02, run_length=500), rate_look(), (50, 40), (2000, 0)),
    Kind(
        "mean_detector",
        lambda: MeanDetector.from_state(_mean_state()),
        st.tuples(st.lists(st.floats(-12, 12), max_size=6)),
        ([4.0] * 30,),
        ([0.0] * 90,),
    ),
    Kind(
        "sample_ratio",
        lambda: SampleRatio(SENT),
        st.tuples(sent_look),
        ({"candidate": 99},),
        ({"baseline": 9000, "candidate": 900, "other": 100},),
    ),
    Kind("any_of", lambda: any_of(_rates(), weights=[0.25, 0.75]), _two_rates, ((600, 500),) * 2, ((2000, 1),) * 2),
    Kind("all_of", lambda: all_of(_rates()), _two_rates, ((600, 500),) * 2, ((2000, 1),) * 2),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def verdict(process: Process) -> bool:
    """Whether it has failed, passed or alarmed."""
    if isinstance(process, FailingProcess):
        return process.failed
    if isinstance(process, PassingProcess):
        return process.passed
    assert isinstance(process, AlarmingProcess)
    return process.alarmed
