"""`model_records`: every revision of every Model Decision Record, known by the hash of its content.

A row's text and what it compiles to are never changed: a rollout that began under a revision can be explained by it for
good. Another try is another revision.
"""

from sqlalchemy import BigInteger, Column, Integer, Table, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB

from store.tables.base import key_text, metadata, moment

model_records = Table(
    "model_records",
    metadata,
    # SHA-256 of the content, 64 hex digits.
    Column("revision", Text, primary_key=True),
    key_text("record_id"),
    # 1, 2, 3, ... of the record, in the order in which the contents first came.
    Column("number", Integer, nullable=False),
    key_text("environment"),
    key_text("route"),
    # The Markdown, and the CompiledRecord that was read from it.
    Column("content", Text, nullable=False),
    Column("compiled", JSONB, nullable=False),
    moment("applied_at", nullable=False, server_default=func.now()),
    key_text("applied_by"),
    # When and by whom it last became the current one, which happens again where an older content is applied again.
    moment("last_applied_at", nullable=False, server_default=func.now()),
    key_text("last_applied_by"),
    # Of a record the highest is the current one. A counter, since two times may be equal, and a clock may go back.
    Column("turn", BigInteger, nullable=False),
    # The migration adds checks: who compares hashes must find none of another form.
    UniqueConstraint("record_id", "number"),
    UniqueConstraint("record_id", "turn"),
    # What a rollout is about is what its revision is about.
    UniqueConstraint("revision", "environment", "route"),
)
