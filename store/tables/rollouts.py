"""`rollouts`: how a revision of a record comes into traffic. Only tests write it yet: the decision loop will.

An index keeps two from being in shadow or canary on one environment and route, whatever the code does: the requests of
the one would be evidence about the other.
"""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Identity, Index, Table, Text, func, text

from store.tables.base import key_text, metadata, moment

STATES = (
    "draft", "shadow", "canary", "promoted", "rolling_back", "rolled_back", "rollback_unverified", "withdrawn",
    "superseded",
)  # fmt: skip
# As SQL, for the index and whoever asks by it.
UNDER_WAY = "state IN ('shadow', 'canary')"

rollouts = Table(
    "rollouts",
    metadata,
    Column("rollout_id", BigInteger, Identity(), primary_key=True),
    Column("revision", Text, nullable=False, index=True),
    # Those of the revision, which the foreign key holds, so that the index can hold two rollouts apart.
    key_text("environment"),
    key_text("route"),
    # One of STATES; the migration adds the check.
    key_text("state"),
    # Rises with each change, which names the one it has read: the slower of two is told.
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    moment("created_at", nullable=False, server_default=func.now()),
    moment("changed_at", nullable=False, server_default=func.now()),
    ForeignKeyConstraint(
        ["revision", "environment", "route"],
        ["model_records.revision", "model_records.environment", "model_records.route"],
    ),
    Index("uq_rollouts_under_way", "environment", "route", unique=True, postgresql_where=text(UNDER_WAY)),
)
