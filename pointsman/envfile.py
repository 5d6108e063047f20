"""Addresses of a running process, for the shell of whoever wants to talk to it."""

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

from pointsman.settings import KAFKA, Settings, SettingsError, variable

log = structlog.get_logger()

# What a shell takes as it stands in an assignment. Most values are then the same for a shell, Docker and an editor.
_PLAIN = re.compile(r"^[A-Za-z0-9@%+=:,./?_-]+$")


def remove_stale_env_file(path: Path | None) -> None:
    """Take away what an earlier process left: its addresses would mislead whoever waits for the file.

    Raises SettingsError where `path` is something else than a file, or nothing can be written there.
    """
    if path is None:
        return
    try:
        if not path.name:
            raise SettingsError("--env-file: expected the name of a file")
        if not path.parent.is_dir():
            raise SettingsError(f"--env-file: there is no directory {path.parent}")
        if not stat.S_ISREG(path.lstat().st_mode):
            raise SettingsError(f"--env-file: {path} is there already and is no regular file")
        path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingsError(f"--env-file: cannot replace {path}: {error.strerror}") from error


@contextmanager
def written_env_file(path: Path | None, settings: Settings, http_port: int) -> Iterator[None]:
    """Write the file at once and whole, readable for its owner only (it may hold a password); remove it at the end.

    Raises SettingsError where it cannot be written. Nothing happens without a path.
    """
    if path is None:
        yield
        return
    written = _write(path, _assignments(settings, http_port))
    # A shell looks for a name without a slash in its PATH.
    sourced = shlex.quote(str(path) if path.is_absolute() else f"./{path}")
    log.info("addresses_written", for_another_terminal=f"set -a; . {sourced}; set +a")
    try:
        yield
    finally:
        # Another process may have put its own there meanwhile.
        if path.exists() and path.stat().st_ino == written:
            path.unlink(missing_ok=True)


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


def _write(path: Path, text: str) -> int:
    """Replace the file; returns its inode."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
            file.write(text)
            inode = os.fstat(file.fileno()).st_ino
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise SettingsError(f"--env-file: cannot write {path}: {error.strerror}") from error
    return inode
