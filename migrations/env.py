"""Alembic's entry: always on a connection that the caller opened."""

from alembic import context

from migrations.schema import is_compared
from store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=is_compared,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
