"""Model Decision Records in the store: every revision is kept, by the hash of its content.

The same content twice is one revision. Of a record's revisions the one that was applied last is the current one, so an
older content that is applied again brings its revision back and adds none.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Connection, Row, text

from pointsman_contract.record import CompiledRecord
from store.errors import RolloutUnderWay, StoreRefused
from store.record_revisions import (
    SHORT_HASH,
    SUMMARY,
    WHOLE,
    Applied,
    ListedRecord,
    NewestRollout,
    RevisionSummary,
    StoredRevision,
    read_compiled,
    stored_of,
    summary_of,
)
from store.rollups.freshness import clock, read_freshness
from store.rollups.reading import Wanted, cover, read_sums
from store.tables.rollouts import UNDER_WAY

# Who applies takes turns, so that numbers have no gap and what was current before is what stood there.
_APPLYING = 0x706F_696E_7473 + 6
_OF_RECORD = "FROM model_records m WHERE m.record_id = :record_id"
_CURRENT = text(f"SELECT {WHOLE} {_OF_RECORD} ORDER BY m.turn DESC LIMIT 1")
_CURRENT_SUMMARY = text(f"SELECT {SUMMARY} {_OF_RECORD} ORDER BY m.turn DESC LIMIT 1")
_NUMBERED = text(f"SELECT {WHOLE} {_OF_RECORD} AND m.number = :number")
_ALL_OF = text(f"SELECT {SUMMARY} {_OF_RECORD} ORDER BY m.number DESC")
_BY_HASH = text(f"SELECT {WHOLE} FROM model_records m WHERE m.revision = :revision")
_LISTED = text(
    f"SELECT DISTINCT ON (m.record_id) {SUMMARY}, count(*) OVER (PARTITION BY m.record_id) AS revisions,"
    " l.number AS rollout_number, l.state, l.changed_at"
    " FROM model_records m LEFT JOIN LATERAL ("
    "SELECT n.number, r.state, r.changed_at FROM rollouts r JOIN model_records n USING (revision)"
    " WHERE n.record_id = m.record_id ORDER BY r.rollout_id DESC LIMIT 1) l ON true"
    " ORDER BY m.record_id, m.turn DESC"
)
_OTHER_UNDER_WAY = text(
    "SELECT m.record_id, m.number, m.revision, r.state FROM rollouts r JOIN model_records m USING (revision)"
    f" WHERE r.environment = :environment AND r.route = :route AND r.{UNDER_WAY} AND r.revision <> :revision"
)
# The statement's time: by that of its transaction, who waited for a turn would be there before the one that had it.
_ADD = text(
    "INSERT INTO model_records (revision, record_id, number, environment, route, content, compiled, applied_at,"
    " applied_by, last_applied_at, last_applied_by, turn)"
    " SELECT :revision, :record_id, coalesce(max(number), 0) + 1, :environment, :route, :content,"
    " CAST(:compiled AS jsonb), statement_timestamp(), :by, statement_timestamp(), :by, coalesce(max(turn), 0) + 1"
    " FROM model_records WHERE record_id = :record_id RETURNING number"
)
_BRING_BACK = text(
    "UPDATE model_records SET last_applied_at = statement_timestamp(), last_applied_by = :by,"
    " turn = (SELECT max(turn) + 1 FROM model_records WHERE record_id = :record_id) WHERE revision = :revision"
)
# The hour in which the route had its first request ever: the day is found among few rows.
_FIRST_HOUR = text(
    "WITH keys AS (SELECT key_id FROM request_keys WHERE environment = :environment AND route = :route"
    " AND arm <> 'shadow' AND probe = ''),"
    " first AS (SELECT min(bucket) AS day FROM request_rollups_day JOIN keys USING (key_id) WHERE requests > 0)"
    " SELECT min(bucket) FROM first, request_rollups_hour JOIN keys USING (key_id)"
    " WHERE bucket >= day AND bucket < day + interval '1 day' AND requests > 0"
)
_SHORTEST_S = 60.0


def apply(db: Connection, record: CompiledRecord, *, content: str, revision: str, by: str) -> Applied:
    """Make this content the record's current revision; one that is current already stays as it is.

    `record` was compiled from `content`, whose hash is `revision`. In a transaction of `Sessions.write`: one that has
    its snapshot already would not see what was applied while it waited for its turn. Raises RolloutUnderWay where
    another revision is in shadow or canary on the environment and route, and StoreRefused for what cannot be stored.
    """
    _refuse_unstorable(record.id, {"text": content, "author": by})
    db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPLYING})
    _refuse_second_rollout(db, record, revision)
    row = db.execute(_CURRENT_SUMMARY, {"record_id": record.id}).one_or_none()
    before = None if row is None else summary_of(row)
    known = db.execute(_BY_HASH, {"revision": revision}).one_or_none()
    if known is None:
        new = {
            "revision": revision,
            "record_id": record.id,
            "environment": record.environment,
            "route": record.route,
            "content": content,
            "compiled": record.model_dump_json(),
            "by": by,
        }
        number: int = db.execute(_ADD, new).scalar_one()
        return Applied(number, is_new=True, before=before, became_current=True)
    _refuse_other(known, record, content)
    if not known.is_current:
        db.execute(_BRING_BACK, {"record_id": record.id, "revision": revision, "by": by})
    return Applied(
        known.number,
        is_new=False,
        before=before,
        became_current=not known.is_current,
        is_read_otherwise=_is_read_otherwise(known.compiled, record),
    )


def current(db: Connection, record_id: str) -> StoredRevision | None:
    """The revision that was applied last. Raises RecordUnreadable."""
    row = db.execute(_CURRENT, {"record_id": record_id}).one_or_none()
    return None if row is None else stored_of(row)


def revision(db: Connection, record_id: str, number: int) -> StoredRevision | None:
    """The record's revision of this number. Raises RecordUnreadable."""
    row = db.execute(_NUMBERED, {"record_id": record_id, "number": number}).one_or_none()
    return None if row is None else stored_of(row)


