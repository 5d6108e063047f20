"""`leases`: who leads what, until when by the database's clock."""

from sqlalchemy import BigInteger, Column, Table, Text

from store.tables.base import key_text, metadata, moment

# A row is never deleted: its term rises with each new holder, and tells an old one that it is late.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    key_text("holder"),
    Column("term", BigInteger, nullable=False),
    moment("expires_at", nullable=False),
)
