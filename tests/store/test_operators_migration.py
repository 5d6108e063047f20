"""From a database of the first version, with rows in its days, to this one and back."""

import time
from datetime import timedelta

import psycopg
import pytest

from migrations.revisions import head_revision
from migrations.schema import migrate, migrate_down
from store.sessions import Sessions
from tests.builders import NOON, heartbeat, outcome, trace
from tests.conftest import Scale
from tests.store.feed import HEARTBEATS_0, OUTCOMES_0, Feed, execute, one, rows, unreadable

_FIRST = "0001_data_path"


@pytest.fixture
def first_version(sessions: Sessions, scale: Scale) -> Sessions:
    """A store with days, rows in all of its tables, and the schema of the first version."""
    feed = Feed(sessions)
    for day in range(scale(long=60, small=5)):
        feed.send(trace(started_at=NOON - timedelta(days=day)), unreadable())
    feed.send(outcome(), to=OUTCOMES_0)
    feed.send(heartbeat(), to=HEARTBEATS_0)
    assert migrate_down(sessions, _FIRST)[1] == _FIRST
    return sessions


def test_rows_are_not_rewritten(first_version: Sessions) -> None:
    """Every file of the tables is the same one afterwards, and no row of before counts as replayed."""
    files = "SELECT relname, relfilenode FROM pg_class WHERE relname ~ '^(traces|outcomes|heartbeats|dead_letters)'"
    before = set(rows(first_version, files))
    assert migrate(first_version) == (_FIRST, head_revision())
    assert before <= set(rows(first_version, files))
    for table in ("traces", "outcomes", "heartbeats"):
        assert rows(first_version, f"SELECT DISTINCT replayed FROM {table}") == [(False,)]
    assert rows(first_version, "SELECT DISTINCT replay_of, replay_began_at, replayed_at FROM dead_letters") == [
        ("", None, None)
    ]
    assert Feed(first_version).send(trace(started_at=NOON)).stored == 1


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_day_that_is_detached_can_come_back(first_version: Sessions, way: str) -> None:
    """A loose day gets the column too, and loses it: ingest attaches such a day again for a late trace."""
    if way == "down":
        migrate(first_version)
    execute(first_version, "ALTER TABLE traces DETACH PARTITION traces_20261122")
    if way == "down":
        migrate_down(first_version, _FIRST)
    migrate(first_version)
    assert Feed(first_version).send(trace(started_at=NOON - timedelta(days=1))).stored == 1
    assert one(first_version, "SELECT count(*) FROM traces_20261122") == 2


def test_a_detach_that_was_cut_short_is_finished(first_version: Sessions, store_url: str) -> None:
    """PostgreSQL passes such a day over where its parent gains a column: it must not be left without."""
    with psycopg.connect(store_url) as reader, psycopg.connect(store_url, autocommit=True) as maintenance:
        reader.execute("SELECT count(*) FROM traces")
        maintenance.execute("SET statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            maintenance.execute("ALTER TABLE traces DETACH PARTITION traces_20261121 CONCURRENTLY")
    assert one(first_version, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == 1
    migrate(first_version)
    assert one(first_version, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == 0
    assert Feed(first_version).send(trace(started_at=NOON - timedelta(days=2))).stored == 1


def test_a_table_in_use_is_not_waited_for(first_version: Sessions, store_url: str) -> None:
    """Within seconds the migration gives up and nothing has changed: ingest would else queue up behind it."""
    with psycopg.connect(store_url) as reader:
        reader.execute("SELECT count(*) FROM traces")
        began = time.monotonic()
        with pytest.raises(Exception, match="lock"):
            migrate(first_version)
        assert time.monotonic() - began < 8
    assert one(first_version, "SELECT version_num FROM alembic_version") == _FIRST
