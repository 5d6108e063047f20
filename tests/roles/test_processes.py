"""Every process runs well with the role that is meant for it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from pointsman.steer.tasks import keep_partitions
from pointsman_contract.decode import encode
from store.days import Days
from store.rights import INGEST, OPERATE, READ
from tests.builders import trace
from tests.cli.command import as_process, pointsman
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.roles.conftest import OwnedDatabase, owned_database, sessions_of
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer
from tests.store.feed import Feed, partition, unreadable
from tests.store.storyline import audit_story, tell

_END = 60
NOW = datetime.now(UTC)


@pytest.fixture
def deployed(owned: OwnedDatabase, apache_kafka: ApacheKafka, tmp_path: Path) -> Iterator[Deployment]:
    """Topics and one migrated database, on each PostgreSQL; its url is the owner's."""
    deployment = Deployment(apache_kafka.bootstrap, owned.url, tmp_path)
    try:
        yield deployment
    finally:
        deployment.close()


def test_ingest_and_the_operators(deployed: Deployment, owned: OwnedDatabase) -> None:
    """`pointsman ingest` stores into a day that was missing and keeps a dead letter; readers see both and change
    nothing; an operator moves an offset.
    """
    deployed.create_topics()
    process = deployed.reading(database_url=owned.of(INGEST))
    missing_day = datetime.now(UTC) - timedelta(days=20)
    places = deployed.publish(deployed.traces, [encode(trace(started_at=missing_day, tenant="t-91")), b"{"])
    deployed.wait_stored(places)
    assert process.health()["status"] == 200
    assert stored.one(deployed.url, f"SELECT count(*) FROM traces_{missing_day:%Y%m%d}") == 1
    assert process.terminate() == 0

    reader = {**deployed.settings, "database_url": owned.of(READ)}
    assert "invalid_json" in pointsman("dead-letters", "list", settings=reader).out
    (letter,) = owned.run("SELECT id FROM dead_letters")
    shown = pointsman("dead-letters", "show", str(letter[0]), settings=reader)
    assert (shown.code, shown.err) == (0, "")
    assert deployed.traces in pointsman("offsets", "list", settings=reader).out

    reset = ["offsets", "reset", "--topic", deployed.traces, "--to", "end", "--yes"]
    refused = pointsman(*reset, settings=reader)
    assert refused.code == 2
    assert refused.err == "pointsman: permission denied for table ingest_offsets\n"
    reset = ["offsets", "reset", "--topic", deployed.traces, "--to", "start"]
    operator = {**deployed.settings, "database_url": owned.of(OPERATE)}
    moved = pointsman(*reset, settings=operator)
    assert (moved.code, moved.err) == (0, "")


def test_letters_and_tenants_of_an_operator(deployed: Deployment, owned: OwnedDatabase) -> None:
    """An operator replays a dead letter and forgets a tenant; `doctor` finds no right missing with a reader's."""
    deployed.create_topics()
    process = deployed.reading(database_url=owned.of(INGEST))
    deployed.wait_stored(deployed.publish(deployed.traces, [encode(trace(started_at=NOW, tenant="t-91")), b"{"]))
    reader = {**deployed.settings, "database_url": owned.of(READ)}
    operator = {**deployed.settings, "database_url": owned.of(OPERATE)}
    examined = pointsman("doctor", settings=reader)
    # Half of the messages cannot be read, nobody leads, so nothing is counted, and it says so: nothing else is wrong.
    assert examined.code == 1, examined
    assert "3 problems" in examined.out
    assert "permission denied" not in examined.out + examined.err
    for command in (["dead-letters", "replay", "--max", "1"], ["forget", "--tenant", "t-91", "--yes"]):
        refused = pointsman(*command, settings=reader)
        assert refused.code == 2, refused
        assert "permission denied" in refused.err
        done = pointsman(*command, settings=operator)
        assert done.code == 0, done
    assert owned.run("SELECT count(*) FROM traces") == [(0,)]
    assert owned.run("SELECT count(*) FROM dead_letters WHERE replayed_at IS NOT NULL") == [(1,)]
    assert process.terminate() == 0


