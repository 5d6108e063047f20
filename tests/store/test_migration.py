"""From nothing to the newest revision, back to nothing, and up again."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from migrations.revisions import head_revision, known_revisions
from migrations.schema import alembic_config, is_compared, migrate, migrate_down
from store.days import Days
from store.errors import WrongRevision
from store.revision import require_revision
from store.sessions import Sessions
from store.tables import metadata
from tests.builders import NOON, trace
from tests.store.feed import FOREVER, Feed, execute, one, rows

# Everything of ours: Alembic's own table stays, empty.
_OURS = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relname !~ '^alembic_version' AND relkind NOT IN ('i', 'I', 't')
ORDER BY 1
"""


@pytest.fixture
def empty(database: str) -> Iterator[Sessions]:
    """Connections to a database with nothing in it."""
    sessions = Sessions(database)
    yield sessions
    sessions.close()


def differences(sessions: Sessions) -> list[object]:
    """What Alembic finds between the database and the tables in the code."""
    with sessions.write() as db:
        options = {"include_name": is_compared, "compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(db, opts=options), metadata))


def test_the_newest_schema_is_the_one_in_the_code(empty: Sessions) -> None:
    """Zero to head: no table, column, type, default, index or constraint differs, and no sequence is missing."""
    assert migrate(empty) == (None, head_revision())
    assert differences(empty) == []
    with empty.read() as db:
        found = inspect(db)
        assert set(metadata._sequences) <= set(found.get_sequence_names())  # noqa: SLF001 - SQLAlchemy shows them nowhere else
        for table in metadata.sorted_tables:
            columns = [column["name"] for column in found.get_columns(table.name)]
            assert columns == [column.name for column in table.columns]


def test_revisions_are_named_as_their_files() -> None:
    """Commands know them by the files alone, in the order in which Alembic runs them."""
    scripts = ScriptDirectory.from_config(alembic_config())
    walked = [script.revision for script in scripts.walk_revisions()]
    assert (head_revision(), known_revisions()) == (scripts.get_current_head(), frozenset(walked))
    assert walked == sorted(walked, reverse=True)


def test_a_difference_would_be_found(sessions: Sessions) -> None:
    """The comparison is not blind: it sees a lost default, a lost index and a column too many."""
    execute(sessions, "ALTER TABLE ingest_offsets ALTER COLUMN updated_at DROP DEFAULT")
    execute(sessions, "DROP INDEX ix_outcomes_batch_id")
    execute(sessions, "ALTER TABLE traces ADD COLUMN extra text")
    assert len(differences(sessions)) == 3


def test_days_are_not_compared(sessions: Sessions) -> None:
    """Day partitions, attached or not, are no difference: ingest makes them, not a migration."""
    days = Days(sessions, raw_retention=FOREVER)
    days.ensure([NOON.date()])
    execute(sessions, "CREATE TABLE attempts_20200101 (LIKE attempts)")
    assert differences(sessions) == []


def test_down_leaves_nothing(empty: Sessions) -> None:
    """Tables and sequences are gone, filled, detached and half-made days too; and the way up is free again."""
    migrate(empty)
    Feed(empty).send(trace())
    execute(empty, "CREATE TABLE traces_20200101 (LIKE traces)")
    execute(empty, "ALTER TABLE attempts DETACH PARTITION attempts_20261123")
    assert migrate_down(empty, "base") == (head_revision(), None)
    assert rows(empty, _OURS) == []
    assert migrate(empty) == (None, head_revision())
    assert differences(empty) == []
    assert Feed(empty).send(trace()).stored == 1


def test_twice_changes_nothing(sessions: Sessions) -> None:
    """A database at head stays as it is, with what is in it."""
    Feed(sessions).send(trace())
    before = rows(sessions, _OURS)
    assert migrate(sessions) == (head_revision(), head_revision())
    assert rows(sessions, _OURS) == before
    assert one(sessions, "SELECT count(*) FROM traces") == 1


def test_two_at_the_same_moment(database: str) -> None:
    """One migrates, the other waits and finds nothing to do."""
    both = [Sessions(database), Sessions(database)]
    with ThreadPoolExecutor(2) as threads:
        done = sorted(threads.map(migrate, both), key=str)
    for sessions in both:
        sessions.close()
    assert done == [(head_revision(), head_revision()), (None, head_revision())]


def test_a_turn_may_take_long(empty: Sessions, database: str) -> None:
    """Who comes second waits for a migration that lasts longer than any other lock may."""
    with psycopg.connect(database) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [0x706F_696E_7473 + 2])
        with ThreadPoolExecutor(1) as threads:
            second = threads.submit(migrate, empty)
            time.sleep(3.5)
            assert not second.done()
            other.rollback()
            assert second.result() == (None, head_revision())


def test_a_failed_migration_leaves_nothing(empty: Sessions) -> None:
    """All in one transaction: where a table of that name stands in the way, nothing has changed."""
    execute(empty, "CREATE TABLE heartbeats (id int)")
    with pytest.raises(Exception, match="already exists"):
        migrate(empty)
    assert rows(empty, _OURS) == [("heartbeats",)]


def test_no_schema_is_refused_with_the_command(empty: Sessions) -> None:
    """A process that finds no schema says which command makes one, and makes none itself."""
    with pytest.raises(WrongRevision, match=r"no schema yet; run: pointsman migrate$"):
        require_revision(empty, head_revision(), known_revisions())
    assert rows(empty, _OURS) == []


def test_head_passes(sessions: Sessions) -> None:
    """The schema of this version is taken without a word."""
    require_revision(sessions, head_revision(), known_revisions())


def test_an_older_revision_is_refused_with_the_command(sessions: Sessions) -> None:
    """A known revision that is not the newest needs a migration."""
    known = known_revisions() | {"0009_later"}
    with pytest.raises(WrongRevision, match=r"at revision \w+, this version needs 0009_later; run: pointsman mig"):
        require_revision(sessions, "0009_later", known)


def test_a_newer_revision_is_refused(sessions: Sessions) -> None:
    """A revision that this version does not know comes from a newer one: no process runs on it, nor migrates it."""
    execute(sessions, "UPDATE alembic_version SET version_num = '0099_newer'")
    with pytest.raises(WrongRevision, match=r"0099_newer, which this version does not know; upgrade Pointsman"):
        require_revision(sessions, head_revision(), known_revisions())
    for run in (migrate, lambda one: migrate_down(one, "base")):
        with pytest.raises(WrongRevision, match=r"0099_newer, which this version does not know; upgrade Pointsman"):
            run(sessions)


def test_a_way_down_to_nowhere_is_refused(sessions: Sessions) -> None:
    """A revision that does not exist is named in one sentence."""
    with pytest.raises(WrongRevision, match="this version has no revision 0000_nowhere"):
        migrate_down(sessions, "0000_nowhere")
    require_revision(sessions, head_revision(), known_revisions())
