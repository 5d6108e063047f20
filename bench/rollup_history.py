"""History for `bench/rollups.py`: traces that came the real way in, and copies of them made in the database.

Copies get ids, times and batches of their own, so that the tables are what ingest would have left behind.
"""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_DNS, UUID, uuid4, uuid5

from sqlalchemy import Connection, Table, text

from bench.full_trace import full_trace
from pointsman_contract.decode import decode
from pointsman_contract.outcome import Outcome
from pointsman_contract.topics import OUTCOMES, TRACES
from pointsman_contract.trace import Trace
from store.batches import BatchStore
from store.days import Days
from store.offsets import begin_partition
from store.price_book import CachedPriceBook
from store.received import Batch, Received, Source, Span
from store.routes import AdmittedRoutes
from store.sessions import Sessions
from store.tables import attempts, traces

BATCH = 5_000
# A copy starts this much before the last one, so that ten copies of 100,000 fill a day and a half.
_COPIES_APART = timedelta(hours=4)
_TRACES_0 = Source("bench", uuid5(NAMESPACE_DNS, TRACES), TRACES, 0)
_OUTCOMES_0 = Source("bench", uuid5(NAMESPACE_DNS, OUTCOMES), OUTCOMES, 0)


class History:
    """A store that is filled for a measurement."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._store = BatchStore(
            sessions,
            Days(sessions, raw_retention=timedelta(days=60)),
            AdmittedRoutes(sessions),
            CachedPriceBook(sessions),
            keep_payloads=False,
        )
        self._rng = random.Random(5)
        self._next = {_TRACES_0: 0, _OUTCOMES_0: 0}
        with sessions.write() as db:
            for source in self._next:
                begin_partition(db, source, 0)

    def bring(self, count: int, *, told: float = 0.1, shadows: float = 0) -> None:
        """Store `count` new traces, as of now, and outcomes for a share of them; a share of the traces are shadows.

        Every other shadow comes before the request that it shadows.
        """
        ids: list[UUID] = []
        for _ in range(0, count, BATCH):
            found = [self._trace() for _ in range(min(BATCH, count))]
            ids += [one.trace_id for one in found if self._rng.random() < told]
            for at in self._rng.sample(range(1, len(found) - 1), int(shadows * len(found))):
                other = found[at + self._rng.choice((-1, 1))]
                found[at] = found[at].model_copy(
                    update={"arm": "shadow", "shadow_of": other.trace_id, "route": other.route}
                )
            self._send(_TRACES_0, found)
        if ids:
            now = datetime.now(UTC)
            self._send(_OUTCOMES_0, [
                Outcome(trace_id=one, outcome="failure", source="human", observed_at=now) for one in ids
            ])  # fmt: skip

    def copy(self, times: int) -> None:
        """So many copies of the traces that are there, further and further back."""
        with self._sessions.write() as db:
            db.execute(text("SET LOCAL statement_timeout = 0"))
            first, last = db.execute(text("SELECT min(id), max(id) FROM ingest_batches")).one()
        for number in range(1, times + 1):
            self._copy(first, last, number)
        with self._sessions.write() as db:
            db.execute(text("SELECT setval('ingest_batch_numbers', max(id)) FROM ingest_batches"))
            db.execute(text("ANALYZE"))

    def _copy(self, first: int, last: int, number: int) -> None:
        parameters = {
            "first": first, "last": last, "by": number * (last - first + 1), "apart": number * _COPIES_APART,
            "salt": f"{uuid4()}",
        }  # fmt: skip
        Days(self._sessions, raw_retention=timedelta(days=60)).ensure(
            {(datetime.now(UTC) - parameters["apart"] - timedelta(days=ago)).date() for ago in (0, 1)}  # type: ignore[operator]
        )
        with self._sessions.write() as db:
            db.execute(text("SET LOCAL statement_timeout = 0"))
            for table in (traces, attempts):
                _copy_rows(db, table, parameters)
            db.execute(
                text(
                    "INSERT INTO ingest_batches SELECT id + :by, cluster_id, topic_id, topic, partition, first, next,"
                    " stored, duplicate, restamped, dead, min_started_at - CAST(:apart AS interval),"
                    " max_started_at - CAST(:apart AS interval), min_broker_time, max_broker_time, committed_at"
                    " FROM ingest_batches WHERE id BETWEEN :first AND :last AND topic = 'routing.traces'"
                ),
                parameters,
            )

    def _trace(self) -> Trace:
        _, raw = full_trace(self._rng, datetime.now(UTC))
        fields = json.loads(raw)
        fields["task_class"] = f"task-{self._rng.randrange(10)}"
        fields["route"] = f"route-{self._rng.randrange(4)}"
        for one in fields["attempts"]:
            one["model"] = f"model-{self._rng.randrange(5)}"
        return decode(Trace, json.dumps(fields).encode()).message

    def _send(self, source: Source, contents: Sequence[Trace | Outcome]) -> None:
        first = self._next[source]
        now = datetime.now(UTC)
        messages = [Received(source, first + n, now, one, b"", None) for n, one in enumerate(contents)]
        span = Span(first, first + len(contents))
        self._store.store(Batch(messages, {source: span}))
        self._next[source] = span.next


def _copy_rows(db: Connection, table: Table, parameters: dict[str, object]) -> None:
    changed = {
        "trace_id": "CAST(md5(CAST(trace_id AS text) || :salt) AS uuid)",
        "started_at": "started_at - CAST(:apart AS interval)",
        "batch_id": "batch_id + :by",
    }
    names = [column.name for column in table.columns]
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    db.execute(
        text(
            f"INSERT INTO {table.name} ({quoted}) SELECT {values} FROM {table.name}"
            " WHERE batch_id BETWEEN :first AND :last"
        ),
        parameters,
    )
