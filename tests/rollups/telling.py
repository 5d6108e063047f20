"""Tells the store a story, message by message, and says what the rollups hold and should hold."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pointsman_contract.outcome import Outcome
from pointsman_contract.topics import OUTCOMES, TRACES
from pointsman_contract.trace import Trace
from store.received import Batch, Received, Source
from store.rollups.comparing import comparable_days, compare_day
from store.rollups.keys import ATTEMPT_KEY, REQUEST_KEY, SHADOW_KEY, TENANT_KEY, VALUES_A_DAY, Key
from store.rollups.rebuilding import rebuild_day
from store.sessions import Sessions
from tests.rollups.oracle import Fold, Tables, as_it_is, expected_tables
from tests.rollups.oracle_facts import Told
from tests.store.feed import Content, Feed, one, partition, rows

TRACE_SOURCES = (partition(0), partition(1), partition(0, f"eu.{TRACES}"))
OUTCOME_SOURCES = (partition(0, OUTCOMES), partition(1, OUTCOMES), partition(0, f"eu.{OUTCOMES}"))
LEVELS = ("minute", "hour", "day")
_KEYS: Mapping[str, Sequence[Key]] = {
    "request": REQUEST_KEY,
    "attempt": ATTEMPT_KEY,
    "tenant": TENANT_KEY,
    "shadow": SHADOW_KEY,
}
# Most tables have a row's key in one table of keys, latency and mix in either of two.
_FAMILIES: Mapping[str, Sequence[str]] = {
    **{f"{family}_rollups_{level}": (family,) for family in ("request", "attempt", "shadow") for level in LEVELS},
    **{f"{kind}_rollups_{level}": ("request", "attempt") for kind in ("latency", "mix") for level in LEVELS},
    "tenant_rollups_day": ("tenant",),
}
_SHOWN = 8
_MINUTES = timedelta(days=14)


class Telling:
    """A story as it was told so far: every message that was sent, and the traces among them that are not duplicates."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.feed = Feed(sessions)
        self.sent: list[Received] = []
        self._starts: dict[UUID, list[datetime]] = {}

    def send(self, contents: Mapping[Source, Sequence[Content]], broker_time: datetime | None = None) -> None:
        """One batch."""
        batch = self.feed.batch(contents)
        if broker_time is not None:
            messages = [message._replace(broker_time=broker_time) for message in batch.messages]
            batch = Batch(messages, batch.spans)
        self.feed.send_batch(batch)
        self.sent += [message for message in batch.messages if self._is_new(message.content)]

    def _is_new(self, content: object) -> bool:
        if not isinstance(content, Trace):
            return True
        starts = self._starts.setdefault(content.trace_id, [])
        if any(abs(content.started_at - start) <= timedelta(days=1) for start in starts):
            return False
        starts.append(content.started_at)
        return True

    def read(self) -> list[Received]:
        """The messages behind the cursors."""
        read = {
            (topic_id, number): offset
            for topic_id, number, offset in rows(
                self.sessions,
                "SELECT c.topic_id, c.partition, b.next FROM cursors c JOIN ingest_batches b ON b.id = c.batch_id",
            )
        }
        return [message for message in self.sent if message.offset < read.get(message.source[1::2], 0)]

    def expected(self, fold: Fold = as_it_is) -> Tables:
        """What the rollups should hold, as of where their cursors stand."""
        return expected_of(self.sessions, self.read(), fold)


def expected_of(sessions: Sessions, messages: Iterable[Received], fold: Fold = as_it_is) -> Tables:
    """What the rollups should hold of these messages."""
    traces: list[Trace] = []
    told: list[Told] = []
    for message in messages:
        if isinstance(message.content, Trace):
            traces.append(message.content)
        elif isinstance(message.content, Outcome):
            at = message.source
            told.append(Told(message.content, at.topic_id, at.partition, message.offset, message.broker_time))
    minutes_from = one(sessions, "SELECT date_trunc('day', now())") - _MINUTES
    return expected_tables(traces, told, minutes_from=minutes_from, fold=fold)


