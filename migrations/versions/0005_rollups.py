"""Rollups, the cursors of incremental jobs, and an index by which the attempts of one trace are found.

Revision: 0005_rollups, follows 0004_prices. The index on `attempts` is built anew and holds up ingest meanwhile;
everything else is new tables.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0005_rollups"
down_revision = "0004_prices"
branch_labels = None
depends_on = None


def _names(text: str) -> list[str]:
    return text.split()


_LEVELS = ("minute", "hour", "day")
# `:n` marks a numeric sum, all others are bigint.
_REQUEST_SUMS = _names(
    "requests cached known succeeded failed abandoned task_succeeded first_route_succeeded late_outcomes escalated "
    "human_escalated retried fell_back failed_open failed_closed timed_out undelivered injection_known "
    "injection_detected injection_succeeded attempts answer_attempts unpriced_attempts unpriced human_reviewed "
    "human_review_us:n cost_nanousd:n routing_cost_nanousd:n retrieval_cost_nanousd:n human_cost_nanousd:n "
    "attempts_cost_nanousd:n answer_cost_nanousd:n priced_known priced_succeeded priced_known_cost_nanousd:n "
    "priced_known_cost_sq:n priced_succeeded_cost_nanousd:n priced_unknown priced_unknown_cost_nanousd:n "
    "priced_first_cost_nanousd:n escalated_known escalated_succeeded escalated_priced escalated_priced_cost_nanousd:n "
    "escalated_first_cost_nanousd:n escalation_cost_nanousd:n duration_known duration_us:n ttft_known ttft_us:n "
    "routing_known routing_us:n input_tokens:n output_tokens:n"
)
_ATTEMPT_SUMS = _names(
    "attempts ok errors timeouts rate_limited cancelled first_attempts refusal_known refused schema_known "
    "schema_valid first_schema_known first_schema_valid repaired grammar_cold tools_known tool_calls:n "
    "tool_calls_ok:n first_tools_known first_tool_calls:n first_tool_calls_ok:n citations_known citations:n "
    "citations_supported:n injection_known injection_detected injection_succeeded input_tokens:n output_tokens:n "
    "reasoning_tokens:n cache_read_known cache_read_tokens:n cache_write_tokens:n cache_read_known_input_tokens:n "
    "output_measured output_chars:n visible_tokens:n output_chars_sq:n visible_tokens_sq:n output_chars_tokens:n "
    "input_measured input_chars:n measured_input_tokens:n input_chars_sq:n measured_input_tokens_sq:n "
    "input_chars_tokens:n priced unpriced prefill_cost_nanousd:n cache_cost_nanousd:n generation_cost_nanousd:n "
    "tools_cost_nanousd:n ttft_known ttft_us:n duration_known duration_us:n inter_token_known inter_token_us:n"
)
_TENANT_SUMS = _names("requests known succeeded attempts unpriced tokens:n cost_nanousd:n human_cost_nanousd:n")
_REQUEST_KEY = _names(
    "environment route route_kind arm record_revision policy_epoch protocol task_class risk model probe"
)
_ATTEMPT_KEY = _names(
    "environment route arm role model provider effort enforcement call_mode language task_class context probe"
)
_TENANT_KEY = _names("environment tenant route model provider token_type")


def upgrade() -> None:
    """Create the tables, and the index."""
    _create(
        "cursors",
        ["job", "topic_id", "partition"],
        _text("job"),
        _id("topic_id"),
        _integer("partition"),
        _big("batch_id"),
    )
    op.create_table("rollups_turn", sa.Column("unused", sa.SmallInteger()))
    _create("admitted_values", ["day", "name", "value"], _day(), _text("name"), _text("value"))
    _create("incomplete_days", ["day", "reason"], _day(), _text("reason"))
    _create("request_keys", ["key_id"], _id("key_id"), *_key(_REQUEST_KEY))
    _create("attempt_keys", ["key_id"], _id("key_id"), *_key(_ATTEMPT_KEY))
    _create("tenant_keys", ["key_id"], _id("key_id"), *_key(_TENANT_KEY))
    for level in _LEVELS:
        of = ["bucket", "key_id"]
        _create(f"request_rollups_{level}", of, _bucket(), _id("key_id"), *_sums(_REQUEST_SUMS))
        _create(f"attempt_rollups_{level}", of, _bucket(), _id("key_id"), *_sums(_ATTEMPT_SUMS))
        bins: list[sa.Column[object]] = [sa.Column("bins", ARRAY(sa.SmallInteger()), nullable=False)]
        bins += [sa.Column("counts", ARRAY(sa.BigInteger()), nullable=False)]
        _create(f"latency_rollups_{level}", [*of, "kind"], _bucket(), _id("key_id"), _text("kind"), *bins)
        mix = [_text("kind"), _text("value"), _big("count")]
        _create(f"mix_rollups_{level}", [*of, "kind", "value"], _bucket(), _id("key_id"), *mix)
    _create("tenant_rollups_day", ["bucket", "key_id"], _bucket(), _id("key_id"), *_sums(_TENANT_SUMS))
    op.drop_index("ix_attempts_batch_id", table_name="attempts")
    op.create_index("ix_attempts_batch_id_trace_id", "attempts", ["batch_id", "trace_id"])


def downgrade() -> None:
    """Drop them: measures are then gone, and can be made again from the raw rows that are left."""
    op.drop_index("ix_attempts_batch_id_trace_id", table_name="attempts")
    op.create_index("ix_attempts_batch_id", "attempts", ["batch_id"])
    op.drop_table("tenant_rollups_day")
    for level in _LEVELS:
        for family in ("request", "attempt", "latency", "mix"):
            op.drop_table(f"{family}_rollups_{level}")
    for table in (
        "tenant_keys",
        "attempt_keys",
        "request_keys",
        "incomplete_days",
        "admitted_values",
        "cursors",
        "rollups_turn",
    ):
        op.drop_table(table)


def _create(name: str, key: list[str], *columns: sa.Column[object]) -> None:
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"))


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _big(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _integer(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _id(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=False)


def _day() -> sa.Column[object]:
    return sa.Column("day", sa.Date(), nullable=False)


def _bucket() -> sa.Column[object]:
    return sa.Column("bucket", sa.DateTime(timezone=True), nullable=False)


def _key(names: list[str]) -> list[sa.Column[object]]:
    return [_big(name) if name == "policy_epoch" else _text(name) for name in names]


def _sums(specs: list[str]) -> list[sa.Column[object]]:
    return [
        sa.Column(spec.removesuffix(":n"), sa.Numeric() if spec.endswith(":n") else sa.BigInteger(), nullable=False)
        for spec in specs
    ]
