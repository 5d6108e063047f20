"""What is deleted was counted before, and stays counted."""

from datetime import UTC, datetime, timedelta

import pytest

from pointsman.forgetting import Forgetting
from store.days import Days
from store.forgetting import Whose
from store.retention import delete_expired
from store.rollups.comparing import comparable_days, compare_day
from store.rollups.rebuilding import rebuild_day
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, attempt, outcome, trace
from tests.rollups.telling import add_empty_batches
from tests.store.feed import OUTCOMES_0, Feed, execute, one, partition, rows

DAY = NOON.date()


def forget(sessions: Sessions, whose: Whose) -> Forgetting:
    """Forget, and say what was done."""
    done = Forgetting(whose)
    done.delete(sessions, lambda _: None)
    return done


def tenants(sessions: Sessions) -> list[tuple[object, ...]]:
    """Requests by the tenant's name as it now is."""
    return rows(
        sessions,
        "SELECT tenant, sum(requests)::int FROM tenant_rollups_day JOIN tenant_keys USING (key_id)"
        " GROUP BY 1 ORDER BY 1",
    )


_KNOWN = (
    "SELECT tenant, requests, known FROM tenant_rollups_day JOIN tenant_keys USING (key_id)"
    " WHERE token_type = 'request' ORDER BY 1, 3"
)


def test_forget_waits_for_the_rollups(feed: Feed, sessions: Sessions) -> None:
    """A trace that is not counted yet stays, and the run says so; once counted it goes and stays counted."""
    feed.send(trace(tenant="acme"))
    tick(sessions)
    feed.send(trace(tenant="acme"), trace(tenant="other"))
    first = forget(sessions, Whose("tenant", "acme"))
    assert (first.deleted.traces, first.stored_meanwhile) == (1, 1)
    tick(sessions)
    second = forget(sessions, Whose("tenant", "acme"))
    assert (second.deleted.traces, second.stored_meanwhile) == (1, 0)
    assert one(sessions, "SELECT sum(requests) FROM request_rollups_day") == 3


def test_a_tenants_rows_are_renamed(feed: Feed, sessions: Sessions) -> None:
    """Nothing holds the name any more, nor a hash of it; what comes later has its own row."""
    feed.send(trace(tenant="acme", attempts=(attempt(), attempt(role="retry"))), trace(tenant="other"))
    tick(sessions)
    ids = "SELECT key_id FROM tenant_keys WHERE tenant <> 'other'"
    before = set(rows(sessions, ids))
    done = forget(sessions, Whose("tenant", "acme"))
    assert done.renamed_rollups == 5
    assert tenants(sessions) == [("forgotten", 1), ("other", 1)]
    assert not before & set(rows(sessions, ids))
    assert one(sessions, "SELECT count(*) FROM admitted_values WHERE value = 'acme'") == 0
    feed.send(trace(tenant="acme"))
    tick(sessions)
    assert tenants(sessions) == [("acme", 1), ("forgotten", 1), ("other", 1)]


def test_only_in_one_environment(feed: Feed, sessions: Sessions) -> None:
    """The tenant's sums of other environments keep its name."""
    feed.send(trace(tenant="acme"), trace(tenant="acme", environment="stage"))
    tick(sessions)
    forget(sessions, Whose("tenant", "acme", "stage"))
    assert tenants(sessions) == [("acme", 1), ("forgotten", 1)]


def test_days_that_forget_touched_are_named(feed: Feed, sessions: Sessions) -> None:
    """Their raw rows are no longer all there: no comparison, and no rebuild that would lose them."""
    feed.send(trace(session_id="s-1"), trace(started_at=NOON - timedelta(days=1)))
    tick(sessions)
    assert forget(sessions, Whose("session_id", "nobody")).deleted.traces == 0
    assert comparable_days(sessions).left_out == []
    forget(sessions, Whose("session_id", "s-1"))
    comparable = comparable_days(sessions)
    assert list(comparable.days) == [DAY - timedelta(days=1)]
    assert comparable.left_out == [(DAY, "forget")]


def test_an_outcome_for_what_was_forgotten_changes_nothing(feed: Feed, sessions: Sessions) -> None:
    """Its request stays counted as it was."""
    gone = trace(session_id="s-1")
    feed.send(gone)
    tick(sessions)
    forget(sessions, Whose("session_id", "s-1"))
    feed.send(outcome(trace_id=gone.trace_id), to=OUTCOMES_0)
    tick(sessions)
    assert rows(sessions, "SELECT requests, known FROM request_rollups_day") == [(1, 0)]


