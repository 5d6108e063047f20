"""A database with traffic, and processes that steer on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations.schema import migrate
from store.sessions import Sessions
from tests.services.postgres import PostgresServer, fresh_database
from tests.steer.site import Site
from tests.store.conftest import feed, migrated_template, open_sessions, sessions, store_url

__all__ = ["feed", "migrated_template", "open_sessions", "sessions", "store_url"]


@pytest.fixture
def site(postgres18: PostgresServer, tmp_path: Path) -> Iterator[Site]:
    """A migrated database of its own; what runs on it ends with the test."""
    with fresh_database(postgres18) as url:
        own = Sessions(url)
        migrate(own)
        running = Site(url, own, tmp_path)
        try:
            yield running
        finally:
            running.close()
            own.close()
