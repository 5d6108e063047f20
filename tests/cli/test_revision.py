"""No process runs on a schema that is not its own, and none migrates by itself."""

import psycopg
import pytest

from tests.cli.command import as_process, pointsman

READERS = [["ingest"], ["steer"], ["up"], ["dead-letters", "list"], ["dead-letters", "show", "1"], ["offsets", "list"]]


def settings(url: str) -> dict[str, object]:
    """A database that is there, and a broker that is never asked."""
    return {"database_url": url, "kafka_bootstrap": "127.0.0.1:1", "http_port": 0}


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_an_empty_database(database18: str, command: list[str]) -> None:
    """The sentence holds the command to run, nothing is created, and the exit code is 2."""
    said = pointsman(*command, settings=settings(database18))
    assert said.code == 2
    assert said.err.splitlines()[-1].endswith("run: pointsman migrate")
    assert "Traceback" not in said.err
    with psycopg.connect(database18) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


@pytest.mark.parametrize("command", [*READERS, ["migrate"]], ids=" ".join)
def test_a_newer_database(database18: str, command: list[str]) -> None:
    """A revision of the future is refused by all of them, `migrate` too, and stays as it is."""
    assert pointsman("migrate", settings=settings(database18)).code == 0
    with psycopg.connect(database18) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    said = pointsman(*command, settings=settings(database18))
    assert said.code == 2
    assert "9999_future" in said.err.splitlines()[-1]
    with psycopg.connect(database18) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999_future",)


def test_migrate_twice(database18: str) -> None:
    """The second time there is nothing to do, and it says so."""
    assert pointsman("migrate", settings=settings(database18)).code == 0
    said = pointsman("migrate", settings=settings(database18))
    assert said.code == 0
    assert said.out.strip()


def test_the_way_down_is_told_first(database18: str) -> None:
    """Nobody who could say yes: the question says what would go, and all of it stays."""
    assert pointsman("migrate", settings=settings(database18)).code == 0
    said = as_process("migrate", "--down-to", "base", settings=settings(database18))
    assert said.code == 1
    assert "Going down to base deletes every table, with all that is stored. Go on?" in said.err
    assert pointsman("migrate", settings=settings(database18)).out.startswith("already at ")