def test_retention_waits_for_the_rollups(feed: Feed, sessions: Sessions) -> None:
    """Neither the day of a trace that is not counted yet is dropped, nor its batch."""
    feed.send(trace())
    tick(sessions)
    old = NOON - timedelta(days=40)
    feed.send(trace(started_at=old), to=partition(1))
    keeping = Days(sessions, raw_retention=timedelta(days=1))
    assert old.date() not in keeping.maintain().dropped
    now = keeping.kept()
    far = now.now + timedelta(days=400)
    delete_expired(sessions, now=far, oldest=far.date())
    # The first is where a cursor stands.
    assert one(sessions, "SELECT count(*) FROM ingest_batches") == 2
    tick(sessions)
    assert old.date() in keeping.maintain().dropped
    assert one(sessions, "SELECT sum(requests) FROM request_rollups_day") == 2
    assert (old.date(), "retention") in comparable_days(sessions).left_out


def test_minutes_go_after_fourteen_days(feed: Feed, sessions: Sessions) -> None:
    """Hours and days stay; a trace that comes later for such a day makes no minute again."""
    keeping = Days(sessions, raw_retention=timedelta(days=3650))
    now = keeping.kept().now
    feed.send(trace(started_at=now - timedelta(days=13)), trace(started_at=now - timedelta(days=16)))
    tick(sessions)
    assert one(sessions, "SELECT count(*) FROM request_rollups_minute") == 1
    assert one(sessions, "SELECT count(*) FROM request_rollups_hour") == 2
    with sessions.write() as db:
        db.exec_driver_sql("UPDATE request_rollups_minute SET bucket = bucket - interval '2 days'")
    assert delete_expired(sessions, now=now, oldest=keeping.kept().oldest).minutes == 1
    assert one(sessions, "SELECT count(*) FROM request_rollups_hour") == 2


def test_an_outcome_that_is_not_counted_keeps_its_trace(feed: Feed, sessions: Sessions) -> None:
    """Else its request would stay unknown for ever. It is told, however long ago the trace came."""
    mine = trace(session_id="s-1")
    feed.send(mine)
    add_empty_batches(sessions, 100)
    tick(sessions)
    feed.send(outcome(trace_id=mine.trace_id), to=OUTCOMES_0)
    first = forget(sessions, Whose("session_id", "s-1"))
    assert (first.deleted.traces, first.stored_meanwhile) == (0, 1)
    tick(sessions)
    second = forget(sessions, Whose("session_id", "s-1"))
    assert (second.deleted, second.stored_meanwhile) == ((1, 1, 1, 0), 0)
    assert rows(sessions, "SELECT requests, known FROM request_rollups_day") == [(1, 1)]


def test_a_tenant_keeps_its_name_while_traces_wait(feed: Feed, sessions: Sessions) -> None:
    """An outcome that comes later finds their row; other days lose the name at once, and this one with the next run."""
    mine = trace(tenant="acme")
    feed.send(mine, trace(tenant="acme", started_at=NOON - timedelta(days=1)))
    add_empty_batches(sessions, 100)
    tick(sessions)
    feed.send(outcome(trace_id=mine.trace_id), to=OUTCOMES_0)
    first = forget(sessions, Whose("tenant", "acme"))
    assert (first.deleted.traces, first.stored_meanwhile) == (1, 1)
    assert tenants(sessions) == [("acme", 1), ("forgotten", 1)]
    tick(sessions)
    assert rows(sessions, _KNOWN) == [("acme", 1, 1), ("forgotten", 1, 0)]
    assert forget(sessions, Whose("tenant", "acme")).stored_meanwhile == 0
    assert rows(sessions, _KNOWN) == [("forgotten", 1, 0), ("forgotten", 1, 1)]
    assert one(sessions, "SELECT count(*) FROM tenant_keys WHERE tenant = 'acme'") == 0


def test_what_came_meanwhile_keeps_the_name_of_its_day(feed: Feed, sessions: Sessions) -> None:
    """A trace that was counted while the tenant was forgotten has its row until the next run."""
    feed.send(trace(tenant="acme"))
    tick(sessions)
    late = trace(tenant="acme")

    def meanwhile(_: int) -> None:
        if not one(sessions, "SELECT count(*) FROM traces WHERE tenant = 'acme'"):
            feed.send(late)
            tick(sessions)

    done = Forgetting(Whose("tenant", "acme"))
    done.delete(sessions, meanwhile)
    assert done.stored_meanwhile == 1
    feed.send(outcome(trace_id=late.trace_id), to=OUTCOMES_0)
    tick(sessions)
    assert rows(sessions, _KNOWN) == [("acme", 2, 1)]


