"""The audit after every test that breaks something: is each message in the store exactly once, and do the books agree?

It reads the tables alone and trusts no count that the store gives of itself.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import NullPool, create_engine, text

from store.sessions import Sessions

# Topic, partition, offset.
Position = tuple[str, int, int]
# Router, boot, sequence.
Heart = tuple[str, str, int]
Query = Callable[[str], list[Any]]

_SHOWN = 5
_ROWS = """
SELECT batch_id, count(*) AS n FROM (
    SELECT batch_id FROM traces UNION ALL SELECT batch_id FROM outcomes UNION ALL SELECT batch_id FROM heartbeats
) r GROUP BY batch_id
"""
_BOUNDS = "SELECT batch_id, min(started_at), max(started_at) FROM traces GROUP BY batch_id"
_BATCHES = """
SELECT id, cluster_id, topic_id, topic, partition, first, next, stored, duplicate, restamped, dead,
       min_started_at, max_started_at
FROM ingest_batches ORDER BY id
"""
_GAPS = "SELECT cluster_id, topic_id, topic, partition, first, next FROM ingest_gaps"
_OFFSETS = "SELECT cluster_id, topic_id, topic, partition, next_offset FROM ingest_offsets"
_OUTCOMES = 'SELECT b.topic, o.partition, o."offset" FROM outcomes o JOIN ingest_batches b ON b.id = o.batch_id'
_HEARTBEATS = "SELECT router_id, boot_id, sequence FROM heartbeats"
# A join, since nothing indexes attempts by trace: looked up one by one, 40,000 traces take a minute.
_ATTEMPTS = """
SELECT t.trace_id, t.attempt_count, count(a.position) AS found
FROM traces t LEFT JOIN attempts a ON a.trace_id = t.trace_id AND a.started_at = t.started_at
     AND a.batch_id = t.batch_id AND a.position < t.attempt_count
