"""What the database holds, asked by the tests themselves and not through Pointsman's own queries."""

from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row


class Letter(NamedTuple):
    """Where a dead letter was, and why it is one."""

    reason: str
    topic: str
    partition: int
    offset: int


def rows(url: str, query: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a query."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query.encode(), values).fetchall()


def one(url: str, query: str, *values: object) -> Any:
    """The only value of a query."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode(), values).fetchone()
    return None if row is None else row[0]


def count(url: str, table: str) -> int:
    """How many rows a table has."""
    return int(one(url, f"SELECT count(*) FROM {table}"))


def letters(url: str) -> list[Letter]:
    """Every dead letter, in the order of the partitions."""
    found = rows(url, 'SELECT reason, topic, partition, "offset" FROM dead_letters ORDER BY topic, partition, "offset"')
    return [Letter(**row) for row in found]


def tallies(url: str) -> dict[str, int]:
    """The sums over all batches."""
    names = ("stored", "duplicate", "restamped", "dead")
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in names)
    return rows(url, f"SELECT {sums} FROM ingest_batches")[0]


def next_offsets(url: str) -> dict[tuple[str, int], int]:
    """How far each partition is stored."""
    found = rows(url, "SELECT topic, partition, next_offset FROM ingest_offsets")
    return {(row["topic"], row["partition"]): row["next_offset"] for row in found}


def gaps(url: str) -> list[tuple[str, int, int, int, str]]:
    """Every gap: topic, partition, first, next, reason."""
    found = rows(url, 'SELECT topic, partition, "first", "next", reason FROM ingest_gaps ORDER BY id')
    return [(row["topic"], row["partition"], row["first"], row["next"], row["reason"]) for row in found]
