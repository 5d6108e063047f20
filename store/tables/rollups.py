"""What incremental jobs have read, and the rollups: the same sums for each minute, hour and day; times by week beside.

A rollup row carries its key as `key_id`, sixteen bytes of a hash of the key's values, which stand once in
`request_keys`, `attempt_keys`, `shadow_keys` and `tenant_keys`: a year of hours costs no names, and a rebuild gives the
same ids.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from store.rollups.columns import ATTEMPT_SUMS, REQUEST_SUMS, SHADOW_SUMS, TENANT_SUMS, Sum
from store.rollups.keys import ATTEMPT_KEY, REQUEST_KEY, SHADOW_KEY, TENANT_KEY, Key
from store.tables.base import key_text, metadata, moment

# One row for each job and partition: batches of the partition up to this one, in the order of their ids, are read.
cursors = Table(
    "cursors",
    metadata,
    key_text("job"),
    Column("topic_id", Uuid, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("job", "topic_id", "partition"),
)

# How far each partition was read when shadows began to be counted: those of before have no row that waits for a pair.
shadows_before = Table(
    "shadows_before",
    metadata,
    Column("topic_id", Uuid, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("topic_id", "partition"),
)

# Never holds a row: locking it makes those who write rollups take turns.
rollups_turn = Table("rollups_turn", metadata, Column("unused", SmallInteger))

# The values that a day took into a capped column of a key; all others are `other`.
admitted_values = Table(
    "admitted_values",
    metadata,
    Column("day", Date, nullable=False),
    key_text("name"),
    key_text("value"),
    PrimaryKeyConstraint("day", "name", "value"),
)

# Days of which raw rows were deleted, so that rollups cannot be made again from what is left.
incomplete_days = Table(
    "incomplete_days",
    metadata,
    Column("day", Date, nullable=False),
    key_text("reason"),
    PrimaryKeyConstraint("day", "reason"),
)


# Weeks, from Monday on, whose rows of latency stand beside those of their days (`store/rollups/weeks.py`). `state` is
# one of merging, closed and reopened; `merged_at` is when merging last began.
closed_weeks = Table(
    "closed_weeks",
    metadata,
    moment("week", primary_key=True),
    key_text("state"),
    moment("merged_at", nullable=False),
)


def _key_column(key: Key) -> Column[Any]:
    if key.name == "policy_epoch":
        return Column(key.name, BigInteger, nullable=False)
    return key_text(key.name)


def _sum_column(of: Sum) -> Column[Any]:
    return Column(of.name, BigInteger() if of.kind == "count" else Numeric(), nullable=False)


def _keys(name: str, key: tuple[Key, ...]) -> Table:
    return Table(name, metadata, Column("key_id", Uuid, primary_key=True), *map(_key_column, key))


def _sums(name: str, sums: tuple[Sum, ...]) -> Table:
    return Table(
        name,
        metadata,
        moment("bucket", nullable=False),
        Column("key_id", Uuid, nullable=False),
        *map(_sum_column, sums),
        PrimaryKeyConstraint("bucket", "key_id"),
    )


def _latency(name: str) -> Table:
    """Log bins of 1 % relative error: the bins that hold anything, rising, and how many are in each."""
    return Table(
        name,
        metadata,
        moment("bucket", nullable=False),
        Column("key_id", Uuid, nullable=False),
        key_text("kind"),
        Column("bins", ARRAY(SmallInteger), nullable=False),
        Column("counts", ARRAY(BigInteger), nullable=False),
        PrimaryKeyConstraint("bucket", "key_id", "kind"),
    )


def _mix(name: str) -> Table:
    """How often each failure mode and recovery came."""
    return Table(
        name,
        metadata,
        moment("bucket", nullable=False),
        Column("key_id", Uuid, nullable=False),
        key_text("kind"),
        key_text("value"),
        Column("count", BigInteger, nullable=False),
        PrimaryKeyConstraint("bucket", "key_id", "kind", "value"),
    )


request_keys = _keys("request_keys", REQUEST_KEY)
attempt_keys = _keys("attempt_keys", ATTEMPT_KEY)
tenant_keys = _keys("tenant_keys", TENANT_KEY)
shadow_keys = _keys("shadow_keys", SHADOW_KEY)
LEVELS = ("minute", "hour", "day")
request_rollups = {level: _sums(f"request_rollups_{level}", REQUEST_SUMS) for level in LEVELS}
attempt_rollups = {level: _sums(f"attempt_rollups_{level}", ATTEMPT_SUMS) for level in LEVELS}
shadow_rollups = {level: _sums(f"shadow_rollups_{level}", SHADOW_SUMS) for level in LEVELS}
latency_rollups = {level: _latency(f"latency_rollups_{level}") for level in (*LEVELS, "week")}
mix_rollups = {level: _mix(f"mix_rollups_{level}") for level in LEVELS}
# Daily alone: it is for money, and for reviews.
tenant_rollups = {"day": _sums("tenant_rollups_day", TENANT_SUMS)}
