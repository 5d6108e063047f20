"""Store a batch: its rows, its dead letters, its counts and the offsets behind it, in one transaction.

Order matters. COPY comes first and takes no lock that anyone waits for; then the day parity, the compare-and-set on the
offsets, the look-up of traces that are stored already, the batch's numbers, the inserts. Whoever loses the
compare-and-set rolls back: somebody else has stored these offsets.
"""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Table, text

from pointsman_contract.errors import DeadLetterReason
from pointsman_contract.trace import Trace
from store import offsets
from store.days import Days
from store.duplicates import leave_out_duplicates
from store.errors import DayMissing, DuplicateRaced, StoreAway, StoreError, StoreRefused
from store.price_book import CachedPriceBook
from store.priced_rows import RowPricing, TraceKey
from store.received import Batch, Counts, DeadLetter, Received, Source, StagedTrace, StoredBatch
from store.routes import AdmittedRoutes
from store.rows import dead_letter_row, heartbeat_row, stage_trace
from store.sessions import Sessions
from store.sorting import SortedBatch, Tally, halves, kept_routes, places_of, sort_batch
from store.staging import copy_rows, create_staging, insert_staged
from store.tables import attempts, dead_letters, heartbeats, outcomes, traces

_TRIES = 5
# A session that is idle in its transaction is ended after five seconds (`store/sessions.py`).
_KEPT_BEGUN_S = 4.0


class BatchStore:
    """Stores batches exactly once. One for each consumer; one thread may begin a batch while another finishes one."""

    def __init__(
        self, sessions: Sessions, days: Days, routes: AdmittedRoutes, prices: CachedPriceBook, *, keep_payloads: bool
    ) -> None:
        self._sessions = sessions
        self._days = days
        self._routes = routes
        self._prices = prices
        self._keep_payloads = keep_payloads
        # A batch that is begun anew may meet the beginning of the next: which days and routes there are is theirs both.
        self._beginning = threading.Lock()

    def store(self, batch: Batch) -> StoredBatch:
        """Store a batch and move its partitions' offsets to the spans' ends: `begin` and `finish` in one."""
        return self.finish(self.begin(batch))

    def begin(self, batch: Batch) -> "BegunBatch":
        """Bring a batch's rows into the session's temporary tables. Raises StoreAway.

        Most of the work of this process is here, most of the database's is in `finish`, which may run on another
        thread. It has to follow, or `BegunBatch.abandon`: a transaction is open.
        """
        with self._beginning:
            try:
                return self._begun(batch)
            except (DayMissing, StoreRefused) as failure:
                return BegunBatch(batch, failure=failure)

    def finish(self, begun: "BegunBatch") -> StoredBatch:
        """Store what was begun.

        Raises OffsetsMoved where the store's offsets are not the spans' beginnings (nothing is stored then), and
        StoreAway. A row that PostgreSQL refuses costs its own message only: the batch is halved until it stands alone,
        and becomes a dead letter.
        """
        if not begun.batch.spans:
            return StoredBatch()
        if time.monotonic() - begun.idle_since > _KEPT_BEGUN_S:
            begun.abandon()
            begun = self.begin(begun.batch)
        for number in range(_TRIES):
            try:
                return (begun if number == 0 else self.begin(begun.batch)).stored()
            except (DayMissing, DuplicateRaced):
                self._days.forget()
            except StoreRefused as refusal:
                return self._store_halves(begun.batch, refusal)
        raise StoreAway("the same traces or days changed under the batch again and again")

    def _store_halves(self, batch: Batch, refusal: StoreRefused) -> StoredBatch:
        if len(batch.messages) > 1:
            result = StoredBatch()
            for half in halves(batch):
                result.add(self.store(half))
            return result
        if not batch.messages or isinstance(batch.messages[0].content, DeadLetter):
            raise refusal
        message = batch.messages[0]
        letter = DeadLetter(
            DeadLetterReason.STORE_REFUSED,
            str(refusal),
            getattr(message.content, "environment", ""),
            getattr(message.content, "route", ""),
        )
        return self.store(Batch([message._replace(content=letter)], batch.spans))

    def _begun(self, batch: Batch) -> "BegunBatch":
        if not batch.spans:
            return BegunBatch(batch)
        began_at = time.monotonic()
        kept = self._days.kept()
        pricing = RowPricing(self._prices.current())
        staged = _staged(batch)
        places = places_of(staged)
        self._routes.admit(kept_routes(places, kept))
        work = sort_batch(staged, places, kept=kept, refused=self._routes.refused)
        self._days.ensure(work.days)
        with ExitStack() as transaction:
            db = transaction.enter_context(self._sessions.write(prepare=create_staging))
            self._copy(db, work, {source: part for part, source in enumerate(batch.spans, 1)}, kept.now, pricing)
            return BegunBatch(batch, work, db, transaction.pop_all(), pricing.unpriced, began_at=began_at)

    def _copy(
        self, db: Connection, work: SortedBatch, parts: Mapping[Source, int], now: datetime, pricing: RowPricing
    ) -> None:
        # Rows with a key that another consumer may bring too go in the key's order: two who brought the same ones from
        # opposite ends would wait for each other in a circle. They are made while COPY goes on: a session that is idle
        # in its transaction is ended after five seconds, and a large batch on a slow machine may need more.
        if work.traces:
            ordered = sorted(work.traces, key=_trace_id)
            made = (
                pricing.trace_row(trace, parts[at.source], at.offset, replayed=at.replay_of is not None)
                for at, trace in ordered
            )
            copy_rows(db, traces, made)
            rows = (row for at, trace in ordered for row in pricing.attempt_rows(trace, parts[at.source]))
            copy_rows(db, attempts, rows)
        if work.outcomes:
            copy_rows(db, outcomes, (pricing.outcome_row(row, at, parts[at.source]) for at, row in work.outcomes))
        if work.heartbeats:
            beats = [work.heartbeats[key] for key in sorted(work.heartbeats)]
            copy_rows(db, heartbeats, (heartbeat_row(row, at, parts[at.source]) for at, row in beats))
        if work.letters:
            keep = self._keep_payloads
            rows = (dead_letter_row(row, at, parts[at.source], now, keep=keep) for at, row in work.letters)
            copy_rows(db, dead_letters, rows)


