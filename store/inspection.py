"""What a database says about itself and about what ingest does in it: for a person who wants to know what is wrong."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select, text

from store.dead_letters import stored_bytes
from store.offsets import KnownPartition, all_offsets
from store.revision import current_revision
from store.sessions import Sessions

_DAY = timedelta(days=1)
_BATCHES = 200
# Of the newest batches, how long after the broker's time the quickest was committed: traffic makes that a second.
_QUICKEST = (
    "SELECT min(committed_at - max_broker_time) FROM (SELECT committed_at, max_broker_time FROM ingest_batches"
    " WHERE max_broker_time IS NOT NULL AND committed_at > clock_timestamp() - interval '1 hour'"
    f" ORDER BY id DESC LIMIT {_BATCHES}) newest"
)
_LAST_DAY = (
    "SELECT coalesce(sum(dead), 0)::bigint, coalesce(sum(stored + duplicate + dead), 0)::bigint FROM ingest_batches"
    " WHERE committed_at > clock_timestamp() - CAST(:age AS interval)"
)
_GAPS = (
    'SELECT count(*), coalesce(sum("next" - "first"), 0)::bigint FROM ingest_gaps WHERE reason = \'deleted\''
    " AND noted_at > clock_timestamp() - CAST(:age AS interval)"
)
_PENDING = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"


class ServerFacts(NamedTuple):
    """The server and the database, whatever is in it. `now` is its clock."""

    version: str
    version_number: int
    encoding: str
    revision: str | None
    now: datetime


class StoreFacts(NamedTuple):
    """What is in a store of this version's schema."""

    offsets: Sequence[KnownPartition]
    last_commit: datetime | None
    quickest_commit: timedelta | None
    pending_detaches: int
    dead_last_day: int
    read_last_day: int
    letters_bytes: int
    gaps_last_day: int
    gap_offsets_last_day: int


def inspect_server(sessions: Sessions) -> ServerFacts:
    """Ask the server. Raises StoreAway, StoreDenied."""
    with sessions.read() as db:
        version, number, encoding = db.execute(
            text(
                "SELECT current_setting('server_version'), current_setting('server_version_num')::int,"
                " current_setting('server_encoding')"
            )
        ).one()
        revision = current_revision(db)
        now = db.execute(select(func.clock_timestamp())).scalar_one()
    return ServerFacts(version, number, encoding, revision, now)


def inspect_store(sessions: Sessions) -> StoreFacts:
    """Ask the store; its schema must be this version's. Raises StoreAway."""
    with sessions.read() as db:
        dead, read = db.execute(text(_LAST_DAY), {"age": _DAY}).one()
        gaps, offsets = db.execute(text(_GAPS), {"age": _DAY}).one()
        return StoreFacts(
            offsets=[KnownPartition(one.source, one.next_offset) for one in all_offsets(db)],
            last_commit=db.execute(text("SELECT max(committed_at) FROM ingest_batches")).scalar_one(),
            quickest_commit=db.execute(text(_QUICKEST)).scalar_one(),
            pending_detaches=int(db.execute(text(_PENDING)).scalar_one()),
            dead_last_day=int(dead),
            read_last_day=int(read),
            letters_bytes=stored_bytes(db),
            gaps_last_day=int(gaps),
            gap_offsets_last_day=int(offsets),
        )
