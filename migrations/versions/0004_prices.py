"""The price book, what was priced by it, and what was priced anew.

Revision: 0004_prices, follows 0003_making_days. The new columns are NULL in every row of before, so that no row is
rewritten: a cost without a price's number is what the router said.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_prices"
down_revision = "0003_making_days"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
# By table: the column that names the price, on detached days too.
_PRICED = {"traces": "human_price_id", "attempts": "price_id"}
_UNITS = (
    "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "output_tokens", "tool_calls", "requests", "gpu_hours", "human_review_hours",
)  # fmt: skip
# Ingest reads what is here whoever wrote it: a price that it could not take must not be there.
_CHECKS = {
    "known_unit": f"unit IN ({', '.join(repr(unit) for unit in _UNITS)})",
    "one_price": "(nanousd_per_million IS NULL) <> (nanousd_per_hour IS NULL)",
    "in_range": (
        "coalesce(nanousd_per_million, nanousd_per_hour) >= 0 AND above_input_tokens >= 0 AND gpus >= 1"
        " AND assumed_batch_size >= 1 AND valid_to > valid_from"
    ),
}


def upgrade() -> None:
    """Add the columns and the tables."""
    for table, column in _PRICED.items():
        _finish_detaches(table)
        for one in (table, *_loose_days(table)):
            op.add_column(one, sa.Column(column, sa.BigInteger(), nullable=True))
    op.add_column("outcomes", sa.Column("human_price_id", sa.BigInteger(), nullable=True))
    _create_price_book()
    op.create_table(
        "repriced_attempts",
        sa.Column("trace_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        *(
            sa.Column(f"{part}_cost_nanousd", sa.BigInteger(), nullable=True)
            for part in ("prefill", "cache", "generation", "tools")
        ),
        sa.Column("price_id", sa.BigInteger(), nullable=True),
        sa.Column("repriced_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("started_at", "trace_id", "position", name="pk_repriced_attempts"),
    )


def _create_price_book() -> None:
    op.create_table(
        "price_book",
        sa.Column("price_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("above_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("nanousd_per_million", sa.BigInteger(), nullable=True),
        sa.Column("nanousd_per_hour", sa.BigInteger(), nullable=True),
        sa.Column("gpus", sa.Integer(), nullable=True),
        sa.Column("assumed_batch_size", sa.Integer(), nullable=True),
        sa.Column("valid_from", _TIME, nullable=False),
        sa.Column("valid_to", _TIME, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("imported_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("withdrawn_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("price_id", "unit", "above_input_tokens", name="pk_price_book"),
        *(sa.CheckConstraint(rule, name=f"ck_price_book_{name}") for name, rule in _CHECKS.items()),
    )


def downgrade() -> None:
    """Drop them: which price a cost came from is not known any more."""
    op.drop_table("repriced_attempts")
    op.drop_table("price_book")
    op.drop_column("outcomes", "human_price_id")
    for table, column in _PRICED.items():
        _finish_detaches(table)
        for one in (table, *_loose_days(table)):
            op.drop_column(one, column)


def _finish_detaches(table: str) -> None:
    """A day whose detach was cut short is passed over where its parent gains a column, and could not come back."""
    pending = sa.text(
        "SELECT inhparent::regclass::text, inhrelid::regclass::text FROM pg_inherits"
        " WHERE inhdetachpending AND inhparent = CAST(:table AS regclass)"
    )
    for parent, day in op.get_bind().execute(pending, {"table": table}).all():
        op.execute(f"ALTER TABLE {parent} DETACH PARTITION {day} FINALIZE")


def _loose_days(table: str) -> list[str]:
    """Days that are detached and not dropped yet: ingest may attach them again."""
    loose = sa.text(
        "SELECT c.relname FROM pg_class c JOIN pg_class p ON p.relnamespace = c.relnamespace"
        " WHERE p.oid = CAST(:table AS regclass) AND c.relkind = 'r' AND NOT c.relispartition AND c.relname ~ :pattern"
    )
    found = op.get_bind().execute(loose, {"table": table, "pattern": rf"^{table}_\d{{8}}$"})
    return list(found.scalars().all())
