"""Deltas into the rollup tables: minutes, hours and days get the same sums in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from store.rollups.admitting import admit
from store.rollups.grouping import ATTEMPTS, FAMILIES, REQUESTS, SHADOWS, TENANTS, Family
from store.rollups.keys import KEYS_A_DAY, VALUES_A_DAY
from store.rollups.weeks import DAYS_TABLE, reopening

LEVELS = ("minute", "hour", "day")
# Minutes are for the last days; hours and days stay.
MINUTES_KEPT = timedelta(days=14)
EVER = datetime(1, 1, 1, tzinfo=UTC)

CREATE_PARTS = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS tick_latency (minute timestamptz, key_id uuid, kind text, bin smallint,"
    " n bigint) ON COMMIT DELETE ROWS;\n"
    "CREATE TEMPORARY TABLE IF NOT EXISTS tick_mix (minute timestamptz, key_id uuid, kind text, value text, n bigint)"
    " ON COMMIT DELETE ROWS"
)


def _remember_keys(family: Family) -> str:
    names = ", ".join(["key_id", *family.key_names])
    return (
        f"INSERT INTO {family.name}_keys ({names}) SELECT DISTINCT {names} FROM {family.deltas} d"
        f" WHERE NOT EXISTS (SELECT FROM {family.name}_keys k WHERE k.key_id = d.key_id) ON CONFLICT DO NOTHING"
    )


def _take_apart(table: str, column: str, arrays: str) -> str:
    parts = [
        f"SELECT d.minute, d.key_id, '{kind}', x.value, count(*) FROM {family.deltas} d,"
        f" unnest(d.{kind}_{arrays}) AS x(value) GROUP BY 1, 2, 4"
        for family in (REQUESTS, ATTEMPTS)
        for kind, _ in (family.times if arrays == "bins" else family.mixes)
    ]
    return f"INSERT INTO {table} (minute, key_id, kind, {column}, n) {' UNION ALL '.join(parts)}"


class Target(NamedTuple):
    """A rollup table: its key, its values, the rows that deltas make for it, and how two rows of a key become one."""

    table: str
    level: str
    key: Sequence[str]
    values: Sequence[str]
    rows: str
    merge: str

    @property
    def add(self) -> str:
        """The statement that adds the deltas."""
        statement = (
            f"INSERT INTO {self.table} AS r ({', '.join([*self.key, *self.values])}) {self.rows}"
            f" ORDER BY {', '.join(self.key)}"
            f" ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {self.merge}"
        )
        return reopening(statement) if self.table == DAYS_TABLE else statement


def _sums_of(family: Family, level: str) -> Target:
    names = family.sum_names
    return Target(
        f"{family.name}_rollups_{level}",
        level,
        ("bucket", "key_id"),
        names,
        f"SELECT date_trunc('{level}', minute) AS bucket, key_id, {', '.join(f'sum(sign * {n}) AS {n}' for n in names)}"
        f" FROM {family.deltas} WHERE minute >= :since GROUP BY 1, 2",
        ", ".join(f"{n} = r.{n} + excluded.{n}" for n in names),
    )


def _latency_of(level: str) -> Target:
    return Target(
        f"latency_rollups_{level}",
        level,
        ("bucket", "key_id", "kind"),
        ("bins", "counts"),
        "SELECT bucket, key_id, kind, array_agg(bin ORDER BY bin) AS bins, array_agg(n ORDER BY bin) AS counts"
        f" FROM (SELECT date_trunc('{level}', minute) AS bucket, key_id, kind, bin, CAST(sum(n) AS bigint) AS n"
        " FROM tick_latency WHERE minute >= :since GROUP BY 1, 2, 3, 4) l GROUP BY 1, 2, 3",
        "(bins, counts) = (SELECT array_agg(bin ORDER BY bin), array_agg(n ORDER BY bin) FROM ("
        "SELECT bin, CAST(sum(n) AS bigint) AS n FROM (SELECT unnest(r.bins) AS bin, unnest(r.counts) AS n"
        " UNION ALL SELECT unnest(excluded.bins), unnest(excluded.counts)) both_sides GROUP BY bin) merged)",
    )


def _mix_of(level: str) -> Target:
    return Target(
        f"mix_rollups_{level}",
        level,
        ("bucket", "key_id", "kind", "value"),
        ("count",),
        f"SELECT date_trunc('{level}', minute) AS bucket, key_id, kind, value, CAST(sum(n) AS bigint) AS count"
        " FROM tick_mix WHERE minute >= :since GROUP BY 1, 2, 3, 4",
        "count = r.count + excluded.count",
    )


TARGETS: tuple[Target, ...] = (
    *(
        target
        for level in LEVELS
        for target in (
            _sums_of(REQUESTS, level),
            _sums_of(ATTEMPTS, level),
            _sums_of(SHADOWS, level),
            _latency_of(level),
            _mix_of(level),
        )
    ),
    _sums_of(TENANTS, "day"),
)
_ADD = [(target.level, text(target.add)) for target in TARGETS]
# A shadow leaves the row of those that wait once its other request has come; the last one leaves zeros.
_TAKES_AWAY = text(f"SELECT EXISTS (SELECT FROM {SHADOWS.deltas} WHERE sign = -1)")
_DELETE_EMPTY = [
    text(
        f"DELETE FROM shadow_rollups_{level} r USING {SHADOWS.deltas} d WHERE d.sign = -1"
        f" AND r.bucket = date_trunc('{level}', d.minute) AND r.key_id = d.key_id AND r.shadows = 0"
    )
    for level in LEVELS
]
_REMEMBER_KEYS = [text(_remember_keys(family)) for family in FAMILIES]
_TAKE_APART = [text(_take_apart("tick_latency", "bin", "bins")), text(_take_apart("tick_mix", "value", "values"))]
_TODAY = text("SELECT date_trunc('day', now())")


def name_deltas(db: Connection, *, values_a_day: int = VALUES_A_DAY, keys_a_day: int = KEYS_A_DAY) -> None:
    """Give the deltas keys that their days have room for, and take bins and values apart."""
    admit(db, values_a_day=values_a_day, keys_a_day=keys_a_day)
    for statement in _TAKE_APART:
        db.execute(statement)


def add_deltas(db: Connection) -> None:
    """Add named deltas to the rollups of every level."""
    for statement in _REMEMBER_KEYS:
        db.execute(statement)
    first_minute = minutes_from(db)
    for level, statement in _ADD:
        db.execute(statement, {"since": first_minute if level == "minute" else EVER})
    if db.execute(_TAKES_AWAY).scalar_one():
        for statement in _DELETE_EMPTY:
            db.execute(statement)


def minutes_from(db: Connection) -> datetime:
    """The beginning of the first day of which minutes are kept, by the database's clock."""
    today: datetime = db.execute(_TODAY).scalar_one()
    return today - MINUTES_KEPT
