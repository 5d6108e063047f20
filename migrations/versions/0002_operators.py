"""Replayed dead letters, and leases.

Revision: 0002_operators, follows 0001_data_path. Adds columns with constant defaults only, so that no row is rewritten:
its time does not depend on what the tables hold.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_operators"
down_revision = "0001_data_path"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_MARKED = ("traces", "outcomes", "heartbeats")


def upgrade() -> None:
    """Add the columns and the table."""
    _finish_detaches()
    for table in (*_MARKED, *_loose_days()):
        op.add_column(table, sa.Column("replayed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("dead_letters", sa.Column("replay_of", sa.Text(), server_default="", nullable=False))
    op.add_column("dead_letters", sa.Column("replay_began_at", _TIME, nullable=True))
    op.add_column("dead_letters", sa.Column("replayed_at", _TIME, nullable=True))
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def downgrade() -> None:
    """Drop them: what was replayed can then no longer be told from what a router sent."""
    _finish_detaches()
    op.drop_table("leases")
    for name in ("replayed_at", "replay_began_at", "replay_of"):
        op.drop_column("dead_letters", name)
    for table in (*_MARKED, *_loose_days()):
        op.drop_column(table, "replayed")


def _finish_detaches() -> None:
    """A day whose detach was cut short is passed over where its parent gains a column, and could not come back."""
    pending = sa.text(
        "SELECT inhparent::regclass::text, inhrelid::regclass::text FROM pg_inherits"
        " WHERE inhdetachpending AND inhparent = CAST('traces' AS regclass)"
    )
    for parent, day in op.get_bind().execute(pending).all():
        op.execute(f"ALTER TABLE {parent} DETACH PARTITION {day} FINALIZE")


def _loose_days() -> list[str]:
    """Days of traces that are detached and not dropped yet: ingest may attach them again."""
    loose = sa.text(
        "SELECT c.relname FROM pg_class c JOIN pg_class p ON p.relnamespace = c.relnamespace"
        " WHERE p.oid = CAST('traces' AS regclass) AND c.relkind = 'r' AND NOT c.relispartition"
        r" AND c.relname ~ '^traces_\d{8}$'"
    )
    return list(op.get_bind().execute(loose).scalars().all())
