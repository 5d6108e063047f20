"""From a filled database without a price book to this one, and back."""

from datetime import timedelta

import psycopg
import pytest

from migrations.schema import migrate, migrate_down
from store.sessions import Sessions
from tests.builders import NOON, outcome, trace
from tests.prices import add, entry
from tests.store.feed import OUTCOMES_0, Feed, execute, one, rows

_BEFORE = "0003_making_days"


@pytest.fixture
def before(sessions: Sessions) -> Sessions:
    """A store with days and rows, and the schema before there were prices."""
    feed = Feed(sessions)
    for day in range(5):
        feed.send(trace(started_at=NOON - timedelta(days=day), human_review_s=1.0))
    feed.send(outcome(), to=OUTCOMES_0)
    assert migrate_down(sessions, _BEFORE)[1] == _BEFORE
    return sessions


def test_rows_are_not_rewritten(before: Sessions) -> None:
    """Every file of the tables is the same one afterwards; costs of before came from no price."""
    files = "SELECT relname, relfilenode FROM pg_class WHERE relname ~ '^(traces|attempts|outcomes)'"
    found = set(rows(before, files))
    assert migrate(before, "0004_prices") == (_BEFORE, "0004_prices")
    assert found <= set(rows(before, files))
    migrate(before)
    assert rows(before, "SELECT DISTINCT price_id FROM attempts") == [(None,)]
    for table in ("traces", "outcomes"):
        assert rows(before, f"SELECT DISTINCT human_price_id FROM {table}") == [(None,)]
    add(before, entry())
    assert Feed(before).send(trace()).stored == 1
    assert one(before, "SELECT count(*) FROM attempts WHERE price_id = 1") == 1


@pytest.mark.parametrize("table", ["traces", "attempts"])
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_day_that_is_detached_can_come_back(before: Sessions, way: str, table: str) -> None:
    """A loose day of either table gets the column too, and loses it: ingest attaches it again for a late trace."""
    if way == "down":
        migrate(before)
    execute(before, f"ALTER TABLE {table} DETACH PARTITION {table}_20261122")
    if way == "down":
        migrate_down(before, _BEFORE)
    migrate(before)
    assert Feed(before).send(trace(started_at=NOON - timedelta(days=1))).stored == 1
    assert one(before, f"SELECT count(*) FROM {table}_20261122") == 2


@pytest.mark.parametrize("table", ["traces", "attempts"])
def test_a_detach_that_was_cut_short_is_finished(before: Sessions, store_url: str, table: str) -> None:
    """PostgreSQL passes such a day over where its parent gains a column: it must not be left without."""
    with psycopg.connect(store_url) as reader, psycopg.connect(store_url, autocommit=True) as maintenance:
        reader.execute(f"SELECT count(*) FROM {table}".encode())
        maintenance.execute("SET statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            maintenance.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_20261121 CONCURRENTLY".encode())
    assert one(before, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == 1
    migrate(before)
    assert one(before, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == 0
    assert Feed(before).send(trace(started_at=NOON - timedelta(days=2))).stored == 1
