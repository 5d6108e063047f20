"""Model Decision Records, every revision of them, and their rollouts.

Revision: 0009_model_records, follows 0008_best_outcomes. New tables alone, at first empty.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009_model_records"
down_revision = "0008_best_outcomes"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_STATES = (
    "draft", "shadow", "canary", "promoted", "rolling_back", "rolled_back", "rollback_unverified", "withdrawn",
    "superseded",
)  # fmt: skip


def upgrade() -> None:
    """Make both."""
    op.create_table(
        "model_records",
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("compiled", JSONB(), nullable=False),
        sa.Column("applied_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("last_applied_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("last_applied_by", sa.Text(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_model_records"),
        sa.UniqueConstraint("record_id", "number", name="uq_model_records_record_id_number"),
        sa.UniqueConstraint("record_id", "turn", name="uq_model_records_record_id_turn"),
        sa.UniqueConstraint("revision", "environment", "route", name="uq_model_records_revision_environment_route"),
        sa.CheckConstraint("revision ~ '^[0-9a-f]{64}$'", name="ck_model_records_sha256"),
        sa.CheckConstraint("number >= 1 AND turn >= 1", name="ck_model_records_from_one"),
    )
    op.create_table(
        "rollouts",
        sa.Column("rollout_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("changed_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("rollout_id", name="pk_rollouts"),
        sa.ForeignKeyConstraint(
            ["revision", "environment", "route"],
            ["model_records.revision", "model_records.environment", "model_records.route"],
            name="fk_rollouts_revision_environment_route",
        ),
        sa.CheckConstraint(f"state IN ({', '.join(repr(state) for state in _STATES)})", name="ck_rollouts_known_state"),
    )
    op.create_index("ix_rollouts_revision", "rollouts", ["revision"])
    op.create_index(
        "uq_rollouts_under_way",
        "rollouts",
        ["environment", "route"],
        unique=True,
        postgresql_where=sa.text("state IN ('shadow', 'canary')"),
    )


def downgrade() -> None:
    """Drop them, with every revision that was applied."""
    op.drop_table("rollouts")
    op.drop_table("model_records")
