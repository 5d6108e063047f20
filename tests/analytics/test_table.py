"""The long table of all measures: one row a group, measure, quantile and part."""

import time
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from analytics.frames import ATTEMPT_COLUMNS, REQUEST_COLUMNS, Frames
from analytics.measures.definition import Quantiles
from analytics.measures.registry import REGISTRY
from analytics.measures.table import COLUMNS, NUMBERS, TEXTS, measures_table
from tests.analytics.sums import attempts, latency, mix, requests, shadows

ROUTES = ["a", "b"]
NOON = pd.Timestamp("2026-11-28T12:00:00Z")


def frames(**by: object) -> Frames:
    """Ten requests and twelve attempts in each group."""
    return Frames(
        requests=requests(**by, requests=10, known=9, succeeded=8, escalated=1, unpriced=10),
        attempts=attempts(**by, attempts=12, errors=3),
        latency=pd.concat([latency("duration", {500: 10}, **by), latency("inter_token", {100: 6}, **by)]),
        mix=mix("recovery", {"none": 9, "retry": 1}, **by),
        probe_requests=requests(**by, probe="needle", requests=1, known=1, succeeded=1),
        probe_attempts=attempts(**by, probe="schema", attempts=1, schema_known=1, schema_valid=1),
        shadows=shadows(**by, shadows=3, input_paired=2, candidate_input_tokens=24, baseline_input_tokens=20),
    )


def test_every_measure_has_its_rows() -> None:
    """One for each group; four where there are quantiles; one a value for mixes and probes."""
    rows, cannot_split = measures_table(frames(route="a"), ["route"], 60)
    assert cannot_split == ()
    assert list(rows.columns) == ["route", *COLUMNS]
    counts = rows["measure"].value_counts().to_dict()
    for measure in REGISTRY:
        parts = {"recovery_mix": 2, "failure_mode_mix": 0, "attempt_failure_mode_mix": 0, "probes": 2}
        assert counts.get(measure.name, 0) == parts.get(measure.name, 4 if isinstance(measure, Quantiles) else 1)


def test_rows_say_what_the_measures_say() -> None:
    """Values, units, parts and notes of a few of them."""
    rows = measures_table(frames(route="a"), ["route"], 60).rows.set_index(["measure", "part"])
    assert rows.loc[("escalation_rate", ""), "value"] == 0.1
    assert rows.loc[("attempt_error_rate", ""), "value"] == 0.25
    assert rows.loc[("requests_per_second", ""), "value"] == pytest.approx(1 / 6)
    assert rows.loc[("recovery_mix", "retry"), "value"] == 0.1
    assert rows.loc[("probes", "needle"), "note"] == "target met (over 99 %)"
    assert rows.loc[("cost_per_success", ""), "unit"] == "USD"
    assert rows.loc[("cost_per_success", ""), "note"] == "10 without a full cost are left out"
    times = rows.xs("duration", level="measure")
    assert times["quantile"].tolist() == [0.5, 0.9, 0.95, 0.99]
    assert set(times["route"]) == {"a"}


def test_what_a_column_cannot_split_is_named() -> None:
    """By provider only attempts can be told apart; requests have none, and their frame is not needed."""
    whole = frames(provider="one")._replace(requests=None, mix=mix("attempt_failure_mode", {}, provider=""))
    whole = whole._replace(latency=latency("inter_token", {100: 6}, provider="one"))
    rows, cannot_split = measures_table(whole, ["provider"], 60)
    assert "attempt_error_rate" in set(rows["measure"])
    assert {"escalation_rate", "duration", "recovery_mix", "probes", "spend"} <= set(cannot_split)
    assert set(cannot_split).isdisjoint(rows["measure"])
    rows, cannot_split = measures_table(Frames(), ["provider", "protocol"], 60)
    assert len(rows) == 0
    assert list(rows.columns) == ["provider", "protocol", *COLUMNS]
    assert len(cannot_split) == len(REGISTRY)


def test_only_those_that_are_asked_for() -> None:
    """A few names need only their own frames."""
    rows, cannot_split = measures_table(Frames(requests=requests(requests=4)), [], 60, only=["escalation_rate"])
    assert rows["measure"].tolist() == ["escalation_rate"]
    assert cannot_split == ()


