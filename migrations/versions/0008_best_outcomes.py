"""Indexes by which the best outcome of a trace is found without reading its others.

Revision: 0008_best_outcomes, follows 0007_closed_weeks. One index on `outcomes` is built anew and one is added; storing
outcomes waits meanwhile.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008_best_outcomes"
down_revision = "0007_closed_weeks"
branch_labels = None
depends_on = None

_BY_WORTH = ["trace_id", "source_rank", "observed_at", "topic_id", "partition", "offset"]


def upgrade() -> None:
    """Replace the index by the trace alone."""
    op.create_index("ix_outcomes_best", "outcomes", _BY_WORTH)
    op.create_index(
        "ix_outcomes_human",
        "outcomes",
        _BY_WORTH,
        postgresql_where=sa.text("human_review_us IS NOT NULL OR human_cost_nanousd IS NOT NULL"),
    )
    op.drop_index("ix_outcomes_trace_id", table_name="outcomes")


def downgrade() -> None:
    """Bring it back."""
    op.create_index("ix_outcomes_trace_id", "outcomes", ["trace_id"])
    op.drop_index("ix_outcomes_human", table_name="outcomes")
    op.drop_index("ix_outcomes_best", table_name="outcomes")