def test_prices_of_an_operator(owned: OwnedDatabase, tmp_path: Path) -> None:
    """An operator imports and reprices, ingest finds the book, a reader lists and checks and changes nothing."""
    file = tmp_path / "prices.csv"
    file.write_text("model,unit,usd_per_million\nqwen-*,input_tokens,1\nqwen-*,output_tokens,4\n")
    reader, operator = {"database_url": owned.of(READ)}, {"database_url": owned.of(OPERATE)}
    since = ["--since", f"{NOW - timedelta(days=2):%Y-%m-%d}"]
    with sessions_of(owned.of(INGEST)) as sessions:
        Feed(sessions).send(trace(started_at=NOW - timedelta(hours=1)))
        refused = pointsman("prices", "import", str(file), settings=reader)
        assert (refused.code, "permission denied" in refused.err) == (2, True)
        assert pointsman("prices", "import", str(file), settings=operator).code == 0
        Feed(sessions).send(trace(started_at=NOW - timedelta(minutes=1)), to=partition(1))
    assert owned.run("SELECT count(*) FROM attempts WHERE price_id = 1") == [(1,)]
    assert pointsman("prices", "check", settings=reader).code == 1
    refused = pointsman("prices", "reprice", *since, "--yes", settings=reader)
    assert (refused.code, "permission denied" in refused.err) == (2, True)
    done = pointsman("prices", "reprice", *since, "--yes", settings=operator)
    assert (done.code, done.err) == (0, "")
    assert "1 attempt other costs" in done.out
    assert pointsman("prices", "check", settings=reader).code == 0
    assert pointsman("prices", "list", settings=reader).code == 0
    replaced = ["prices", "import", str(file), "--replace", "--yes"]
    file.write_text(file.read_text().replace(",4", ",5"))
    assert pointsman(*replaced, settings=operator).out.startswith("added 1, withdrew 1")
    assert pointsman("forget", "--session", "s-1", "--yes", settings=operator).code == 0


@pytest.mark.parametrize("command", [["migrate"], ["migrate", "--down-to", "base", "--yes"]], ids=" ".join)
def test_only_the_owner_migrates(owned: OwnedDatabase, command: list[str]) -> None:
    """Exit code 2 and one sentence; the schema stays."""
    owned.run("DROP FUNCTION make_days(date[]); UPDATE alembic_version SET version_num = '0001_data_path'")
    said = pointsman(*command, settings={"database_url": owned.of(INGEST)})
    assert said.code == 2
    assert "permission denied" in said.err or "must be owner" in said.err
    assert said.err.count("\n") == 1
    assert owned.run("SELECT version_num FROM alembic_version") == [("0001_data_path",)]


def test_a_whole_story_with_the_role_of_ingest(owned: OwnedDatabase) -> None:
    """Duplicates, dead letters, both sides of a midnight: everything that a consumer does is within its rights."""
    with sessions_of(owned.of(INGEST)) as sessions:
        feed = Feed(sessions, raw_retention=timedelta(days=3650))
        assert tell(feed, partitions=2, end=_END, size=20) == 0
        audit_story(feed, partitions=2, end=_END)


def test_maintenance_as_a_member_of_the_owner(owned: OwnedDatabase, postgres: PostgresServer) -> None:
    """A login that is a member of the owner drops days and deletes what is old, as `pointsman up` does; the days that
    it made are the owner's, so that another member drops them later.
    """
    old = datetime.now(UTC) - timedelta(days=45)
    with sessions_of(owned.url) as sessions:
        Feed(sessions, raw_retention=timedelta(days=60)).send(trace(started_at=old), unreadable())
    with psycopg.connect(postgres.url("postgres")) as superuser:
        superuser.execute("DROP ROLE IF EXISTS caretaker")
        superuser.execute("CREATE ROLE caretaker LOGIN IN ROLE roles_owner")
    with sessions_of(owned.url.replace("roles_owner@", "caretaker@")) as sessions:
        days = Days(sessions, raw_retention=timedelta(days=30))
        ahead: list[int] = []
        keep_partitions(sessions, days, ready=ahead.append)
    assert ahead == [7]
    assert owned.run(f"SELECT to_regclass('traces_{old:%Y%m%d}')") == [(None,)]
    owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname ~ '^(traces|attempts)_[0-9]{8}$'"
    assert owned.run(owners) == [("roles_owner",)]


def test_maintenance_with_the_role_of_ingest_ends(postgres18: PostgresServer) -> None:
    """It may not drop what is stored: the process that tries ends with the reason."""
    with owned_database(postgres18) as owned:
        settings = {"database_url": owned.of(INGEST), "kafka_bootstrap": "127.0.0.1:1", "http_port": 0}
        old = datetime.now(UTC) - timedelta(days=45)
        owned.run(f"SELECT make_days(ARRAY['{old:%Y-%m-%d}'::date])")
        said = as_process("up", settings=settings)
    assert said.code == 2
    assert "permission denied for table" in said.err.splitlines()[-1]