def stored_tables(sessions: Sessions) -> Tables:
    """What the rollups hold."""
    return {name: found for name in _FAMILIES if (found := _stored(sessions, name))}


def _stored(sessions: Sessions, table: str) -> dict[tuple[Any, ...], dict[Any, int]]:
    found: dict[tuple[Any, ...], dict[Any, int]] = {}
    count = one(sessions, f"SELECT count(*) FROM {table}")
    for family in _FAMILIES[table]:
        names = ", ".join(f"k.{part.name}" for part in _KEYS[family])
        width = 1 + len(_KEYS[family])
        with sessions.read() as db:
            result = db.exec_driver_sql(
                f"SELECT t.bucket, {names}, t.* FROM {table} t JOIN {family}_keys k USING (key_id)"
            )
            columns = list(result.keys())[width:]
            for row in result:
                key, values = row[:width], dict(zip(columns, row[width:], strict=True))
                del values["bucket"], values["key_id"]
                key += tuple(values.pop(part) for part in ("kind", "value") if part in values)
                if "bins" in values:
                    values = dict(zip(values["bins"], values["counts"], strict=True))
                assert list(values) == sorted(values) or "bins" not in columns
                found[tuple(key)] = {name: int(value) for name, value in values.items()}
    assert len(found) == count, f"{table}: {count} rows, {len(found)} keys"
    return found


def differences(expected: Tables, stored: Tables) -> list[str]:
    """The first rows that are not the same, with the columns that differ."""
    found: list[str] = []
    for table in sorted(expected.keys() | stored.keys()):
        there, here = expected.get(table, {}), stored.get(table, {})
        for key in [*there, *(key for key in here if key not in there)]:
            wanted, got = there.get(key), here.get(key)
            if wanted != got:
                columns = sorted((wanted or {}).keys() | (got or {}).keys(), key=str)
                told = [
                    f"{name}: {(wanted or {}).get(name)} expected, {(got or {}).get(name)} stored"
                    for name in columns
                    if (wanted or {}).get(name) != (got or {}).get(name)
                ]
                found.append(f"{table} {key[:1]} {str(key[1:])[:300]}: {'; '.join(told)}")
    return found[:_SHOWN]


def audit_rollups(sessions: Sessions, expected: Tables, *, values_a_day: int = VALUES_A_DAY) -> None:
    """The rollups are as expected, a comparison with the raw rows agrees, and a rebuild of each day changes nothing."""
    stored = stored_tables(sessions)
    days = sorted({bucket.date() for bucket, *_ in expected.get("request_rollups_day", ())})
    assert set(days) <= set(comparable_days(sessions).days)
    found = differences(expected, stored)
    assert not found, "\n".join(found)
    for day in days:
        compared = compare_day(sessions, day)
        assert compared.different == 0, compared.first
    for day in days:
        rebuild_day(sessions, day, values_a_day=values_a_day)
    found = differences(stored, stored_tables(sessions))
    assert not found, "\n".join(found)


def add_empty_batches(sessions: Sessions, count: int) -> None:
    """So many batches that hold nothing behind the newest one, in its partition."""
    with sessions.write() as db:
        db.exec_driver_sql(
            "INSERT INTO ingest_batches SELECT made.* FROM (SELECT b FROM ingest_batches b ORDER BY id DESC LIMIT 1) l,"
            f" generate_series(1, {count}) n, jsonb_populate_record(l.b, jsonb_build_object('id',"
            " nextval('ingest_batch_numbers') + 0 * n, 'stored', 0, 'min_started_at', NULL, 'max_started_at', NULL))"
            " made"
        )


def empty(sessions: Sessions) -> None:
    """Take away all that was stored, as in a new database; days stay."""
    names = [*_FAMILIES, *(f"{family}_keys" for family in _KEYS), "cursors", "admitted_values", "admitted_routes"]
    names += ["latency_rollups_week", "closed_weeks"]
    names += ["traces", "attempts", "outcomes", "dead_letters", "ingest_batches", "ingest_offsets"]
    with sessions.write() as db:
        for name in names:
            db.exec_driver_sql(f"DELETE FROM {name}")