GROUP BY t.trace_id, t.started_at, t.batch_id, t.attempt_count
"""


@dataclass(frozen=True)
class Audited:
    """What the store holds. `messages` are all that were read: stored, duplicate or dead."""

    messages: int
    traces: int
    attempts: int
    outcomes: int
    heartbeats: int
    dead_letters: int
    duplicates: int
    restamped: int
    batches: int
    gaps: int


def audit(
    store: Sessions | str,
    *,
    attempts: Mapping[UUID, int],
    dead: Collection[Position] = (),
    messages: int | None = None,
    begins: Mapping[tuple[str, int], int] | None = None,
    outcomes: Collection[Position] | None = None,
    heartbeats: Collection[Heart] | None = None,
    recreated: Collection[str] = (),
) -> Audited:
    """Check the whole store. Raises AssertionError with a list of everything that is wrong.

    `attempts` says for each trace that should be there how many attempts it has, `dead` which positions should be dead
    letters, `outcomes` and `heartbeats` which of those should be there and `messages` how many were read (None: not
    checked), `begins` at which offset a partition was begun (0 where it is not named), `recreated` which topics had
    an earlier incarnation that an operator has given up. Does not fit a store whose partitions were sent back.
    """
    with _reading(store) as query:
        problems = [
            *_wrong_traces(query, attempts),
            *_wrong_letters(query, set(dead)),
            *_wrong_keys(query, "outcomes", _OUTCOMES, outcomes),
            *_wrong_keys(query, "heartbeats", _HEARTBEATS, heartbeats),
            *_wrong_batches(query),
            *_wrong_chains(query, begins or {}, set(recreated)),
        ]
        figures = _figures(query)
    if messages is not None and figures.messages != messages:
        problems.append(f"{figures.messages:,} messages are accounted for, {messages:,} were read")
    assert not problems, "the store is not right:\n" + "\n".join(f"- {problem}" for problem in problems)
    return figures


@contextmanager
def _reading(store: Sessions | str) -> Iterator[Query]:
    """One transaction. To a URL a connection of the audit's own, without the time-outs of Pointsman's: a large audit
    on a busy machine thinks for longer than those let a session be idle.
    """
    if isinstance(store, Sessions):
        with store.read() as db:
            yield lambda statement: list(db.execute(text(statement)).all())
        return
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(store), poolclass=NullPool)
    with engine.connect() as db:
        yield lambda statement: list(db.execute(text(statement)).all())


def _wrong_traces(query: Query, wanted: Mapping[UUID, int]) -> Iterator[str]:
    found = query(_ATTEMPTS)
    times = Counter(row.trace_id for row in found)
    yield from _named("traces are missing", wanted.keys() - times.keys())
    yield from _named("traces should not be there", times.keys() - wanted.keys())
    yield from _named("traces are there more than once", (one for one, count in times.items() if count > 1))
    off = [
        f"{row.trace_id} (is {row.found}, row says {row.attempt_count}, should be {wanted[row.trace_id]})"
        for row in found
        if row.trace_id in wanted and not wanted[row.trace_id] == row.attempt_count == row.found
    ]
    yield from _named("traces have another number of attempts", off)
    (total,) = query("SELECT count(*) FROM attempts")[0]
    if total != sum(row.found for row in found):
        yield f"{total - sum(row.found for row in found):,} attempts belong to no trace"


def _wrong_letters(query: Query, wanted: set[Position]) -> Iterator[str]:
    found = Counter(tuple(row) for row in query('SELECT topic, partition, "offset" FROM dead_letters'))
    yield from _named("dead letters are missing", wanted - found.keys())
    yield from _named("dead letters should not be there", found.keys() - wanted)
    yield from _named("dead letters are there more than once", (at for at, count in found.items() if count > 1))


def _wrong_keys(query: Query, table: str, keys: str, wanted: Collection[tuple[Any, ...]] | None) -> Iterator[str]:
    if wanted is None:
        return
    found = Counter(tuple(row) for row in query(keys))
    yield from _named(f"{table} are missing", set(wanted) - found.keys())
    yield from _named(f"{table} should not be there", found.keys() - set(wanted))
    yield from _named(f"{table} are there more than once", (at for at, count in found.items() if count > 1))


def _wrong_batches(query: Query) -> Iterator[str]:
    batches = {row.id: row for row in query(_BATCHES)}
    stored = {row.batch_id: row.n for row in query(_ROWS)}
    dead = dict(map(tuple, query("SELECT batch_id, count(*) FROM dead_letters GROUP BY batch_id")))
    bounds = {row[0]: (row[1], row[2]) for row in query(_BOUNDS)}
    yield from _named("batches have rows and no row of their own", (stored.keys() | dead.keys()) - batches.keys())
    for number, row in batches.items():
        if row.stored != stored.get(number, 0):
            yield f"batch {number} says stored = {row.stored}, {stored.get(number, 0)} rows carry its number"
        if row.dead != dead.get(number, 0):
            yield f"batch {number} says dead = {row.dead}, {dead.get(number, 0)} dead letters carry its number"
        if row.stored + row.duplicate + row.dead > row.next - row.first or row.restamped > row.duplicate:
            yield f"batch {number} has more messages than offsets"
        if number in bounds and bounds[number] != (row.min_started_at, row.max_started_at):
            yield f"batch {number} has traces outside of its bounds in time"


def _wrong_chains(query: Query, begins: Mapping[tuple[str, int], int], recreated: set[str]) -> Iterator[str]:
    parts: dict[tuple[Any, ...], list[tuple[int, int, int]]] = {}
    for row in query(_BATCHES):
        parts.setdefault(tuple(row[1:5]), []).append((row.first, row.next, row.id))
    for row in query(_GAPS):
        parts.setdefault(tuple(row[:4]), []).append((row.first, row.next, 0))
    ends = {tuple(row[:4]): row.next_offset for row in query(_OFFSETS)}
    given_up = {partition for partition in parts.keys() - ends.keys() if partition[2] in recreated}
    yield from _named("partitions have batches and no offset", parts.keys() - ends.keys() - given_up)
    for partition in [*ends, *given_up]:
        name = f"{partition[2]}/{partition[3]}"
        reached = begins.get((partition[2], partition[3]), 0)
        newest = 0
        for first, following, number in sorted(parts.get(partition, [])):
            if first != reached:
                yield f"{name}: {'a hole' if first > reached else 'an overlap'} between {reached} and {first}"
            if number and number < newest:
                yield f"{name}: batch {number} comes behind batch {newest}"
            reached, newest = following, max(newest, number)
        if partition in ends and reached != ends[partition]:
            yield f"{name}: batches reach {reached}, the offset says {ends[partition]}"


def _figures(query: Query) -> Audited:
    def count(table: str) -> int:
        return int(query(f"SELECT count(*) FROM {table}")[0][0])

    sums = query(
        "SELECT coalesce(sum(stored + duplicate + dead), 0), coalesce(sum(duplicate), 0), coalesce(sum(restamped), 0)"
        " FROM ingest_batches"
    )[0]
    return Audited(
        messages=int(sums[0]),
        traces=count("traces"),
        attempts=count("attempts"),
        outcomes=count("outcomes"),
        heartbeats=count("heartbeats"),
        dead_letters=count("dead_letters"),
        duplicates=int(sums[1]),
        restamped=int(sums[2]),
        batches=count("ingest_batches"),
        gaps=count("ingest_gaps"),
    )


def _named(what: str, which: Iterable[object]) -> Iterator[str]:
    ones = sorted(map(str, which))
    if ones:
        more = f" and {len(ones) - _SHOWN:,} more" if len(ones) > _SHOWN else ""
        yield f"{len(ones):,} {what}: {', '.join(ones[:_SHOWN])}{more}"
