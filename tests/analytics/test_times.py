"""Quantiles from bins: within 1 % of the sample's, with the order statistics around them."""

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.bins import GAMMA, bins_of, seconds_of
from analytics.intervals import Numbers
from analytics.measures.definition import Quantiles
from analytics.measures.registry import REGISTRY
from store.rollups.grouping import LN_GAMMA
from tests.analytics.sums import attempts, latency, requests

TIMES = [measure for measure in REGISTRY if isinstance(measure, Quantiles)]
KINDS = {
    "duration": "duration",
    "user_ttft": "ttft",
    "attempt_duration": "attempt_duration",
    "ttft": "attempt_ttft",
    "inter_token_latency": "inter_token",
}
each_measure = pytest.mark.parametrize("measure", TIMES, ids=lambda measure: measure.name)
seconds_lists = st.lists(st.floats(2e-6, 1e9) | st.floats(0.1, 2), min_size=1, max_size=400)


def binned(seconds: Numbers) -> dict[int, int]:
    """How many times fall into which bin."""
    return {int(bin_): count for bin_, count in Counter(bins_of(seconds).tolist()).items()}


def facts(measure: Quantiles, count: int | list[int], **by: object) -> pd.DataFrame:
    """The frame of what was timed."""
    return requests(requests=count, **by) if measure.of == "requests" else attempts(attempts=count, **by)


def test_all_five_times_are_there() -> None:
    """Each reads a kind of its own."""
    assert {measure.name for measure in TIMES} == set(KINDS)


@each_measure
def test_quantiles_by_hand(measure: Quantiles) -> None:
    """Of 100 times 50 fall into bin 100, 40 into 200, 5 into 300 and 5 into 400: P50, P90, P95, P99 are one of each."""
    bins = latency(KINDS[measure.name], {400: 5, 300: 5, 200: 40, 100: 50})
    times = measure.compute(bins, facts(measure, 125), [])
    assert times["quantile"].tolist() == [0.5, 0.9, 0.95, 0.99]
    assert times["count"].tolist() == [100] * 4
    assert times["coverage"].tolist() == [0.8] * 4
    micros = [2 * GAMMA**bin_ / (GAMMA + 1) for bin_ in (100, 200, 300, 400)]
    assert times["value"].tolist() == pytest.approx([one / 1e6 for one in micros])
    # The median lies between the 40th and the 61st of 100; for an upper end of P99 100 are too few.
    assert times["low"].iloc[0] == pytest.approx(micros[0] / 1e6)
    assert times["high"].iloc[0] == pytest.approx(micros[1] / 1e6)
    assert times["high"].iloc[3] == math.inf


@each_measure
def test_other_kinds_are_not_its_business(measure: Quantiles) -> None:
    """All times stand in one frame; a group without this kind has no data, not a time of 0."""
    bins = pd.concat([latency(kind, {1: 1}) for kind in KINDS.values() if kind != KINDS[measure.name]])
    times = measure.compute(bins, facts(measure, 3), [])
    assert times["count"].tolist() == [0] * 4
    assert times["coverage"].tolist() == [0] * 4
    assert times[["value", "low", "high"]].isna().all(axis=None)


@each_measure
def test_no_groups_have_no_times(measure: Quantiles) -> None:
    """Empty frames give an empty frame."""
    empty = latency("duration", {}, route="").iloc[:0]
    assert len(measure.compute(empty, facts(measure, 1, route="").iloc[:0], ["route"])) == 0


def test_groups_are_told_apart() -> None:
    """Each group has its own quantiles, under its own label, in whatever order the bins come; a silent one has none."""
    (duration,) = (measure for measure in TIMES if measure.name == "duration")
    bins = pd.concat(
        [
            latency("duration", {500: 1}, route="b", arm="canary"),
            latency("duration", {700: 1}, route="a", arm="canary"),
            latency("duration", {600: 2}, route="a", arm="baseline"),
            latency("duration", {400: 4}, route="b", arm="canary"),
        ]
    )
    groups = requests(route=["a", "b", "a", "c"], arm=["baseline", "canary", "canary", "canary"], requests=9)
    times = duration.compute(bins, groups, ["route", "arm"])
    medians = times[times["quantile"] == 0.5]
    assert medians.index.tolist() == [0, 1, 2, 3]
    assert medians["count"].tolist() == [2, 5, 1, 0]
    assert medians["value"].tolist()[:3] == pytest.approx(seconds_of(np.array([600.0, 400.0, 700.0])).tolist())
    assert math.isnan(medians["value"].iloc[3])


