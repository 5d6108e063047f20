"""What is stored of one session or tenant goes, all of it and nothing else."""

import json
import re
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from pointsman.forgetting import Forgetting
from pointsman_contract.trace import Trace
from store import forgetting as store_forgetting
from store.forgetting import Whose, forget_day, stored_days
from store.forgetting_letters import find_letters, spellings
from store.received import Batch
from store.sessions import Sessions
from tests.builders import NOON, attempt, outcome, trace
from tests.store.conftest import OpenSessions
from tests.store.feed import OUTCOMES_0, TRACES_0, Feed, execute, one, rows, unreadable

SESSION = Whose("session_id", "s-1")


def of(session: str, *, attempts: int = 1, **fields: Any) -> Trace:
    """A trace of a session."""
    return trace(session_id=session, attempts=(attempt(),) * attempts, **fields)


def with_letter(feed: Feed, payload: bytes, *, environment: str = "") -> None:
    """Store an unreadable message with these bytes."""
    batch = feed.batch({TRACES_0: [unreadable(environment=environment)]})
    feed.send_batch(Batch([batch.messages[0]._replace(payload=payload)], batch.spans))


def forgotten(sessions: Sessions, whose: Whose) -> Forgetting:
    """Forget, and say what was done."""
    done = Forgetting(whose)
    done.delete(sessions, lambda _: None)
    return done


def counts(sessions: Sessions) -> list[int]:
    """Traces, attempts and outcomes that are stored."""
    return [one(sessions, f"SELECT count(*) FROM {name}") for name in ("traces", "attempts", "outcomes")]


def test_a_session_goes_with_all_that_hangs_on_it(feed: Feed, sessions: Sessions) -> None:
    """On every day, with attempts and outcomes; other sessions, and traces of none, stay."""
    mine = [of("s-1", attempts=3, started_at=NOON - timedelta(days=day)) for day in (0, 1, 5)]
    others = [of("s-10"), of("S-1"), of("s-1 "), trace(), of("s-2", attempts=2)]
    feed.send(*mine, *others)
    feed.send(*(outcome(trace_id=one.trace_id) for one in (mine[0], mine[0], mine[2], others[0])), to=OUTCOMES_0)
    counted = Forgetting(SESSION)
    counted.count(sessions, lambda _: None)
    assert counted.found_traces == 3
    assert counts(sessions) == [8, 15, 4]
    assert forgotten(sessions, SESSION).deleted == (3, 9, 3, 0)
    assert counts(sessions) == [5, 6, 1]
    assert {row[0] for row in rows(sessions, "SELECT session_id FROM traces")} == {"s-10", "S-1", "s-1 ", "", "s-2"}
    assert forgotten(sessions, SESSION).deleted == (0, 0, 0, 0)


def test_a_tenant_in_one_environment(feed: Feed, sessions: Sessions) -> None:
    """An environment narrows it; without one all go."""
    feed.send(trace(tenant="acme"), trace(tenant="acme", environment="stage"), trace(tenant="other"))
    assert forgotten(sessions, Whose("tenant", "acme", "stage")).deleted.traces == 1
    assert rows(sessions, "SELECT environment FROM traces WHERE tenant = 'acme'") == [("prod",)]
    assert forgotten(sessions, Whose("tenant", "acme")).deleted.traces == 1


def test_an_id_that_came_again_later_is_another_trace(feed: Feed, sessions: Sessions) -> None:
    """Ids may repeat over more than a day: only the outcomes that mean this one go with it."""
    same = UUID(int=5, version=4)
    feed.send(of("s-1", trace_id=same), of("s-2", trace_id=same, started_at=NOON - timedelta(days=3)))
    feed.send(
        outcome(trace_id=same, trace_started_at=NOON),
        outcome(trace_id=same, trace_started_at=NOON - timedelta(days=3)),
        to=OUTCOMES_0,
    )
    assert forgotten(sessions, SESSION).deleted == (1, 1, 1, 0)
    assert counts(sessions) == [1, 1, 1]


