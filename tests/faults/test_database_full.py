"""The database's disk is full, and is freed again: ingest waits with the reason, loses nothing, and goes on."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.faults.disk import SmallDisk, small_disk
from tests.faults.report import tell
from tests.ingest.deployment import Deployment
from tests.ingest.ledger import Ledger
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer

_LOAD = 3_000


@pytest.fixture
def server(postgres18: PostgresServer, service_directory: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL of a test's own: its disks are filled."""
    directory = service_directory / f"full-{secrets.token_hex(4)}"
    directory.mkdir()
    directory.chmod(0o755)
    own = postgres18.another(directory)
    own.start()
    try:
        yield own
    finally:
        own.stop()


def execute(server: PostgresServer, statement: str) -> None:
    """Run a statement on the server's own database."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def deployed_on(server: PostgresServer, bootstrap: str, directory: Path, options: str = "") -> Iterator[Deployment]:
    """A deployment whose database is made with these options."""
    name = f"full_{secrets.token_hex(4)}"
    execute(server, f"CREATE DATABASE {name} {options}")
    with closing(Deployment(bootstrap, server.url(name), directory)) as deployment:
        deployment.migrate()
        deployment.create_topics(partitions=2)
        yield deployment
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_full_tablespace(server: PostgresServer, apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    """No row can be written, every one can be read: it says so all the while, also between two tries."""
    image = server.data.with_name("tablespace.img")
    with small_disk(server.data.with_name("tablespace"), 64, image) as disk:
        server.own(disk.directory)
        execute(server, f"CREATE TABLESPACE small LOCATION '{disk.directory}'")
        with deployed_on(server, apache_kafka.bootstrap, tmp_path, "TABLESPACE small") as deployment:
            ledger = Ledger(deployment)
            ingest = deployment.reading()
            ledger.send(_LOAD)
            ledger.wait_stored()
            disk.fill()
            ledger.send(_LOAD)
            health = ingest.wait_health("waiting_for_store")
            assert health["status"] == 503
            assert "No space left on device" in health["detail"]
            states = set()
            tries = len(ingest.events("reading_from"))
            while len(ingest.events("reading_from")) < tries + 3:
                states.add(ingest.health()["state"])
            assert states == {"waiting_for_store"}
            disk.free()
            ledger.wait_stored()
            assert ingest.wait_health("reading")["status"] == 200
            assert "Traceback" not in ingest.output
            tell("tablespace full", ledger.audit(), log_lines=len(ingest.events()))
        execute(server, "DROP TABLESPACE small")


@contextmanager
def small_wal(server: PostgresServer) -> Iterator[SmallDisk]:
    """The server's write-ahead log on a small disk, while the block lasts; the server runs again in the block."""
    server.stop()
    wal, kept = server.data / "pg_wal", server.data.with_name("pg_wal.kept")
    wal.rename(kept)
    with small_disk(wal, 96, server.data.with_name("wal.img")) as disk:
        shutil.copytree(kept, wal, dirs_exist_ok=True)
        for path in (wal, *wal.rglob("*")):
            server.own(path)
        wal.chmod(0o700)
        server.start()
        yield disk
        server.stop()
        for path in kept.rglob("*"):
            if path.is_file():
                path.unlink()
        shutil.copytree(wal, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lost+found"))
    wal.rmdir()
    kept.rename(wal)
    for path in (wal, *wal.rglob("*")):
        server.own(path)
    server.start()


@pytest.mark.long
def test_a_full_write_ahead_log(server: PostgresServer, apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    """PostgreSQL itself goes down (PANIC) and comes up once there is room and somebody starts it: ingest waits."""
    with small_wal(server) as disk, deployed_on(server, apache_kafka.bootstrap, tmp_path) as deployment:
        ledger = Ledger(deployment)
        ingest = deployment.reading()
        ledger.send(_LOAD)
        ledger.wait_stored()
        disk.fill()
        while server.running():
            ledger.send(_LOAD)
        assert ingest.wait_health("waiting_for_store")["status"] == 503
        disk.free()
        server.stop()
        server.start()
        ledger.wait_stored()
        assert ingest.wait_health("reading")["status"] == 200
        assert "Traceback" not in ingest.output
        tell("write-ahead log full", ledger.audit(), log_lines=len(ingest.events()))
