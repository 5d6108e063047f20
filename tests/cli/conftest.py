"""A store and a file for the tests of stored records."""

from pathlib import Path

import pytest

from migrations.schema import migrate
from store.sessions import Sessions
from tests.records.written import WHOLE


@pytest.fixture
def url(database18: str) -> str:
    """A store with the schema, and nothing in it. Modules with rows of their own have their own."""
    sessions = Sessions(database18)
    migrate(sessions)
    sessions.close()
    return database18


@pytest.fixture
def record_file(tmp_path: Path) -> Path:
    """A record that is well."""
    path = tmp_path / "invoices.md"
    path.write_text(WHOLE)
    return path
