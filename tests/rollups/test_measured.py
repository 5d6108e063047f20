"""From messages over rollups to measures: what the store adds up is what the measures take."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pandas as pd
import pytest
from sqlalchemy import Connection, RowMapping

from analytics.economics import cascade_economics
from analytics.frames import ATTEMPT_COLUMNS, REQUEST_COLUMNS, SHADOW_COLUMNS, Frames
from analytics.measures.table import measures_table
from analytics.report import Asked, report
from pointsman_contract.attempt import Attempt
from store.rollups.keys import ATTEMPT_MIXES, ATTEMPT_TIMES, REQUEST_MIXES, REQUEST_TIMES
from store.rollups.reading import Part, Wanted, cover, read_bins, read_mix, read_sums
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, attempt, trace
from tests.store.feed import Feed

NEVER = datetime(2100, 1, 1, tzinfo=UTC)
PARTS = cover(NOON - timedelta(hours=1), NOON + timedelta(hours=1), minutes_from=NEVER)


def paid(dollars: str, **overrides: Any) -> Attempt:
    """An attempt whose output cost so much."""
    nothing = {"prefill_cost_usd": Decimal(0), "cache_cost_usd": Decimal(0), "tools_cost_usd": Decimal(0)}
    return attempt(generation_cost_usd=Decimal(dollars), **nothing | overrides)


_NO_OTHER_COST = dict.fromkeys(("cache_cost_usd", "generation_cost_usd", "tools_cost_usd"), Decimal(0))


class Reader(NamedTuple):
    """Reads the frames of one report as they come from the database."""

    db: Connection
    by: Sequence[str]

    def frames(self) -> Frames:
        """User-facing traffic and test traffic."""
        user, probes = Wanted(), Wanted(traffic="probe")
        kinds = [*self.by, "kind"]
        return Frames(
            self._sums("request", self.by, REQUEST_COLUMNS, user),
            self._sums("attempt", self.by, ATTEMPT_COLUMNS, user),
            self._both(read_bins, REQUEST_TIMES, ATTEMPT_TIMES, [*kinds, "bin", "count"]),
            self._both(read_mix, REQUEST_MIXES, ATTEMPT_MIXES, [*kinds, "value", "count"]),
            self._sums("request", [*self.by, "probe"], REQUEST_COLUMNS, probes),
            self._sums("attempt", [*self.by, "probe"], ATTEMPT_COLUMNS, probes),
            self._sums("shadow", self.by, SHADOW_COLUMNS, user),
        )

    def _sums(self, family: Any, by: Sequence[str], columns: Sequence[str], wanted: Wanted) -> pd.DataFrame:
        return framed(read_sums(self.db, family, PARTS, by, wanted), [*by, *columns])

    def _both(
        self, read: Any, requests: Sequence[str], attempts: Sequence[str], columns: Sequence[str]
    ) -> pd.DataFrame:
        parts: Sequence[Part] = PARTS
        rows = [row for kinds in (requests, attempts) for row in read(self.db, kinds, parts, self.by, Wanted())]
        return framed(rows, columns)


def framed(rows: Sequence[RowMapping], columns: Sequence[str]) -> pd.DataFrame:
    """Rows of a query as a frame, which has its columns also where there are none."""
    return pd.DataFrame([tuple(row.values()) for row in rows], columns=list(columns))


def test_messages_become_measures(feed: Feed, sessions: Sessions) -> None:
    """Four requests and a probe, by hand: rates, costs, a median, a mix and a score."""
    feed.send(
        trace(outcome="success", duration_s=1.0, attempts=(paid("1", output_chars=1284, schema_valid=True),)),
        trace(
            outcome="success",
            duration_s=3.0,
            attempts=(paid("1", status="timeout"), paid("4", role="escalation", model="gpt-5.4")),
        ),
        trace(outcome="failure", duration_s=1.0, failure_mode="refusal", attempts=(paid("2", refused=True),)),
        trace(outcome="success", duration_s=1.0, recovery="retry", attempts=(paid("0.5"), paid("0.5", role="retry"))),
        trace(outcome="success", probe="needle", attempts=(paid("9"),)),
        trace(outcome="failure", arm="shadow", attempts=(paid("9"),)),
    )
    tick(sessions)
    with sessions.read() as db:
        rows, cannot_split = measures_table(Reader(db, ["route", "task_class"]).frames(), ["route", "task_class"], 7200)
    assert cannot_split == ()
    assert set(rows["route"]) == {"invoices"}
    records = rows.to_dict("records")
    # Of quantiles the median; other measures have none, which is no number.
    found = {(row["measure"], row["part"]): row["value"] for row in records if not row["quantile"] > 0.5}
    (slowest,) = (row["value"] for row in records if (row["measure"], row["quantile"]) == ("duration", 0.99))
    wanted = {
        ("task_success_rate", ""): 0.25,
        ("eventual_success_rate", ""): 0.75,
        ("escalation_rate", ""): 0.25,
        ("retry_rate", ""): 0.25,
        ("timeout_rate", ""): 0.25,
        ("attempt_error_rate", ""): 1 / 6,
        ("refusal_rate", ""): 1,
        ("schema_adherence", ""): 1,
        ("cost_per_success", ""): 3,
        ("cost_per_request", ""): 2.25,
        ("spend", ""): 9,
        ("attempt_spend", ""): 9,
        ("tokenizer_compression", ""): 4,
        ("requests_per_second", ""): 4 / 7200,
        ("failure_mode_mix", "refusal"): 0.25,
        ("recovery_mix", "retry"): 0.25,
        ("probes", "needle"): 1,
    }
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)
    assert found["duration", ""] == pytest.approx(1, rel=0.01)
    assert slowest == pytest.approx(3, rel=0.01)


def test_every_measure_can_be_read_in_every_way(feed: Feed, sessions: Sessions) -> None:
    """Without columns, and where nothing was stored at all: neither is an error."""
    with sessions.read() as db:
        assert len(measures_table(Reader(db, ["route"]).frames(), ["route"], 60).rows) == 0
        assert len(measures_table(Reader(db, []).frames(), [], 60).rows) == 0
    feed.send(trace(attempts=()), trace(cache="exact", attempts=()))
    tick(sessions)
    with sessions.read() as db:
        rows = measures_table(Reader(db, []).frames(), [], 60).rows.set_index("measure")
    assert rows.loc["gateway_cache_hit_rate", "value"] == 0.5
    assert "attempt_error_rate" not in rows.index


def test_a_swap_is_seen_from_its_messages(feed: Feed, sessions: Sessions) -> None:
    """1,500 tokens where the baseline counts 1,000, at a dollar for a thousand of its own: half a dollar more; twice
    the cost in all. A shadow whose request did not come halves the coverage.
    """
    theirs = attempt(input_tokens=1000, output_tokens=10, prefill_cost_usd=Decimal("0.5"), **_NO_OTHER_COST)
    ours = attempt(model="new", input_tokens=1500, output_tokens=5, prefill_cost_usd=Decimal("1.5"), **_NO_OTHER_COST)
    served = trace(attempts=(theirs,))
    feed.send(
        served,
        trace(arm="shadow", shadow_of=served.trace_id, attempts=(ours,)),
        trace(arm="shadow", shadow_of=UUID(int=1), attempts=(ours,)),
    )
    tick(sessions)
    with sessions.read() as db:
        rows = measures_table(Reader(db, ["model"]).frames(), ["model"], 60).rows
    found = rows[rows["model"] == "new"].set_index("measure")
    swaps = ["swap_input_tokens", "swap_output_tokens", "swap_input_cost", "swap_cost"]
    assert found.loc[swaps, "value"].tolist() == pytest.approx([1.5, 0.5, 0.5, 3])
    assert found.loc[swaps, "coverage"].tolist() == [0.5] * 4
    assert "escalation_rate" not in found.index


def test_a_cascade_is_seen_from_its_messages(feed: Feed, sessions: Sessions) -> None:
    """One of two requests escalates, for $4 beyond its $1; the premium route asks $3 for each."""
    cheap = {"protocol": "cascade", "route_kind": "economy", "outcome": "success"}
    feed.send(
        trace(**cheap, attempts=(paid("1"),)),
        trace(**cheap, attempts=(paid("1"), paid("4", role="escalation"))),
        trace(route="best", protocol="direct", route_kind="premium", outcome="success", attempts=(paid("3"),)),
    )
    tick(sessions)
    by = ["task_class", "protocol", "route_kind"]
    with sessions.read() as db:
        rows = read_sums(db, "request", PARTS, by, Wanted())
    (row, _) = cascade_economics(framed(rows, [*by, *REQUEST_COLUMNS])).to_dict("records")
    figures = ("escalation_rate", "first_cost", "escalated_extra_cost", "observed_cost", "premium_cost", "break_even")
    assert [row[name] for name in figures] == pytest.approx([0.5, 1, 4, 3, 3, 0.5])


def test_a_rate_is_of_what_was_counted_when_it_was_read(feed: Feed, sessions: Sessions) -> None:
    """Ticks go on: what one adds between the question and the answer is in the sum and in the time."""
    now = datetime.now(UTC)
    parts = [Part("minute", now.replace(second=0, microsecond=0) - timedelta(minutes=10), now)]
    feed.send(*(trace(started_at=now - timedelta(seconds=1)) for _ in range(10)))
    tick(sessions)
    stale = Asked(parts, only=["requests_per_second"], counted_until=parts[0].begin + timedelta(minutes=1))
    (row,) = report(sessions, stale).rows.to_dict("records")
    assert row["value"] == pytest.approx(10 / 600, rel=0.15)
