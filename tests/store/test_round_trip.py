"""Whatever the contract accepts, the store can hold, and gives back the same."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, select

from pointsman_contract.fields import EARLIEST
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from store.received import Source
from store.tables import attempts, heartbeats, outcomes, traces
from tests import strategies
from tests.builders import heartbeat, trace
from tests.store.expected_rows import PLACE, expected_row
from tests.store.feed import HEARTBEATS_0, OUTCOMES_0, TRACES_0, Feed, execute, one, rows

# An example is a whole batch: one transaction tries several messages, and the smallest bad one is still found.
_batches = settings(
    max_examples=settings().max_examples // 5,
    # The database stays; each example brings new ids and reads back what it sent.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
_A_WEEK = st.integers(0, 6 * 24 * 3600 * 10**6).map(lambda us: EARLIEST + timedelta(days=20_000, microseconds=us))


def _several(messages: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(messages, min_size=1, max_size=8)


@_batches
@given(several=_several(strategies.traces(times=_A_WEEK)))
def test_traces(feed: Feed, several: list[Trace]) -> None:
    """Every field of a trace and of its attempts."""
    sent = [one_trace.model_copy(update={"trace_id": uuid4()}) for one_trace in several]
    assert feed.send(*sent).stored == len(sent)
    assert _read(feed, traces, TRACES_0, len(sent)) == [expected_row(traces, each) for each in sent]
    for each in sent:
        assert _attempts_of(feed, each) == [
            expected_row(attempts, one_attempt)
            | {"trace_id": each.trace_id, "started_at": each.started_at, "position": position}
            for position, one_attempt in enumerate(each.attempts)
        ]


@_batches
@given(several=_several(strategies.outcomes(times=strategies.extreme_moments() | strategies.moments())))
def test_outcomes(feed: Feed, several: list[Outcome]) -> None:
    """Every field of an outcome, times from 1970 to 9998 and numbers of any size among them."""
    assert feed.send(*several, to=OUTCOMES_0).stored == len(several)
    found = _read(feed, outcomes, OUTCOMES_0, len(several))
    for row in found:
        # JSON knows no kinds of numbers: 1e300 comes back as an integer of 301 digits.
        row["scores"] = row["scores"] and {name: float(value) for name, value in row["scores"].items()}
    assert found == [expected_row(outcomes, each) for each in several]


@_batches
@given(several=_several(strategies.heartbeats(times=strategies.extreme_moments() | strategies.moments())))
def test_heartbeats(feed: Feed, several: list[Heartbeat]) -> None:
    """Every field of a heartbeat, and the JSON of its epochs and counters to the last digit."""
    boot = str(uuid4())
    sent = [each.model_copy(update={"boot_id": boot, "sequence": number}) for number, each in enumerate(several)]
    assert feed.send(*sent, to=HEARTBEATS_0).stored == len(sent)
    found = _read(feed, heartbeats, HEARTBEATS_0, len(sent))
    assert found == [expected_row(heartbeats, each) for each in sent]


@settings(_batches, max_examples=settings().max_examples // 10)
@given(start=strategies.extreme_moments().filter(lambda moment: moment.year < 2000))
def test_the_first_days_of_the_contract(feed: Feed, start: datetime) -> None:
    """A trace of 1970 is stored where somebody made its day: retention itself reaches no further than ten years."""
    for table in ("traces", "attempts"):
        name = f"{table}_{start.astimezone(UTC):%Y%m%d}"
        begin = start.astimezone(UTC).date()
        bounds = f"FOR VALUES FROM ('{begin} 00:00:00+00') TO ('{begin + timedelta(days=1)} 00:00:00+00')"
        execute(feed.sessions, f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} {bounds}")
    assert feed.send(trace(started_at=start)).stored == 1


def test_keys_of_the_longest_characters(feed: Feed) -> None:
    """256 characters, of four bytes or odd ones, fit into every key and every index."""
    names = [character * 256 for character in "\U0001f682\x01\x7f\u202e\ufffe'\\\t"]
    for number, name in enumerate(names):
        keys = {"environment": name, "route": name, "router_id": name, "task_class": name}
        assert feed.send(trace(**keys, tenant=name, attempts=())).stored == 1
        assert feed.send(heartbeat(router_id=name, boot_id=name, sequence=number), to=HEARTBEATS_0).stored == 1
    stored = rows(feed.sessions, 'SELECT environment, route, tenant FROM traces ORDER BY "offset"')
    assert stored == [(name, name, name) for name in names]
    assert rows(feed.sessions, "SELECT router_id, boot_id FROM heartbeats ORDER BY sequence") == [(n, n) for n in names]


def _read(feed: Feed, table: Table, source: Source, count: int) -> list[dict[str, Any]]:
    """The newest rows of a table that hold one message each, in the order in which they were sent."""
    newest = one(feed.sessions, "SELECT max(id) FROM ingest_batches WHERE topic = :topic", topic=source.topic)
    order = table.c.sequence if table is heartbeats else table.c.offset
    with feed.sessions.read() as db:
        found = db.execute(select(table).where(table.c.batch_id == newest).order_by(order)).mappings().all()
    assert len(found) == count
    return [_without_place(table, dict(row)) for row in found]


def _attempts_of(feed: Feed, of: Trace) -> list[dict[str, Any]]:
    with feed.sessions.read() as db:
        query = select(attempts).where(attempts.c.trace_id == of.trace_id).order_by(attempts.c.position)
        return [_without_place(attempts, dict(row)) for row in db.execute(query).mappings()]


def _without_place(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in PLACE}