def test_what_cannot_be_asked_is_said() -> None:
    """A column or a measure that there is not, a frame that was not read, a span that is negative."""
    with pytest.raises(ValueError, match="nothing is kept apart by colour"):
        measures_table(frames(), ["colour"], 60)
    with pytest.raises(ValueError, match="there is no measure eror_rate"):
        measures_table(frames(), [], 60, only=["eror_rate"])
    with pytest.raises(ValueError, match="takes the frame latency, which was not read"):
        measures_table(frames()._replace(latency=None), [], 60)
    with pytest.raises(ValueError, match="a rate takes"):
        measures_table(frames(), [], -1)


@pytest.mark.parametrize("by", [[], ["route"], ["route", "arm", "bucket"]])
def test_no_traffic_is_no_rows(by: list[str]) -> None:
    """Empty frames give an empty table with its columns and types."""
    empty = frames(**dict.fromkeys(by, "a"))
    cut = Frames(*(frame.iloc[:0] for frame in empty if frame is not None))
    rows, _ = measures_table(cut, by, 60)
    assert len(rows) == 0
    assert list(rows.columns) == [*by, *COLUMNS]


@pytest.mark.parametrize("by", [[], ["route"], ["route", "bucket"]])
def test_types_are_the_same_whatever_was_measured(by: list[str]) -> None:
    """Numbers are float64 and texts are texts, so that tables can be put below each other."""
    rows, _ = measures_table(frames(**dict.fromkeys(by, "a")), by, 60)
    assert {str(rows[name].dtype) for name in NUMBERS} == {"float64"}
    assert {str(rows[name].dtype) for name in TEXTS} == {"str"}
    assert not rows[list(TEXTS)].isna().any(axis=None)


def test_what_the_database_gives_is_measured_like_any_number() -> None:
    """Sums that come as Decimals, and frames that have no rows and therefore no types, change nothing."""
    wanted = frames(route="a", bucket=NOON)
    given = Frames(*(frame.astype(dict.fromkeys(_sums(frame), object)) for frame in wanted if frame is not None))
    for frame in (frame for frame in given if frame is not None):
        for name in _sums(frame):
            frame[name] = pd.Series([Decimal(int(number)) for number in frame[name]], frame.index, dtype=object)
    empty = pd.DataFrame([], columns=list(given.probe_requests if given.probe_requests is not None else []))
    by = ["route", "bucket"]
    rows = measures_table(given._replace(probe_requests=empty), by, 60).rows
    plain = measures_table(wanted, by, 60).rows
    plain = plain[plain["part"] != "needle"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, plain)
    assert str(rows["bucket"].dtype).startswith("datetime64")


def _sums(frame: pd.DataFrame) -> list[str]:
    """The columns that the database adds up."""
    return [name for name in frame if name in {*REQUEST_COLUMNS, *ATTEMPT_COLUMNS, "count"}]


def test_whatever_the_index_of_the_frames_is() -> None:
    """Frames that were filtered or sorted keep their labels; groups are found all the same."""
    two = frames(route="a"), frames(route="b")
    stacked = [pd.concat([one, other]) for one, other in zip(*two, strict=True)]
    rows = measures_table(Frames(*stacked), ["route"], 60).rows
    for route in ROUTES:
        alone = measures_table(frames(route=route), ["route"], 60).rows
        found = rows[rows["route"] == route].reset_index(drop=True)
        alone = alone[alone["measure"] != "route_share"].reset_index(drop=True)
        found = found[found["measure"] != "route_share"].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, alone)


def test_values_lie_inside_of_their_intervals() -> None:
    """For every row that has a value and an interval; a row without a value has no interval either."""
    rows = measures_table(frames(route="a"), ["route"], 60).rows
    has = rows["value"].notna() & rows["low"].notna()
    assert (rows["low"][has] <= rows["value"][has]).all()
    assert (rows["value"][has] <= rows["high"][has]).all()
    assert rows.loc[rows["value"].isna(), ["low", "high"]].isna().all(axis=None)


def test_1600_groups_take_under_a_second() -> None:
    """A report over forty routes and forty models; of one core; measured 0.2 s, and the best of three counts."""
    keys = pd.DataFrame(
        {"route": np.repeat(np.arange(40), 40).astype(str), "model": np.tile(np.arange(40), 40).astype(str)}
    )
    one = frames()
    wide = Frames(*(keys.merge(frame, how="cross") for frame in one if frame is not None))
    seconds, lengths = [], []
    for _ in range(3):
        started = time.process_time()
        lengths.append(len(measures_table(wide, ["route", "model"], 60).rows))
        seconds.append(time.process_time() - started)
    assert lengths[0] > 1600 * len(REGISTRY)
    assert min(seconds) < 1
