"""The data path: traces, attempts, outcomes, heartbeats, dead letters, offsets and batches.

Revision: 0001_data_path, follows nothing.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_data_path"
down_revision = None
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_TIME = sa.DateTime(timezone=True)
_BY_DAY = "RANGE (started_at)"


def _given(kind: Any, names: str) -> Iterator[sa.Column[Any]]:
    return (sa.Column(name, kind, nullable=False) for name in names.split())


def _maybe(kind: Any, names: str) -> Iterator[sa.Column[Any]]:
    return (sa.Column(name, kind, nullable=True) for name in names.split())


def upgrade() -> None:
    """Create the tables."""
    op.execute("CREATE SEQUENCE ingest_batch_numbers")
    _create_traces()
    _create_attempts()
    _create_messages()
    _create_dead_letters()
    _create_offsets()


def downgrade() -> None:
    """Drop the tables with everything in them, day partitions included."""
    _drop_loose_days()
    for table in (
        "ingest_gaps",
        "ingest_batches",
        "ingest_offsets",
        "dead_letters",
        "heartbeats",
        "outcomes",
        "attempts",
        "traces",
        "start_day_parity",
        "admitted_routes",
    ):
        op.drop_table(table)
    op.execute("DROP SEQUENCE ingest_batch_numbers")


def _drop_loose_days() -> None:
    """Days that are detached, or made and not attached yet, would stay when their parent goes."""
    loose = sa.text(
        "SELECT c.relname FROM pg_class c JOIN pg_class p ON p.relnamespace = c.relnamespace"
        " WHERE p.oid = CAST('traces' AS regclass) AND c.relkind = 'r' AND NOT c.relispartition"
        r" AND c.relname ~ '^(traces|attempts)_\d{8}$'"
    )
    for name in op.get_bind().execute(loose).scalars().all():
        op.drop_table(name)


def _create_traces() -> None:
    op.create_table(
        "traces",
        *_given(sa.Uuid(), "trace_id"),
        *_given(_TIME, "started_at"),
        *_given(sa.BigInteger(), "batch_id offset policy_epoch"),
        *_maybe(
            sa.BigInteger(),
            "duration_us routing_us routing_cost_nanousd retrieval_cost_nanousd human_review_us human_cost_nanousd",
        ),
        *_maybe(postgresql.DOUBLE_PRECISION(), "threshold confidence difficulty"),
        *_maybe(sa.Uuid(), "shadow_of"),
        *_given(sa.SmallInteger(), "attempt_count"),
        *_given(
            sa.Text(),
            "environment router_id tenant session_id task_class risk language modalities prompt_version probe route"
            " route_kind protocol record_revision arm cache recovery failure_mode outcome",
        ),
        postgresql_partition_by=_BY_DAY,
    )
    op.create_index("ix_traces_batch_id", "traces", ["batch_id"])
    op.create_table(
        "admitted_routes",
        *_given(sa.Date(), "day"),
        *_given(sa.Text(), "environment route"),
        sa.PrimaryKeyConstraint("day", "environment", "route", name="pk_admitted_routes"),
    )
    op.create_table("start_day_parity", *_maybe(sa.SmallInteger(), "unused"))


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        *_given(sa.Uuid(), "trace_id"),
        *_given(_TIME, "started_at"),
        *_given(sa.BigInteger(), "batch_id input_tokens output_tokens"),
        *_maybe(
            sa.BigInteger(),
            "cache_read_tokens cache_write_tokens reasoning_tokens input_chars output_chars prefill_cost_nanousd"
            " cache_cost_nanousd generation_cost_nanousd tools_cost_nanousd ttft_us duration_us tool_calls"
            " tool_calls_ok citations citations_supported batch_size",
        ),
        *_given(sa.SmallInteger(), "position"),
        *_maybe(sa.Boolean(), "streamed schema_valid repaired grammar_cold refused speculative"),
        *_given(
            sa.Text(),
            "role model requested_model provider region effort config tokenizer call_mode enforcement status"
            " error_type finish_reason failure_mode schema_id injection injection_at",
        ),
        postgresql_partition_by=_BY_DAY,
    )
    op.create_index("ix_attempts_batch_id", "attempts", ["batch_id"])


def _create_messages() -> None:
    op.create_table(
        "outcomes",
        *_given(sa.Uuid(), "topic_id"),
        *_given(sa.Integer(), "partition"),
        *_given(sa.BigInteger(), "offset batch_id"),
        *_given(sa.Uuid(), "trace_id"),
        *_given(_TIME, "observed_at"),
        *_maybe(_TIME, "trace_started_at"),
        *_given(_TIME, "broker_time"),
        *_maybe(sa.BigInteger(), "human_review_us human_cost_nanousd"),
        *_given(sa.SmallInteger(), "source_rank"),
        *_given(sa.Text(), "outcome source"),
        *_maybe(postgresql.JSONB(), "scores"),
        sa.PrimaryKeyConstraint("topic_id", "partition", "offset", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_trace_id", "outcomes", ["trace_id"])
    op.create_index("ix_outcomes_batch_id", "outcomes", ["batch_id"])
    op.create_table(
        "heartbeats",
        *_given(sa.Text(), "router_id boot_id"),
        *_given(sa.BigInteger(), "sequence batch_id"),
        *_given(_TIME, "at broker_time"),
        *_given(sa.BigInteger(), "emitted dropped"),
        *_given(sa.Text(), "environment"),
        *_given(postgresql.JSONB(), "epochs counters"),
        sa.PrimaryKeyConstraint("router_id", "boot_id", "sequence", name="pk_heartbeats"),
    )
    op.create_index("ix_heartbeats_batch_id", "heartbeats", ["batch_id"])


def _create_dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_given(sa.Text(), "topic"),
        *_given(sa.Uuid(), "topic_id"),
        *_given(sa.Integer(), "partition"),
        *_given(sa.BigInteger(), "offset batch_id"),
        *_given(_TIME, "broker_time"),
        sa.Column("dead_at", _TIME, server_default=_NOW, nullable=False),
        *_given(sa.Text(), "environment route reason detail"),
        *_given(sa.BigInteger(), "payload_bytes"),
        *_given(sa.LargeBinary(), "payload_sha256"),
        *_maybe(sa.LargeBinary(), "payload message_key"),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
        sa.UniqueConstraint("topic_id", "partition", "offset", name="uq_dead_letters_topic_id_partition_offset"),
    )
    op.create_index("ix_dead_letters_dead_at", "dead_letters", ["dead_at"])


def _create_offsets() -> None:
    op.create_table(
        "ingest_offsets",
        *_given(sa.Text(), "cluster_id"),
        *_given(sa.Uuid(), "topic_id"),
        *_given(sa.Integer(), "partition"),
        *_given(sa.Text(), "topic"),
        *_given(sa.BigInteger(), "next_offset"),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", "topic_id", "partition", name="pk_ingest_offsets"),
    )
    op.create_table(
        "ingest_batches",
        *_given(sa.BigInteger(), "id"),
        *_given(sa.Text(), "cluster_id"),
        *_given(sa.Uuid(), "topic_id"),
        *_given(sa.Text(), "topic"),
        *_given(sa.Integer(), "partition"),
        *_given(sa.BigInteger(), "first next"),
        *_given(sa.Integer(), "stored duplicate restamped dead"),
        *_maybe(_TIME, "min_started_at max_started_at min_broker_time max_broker_time"),
        sa.Column("committed_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ingest_batches"),
    )
    op.create_index("ix_ingest_batches_topic_id_partition_id", "ingest_batches", ["topic_id", "partition", "id"])
    op.create_index("ix_ingest_batches_committed_at", "ingest_batches", ["committed_at"])
    op.create_table(
        "ingest_gaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_given(sa.Text(), "cluster_id"),
        *_given(sa.Uuid(), "topic_id"),
        *_given(sa.Text(), "topic"),
        *_given(sa.Integer(), "partition"),
        *_given(sa.BigInteger(), "first next"),
        *_given(sa.Text(), "reason"),
        sa.Column("noted_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ingest_gaps"),
    )
