"""Rows of latency for whole weeks, and which weeks have them.

Revision: 0007_closed_weeks, follows 0006_shadow_pairs. New tables alone, at first empty: `steer` fills them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007_closed_weeks"
down_revision = "0006_shadow_pairs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "latency_rollups_week",
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bins", ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("counts", ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "key_id", "kind", name="pk_latency_rollups_week"),
    )
    op.create_table(
        "closed_weeks",
        sa.Column("week", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("week", name="pk_closed_weeks"),
    )


def downgrade() -> None:
    """Drop them: nothing is lost, days say the same."""
    op.drop_table("closed_weeks")
    op.drop_table("latency_rollups_week")