@dataclass
class BegunBatch:
    """A batch whose rows are in a session's temporary tables, in a transaction that is open; or why they are not."""

    batch: Batch
    work: SortedBatch = field(default_factory=SortedBatch)
    db: Connection | None = None
    transaction: ExitStack = field(default_factory=ExitStack)
    # Attempts without a cost, by their trace.
    unpriced: dict[TraceKey, int] = field(default_factory=dict)
    failure: StoreError | None = None
    # Times of the monotonic clock: when the work on it began, and since when its session has been idle.
    began_at: float = field(default_factory=time.monotonic)
    idle_since: float = field(default_factory=time.monotonic)

    def abandon(self) -> None:
        """Store nothing of it. Never raises nor waits: its session is closed, whether the database answers or not."""
        if self.db is not None:
            self.db.invalidate()
            self.db = None
        with suppress(_Abandoned, StoreError), self.transaction:
            raise _Abandoned

    def stored(self) -> StoredBatch:
        """Store it, and commit. Raises OffsetsMoved, StoreAway, DayMissing, DuplicateRaced, StoreRefused."""
        if self.failure is not None:
            raise self.failure
        work, (db, self.db) = self.work, (self.db, None)
        with self.transaction:
            if db is None:
                raise StoreAway("the batch was stored already")
            _lock_day_parity(db, work)
            offsets.compare_and_set(db, self.batch.spans)
            for gone in leave_out_duplicates(db, work):
                self.unpriced.pop((gone.trace_id.int, gone.started_at), None)
            numbers = offsets.draw_batch_numbers(db, len(self.batch.spans))
            _insert(db, work, numbers)
            offsets.record_batches(db, self.batch.spans, numbers, work.tallies)
        return StoredBatch(
            {source: Counts(t.stored, t.duplicate, t.restamped, t.dead) for source, t in work.tallies.items()},
            Counter(letter.reason for _, letter in work.letters),
            sum(self.unpriced.values()),
        )


class _Abandoned(Exception):
    """Ends a transaction without a commit."""


def _staged(batch: Batch) -> Batch:
    """The batch with each trace as its rows."""
    if not any(isinstance(message.content, Trace) for message in batch.messages):
        return batch
    return Batch(
        [
            message._replace(content=stage_trace(message.content)) if isinstance(message.content, Trace) else message
            for message in batch.messages
        ],
        batch.spans,
    )


def _trace_id(arrived: tuple[Received, StagedTrace]) -> int:
    return arrived[1].trace_id.int


def _lock_day_parity(db: Connection, work: SortedBatch) -> None:
    """Make transactions that store into neighbouring days wait for each other; those of one day go on together.

    Without it two consumers could store one id on both sides of a midnight at the same moment: no unique index spans
    two partitions. ROW EXCLUSIVE and SHARE each let their own kind in and keep the other out.
    """
    parities = {day.toordinal() % 2 for day in work.days}
    if not parities:
        return
    mode = "SHARE ROW EXCLUSIVE" if len(parities) > 1 else ("SHARE" if parities == {1} else "ROW EXCLUSIVE")
    db.execute(text(f"LOCK TABLE start_day_parity IN {mode} MODE"))


def _insert(db: Connection, work: SortedBatch, numbers: Sequence[int]) -> None:
    if work.traces:
        if insert_staged(db, traces, numbers) != len(work.traces):
            raise DuplicateRaced("another transaction stored one of these traces meanwhile")
        insert_staged(db, attempts, numbers)
        for at, trace in work.traces:
            tally = work.tallies[at.source]
            tally.stored += 1
            tally.starts.append(trace.started_at)
    if work.outcomes:
        known = _known(db, outcomes, "topic_id", "partition", "offset")
        insert_staged(db, outcomes, numbers)
        for at, _ in work.outcomes:
            _count(work.tallies[at.source], known=_position(at) in known)
    if work.heartbeats:
        known = _known(db, heartbeats, "router_id", "boot_id", "sequence")
        if insert_staged(db, heartbeats, numbers) != len(work.heartbeats) - len(known):
            raise DuplicateRaced("another transaction stored one of these heartbeats meanwhile")
        for key, (at, _) in work.heartbeats.items():
            _count(work.tallies[at.source], known=key in known)
    if work.letters:
        known = _known(db, dead_letters, "topic_id", "partition", "offset")
        insert_staged(db, dead_letters, numbers)
        for at, _ in work.letters:
            tally = work.tallies[at.source]
            if _position(at) in known:
                tally.duplicate += 1
            else:
                tally.dead += 1


def _known(db: Connection, target: Table, *key: str) -> set[tuple[object, ...]]:
    """The keys of staged rows that are stored already: after a producer's retry, or an operator's way back."""
    names = ", ".join(f'"{name}"' for name in key)
    rows = db.execute(text(f"SELECT {names} FROM staged_{target.name} JOIN {target.name} USING ({names})"))
    return {tuple(row) for row in rows}


def _position(at: Received) -> tuple[UUID, int, int]:
    return at.source.topic_id, at.source.partition, at.offset


def _count(tally: Tally, *, known: bool) -> None:
    if known:
        tally.duplicate += 1
    else:
        tally.stored += 1
