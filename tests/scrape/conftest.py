"""The databases of the store's tests, and a day that does not end meanwhile."""

import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

import pytest

from tests.store.conftest import feed, migrated_template, open_sessions, sessions, store_url

__all__ = ["feed", "migrated_template", "open_sessions", "sessions", "store_url"]


@pytest.fixture(autouse=True)
def _not_at_midnight() -> None:
    """Counters are of a UTC day: no test begins in its last minute, or before it has some whole ones."""
    while (datetime.now(UTC) + timedelta(minutes=1)).time() < time_of_day(minute=4):
        time.sleep(1)
