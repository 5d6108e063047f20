"""One row for each outcome, heartbeat and dead letter."""

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from store.tables.base import integer, key_text, metadata, moment, replayed

_BY_WORTH = ("trace_id", "source_rank", "observed_at", "topic_id", "partition", "offset")

outcomes = Table(
    "outcomes",
    metadata,
    Column("topic_id", Uuid, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    Column("trace_id", Uuid, nullable=False),
    moment("observed_at", nullable=False),
    moment("trace_started_at"),
    moment("broker_time", nullable=False),
    integer("human_review_us"),
    integer("human_cost_nanousd"),
    Column("source_rank", SmallInteger, nullable=False),
    key_text("outcome"),
    key_text("source"),
    Column("scores", JSONB),
    replayed(),
    # As `price_id` in `attempts`, for `human_cost_nanousd`.
    integer("human_price_id"),
    PrimaryKeyConstraint("topic_id", "partition", "offset"),
    # By trace, and from the end by worth: of many outcomes of a trace only the best is read.
    Index("ix_outcomes_best", *_BY_WORTH),
    Index(
        "ix_outcomes_human",
        *_BY_WORTH,
        postgresql_where=text("human_review_us IS NOT NULL OR human_cost_nanousd IS NOT NULL"),
    ),
    Index(None, "batch_id"),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    key_text("router_id"),
    key_text("boot_id"),
    Column("sequence", BigInteger, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    moment("at", nullable=False),
    moment("broker_time", nullable=False),
    Column("emitted", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    key_text("environment"),
    Column("epochs", JSONB, nullable=False),
    Column("counters", JSONB, nullable=False),
    replayed(),
    PrimaryKeyConstraint("router_id", "boot_id", "sequence"),
    Index(None, "batch_id"),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    key_text("topic"),
    Column("topic_id", Uuid, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    moment("broker_time", nullable=False),
    moment("dead_at", nullable=False, server_default=func.now()),
    # As far as a broken message can be read: a route with many unreadable messages is not healthy.
    key_text("environment"),
    key_text("route"),
    key_text("reason"),
    key_text("detail"),
    Column("payload_bytes", BigInteger, nullable=False),
    Column("payload_sha256", LargeBinary, nullable=False),
    # The first 64 KiB, or NULL where only the hash is kept; the key travels along so that a replay finds its partition.
    Column("payload", LargeBinary),
    Column("message_key", LargeBinary),
    # What the message's header said that it is a replay of ('': it came from a producer itself), and the replays of
    # this letter: begun before anything is sent, replayed once Kafka has it.
    key_text("replay_of", server_default=""),
    moment("replay_began_at"),
    moment("replayed_at"),
    UniqueConstraint("topic_id", "partition", "offset"),
    Index(None, "dead_at"),
)