def test_a_tenant_is_renamed_when_its_traces_are_long_gone(feed: Feed, sessions: Sessions) -> None:
    """Sums outlive raw rows: they are counted, and the name goes with every hash of it."""
    feed.send(trace(tenant="acme"))
    tick(sessions)
    ids = {str(key_id) for (key_id,) in rows(sessions, "SELECT key_id FROM tenant_keys")}
    for table in ("attempts", "traces"):
        execute(sessions, f"DELETE FROM {table}")
    counted = Forgetting(Whose("tenant", "acme"))
    counted.count(sessions, lambda _: None)
    assert (counted.found_traces, counted.found_sums, counted.found_anything) == (0, 5, True)
    assert forget(sessions, Whose("tenant", "acme")).renamed_rollups == 5
    assert tenants(sessions) == [("forgotten", 1)]
    places = {value for (value,) in rows(sessions, "SELECT value FROM admitted_values")}
    assert "acme" not in places
    assert not ids & places


@pytest.mark.parametrize("limits", [{"values_a_day": 2}, {"keys_a_day": 10}])
def test_forgetting_makes_no_room(feed: Feed, sessions: Sessions, limits: dict[str, int]) -> None:
    """A late outcome goes where its trace went, also after somebody was forgotten who had a place."""
    late = trace(tenant="zebra")
    feed.send(trace(tenant="acme"), trace(tenant="bell"))
    tick(sessions, **limits)
    feed.send(late)
    tick(sessions, **limits)
    forget(sessions, Whose("tenant", "acme"))
    feed.send(outcome(trace_id=late.trace_id), to=OUTCOMES_0)
    tick(sessions, **limits)
    assert rows(sessions, _KNOWN) == [("bell", 1, 0), ("forgotten", 1, 0), ("other", 1, 1)]


def test_other_is_nobodys_name(feed: Feed, sessions: Sessions) -> None:
    """Tenants that a day had no place for keep their row, whoever is forgotten."""
    late = trace(tenant="zebra")
    feed.send(trace(tenant="acme"))
    tick(sessions, values_a_day=1)
    feed.send(late)
    tick(sessions, values_a_day=1)
    assert forget(sessions, Whose("tenant", "other")).renamed_rollups == 0
    feed.send(outcome(trace_id=late.trace_id), to=OUTCOMES_0)
    tick(sessions, values_a_day=1)
    assert rows(sessions, _KNOWN) == [("acme", 1, 0), ("other", 1, 1)]


def test_another_environments_sums_stay_what_they_are(feed: Feed, sessions: Sessions) -> None:
    """A day that forget has not touched is compared as before."""
    feed.send(trace(tenant="acme"), trace(tenant="acme", environment="stage", started_at=NOON - timedelta(days=1)))
    tick(sessions)
    forget(sessions, Whose("tenant", "acme", "prod"))
    assert compare_day(sessions, DAY - timedelta(days=1)).different == 0


def test_a_day_that_forget_touches_meanwhile_is_not_made_again(feed: Feed, sessions: Sessions) -> None:
    """Whoever rebuilds many days has looked long before."""
    feed.send(trace(session_id="s-1"), trace())
    tick(sessions)
    assert list(comparable_days(sessions).days) == [DAY]
    forget(sessions, Whose("session_id", "s-1"))
    assert not rebuild_day(sessions, DAY)
    assert one(sessions, "SELECT sum(requests) FROM request_rollups_day") == 2


def test_a_day_that_retention_dropped_is_counted_for_good(feed: Feed, sessions: Sessions) -> None:
    """What comes back of it once more is kept may have been counted: it is not counted again, nor is the day remade."""
    old = trace(started_at=datetime.now(UTC) - timedelta(days=5))
    feed.send(old)
    tick(sessions)
    assert Days(sessions, raw_retention=timedelta(days=2)).maintain().dropped == [old.started_at.date()]
    execute(sessions, "DELETE FROM ingest_offsets")
    again = Feed(sessions)
    assert again.send(old).stored == 1
    again.send(outcome(trace_id=old.trace_id), to=OUTCOMES_0)
    tick(sessions)
    assert rows(sessions, "SELECT requests, known FROM request_rollups_day") == [(1, 0)]
    assert comparable_days(sessions).left_out == [(old.started_at.date(), "retention")]
    assert not rebuild_day(sessions, old.started_at.date())