def test_bins_of_a_group_that_is_missing_are_refused() -> None:
    """Two frames that were read differently are an error, and not a report with a hole."""
    (duration,) = (measure for measure in TIMES if measure.name == "duration")
    bins = latency("duration", {1: 1}, route="b")
    with pytest.raises(ValueError, match="missing"):
        duration.compute(bins, requests(route=["a"], requests=1), ["route"])
    with pytest.raises(ValueError, match="two rows"):
        duration.compute(bins, requests(route=["b", "b"], requests=1), ["route"])
    with pytest.raises(ValueError, match="more is known than there is"):
        duration.compute(bins, requests(route=["b"], requests=0), ["route"])
    with pytest.raises(ValueError, match="one group"):
        duration.compute(bins, requests(requests=[1, 2]), [])


@given(seconds_lists)
def test_a_quantile_is_within_1_percent_of_the_samples(seconds: list[float]) -> None:
    """For any times over 1 microsecond, and for each quantile; and it lies inside of its interval."""
    (duration,) = (measure for measure in TIMES if measure.name == "duration")
    times = duration.compute(latency("duration", binned(np.array(seconds))), requests(requests=len(seconds)), [])
    ordered = sorted(seconds)
    for row in times.to_dict("records"):
        sample = ordered[max(math.ceil(round(row["quantile"] * len(ordered), 6)), 1) - 1]
        assert row["value"] == pytest.approx(sample, rel=0.01 + 1e-9)
        assert 0 <= row["low"] <= row["value"] <= row["high"]


@given(st.lists(st.lists(st.floats(1e-6, 1e3), max_size=30), min_size=1, max_size=5))
def test_bins_that_come_in_parts_are_the_whole(parts: list[list[float]]) -> None:
    """Rows of several minutes, one below the other, measure like all times at once."""
    (duration,) = (measure for measure in TIMES if measure.name == "duration")
    everything = [time for part in parts for time in part]
    frames = [latency("duration", binned(np.array(part))) for part in parts]
    groups = requests(requests=len(everything))
    whole = duration.compute(latency("duration", binned(np.array(everything))), groups, [])
    pd.testing.assert_frame_equal(duration.compute(pd.concat(frames), groups, []), whole)


@given(st.floats(0, 1e9))
def test_a_bin_stands_for_its_times_within_1_percent(seconds: float) -> None:
    """Over 1 microsecond; below it within 1 microsecond."""
    (found,) = seconds_of(bins_of(np.array([seconds])))
    assert found == pytest.approx(seconds, rel=0.01 + 1e-9, abs=1e-6)


def test_bins_are_those_of_the_store() -> None:
    """What counts them in the database and what reads them here have one base."""
    assert math.log(GAMMA) == pytest.approx(float(LN_GAMMA), rel=1e-13)


@pytest.mark.parametrize("seconds", [-1.0, math.inf, math.nan])
def test_times_that_cannot_be_have_no_bin(seconds: float) -> None:
    """A negative, infinite or missing time is an error."""
    with pytest.raises(ValueError, match="a time is"):
        bins_of(np.array([seconds]))


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95, 0.99])
def test_the_interval_of_a_quantile_covers_95_percent(quantile: float) -> None:
    """Of 1,500 samples of 500 lognormal times at least 94 % enclose the true quantile, give or take the bins' 1 %."""
    (duration,) = (measure for measure in TIMES if measure.name == "duration")
    random = np.random.default_rng(7)
    samples = random.lognormal(0, 1, (1500, 500))
    bins = pd.concat([latency("duration", binned(row), bucket=number) for number, row in enumerate(samples)])
    times = duration.compute(bins, requests(bucket=list(range(1500)), requests=500), ["bucket"])
    times = times[times["quantile"] == quantile]
    normal = {0.5: 0.0, 0.9: 1.2815515655, 0.95: 1.6448536270, 0.99: 2.3263478740}[quantile]
    truth = math.exp(normal)
    assert ((times["low"] <= truth * 1.01) & (truth * 0.99 <= times["high"])).mean() >= 0.94
