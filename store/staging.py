"""The one way in: binary COPY into the session's temporary tables, then one INSERT … SELECT for each table.

The temporary tables hold no lock that another session could wait for, so a consumer that stands still inside COPY
holds up nobody. They take values as messages have them; the INSERT makes the store's out of them: seconds become
microseconds and dollars nano-dollars, rounded half to even, text that was not given becomes '', and which partition's
part of the batch a row belongs to (counted from 1) becomes that part's number.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, Text, text
from sqlalchemy.dialects import postgresql

from store.rows import Row, columns_of
from store.tables import attempts, dead_letters, heartbeats, outcomes, traces

_STAGED = (traces, attempts, outcomes, heartbeats, dead_letters)
_COSTS = ("prefill_cost_nanousd", "cache_cost_nanousd", "generation_cost_nanousd", "tools_cost_nanousd")
# Where this column names a price, the cost comes from the price book and is in nano-dollars already.
_PRICED_BY = {
    **{(attempts.name, name): "price_id" for name in _COSTS},
    (traces.name, "human_cost_nanousd"): "human_price_id",
    (outcomes.name, "human_cost_nanousd"): "human_price_id",
}
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own is untyped


def _staged_type(target: Table, name: str) -> str:
    if name.endswith("_us"):
        return "double precision"
    if name.endswith("_nanousd"):
        return "text"
    if name == "batch_id":
        return "integer"
    return target.c[name].type.compile(_DIALECT).lower()


def _stored(target: Table, name: str) -> str:
    """What the INSERT makes of a staged column."""
    if name.endswith("_us"):
        return f"CAST(round({name} * 1000000) AS bigint)"
    if name.endswith("_nanousd"):
        told = f"CAST(CAST({name} AS numeric) * 1000000000 AS bigint)"
        price = _PRICED_BY.get((target.name, name))
        return told if price is None else f"CASE WHEN {price} IS NULL THEN {told} ELSE CAST({name} AS bigint) END"
    if name == "batch_id":
        return "(CAST(:numbers AS bigint[]))[batch_id]"
    if isinstance(target.c[name].type, Text) and not target.c[name].nullable:
        return f"coalesce({name}, '')"
    return f'"{name}"'


def _quoted(target: Table) -> str:
    return ", ".join(f'"{name}"' for name in columns_of(target))


_TYPES = {target.name: [_staged_type(target, name) for name in columns_of(target)] for target in _STAGED}
_CREATE = ";\n".join(
    f"CREATE TEMPORARY TABLE IF NOT EXISTS staged_{target.name} ("
    + ", ".join(f'"{name}" {kind}' for name, kind in zip(columns_of(target), _TYPES[target.name], strict=True))
    + ") ON COMMIT DELETE ROWS"
    for target in _STAGED
)
_INSERTS = {
    target.name: text(
        f"INSERT INTO {target.name} ({_quoted(target)})"
        f" SELECT {', '.join(_stored(target, name) for name in columns_of(target))}"
        f" FROM staged_{target.name} ON CONFLICT DO NOTHING"
    ).execution_options(preserve_rowcount=True)
    for target in _STAGED
}


def create_staging(db: Connection) -> None:
    """Make the session's temporary tables. They are empty after each commit."""
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


def insert_staged(db: Connection, target: Table, numbers: Sequence[int]) -> int:
    """INSERT … SELECT everything staged; a row whose key is there already is left out. Returns the rows stored.

    `numbers` are those of the batch's parts.
    """
    return db.execute(_INSERTS[target.name], {"numbers": list(numbers)}).rowcount
