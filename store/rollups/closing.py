"""Close weeks that are over: merge the latency of seven days into rows of the week.

In two transactions, so that no tick waits while millions of bins are added up. The first has the writers' turn, for as
long as it takes to mark the week as one that is merged: every tick from now on sees the mark, and changes it if it
brings something for that week. The second reads one moment of the days and closes the week only if nobody has changed
its mark since; PostgreSQL refuses the one that comes second. Killed at any point, the week stays as it was for readers.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from store.rollups.adding import Target
from store.rollups.tick import begin_job, see_one_moment
from store.rollups.weeks import DAYS_TABLE, WEEK, WEEKS_TABLE
from store.sessions import Sessions

# How long a week is over, and how long ago it was merged, before it is merged (again): late traces come together.
REST = timedelta(hours=1)

WEEKS = Target(
    WEEKS_TABLE,
    "week",
    ("bucket", "key_id", "kind"),
    ("bins", "counts"),
    "SELECT bucket, key_id, kind, array_agg(bin ORDER BY bin) AS bins, array_agg(n ORDER BY bin) AS counts"
    " FROM (SELECT date_trunc('week', r.bucket) AS bucket, r.key_id, r.kind, b.bin,"
    " CAST(sum(r.counts[b.position]) AS bigint) AS n"
    f" FROM {DAYS_TABLE} r CROSS JOIN LATERAL unnest(r.bins) WITH ORDINALITY AS b(bin, position)"
    " WHERE r.bucket >= :since AND r.bucket < :end GROUP BY 1, 2, 3, 4) l GROUP BY 1, 2, 3",
    "",
)
# Each week's beginning by the index alone: there are few weeks and many rows. The newest first, which is read most.
_NEXT = text(
    f"WITH RECURSIVE weeks AS ((SELECT date_trunc('week', bucket) AS week FROM {DAYS_TABLE} ORDER BY bucket LIMIT 1)"
    " UNION ALL SELECT n.week FROM weeks w CROSS JOIN LATERAL (SELECT date_trunc('week', bucket) AS week"
    f" FROM {DAYS_TABLE} WHERE bucket >= w.week + interval '7 days' ORDER BY bucket LIMIT 1) n)"
    " SELECT week FROM weeks LEFT JOIN closed_weeks c USING (week)"
    " WHERE week + interval '7 days' <= now() - CAST(:rest AS interval) AND (c.week IS NULL"
    " OR c.state <> 'closed' AND c.merged_at <= now() - CAST(:rest AS interval)) ORDER BY week DESC LIMIT 1"
)
_MARK = text(
    "INSERT INTO closed_weeks AS c (week, state, merged_at) VALUES (:week, 'merging', now())"
    " ON CONFLICT (week) DO UPDATE SET state = excluded.state, merged_at = excluded.merged_at"
)
# One merge at a time, beside readers. A table's lock, for waiting for it does not fix what the transaction sees.
_ALONE = text(f"LOCK TABLE {WEEKS_TABLE} IN SHARE ROW EXCLUSIVE MODE")
_IS_MARKED = text("SELECT 1 FROM closed_weeks WHERE week = :week AND state = 'merging'")
_CLEAR = text(f"DELETE FROM {WEEKS_TABLE} WHERE bucket = :week")
_MERGE = text(f"INSERT INTO {WEEKS_TABLE} (bucket, key_id, kind, bins, counts) {WEEKS.rows} ORDER BY 1, 2, 3")
_CLOSE = text("UPDATE closed_weeks SET state = 'closed' WHERE week = :week AND state = 'merging'")


def close_a_week(sessions: Sessions, *, rest: timedelta = REST) -> int | None:
    """Merge one week that is over and not closed; returns how many rows it has, None where there is no such week.

    Each week is merged at most once in `rest`, however that ends. Raises StoreAway, also where days of the week were
    changed meanwhile: it then stays open.
    """
    week = mark_next(sessions, rest)
    return None if week is None else merge(sessions, week)


def mark_next(sessions: Sessions, rest: timedelta) -> datetime | None:
    """Mark the next week as one that is merged from now on."""
    with sessions.read() as db:
        if _next(db, rest) is None:
            return None
    with sessions.write() as db:
        begin_job(db)
        week = _next(db, rest)
        if week is not None:
            db.execute(_MARK, {"week": week})
    return week


def merge(sessions: Sessions, week: datetime) -> int:
    """Merge a week that is marked, and close it; nothing is done where days were changed since. Raises StoreAway, also
    where they are changed meanwhile.
    """
    with sessions.write() as db:
        see_one_moment(db)
        db.execute(text("SET LOCAL statement_timeout = '10min'"))
        db.execute(_ALONE)
        if db.execute(_IS_MARKED, {"week": week}).first() is None:
            return 0
        db.execute(_CLEAR, {"week": week})
        merged = db.execute(_MERGE, {"since": week, "end": week + WEEK}).rowcount
        db.execute(_CLOSE, {"week": week})
    return merged


def _next(db: Connection, rest: timedelta) -> datetime | None:
    return db.execute(_NEXT, {"rest": rest}).scalar()
