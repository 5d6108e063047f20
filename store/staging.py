"""The one way in: binary COPY into the session's temporary tables, then one INSERT … SELECT for each table.

The temporary tables hold no lock that another session could wait for, so a consumer that stands still inside COPY
holds up nobody.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, select, table, text
from sqlalchemy import column as named
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert

from store.rows import Row
from store.tables import attempts, dead_letters, heartbeats, outcomes, traces

_STAGED = (traces, attempts, outcomes, heartbeats, dead_letters)


def columns_of(target: Table) -> list[str]:
    """The columns that a row fills, in order: all but those that the database numbers itself."""
    return [column.name for column in target.columns if column.identity is None]


def _quoted(target: Table) -> str:
    return ", ".join(f'"{name}"' for name in columns_of(target))


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own is untyped
_TYPES = {
    target.name: [target.c[name].type.compile(_DIALECT).lower() for name in columns_of(target)] for target in _STAGED
}
_CREATE = ";\n".join(
    f"CREATE TEMPORARY TABLE IF NOT EXISTS staged_{target.name} ON COMMIT DELETE ROWS"
    f" AS SELECT {_quoted(target)} FROM {target.name} WITH NO DATA"
    for target in _STAGED
)


def create_staging(db: Connection) -> None:
    """Make the session's temporary tables. They are empty after each commit.

    In a transaction of its own, before the first COPY: CREATE … AS locks `traces`, and a consumer that stands still
    inside COPY would then hold up the maintenance of partitions.
    """
    db.execute(text(_CREATE))


def copy_rows(db: Connection, target: Table, rows: Iterable[Row]) -> None:
    """COPY rows, in the column order of `columns_of(target)`, into the staged table."""
    driver: Any = db.connection.driver_connection
    statement = f"COPY staged_{target.name} ({_quoted(target)}) FROM STDIN (FORMAT BINARY)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(_TYPES[target.name])
        write_row = copy.write_row
        for row in rows:
            write_row(row)


def insert_staged(db: Connection, target: Table) -> int:
    """INSERT … SELECT everything staged; a row whose key is there already is left out. Returns the rows stored."""
    names = columns_of(target)
    staged = table(f"staged_{target.name}", *(named(name) for name in names))
    rows = select(*(staged.c[name] for name in names))
    statement = insert(target).from_select(names, rows).on_conflict_do_nothing()
    return db.execute(statement.execution_options(preserve_rowcount=True)).rowcount
