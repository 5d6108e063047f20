"""Deltas into the rollup tables: minutes, hours and days get the same sums in one transaction.

Before that, values that a day has no place for become `other`, and keys get their ids.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from store.rollups.grouping import ATTEMPTS, FAMILIES, REQUESTS, TENANTS, Family
from store.rollups.keys import OTHER, OTHER_EPOCH, VALUES_A_DAY

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


def _not_given(name: str) -> str:
    """What stands where nothing was given: it needs no place, and is never `other`."""
    return "0" if name == "policy_epoch" else "''"


# By the day on which the traces started, and by the column's name: a model of an attempt is one of a request too.
_NEWCOMERS = " UNION ".join(
    f"SELECT CAST(minute AS date) AS day, '{part.name}' AS name, CAST({part.name} AS text) AS value"
    f" FROM {family.deltas} WHERE {part.name} <> {_not_given(part.name)}"
    for family in FAMILIES
    for part in family.key
    if part.capped
)
# What a day has taken is counted once for a column, not for each name that somebody made up.
_ADMIT = text(f"""
WITH asking AS MATERIALIZED (
    SELECT n.day, n.name, n.value FROM ({_NEWCOMERS}) n
    WHERE NOT EXISTS (SELECT FROM admitted_values v WHERE v.day = n.day AND v.name = n.name AND v.value = n.value)
), room AS MATERIALIZED (
    SELECT day, name,
        :most - (SELECT count(*) FROM admitted_values v WHERE v.day = c.day AND v.name = c.name) AS room
    FROM (SELECT DISTINCT day, name FROM asking) c
)
INSERT INTO admitted_values (day, name, value)
SELECT day, name, value FROM (
    SELECT day, name, value, room, row_number() OVER (PARTITION BY day, name ORDER BY value COLLATE "C") AS rank
    FROM asking JOIN room USING (day, name)
) ranked WHERE rank <= room
""")


def _fold(family: Family, name: str) -> str:
    """Call `other` what its day had no place for."""
    other = str(OTHER_EPOCH) if name == "policy_epoch" else f"'{OTHER}'"
    return (
        f"UPDATE {family.deltas} d SET {name} = {other} WHERE {name} <> {_not_given(name)}"
        " AND NOT EXISTS (SELECT FROM admitted_values v WHERE"
        f" v.day = CAST(d.minute AS date) AND v.name = '{name}' AND v.value = CAST(d.{name} AS text))"
    )


def _name_keys(family: Family) -> str:
    """Ids of sixteen bytes of SHA-256: nobody can make up two keys with one id. A row's text is unambiguous."""
    row = f"'{family.name}' || CAST(ROW({', '.join(family.key_names)}) AS text)"
    return (
        f"UPDATE {family.deltas} SET key_id = CAST(left(encode(sha256(convert_to({row}, 'UTF8')), 'hex'), 32) AS uuid)"
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
        return (
            f"INSERT INTO {self.table} AS r ({', '.join([*self.key, *self.values])}) {self.rows}"
            f" ORDER BY {', '.join(self.key)}"
            f" ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {self.merge}"
        )


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
        for target in (_sums_of(REQUESTS, level), _sums_of(ATTEMPTS, level), _latency_of(level), _mix_of(level))
    ),
    _sums_of(TENANTS, "day"),
)
_ADD = [(target.level, text(target.add)) for target in TARGETS]
_FOLDS = [text(_fold(family, part.name)) for family in FAMILIES for part in family.key if part.capped]
_NAME_KEYS = [text(_name_keys(family)) for family in FAMILIES]
_REMEMBER_KEYS = [text(_remember_keys(family)) for family in FAMILIES]
_TAKE_APART = [text(_take_apart("tick_latency", "bin", "bins")), text(_take_apart("tick_mix", "value", "values"))]
_TODAY = text("SELECT date_trunc('day', now())")


def name_deltas(db: Connection, *, values_a_day: int = VALUES_A_DAY) -> None:
    """Admit new values, fold the others into `other`, give keys their ids, and take bins and values apart."""
    db.execute(_ADMIT, {"most": values_a_day})
    for statement in (*_FOLDS, *_NAME_KEYS, *_TAKE_APART):
        db.execute(statement)


def add_deltas(db: Connection) -> None:
    """Add named deltas to the rollups of every level."""
    for statement in _REMEMBER_KEYS:
        db.execute(statement)
    first_minute = minutes_from(db)
    for level, statement in _ADD:
        db.execute(statement, {"since": first_minute if level == "minute" else EVER})


def minutes_from(db: Connection) -> datetime:
    """The beginning of the first day of which minutes are kept, by the database's clock."""
    today: datetime = db.execute(_TODAY).scalar_one()
    return today - MINUTES_KEPT
