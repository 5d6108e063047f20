"""PostgreSQL servers for tests: the wheel's PostgreSQL 18, and the one that the system brings (15 on Debian 12)."""

import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from pointsman.embedded.account import server_account
from pointsman.embedded.cluster import SUPERUSER, Cluster
from pointsman.embedded.guarded import GuardedProcess
from pointsman.embedded.ports import free_port
from tests.services.missing import ServiceMissing
from tests.services.processes import has_ended

_DEBIAN_VERSIONS = Path("/usr/lib/postgresql")
_OLDEST = 15


class PostgresServer:
    """A server whose port and data outlive its process, so that it can be killed and brought back.

    `durable` makes it write through to the disk; tests that only kill processes do not need that.
    """

    def __init__(self, bindir: Path, directory: Path, *, durable: bool = False) -> None:
        self.major = major_version(bindir)
        self.data = directory / "data"
        self._bindir = bindir
        self._port = free_port()
        self._log = directory / "postgres.log"
        self._cluster = Cluster(bindir, self.data, server_account(self.data))
        self._process: GuardedProcess | None = None
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "fsync": "on" if durable else "off",
            # Nothing of ours may depend on the server's time zone: one that is on no full hour shows what does.
            "timezone": "Asia/Kathmandu",
        }

    def another(self, directory: Path) -> "PostgresServer":
        """A second server of the same programs, not started yet."""
        return PostgresServer(self._bindir, directory)

    def url(self, database: str) -> str:
        """The address of one database, in libpq's form."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start the server, on the data that it had; returns when it takes connections."""
        if not self._cluster.exists():
            self._cluster.create("pointsman")
        self._process = self._cluster.serve(self._settings, output=self._log)

    def running(self) -> bool:
        """Whether the server has not ended, by itself or by others."""
        return self._process is not None and self._process.running()

    def stop_at_once(self) -> None:
        """Stop without writing anything out ("immediate"): the next start recovers."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
        self.stop()

    def own(self, path: Path) -> None:
        """Give a file or directory to the account that the server runs under."""
        if self._cluster.account:
            self._cluster.account.own(path)

    def stop(self) -> None:
        """Shut down in good order, ending all sessions. Does nothing when it does not run."""
        if self._process:
            with suppress(psutil.NoSuchProcess):
                self.resume()
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """Kill -9 all of the server's processes."""
        killed = self._suspended()
        for process in killed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        while not all(has_ended(process) for process in killed):
            time.sleep(0.005)
        self.stop()

    def restart(self) -> None:
        """Stop and start, on the same port and data."""
        self.stop()
        self.start()

    def suspend(self) -> None:
        """Freeze all of the server's processes: connections stay open and nothing answers."""
        self._suspended()

    def resume(self) -> None:
        """Go on after `suspend`."""
        postmaster = self._postmaster()
        for process in postmaster.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.resume()
        postmaster.resume()

    def _suspended(self) -> list[psutil.Process]:
        # The postmaster first: it then neither starts processes nor has the others clean up after one that was killed.
        postmaster = self._postmaster()
        postmaster.suspend()
        children = postmaster.children(recursive=True)
        for process in children:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        return [postmaster, *children]

    def _postmaster(self) -> psutil.Process:
        if self._process is None:
            raise RuntimeError("PostgreSQL is not running")
        return psutil.Process(self._process.pid)


@contextmanager
def fresh_database(server: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty database, dropped with the block, whoever is still connected to it."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield server.url(name)
    finally:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def system_binaries() -> Path:
    """The programs of the oldest PostgreSQL on this system that we support. Raises ServiceMissing."""
    bindirs = [*_DEBIAN_VERSIONS.glob("*/bin")]
    if pg_config := shutil.which("pg_config"):
        bindirs.append(Path(subprocess.check_output([pg_config, "--bindir"], text=True).strip()))
    found = [(major_version(bindir), bindir) for bindir in bindirs if (bindir / "initdb").exists()]
    supported = sorted((major, bindir) for major, bindir in found if major >= _OLDEST)
    if not supported:
        raise ServiceMissing(f"the system has no PostgreSQL {_OLDEST} or newer: apt-get install postgresql")
    return supported[0][1]


def major_version(bindir: Path) -> int:
    """Which PostgreSQL these programs are. Raises ValueError when they do not say."""
    said = subprocess.check_output([bindir / "postgres", "--version"], text=True)
    version = re.search(r"\d+", said)
    if version is None:
        raise ValueError(f"{bindir / 'postgres'} says {said!r}")
    return int(version[0])
