"""Verdicts stay and evidence goes on; p is 1 / the largest E so far; the threshold is 1/alpha."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.evidence import (
    ArmCounts,
    ArmsAdvance,
    ArmsEvidence,
    CostAdvance,
    CostEvidence,
    CostLimitEvidence,
    PairedAdvance,
    PairedEvidence,
    RateAdvance,
    RateDetector,
    RateEvidence,
    SampleRatio,
    all_of,
    any_of,
)
from analytics.evidence.process import Process
from tests.evidence.streams import BY_NAME, KINDS, Kind, verdict
from tests.evidence.test_states import kinds


@kinds
def test_a_verdict_stays_and_the_evidence_goes_on(kind: Kind) -> None:
    """After the verdict looks of the opposite bring E down, and p and the verdict stay as they were."""
    process = kind.make()
    assert not verdict(process)
    process.update(*kind.decisive)
    assert verdict(process)
    highest, p_value, log_e = process.highest, process.p_value, process.log_e
    for _ in range(60):
        process.update(*kind.opposite)
    assert verdict(process)
    assert process.log_e < min(log_e, process.threshold)
    assert process.highest == highest
    assert process.p_value == p_value or kind.name.endswith("detector")


@kinds
@settings(max_examples=20)
@given(data=st.data())
def test_p_is_one_over_the_largest(kind: Kind, data: st.DataObject) -> None:
    """1 / max E over all closed looks and the start; for detectors requests / the largest mean of R; at most 1."""
    process = kind.make()
    highest = seen = 0.0
    for look in data.draw(st.lists(kind.look, max_size=5)):
        process.update(*look)
        if kind.name != "cost_advance":
            highest = max(highest, process.log_e)
            assert process.highest == highest
        highest = process.highest
        seen += (look[0] if kind.name == "rate_detector" else len(look[0])) if kind.name.endswith("detector") else 0
        if kind.name.endswith("detector"):
            assert process.p_value == pytest.approx(min(1.0, seen * math.exp(-highest)) if seen else 1.0)
        else:
            assert process.p_value == math.exp(-highest)
        assert 0 <= process.p_value <= 1
        assert verdict(process) == (highest >= process.threshold)


def two() -> list[RateEvidence]:
    """Children."""
    return [RateEvidence(0.1, planned=10), RateEvidence(0.2, planned=10)]


LEVELS: tuple[tuple[Process, float], ...] = (
    (RateEvidence(0.1, planned=10), 0.01),
    (RateEvidence(0.1, planned=10, alpha=0.2), 0.2),
    (ArmsEvidence(planned=10), 0.01),
    (ArmsEvidence(planned=10, alpha=0.2), 0.2),
    (CostEvidence(cap=1, tail_share=0, planned=1), 0.01),
    (CostEvidence(cap=1, tail_share=0, planned=1, alpha=0.2), 0.2),
    (CostLimitEvidence(1, cap=1, planned=1), 0.01),
    (CostLimitEvidence(1, cap=1, planned=1, alpha=0.2), 0.2),
    (PairedEvidence(planned=1), 0.01),
    (PairedEvidence(planned=1, alpha=0.2), 0.2),
    (any_of(two()), 0.01),
    (any_of(two(), alpha=0.2), 0.2),
    (all_of(two()), 0.01),
    (all_of(two(), alpha=0.2), 0.2),
    (RateAdvance(0.1), 0.05),
    (RateAdvance(0.1, level=0.2), 0.2),
    (ArmsAdvance(margin=1), 0.05),
    (ArmsAdvance(margin=1, level=0.2), 0.2),
    (CostAdvance(cap=1, margin=1), 0.05),
    (CostAdvance(cap=1, margin=1, level=0.2), 0.2),
    (PairedAdvance(margin=1), 0.05),
    (PairedAdvance(margin=1, level=0.2), 0.2),
    (RateDetector(0.1, run_length=50), 1 / 50),
    (BY_NAME["mean_detector"].make(), 1 / 500),
    (SampleRatio({"a": 1, "b": 1}), 1 / 1000),
)


@pytest.mark.parametrize(("process", "alpha"), LEVELS, ids=lambda one: getattr(one, "kind", str(one)))
def test_the_threshold_is_one_over_alpha(process: Process, alpha: float) -> None:
    """1 % to fail, 5 % to advance, the run length, 1,000 for the sample ratio: or what was said."""
    assert process.threshold == pytest.approx(-math.log(alpha))


@kinds
def test_the_threshold_itself_is_enough(kind: Kind) -> None:
    """E = 1/alpha fails; the last float below does not."""
    for above, below in ((0.0, False), (1.0, True)):
        process = kind.make()
        process.update(*kind.decisive)
        reached, again = process.highest, kind.make()
        again._threshold = math.nextafter(reached, math.inf) if above == 0 else reached  # noqa: SLF001 - no alpha has it
        again.update(*kind.decisive)
        assert verdict(again) == below


@kinds
def test_looks_without_anything_are_no_news(kind: Kind) -> None:
    """A look in which nothing was seen leaves ln E where it was, and all else where nothing waits for a partner."""
    nothing: dict[str, tuple[Any, ...]] = {
        "arms": ({},),
        "arms_advance": ({"a": ArmCounts(0, 0, 0, 0)},),
        "cost": (([], []), ([], [])),
        "cost_advance": (([], []), ([], [])),
        "cost_limit": (([], []),),
        "paired": (0, 0, 0, 0),
        "paired_advance": (0, 0, 0),
        "mean_detector": ([],),
        "sample_ratio": ({},),
        "any_of": ((0, 0), (0, 0)),
        "all_of": ((0, 0), (0, 0)),
    }
    process = kind.make()
    start = process.log_e
    process.update(*nothing.get(kind.name, (0, 0)))
    assert process.log_e == start
    process.update(*kind.decisive)
    before = json.dumps(process.state())
    process.update(*nothing.get(kind.name, (0, 0)))
    assert json.dumps(process.state()) == before


def test_evidence_starts_at_1() -> None:
    """E is 1 before anything was seen; a detector's R is 0."""
    for kind in KINDS:
        expected = -math.inf if kind.name.endswith("detector") else 0.0
        assert kind.make().log_e == pytest.approx(expected, abs=1e-15)
        assert kind.make().p_value == pytest.approx(1, abs=1e-15)
