"""How far each partition is stored, in which batches, and what Kafka no longer had."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Sequence, Table, Text, Uuid, func

from store.tables.base import key_text, metadata, moment

ingest_offsets = Table(
    "ingest_offsets",
    metadata,
    Column("cluster_id", Text, primary_key=True),
    Column("topic_id", Uuid, primary_key=True),
    Column("partition", Integer, primary_key=True),
    key_text("topic"),
    Column("next_offset", BigInteger, nullable=False),
    moment("updated_at", nullable=False, server_default=func.now()),
)

# Every row carries its batch's number, drawn behind the compare-and-set on the offsets.
batch_numbers = Sequence("ingest_batch_numbers", metadata=metadata)

# One row for each batch and partition. `first` <= offsets < `next`; `duplicate` includes `restamped`.
ingest_batches = Table(
    "ingest_batches",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    key_text("cluster_id"),
    Column("topic_id", Uuid, nullable=False),
    key_text("topic"),
    Column("partition", Integer, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("next", BigInteger, nullable=False),
    Column("stored", Integer, nullable=False),
    Column("duplicate", Integer, nullable=False),
    Column("restamped", Integer, nullable=False),
    Column("dead", Integer, nullable=False),
    moment("min_started_at"),
    moment("max_started_at"),
    moment("min_broker_time"),
    moment("max_broker_time"),
    moment("committed_at", nullable=False, server_default=func.now()),
    # Not unique: an operator may send a partition back. Within a partition the ids rise with what was committed.
    Index(None, "topic_id", "partition", "id"),
    Index(None, "committed_at"),
)

ingest_gaps = Table(
    "ingest_gaps",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    key_text("cluster_id"),
    Column("topic_id", Uuid, nullable=False),
    key_text("topic"),
    Column("partition", Integer, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("next", BigInteger, nullable=False),
    key_text("reason"),
    moment("noted_at", nullable=False, server_default=func.now()),
)
