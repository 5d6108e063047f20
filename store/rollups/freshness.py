"""How far behind the rollups are, and what each route did last: for people who ask whether they can trust a figure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from store.rollups.adding import minutes_from
from store.rollups.cursors import unread_since

_NEWEST_READ = text(
    "SELECT max(b.max_broker_time), max(b.committed_at) FROM cursors c JOIN ingest_batches b ON b.id = c.batch_id"
    " WHERE c.job = 'rollups'"
)
_NEWEST = text("SELECT max(committed_at) FROM ingest_batches")
_LETTERS = text(
    "SELECT environment, route, count(*) AS letters FROM dead_letters WHERE dead_at >= :since AND replay_of = ''"
    " GROUP BY 1, 2"
)
_LAST_SEEN = text(
    "SELECT k.environment, k.route, max(r.bucket) AS bucket FROM request_rollups_hour r JOIN request_keys k"
    " USING (key_id) WHERE r.bucket >= :since AND k.arm <> 'shadow' AND k.probe = '' GROUP BY 1, 2"
)


class Freshness(NamedTuple):
    """`read_until`: the broker's time of the newest message in the rollups. `behind`: how long the oldest batch that
    they have not read has been there; nothing where they have read all. `stored_at`: when ingest last committed.
    """

    now: datetime
    read_until: datetime | None
    behind: timedelta
    stored_at: datetime | None


class LastSeen(NamedTuple):
    """A route that had traffic, and the hour of the last of it."""

    environment: str
    route: str
    hour: datetime


def clock(db: Connection) -> tuple[datetime, datetime]:
    """The database's time, and since when there are minutes."""
    now: datetime = db.execute(text("SELECT now()")).scalar_one()
    return now, minutes_from(db)


def read_freshness(db: Connection) -> Freshness:
    """As of this transaction."""
    now, _ = clock(db)
    read_until, _ = db.execute(_NEWEST_READ).one()
    since = unread_since(db)
    behind = timedelta() if since is None else max(timedelta(), now - since)
    return Freshness(now, read_until, behind, db.execute(_NEWEST).scalar_one())


def dead_letters_by_route(db: Connection, since: datetime) -> dict[tuple[str, str], int]:
    """Messages that became dead letters since then, by environment and route as far as they could be read."""
    return {(row.environment, row.route): row.letters for row in db.execute(_LETTERS, {"since": since})}


def routes_seen(db: Connection, since: datetime) -> Sequence[LastSeen]:
    """Routes with requests since then, to the hour."""
    return [LastSeen(*row) for row in db.execute(_LAST_SEEN, {"since": since})]
