"""`traces`, partitioned by day, and what guards its days.

Rows are never updated. Fixed-width columns come first: PostgreSQL pads them otherwise.
"""

from sqlalchemy import BigInteger, Column, Date, Index, SmallInteger, Table, Text, Uuid, text

from store.tables.base import integer, key_text, metadata, moment, real, replayed

traces = Table(
    "traces",
    metadata,
    Column("trace_id", Uuid, nullable=False),
    moment("started_at", nullable=False),
    # Which batch brought the row: an incremental job reads whole batches behind its cursor.
    Column("batch_id", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("policy_epoch", BigInteger, nullable=False),
    integer("duration_us"),
    integer("routing_us"),
    integer("routing_cost_nanousd"),
    integer("retrieval_cost_nanousd"),
    integer("human_review_us"),
    integer("human_cost_nanousd"),
    real("threshold"),
    # Minus infinity is a value here: the router saw no confidence at all.
    real("confidence"),
    real("difficulty"),
    Column("shadow_of", Uuid, nullable=True),
    Column("attempt_count", SmallInteger, nullable=False),
    key_text("environment"),
    key_text("router_id"),
    key_text("tenant"),
    key_text("session_id"),
    key_text("task_class"),
    key_text("risk"),
    key_text("language"),
    key_text("modalities"),
    key_text("prompt_version"),
    key_text("probe"),
    key_text("route"),
    key_text("route_kind"),
    key_text("protocol"),
    key_text("record_revision"),
    key_text("arm"),
    key_text("cache"),
    key_text("recovery"),
    key_text("failure_mode"),
    key_text("outcome"),
    replayed(),
    # As `price_id` in `attempts`, for `human_cost_nanousd`.
    integer("human_price_id"),
    Index(None, "batch_id"),
    # A shadow may come before the request that it shadows.
    Index(None, "shadow_of", postgresql_where=text("shadow_of IS NOT NULL")),
    postgresql_partition_by="RANGE (started_at)",
)

# The routes of a day, at most 1,000: a router that puts an id into a route's name must not grow every rollup.
admitted_routes = Table(
    "admitted_routes",
    metadata,
    Column("day", Date, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("route", Text, primary_key=True),
)

# Never holds a row. Locking it makes transactions that store into neighbouring days wait for each other, and leaves
# those of one day alone (docs/adr/0003-one-trace-over-midnight.md).
start_day_parity = Table("start_day_parity", metadata, Column("unused", SmallInteger))
