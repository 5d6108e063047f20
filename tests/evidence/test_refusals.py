"""Wrong arguments are ValueErrors that name what is wrong; a refused look changes nothing."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

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
    cost_reference,
    rate_interval,
    tail_share_limit,
    wilson_limit,
)
from tests.evidence.streams import BY_NAME

NAN, INF = math.nan, math.inf
_rate, _other = RateEvidence(0.1, planned=10), RateEvidence(0.2, planned=10)
# Of each class: arguments that are right.
MAKERS: dict[Callable[..., Any], dict[str, Any]] = {
    RateEvidence: {"limit": 0.01, "planned": 100, "alpha": 0.01},
    ArmsEvidence: {"planned": 100, "alpha": 0.01, "margin": 0.1},
    CostEvidence: {"cap": 3, "tail_share": 0.1, "planned": 100, "alpha": 0.01, "margin": 0.1},
    CostLimitEvidence: {"limit": 2, "cap": 3, "planned": 100, "alpha": 0.01},
    PairedEvidence: {"planned": 100, "alpha": 0.01, "margin": 0.1},
    RateAdvance: {"limit": 0.01, "margin": 0.1, "level": 0.05},
    ArmsAdvance: {"margin": 0.1, "level": 0.05},
    CostAdvance: {"cap": 3, "margin": 0.1, "level": 0.05},
    PairedAdvance: {"margin": 0.1, "level": 0.05},
    RateDetector: {"limit": 0.01, "run_length": 100},
    any_of: {"children": [_rate, _other], "alpha": 0.01, "weights": [0.5, 0.5]},
    all_of: {"children": [_rate], "alpha": 0.01},
}
_SHARE = (0, 1, -0.1, 1.5, NAN, INF, "x", None)
_POSITIVE = (0, -1, NAN, INF, "x", None)
_FROM_0 = (-0.1, NAN, INF, -INF, "x", None)
_NAMES: dict[str, tuple[Any, ...]] = {
    "alpha": _SHARE,
    "level": _SHARE,
    "cap": _POSITIVE,
    "planned": (0, 0.5, -1, NAN, INF, "x", None),
    "run_length": (0, 0.5, -1, NAN, INF, "x", None),
    "tail_share": (-0.1, 1, NAN, INF, "x", None),
    "margin": _FROM_0,
    "children": ([], ["x"], [RateAdvance(0.1)], [_rate, _other, _rate]),
    "weights": ([1.0], [0.5, 0.6], [1.5, -0.5], [0.0, 1.0], [NAN, 1.0], [0.3, 0.3, 0.4]),
}


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: str(make.__name__))
def test_what_evidence_is_made_of(make: Callable[..., Any]) -> None:
    """Each argument out of its range is refused with a sentence that names it; those of `MAKERS` are right."""
    right = MAKERS[make]
    make(**right)
    for name in right:
        wrong = _POSITIVE if name == "limit" and make is CostLimitEvidence else _NAMES.get(name, _SHARE)
        if name == "margin" and make in (ArmsAdvance, CostAdvance, PairedAdvance):
            wrong = (*wrong, 0)
        for value in wrong:
            with pytest.raises(ValueError, match=name):
                make(**{**right, name: value})


def test_equality_cannot_be_proven() -> None:
    """Beside a baseline an advance needs a margin above 0, and says why."""
    for make in (lambda: ArmsAdvance(margin=0), lambda: CostAdvance(cap=1, margin=0), lambda: PairedAdvance(margin=0)):
        with pytest.raises(ValueError, match="margin must be above 0 to advance, not 0: equality cannot be proven"):
            make()


def test_other_arguments_of_constructors() -> None:
    """A limit whose margin passes 1, an unknown way with incidents, arms without a weight, references that are none."""
    with pytest.raises(ValueError, match="limit with its margin must be between 0 and 1"):
        RateAdvance(0.6, margin=0.7)
    with pytest.raises(ValueError, match='incidents must be "count" or "clip", not \'burst\''):
        RateEvidence(0.1, planned=10, incidents="burst")  # type: ignore[arg-type]
    for weights in ({}, {"a": 1.0}):
        with pytest.raises(ValueError, match="two arms or more"):
            SampleRatio(weights)
    for weight in (-1, NAN, INF):
        with pytest.raises(ValueError, match="the weight of 'b'"):
            SampleRatio({"a": 1.0, "b": weight})
    values = np.arange(20_000.0)
    with pytest.raises(ValueError, match="at least 20,000 values, not 19,999"):
        MeanDetector(values[1:], run_length=10)
    with pytest.raises(ValueError, match="does not vary"):
        MeanDetector(np.ones(20_000), run_length=10)
    with pytest.raises(ValueError, match="reference must be finite: nan at position 19999"):
        MeanDetector(np.append(values[1:], NAN), run_length=10)
    with pytest.raises(ValueError, match="reference must have one dimension"):
        MeanDetector(values.reshape(2, -1), run_length=10)
    for wrong in (0, 0.9, NAN):
        with pytest.raises(ValueError, match="run_length"):
            MeanDetector(values, run_length=wrong)
    for wrong in (-0.1, NAN, INF):
        with pytest.raises(ValueError, match="tolerance"):
            MeanDetector(values, run_length=10, tolerance=wrong)


def test_functions() -> None:
    """Those of intervals and references name what is wrong with theirs."""
    for function in (rate_interval, wilson_limit):
        for n, bad, sentence in ((-1, 0, "n must"), (3, -1, "bad must"), (3, 4, "bad must not be more"), (2.0, 1, "n")):
            with pytest.raises(ValueError, match=sentence):
                function(n, bad)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"n must be from 0 to 2\^53"):
            function(2**53 + 1, 0)
    for level in (0, 1, -1, NAN):
        with pytest.raises(ValueError, match="level must be"):
            rate_interval(3, 1, level)
    with pytest.raises(ValueError, match="n must be above 0"):
        wilson_limit(0, 0)
    for costs, sentence in (
        ([1.0] * 999, "at least 1,000 costs, not 999"),
        ([*[1.0] * 1000, -1.0], "costs must not be negative: -1 at position 1000"),
        ([NAN, *[1.0] * 1000], "costs must be finite: nan at position 0"),
        ([0.0] * 2000, "99 % of the reference costs are 0"),
        ([[1.0] * 1000], "one dimension"),
        (None, "costs"),
        ("costs", "costs"),
    ):
        with pytest.raises(ValueError, match=sentence):
            cost_reference(costs)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=sentence):
            tail_share_limit(costs)  # type: ignore[arg-type]


_COUNTS: tuple[tuple[tuple[Any, ...], str], ...] = (
    ((-1, 0), "n must be from 0"),
    ((3, -1), "bad must be from 0"),
    ((3, 4), "bad must not be more than n: 4 of 3"),
    ((3.0, 1), "n must be a whole number, not 3.0"),
    ((3, NAN), "bad must be a whole number, not nan"),
    (("3", 1), "n must be a whole number"),
    ((2**53 + 1, 1), r"n must be from 0 to 2\^53"),
)
_ARMS: tuple[tuple[tuple[Any, ...], str], ...] = (
    (({"ok": ArmCounts(9, 1, 9, 1), "x": ArmCounts(3, 4, 5, 1)},), "'x': candidate_bad must not be more"),
    (({"x": ArmCounts(3, 1, 5, 6)},), "'x': baseline_bad must not be more"),
    (({"x": ArmCounts(-3, 1, 5, 1)},), "'x': candidate_n must be from 0"),
    (({"x": ArmCounts(3, 1, 5, -1)},), "'x': baseline_bad must be from 0"),
    (({"x": ArmCounts(3, 1, 5.5, 1)},), "'x': baseline_n must be a whole"),  # type: ignore[arg-type]
)
_OK = ([1.0], [1])
_LIMIT: tuple[tuple[tuple[Any, ...], str], ...] = (
    ((([NAN], [1]),), "candidate costs must be finite: nan at position 0"),
    ((([1.0, INF], [1, 1]),), "candidate costs must be finite: inf at position 1"),
    ((([-1.0], [1]),), "candidate costs must not be negative"),
    ((([1e101], [1]),), "candidate costs must be within"),
    ((([1.0], [0.5]),), "candidate successes must be 0 or 1: 0.5 at position 0"),
    ((([1.0], [NAN]),), "candidate successes must be finite"),
    ((([1.0, 2.0], [1]),), "candidate has 2 costs, but 1 successes"),
    ((([[1.0]], [1]),), "candidate costs must have one dimension"),
    (((["x"], [1]),), "candidate costs must be an array of numbers"),
    (([1.0],), "candidate must be two arrays"),
    ((None,), "candidate must be two arrays"),
)
_COST = (
    *(((*arguments, _OK), sentence) for arguments, sentence in _LIMIT),
    *(((_OK, *arguments), sentence.replace("candidate", "baseline")) for arguments, sentence in _LIMIT),
)
_PAIRS = tuple(
    (tuple(wrong if at == place else 1 for at in range(4)), f"{name} must be")
    for place, name in enumerate(("both_bad", "candidate_only", "baseline_only", "neither"))
    for wrong in (-1, 1.0, NAN, None, 2**53 + 1)
)
_SENT = (
    (({"baseline": 5, "candidate": -1},), "requests of 'candidate' must be from 0"),
    (({"baseline": 5, "candidate": 1.5},), "requests of 'candidate' must be a whole number"),
    (({"baseline": 5, "elsewhere": 1},), "no arm is called 'elsewhere': there are baseline, candidate, other"),
)
_VALUES = (
    (([1.0, NAN],), "values must be finite: nan at position 1"),
    (([INF],), "values must be finite"),
    ((["x"],), "values must be an array of numbers"),
    (([[1.0]],), "values must have one dimension"),
    ((1.0,), "values must have one dimension"),
)
_MANY = ((((5, 1),), "one sequence for each of 2 children, not 1"), (((1, 2), (5, 1)), "bad must not be more"))
LOOKS: dict[str, Any] = {
    **dict.fromkeys(("rate", "clip", "rate_advance", "rate_detector"), _COUNTS),
    **dict.fromkeys(("arms", "arms_advance"), _ARMS),
    **dict.fromkeys(("cost", "cost_advance"), _COST),
    **dict.fromkeys(("paired", "paired_advance"), _PAIRS),
    **dict.fromkeys(("any_of", "all_of"), _MANY),
    "cost_limit": _LIMIT,
    "mean_detector": _VALUES,
    "sample_ratio": _SENT,
}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_refused_look_changes_nothing(name: str) -> None:
    """Each wrong look is refused by a sentence that names what is wrong, and the state is the one of before."""
    process = BY_NAME[name].make()
    process.update(*BY_NAME[name].decisive)
    before = json.dumps(process.state())
    for arguments, sentence in LOOKS[name]:
        with pytest.raises(ValueError, match=sentence):
            process.update(*arguments)
        assert json.dumps(process.state()) == before


def test_wrong_previews() -> None:
    """Open looks may be uncovered, but neither negative nor of different numbers, nor of a child that has none."""
    process = RateEvidence(0.1, planned=10)
    for looks, sentence in (([(-1, 0)], "n must be from 0"), ([(1, -1)], "bad must be"), ([(1.5, 1)], "n must be a")):
        for ask in (process.preview, process.path, process.decide):
            with pytest.raises(ValueError, match=sentence):
                ask(looks)  # type: ignore[arg-type]
    assert not process.failed
    whole = any_of([process, RateEvidence(0.1, planned=10), PairedEvidence(planned=10)])
    for ask_all in (whole.preview, whole.decide):
        with pytest.raises(ValueError, match="one sequence for each of 3 children, not 2"):
            ask_all([[(1, 1)], [(1, 1)]])
        with pytest.raises(ValueError, match=r"the same ones for each child, not \[1, 2\]"):
            ask_all([[(1, 1)], [(1, 1), (2, 1)], []])
        with pytest.raises(ValueError, match="paired has no preview"):
            ask_all([[(1, 1)], [(1, 1)], [(1, 1)]])


def test_whole_numbers_of_any_type() -> None:
    """Counts of numpy are counts, at closed looks and at open ones."""
    one, other = (RateEvidence(0.1, planned=100) for _ in range(2))
    one.update(np.int64(20), np.int32(3))  # type: ignore[arg-type]
    other.update(20, 3)
    assert json.dumps(one.state()) == json.dumps(other.state())
    assert one.preview([(np.int64(9), np.uint8(2))]) == other.preview([(9, 2)])  # type: ignore[list-item]