def test_many_small_transactions(feed: Feed, sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of many pages goes page by page; one that is cut short goes on where it was."""
    monkeypatch.setattr(store_forgetting, "_BLOCKS", 2)
    feed.send(*(of("s-1" if number % 3 else "s-2") for number in range(600)))
    steps = forget_day(sessions, SESSION, NOON.date())
    first = next(steps)
    assert 0 < first.traces < 400
    steps.close()
    assert counts(sessions)[:2] == [600 - first.traces, 600 - first.attempts]
    done = forgotten(sessions, SESSION)
    assert done.deleted.traces == 400 - first.traces
    assert counts(sessions)[:2] == [200, 200]


def test_a_window_reads_its_own_pages_only(feed: Feed, sessions: Sessions) -> None:
    """Else a large day would be read once for each window, and its attempts too."""
    feed.send(of("s-1"))
    values = {
        "begin": "'2026-11-23'",
        "end": "'2026-11-24'",
        "value": "'x'",
        "environment": "NULL",
        "near": "interval '1 day'",
        "behind": "9",
    }
    window = {"from_ctid": "'(0,0)'", "to_ctid": "'(1024,0)'"}
    statement = store_forgetting.forget_statement(SESSION)
    for name, value in (values | window).items():
        statement = re.sub(rf":{name}\b", value, statement)
    with sessions.write() as db:
        db.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in db.execute(text("EXPLAIN " + statement)))
    assert "Tid Range Scan on traces_20261123" in plan
    assert "Seq Scan" not in plan, plan


def test_a_day_that_retention_drops_meanwhile(feed: Feed, sessions: Sessions) -> None:
    """Is no trouble: what it held is gone."""
    feed.send(of("s-1"), of("s-1", started_at=NOON - timedelta(days=1)))
    days = stored_days(sessions)
    for table in ("traces", "attempts"):
        execute(sessions, f"DROP TABLE {table}_20261122")
    assert sum(some.traces for day in days for some in forget_day(sessions, SESSION, day)) == 1


def test_beside_a_running_ingest(open_sessions: OpenSessions, feed: Feed) -> None:
    """Neither waits for the other in a circle; what came meanwhile is told, and goes with the next run."""
    feed.send(*(of("s-1") for _ in range(200)))
    storing, stop = Feed(open_sessions()), threading.Event()
    sent: list[int] = []

    def store() -> None:
        while not stop.is_set():
            storing.send(*(of(session) for session in ("s-1", "s-2") * 10))
            sent.append(10)

    beside = threading.Thread(target=store)
    beside.start()
    done = [forgotten(feed.sessions, SESSION)]
    while not any(each.stored_meanwhile for each in done) and len(done) < 200:
        done.append(forgotten(feed.sessions, SESSION))
    stop.set()
    beside.join()
    last = forgotten(feed.sessions, SESSION)
    assert sum(each.deleted.traces for each in (*done, last)) == 200 + sum(sent)
    assert any(each.stored_meanwhile for each in done)
    assert last.stored_meanwhile == 0
    assert rows(feed.sessions, "SELECT DISTINCT session_id FROM traces") == [("s-2",)]
    assert counts(feed.sessions)[:2] == [sum(sent), sum(sent)]


_BELONG = [
    b'{"session_id": "s-1", "route": ',
    b'{"session_id":"s-1"',
    b"session_id='s-1'",
    b"session_id=s-1",
    b'"{\\"session_id\\": \\"s-1\\"}"',
    b'\xff\xfe "session_id" : "s-1" \x00',
]
_MENTION = [
    b'{"tenant": "s-1"}',
    b"s-1",
    b'{"session_id": "s-10"}',
    b'{"session_id": "s-1-2"}',
    b'{"session_id": "xs-1"}',
]
_NEITHER = [b'{"session_id": "s-2"}', b"", b'{"session_id": "s_1"}']


def test_dead_letters_that_seem_to_belong(feed: Feed, sessions: Sessions) -> None:
    """Where the value follows the name of the field, in whatever notation; elsewhere it is only mentioned."""
    for payload in (*_BELONG, *_MENTION, *_NEITHER):
        with_letter(feed, payload)
    done = forgotten(sessions, SESSION)
    assert (done.deleted_letters, done.mentions) == (len(_BELONG), len(_MENTION))
    assert done.first_mentions == list(range(len(_BELONG) + 1, len(_BELONG) + len(_MENTION) + 1))[:5]
    assert [row[0] for row in rows(sessions, "SELECT payload FROM dead_letters ORDER BY id")] == [*_MENTION, *_NEITHER]


@pytest.mark.parametrize("value", ["Zoë", 'a"b', "a\\b", "日本", "a.b*", "\u2028"])
def test_other_spellings_are_found(feed: Feed, sessions: Sessions, value: str) -> None:
    """As bytes of UTF-8 and as JSON escapes it, also inside of another string; no sign means anything by itself."""
    plain = {"session_id": value}
    written = [json.dumps(plain), json.dumps(plain, ensure_ascii=False), json.dumps(json.dumps(plain))]
    for payload in written:
        with_letter(feed, payload.encode())
    with_letter(feed, b'{"session_id": "aXbYY"}')
    found = [number for some in find_letters(sessions, Whose("session_id", value)) for number in some.belong]
    assert len(found) == len(written)
    assert len(spellings("plain")) == 1


def test_letters_of_another_environment_stay(feed: Feed, sessions: Sessions) -> None:
    """With an environment: its own go, those of nobody knows where are told, those of another are left alone."""
    for environment in ("prod", "stage", ""):
        with_letter(feed, b'{"tenant": "acme"}', environment=environment)
    done = forgotten(sessions, Whose("tenant", "acme", "stage"))
    assert (done.deleted_letters, done.mentions) == (1, 1)


def test_what_cannot_be_looked_into_is_told(feed: Feed, sessions: Sessions) -> None:
    """Hashes, and the rest of what was cut."""
    with_letter(feed, b"x" * 70_000 + b'"session_id": "s-1"')
    hashing = Feed(sessions, keep_payloads=False)
    with_letter(hashing, b'"session_id": "s-1"')
    assert forgotten(sessions, SESSION).hidden == (1, 1)
