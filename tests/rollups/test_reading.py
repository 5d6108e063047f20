"""Spans are covered without a gap and without an overlap, and read by any of their keys."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from store.rollups.reading import Part, Wanted, await_report, cover, read_bins, read_mix, read_sums
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, attempt, trace
from tests.rollups.shapes import DAY, MIDNIGHT
from tests.store.feed import Feed

EVER = datetime(2000, 1, 1, tzinfo=UTC)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
# Of which there are minutes.
_LATELY = MIDNIGHT + timedelta(hours=12)
MOMENTS = st.datetimes(datetime(2026, 11, 1), datetime(2026, 11, 9), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, MOMENTS, st.sampled_from([EVER, NEVER]), st.sampled_from(["minute", "hour", "day"]))
def test_parts_cover_the_span_once(since: datetime, until: datetime, minutes_from: datetime, coarsest: str) -> None:
    """Each part begins where the one before ends, is whole in its own level, and reaches no step beyond the span."""
    if minutes_from is NEVER and coarsest == "minute":
        with pytest.raises(ValueError, match="there are no minutes before 2100-01-01"):
            cover(since, until, minutes_from=minutes_from, coarsest="minute")
        return
    parts = cover(since, until, minutes_from=minutes_from, coarsest=coarsest)  # type: ignore[arg-type]
    if until <= since:
        assert sum((part.end - part.begin for part in parts), timedelta()) <= timedelta(hours=1)
        return
    step = timedelta(hours=1) if minutes_from is NEVER else timedelta(minutes=1)
    assert all(one.end == other.begin for one, other in pairwise(parts))
    assert since - step < parts[0].begin <= since
    assert until <= parts[-1].end < until + step
    assert len(parts) <= 5


class Undone(Exception):
    """Nothing of the transaction shall stay."""


def all_kinds(db: Connection, parts: Sequence[Part], by: Sequence[str]) -> list[list[tuple[Any, ...]]]:
    """Sums, bins and mixes."""
    found = [
        read_sums(db, "request", parts, by, Wanted(), columns=["requests"]),
        read_bins(db, ["duration"], parts, by, Wanted()),
        read_mix(db, ["recovery"], parts, by, Wanted()),
    ]
    return [sorted(tuple(row.values()) for row in kind) for kind in found]


@pytest.mark.parametrize("by", [[], ["day"], ["route", "model"]])
@pytest.mark.parametrize("minutes_from", [EVER, NEVER])
@pytest.mark.parametrize("hours", [40, 12, 3])
def test_a_span_that_ends_now_reads_its_last_day(
    feed: Feed, sessions: Sessions, by: list[str], minutes_from: datetime, hours: int
) -> None:
    """Whole, where nothing is behind the span; the sums are those of its hours and minutes."""
    moments = [_LATELY + timedelta(hours=hour) for hour in (-30, -13, -12, -1, 0)]
    feed.send(*(trace(started_at=moment, duration_s=1.0) for moment in moments))
    tick(sessions)
    since = _LATELY - timedelta(hours=hours)
    parts = cover(since, _LATELY + timedelta(minutes=1), minutes_from=minutes_from)
    with sessions.read() as db:
        found = all_kinds(db, parts, by)
    assert sum(count for *_, count in found[0]) == sum(since <= moment for moment in moments)
    with suppress(Undone), sessions.write() as db:
        for table in ("request_rollups", "latency_rollups", "mix_rollups"):
            for level in ("minute", "hour"):
                # A key that nobody knows: it adds nothing.
                behind = "jsonb_build_object('bucket', r.bucket + interval '5 hours', 'key_id', gen_random_uuid())"
                db.exec_driver_sql(
                    f"INSERT INTO {table}_{level} SELECT made.* FROM {table}_{level} r,"
                    f" jsonb_populate_record(r, {behind}) made WHERE r.bucket = '{_LATELY}'"
                )
        assert all_kinds(db, parts, by) == found
        raise Undone


def test_what_is_behind_the_span_is_not_read(feed: Feed, sessions: Sessions) -> None:
    """A trace of later that day, be it by a minute, keeps the last day from being read whole."""
    feed.send(*(trace(started_at=_LATELY + timedelta(minutes=n), duration_s=1.0) for n in (0, 1)))
    tick(sessions)
    parts = cover(_LATELY - timedelta(days=2), _LATELY + timedelta(minutes=1), minutes_from=EVER)
    with sessions.read() as db:
        assert [kind[0][-1] for kind in all_kinds(db, parts, [])] == [1, 1, 1]
        whole = parts[-1]._replace(level="day", begin=MIDNIGHT, end=MIDNIGHT + DAY)
        assert [kind[0][-1] for kind in all_kinds(db, [whole], [])] == [2, 2, 2]


def test_sums_by_any_key(feed: Feed, sessions: Sessions) -> None:
    """Shadows and probes are outside of the requests, and shown where they are asked for."""
    feed.send(
        trace(attempts=(attempt(), attempt(role="judge", model="judge-1"))),
        trace(task_class="code", started_at=NOON + timedelta(hours=1)),
        trace(arm="shadow"),
        trace(probe="golden"),
    )
    tick(sessions)
    parts = cover(NOON - timedelta(days=2), NOON + timedelta(days=1), minutes_from=NEVER)
    hours = cover(NOON - timedelta(days=2), NOON + timedelta(days=1), minutes_from=NEVER, coarsest="hour")
    with sessions.read() as db:
        by_task = read_sums(db, "request", parts, ["task_class"], Wanted())
        assert {row["task_class"]: row["requests"] for row in by_task} == {"extraction": 1, "code": 1}
        (in_all,) = read_sums(db, "request", parts, [], Wanted(traffic="all"))
        assert in_all["requests"] == 4
        (probes,) = read_sums(db, "request", parts, ["probe"], Wanted(traffic="probe"))
        assert (probes["probe"], probes["requests"]) == ("golden", 1)
        by_hour = read_sums(db, "request", hours, ["hour", "route"], Wanted(where={"route": "invoices"}))
        assert {row["hour"]: row["requests"] for row in by_hour} == {NOON: 1, NOON + timedelta(hours=1): 1}
        (answers,) = read_sums(db, "attempt", parts, [], Wanted())
        assert answers["attempts"] == 2
        (all_attempts,) = read_sums(db, "attempt", parts, [], Wanted(answers_only=False))
        assert all_attempts["attempts"] == 3
        assert read_sums(db, "request", parts, [], Wanted(where={"route": "nowhere"})) == []
        with pytest.raises(ValueError, match="requests have no language"):
            read_sums(db, "request", parts, ["language"], Wanted())


def test_only_the_sums_that_are_wanted(feed: Feed, sessions: Sessions) -> None:
    """In the order of the family, whatever the order of the names; none at all are the groups that there are."""
    feed.send(trace(), trace(task_class="code"))
    tick(sessions)
    parts = cover(NOON - timedelta(days=2), NOON + timedelta(days=1), minutes_from=NEVER)
    with sessions.read() as db:
        (row,) = read_sums(db, "request", parts, [], Wanted(), columns=["escalated", "requests"])
        assert list(row.items()) == [("requests", 2), ("escalated", 0)]
        groups = read_sums(db, "request", parts, ["task_class"], Wanted(), columns=())
        assert sorted(tuple(row.items()) for row in groups) == [
            (("task_class", "code"),),
            (("task_class", "extraction"),),
        ]
        assert read_sums(db, "request", [], [], Wanted(), columns=["requests"]) == []
        with pytest.raises(ValueError, match="requests have no sum errors"):
            read_sums(db, "request", parts, [], Wanted(), columns=["requests", "errors"])
        with pytest.raises(ValueError, match="have no sum 1\\) FROM"):
            read_sums(db, "attempt", parts, [], Wanted(), columns=["1) FROM attempt_keys --"])


def test_a_report_is_waited_for(sessions: Sessions) -> None:
    """Longer than other statements and with more memory, in its own transaction alone."""
    with sessions.read() as db:
        await_report(db)
        assert db.execute(text("SHOW statement_timeout")).scalar_one() == "5min"
        assert db.execute(text("SHOW jit")).scalar_one() == "off"
        assert db.execute(text("SHOW work_mem")).scalar_one() == "64MB"
    with sessions.read() as db:
        assert db.execute(text("SHOW statement_timeout")).scalar_one() == "1min"


def test_bins_and_mixes(feed: Feed, sessions: Sessions) -> None:
    """Bins of the same key are added over levels; values are counted."""
    feed.send(
        trace(duration_s=1.0, failure_mode="truncated"),
        trace(duration_s=1.0, started_at=NOON - timedelta(days=1)),
        trace(duration_s=4.0),
    )
    tick(sessions)
    parts = cover(NOON - timedelta(days=2), NOON + timedelta(hours=1), minutes_from=NEVER)
    assert [part.level for part in parts] == ["hour", "day", "hour"]
    with sessions.read() as db:
        bins = read_bins(db, ["duration"], parts, ["route"], Wanted())
        assert sorted((row["route"], row["count"]) for row in bins) == [("invoices", 1), ("invoices", 2)]
        mix = read_mix(db, ["failure_mode", "recovery"], parts, [], Wanted())
        assert {(row["kind"], row["value"]): row["count"] for row in mix} == {
            ("failure_mode", "truncated"): 1,
            ("recovery", "none"): 3,
        }
