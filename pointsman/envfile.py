"""Addresses of a running process, for the shell of whoever wants to talk to it.

A file is ours where its first line says so, and in use for as long as somebody holds a lock on it: the lock ends with
its holder, however that ends.
"""

import errno
import fcntl
import os
import re
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from pydantic import SecretStr

from pointsman.process import Stopping
from pointsman.settings import KAFKA, Settings, SettingsError, variable

log = structlog.get_logger()

# What a shell takes as it stands in an assignment. Most values are then the same for a shell, Docker and an editor.
_PLAIN = re.compile(r"^[A-Za-z0-9@%+=:,./?_-]+$")
_OURS = re.compile(rb"# Written by pointsman up, process (\d{1,10}),")
_FIRST_LINE_BYTES = 200
# What file systems answer that know none, such as FAT and some of those shared with a virtual machine.
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def remove_stale_env_file(path: Path | None) -> None:
    """Take away what an earlier process left: its addresses would mislead whoever waits for the file.

    Raises SettingsError where something else is there, or the file of a process that still runs.
    """
    if path is None:
        return
    if not path.name:
        raise SettingsError("--env-file: expected the name of a file")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise SettingsError(f"--env-file: there is no directory {path.parent}") from None
        return
    except OSError as error:
        raise _in_the_way(path, error.strerror) from error
    try:
        _refuse_what_is_not_stale(path, descriptor)
        # Another process may have been quicker, and have its own there now.
        if path.stat().st_ino == os.fstat(descriptor).st_ino:
            path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingsError(f"--env-file: cannot replace {path}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _refuse_what_is_not_stale(path: Path, descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise _in_the_way(path, "is no regular file")
    first = os.pread(descriptor, _FIRST_LINE_BYTES, 0)
    ours = _OURS.match(first)
    # An empty one is what mktemp makes.
    if first and ours is None:
        raise _in_the_way(path, "was not written by pointsman up")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = "another process" if ours is None else f"process {int(ours[1])}"
        raise SettingsError(f"--env-file: {path} is that of {holder}, which runs; name another file") from None


def _in_the_way(path: Path, why: str | None) -> SettingsError:
    return SettingsError(f"--env-file: {path} is there already ({why}) and is left alone; name another file")


@contextmanager
def written_env_file(path: Path | None, settings: Settings, http_port: int, stopping: Stopping) -> Iterator[None]:
    """Write the file at once and whole, readable for its owner only (it may hold a password); remove it at the end.

    Raises SettingsError where it cannot be written, or another was put there meanwhile. Nothing happens without a path.
    """
    if path is None:
        yield
        return
    first_line = f"# Written by pointsman up, process {os.getpid()}, which removes it when it ends.\n"
    with _kept(path, first_line + _assignments(settings, http_port)) as inode:

        def remove() -> None:
            if path.exists() and path.stat().st_ino == inode:
                path.unlink(missing_ok=True)

        with stopping.undone_at_once(remove):
            try:
                # A shell looks for a name without a slash in its PATH.
                sourced = shlex.quote(str(path) if path.is_absolute() else f"./{path}")
                log.info("addresses_written", for_another_terminal=f"set -a; . {sourced}; set +a")
                yield
            finally:
                remove()


def _assignments(settings: Settings, http_port: int) -> str:
    kafka = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name in KAFKA
        if name in settings.model_fields_set and (value := getattr(settings, name)) != ""
    }
    values = {
        **kafka,
        "database_url": settings.database_url.get_secret_value(),
        "environment": settings.environment,
        "topic_prefix": settings.topic_prefix,
        "http_port": str(http_port),
    }
    return "".join(
        f"{variable(name)}={value if _PLAIN.match(value) else shlex.quote(value)}\n"
        for name, value in values.items()
        if value
    )


@contextmanager
def _kept(path: Path, text: str) -> Iterator[int]:
    """Make the file and hold its lock; gives its inode."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        file = os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w")
    except OSError as error:
        raise SettingsError(f"--env-file: cannot write {path}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(text)
            file.flush()
            _put_in_place(draft, path)
        except OSError as error:
            raise SettingsError(f"--env-file: cannot write {path}: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)
        yield os.fstat(file.fileno()).st_ino


def _put_in_place(draft: Path, path: Path) -> None:
    """Not by `replace`: what somebody else put there meanwhile is theirs. Raises OSError."""
    try:
        path.hardlink_to(draft)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # Ours, for a moment an empty one.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        try:
            draft.rename(path)
        except OSError:
            path.unlink(missing_ok=True)
            raise