def revisions(db: Connection, record_id: str) -> Sequence[RevisionSummary]:
    """All of a record, the newest number first."""
    return [summary_of(row) for row in db.execute(_ALL_OF, {"record_id": record_id})]


def listed(db: Connection) -> Sequence[ListedRecord]:
    """Every record, by its id."""
    return [
        ListedRecord(
            summary_of(row),
            row.revisions,
            None if row.state is None else NewestRollout(row.rollout_number, row.state, row.changed_at),
        )
        for row in db.execute(_LISTED)
    ]


class RouteTraffic(NamedTuple):
    """Requests a second, and over how many seconds they were counted."""

    per_second: float
    seconds: float


def traffic(db: Connection, environment: str, route: str, *, since: datetime) -> RouteTraffic | None:
    """Users' requests on a route since then, of all serving arms; None where there were none.

    The time counts from the hour of the route's first request, so that a new one is not taken for a slow one, up to
    where the rollups have read. Reads several times: in `Sessions.snapshot` it sees one moment.
    """
    now, minutes_from = clock(db)
    until = now - read_freshness(db).behind
    names = {"environment": environment, "route": route}
    parts = cover(since, until, minutes_from=minutes_from)
    sums = read_sums(db, "request", parts, [], Wanted(where=names), columns=["requests"])
    first: datetime | None = db.execute(_FIRST_HOUR, names).scalar_one()
    if first is None or first >= until or not sums or not sums[0]["requests"]:
        return None
    seconds: float = (until - max(parts[0].begin, first)).total_seconds()
    seconds = max(seconds, _SHORTEST_S)
    return RouteTraffic(float(sums[0]["requests"]) / seconds, seconds)


def _refuse_unstorable(record_id: str, texts: Mapping[str, str]) -> None:
    """What PostgreSQL does not hold in a text: the driver would not say where."""
    for name, told in texts.items():
        if "\0" in told:
            raise StoreRefused(f"record {record_id}: its {name} has a NUL character, which cannot be stored")
        try:
            told.encode()
        except UnicodeEncodeError as error:
            where = f"character {error.start + 1} of its {name}"
            raise StoreRefused(f"record {record_id}: {where} is half of a surrogate pair") from error


def _refuse_second_rollout(db: Connection, record: CompiledRecord, revision: str) -> None:
    where = {"environment": record.environment, "route": record.route}
    other = db.execute(_OTHER_UNDER_WAY, {**where, "revision": revision}).one_or_none()
    if other is not None:
        raise RolloutUnderWay(
            f"record {other.record_id} revision {other.number} ({other.revision[:SHORT_HASH]}) is in {other.state} on"
            f" {record.environment}/{record.route}: it has to end first"
        )


def _refuse_other(known: Row[Any], record: CompiledRecord, content: str) -> None:
    """One hash is one content about one route: else it was made of something else, or what the text says is not all."""
    if known.content != content:
        raise StoreRefused(f"record {record.id}: another content is stored under the hash {known.revision}")
    if (known.record_id, known.environment, known.route) != (record.id, record.environment, record.route):
        raise StoreRefused(
            f"record {record.id} for {record.environment}/{record.route}: the same text is revision {known.number} of"
            f" {known.record_id} for {known.environment}/{known.route}; it has to say itself what it is for"
        )


def _is_read_otherwise(compiled: str, record: CompiledRecord) -> bool:
    try:
        return read_compiled(compiled) != record
    except ValidationError:
        return True
