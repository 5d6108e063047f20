"""Rollups of shadow requests beside the requests that they shadow, and an index by which a shadow is found.

Revision: 0006_shadow_pairs, follows 0005_rollups. The index on `traces` holds shadows alone; building it reads every
stored trace once and holds up ingest meanwhile. Shadows that the rollups have read by now were not counted as such,
which is noted: `pointsman rollups rebuild` makes the pairs of their days.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006_shadow_pairs"
down_revision = "0005_rollups"
branch_labels = None
depends_on = None

_LEVELS = ("minute", "hour", "day")
_KEY = ("environment", "route", "policy_epoch", "task_class", "language", "call_mode", "effort", "model",
        "baseline_model")  # fmt: skip
# `:n` marks a numeric sum, all others are bigint.
_SUMS = (
    "shadows", "paired", "answered", "input_paired", "candidate_input_tokens:n", "baseline_input_tokens:n",
    "candidate_input_tokens_sq:n", "baseline_input_tokens_sq:n", "input_tokens_product:n", "output_paired",
    "candidate_output_tokens:n", "baseline_output_tokens:n", "candidate_output_tokens_sq:n",
    "baseline_output_tokens_sq:n", "output_tokens_product:n", "input_priced", "candidate_input_cost_nanousd:n",
    "candidate_input_cost_at_baseline_nanousd:n", "extra_input_cost_sq:n", "both_priced", "candidate_cost_nanousd:n",
    "baseline_cost_nanousd:n", "candidate_cost_sq:n", "baseline_cost_sq:n", "cost_product:n",
)  # fmt: skip


def upgrade() -> None:
    """Create the tables, and the index."""
    op.create_table(
        "shadow_keys",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.BigInteger() if name == "policy_epoch" else sa.Text(), nullable=False) for name in _KEY),
        sa.PrimaryKeyConstraint("key_id", name="pk_shadow_keys"),
    )
    for level in _LEVELS:
        op.create_table(
            f"shadow_rollups_{level}",
            sa.Column("bucket", sa.DateTime(timezone=True), nullable=False),
            sa.Column("key_id", sa.Uuid(), nullable=False),
            *(
                sa.Column(
                    spec.removesuffix(":n"), sa.Numeric() if spec.endswith(":n") else sa.BigInteger(), nullable=False
                )
                for spec in _SUMS
            ),
            sa.PrimaryKeyConstraint("bucket", "key_id", name=f"pk_shadow_rollups_{level}"),
        )
    op.create_table(
        "shadows_before",
        sa.Column("topic_id", sa.Uuid(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "partition", name="pk_shadows_before"),
    )
    op.execute("INSERT INTO shadows_before SELECT topic_id, partition, batch_id FROM cursors WHERE job = 'rollups'")
    op.create_index("ix_traces_shadow_of", "traces", ["shadow_of"], postgresql_where=sa.text("shadow_of IS NOT NULL"))


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_traces_shadow_of", table_name="traces")
    for level in _LEVELS:
        op.drop_table(f"shadow_rollups_{level}")
    op.drop_table("shadow_keys")
    op.drop_table("shadows_before")
