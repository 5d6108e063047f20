"""Addresses of a running process, for the shell of whoever wants to talk to it."""

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pointsman.settings import Settings, SettingsError, variable

# What a shell takes as it stands in an assignment. Most values are then the same for a shell, Docker and an editor.
_PLAIN = re.compile(r"^[A-Za-z0-9@%+=:,./?_-]+$")


@contextmanager
def written_env_file(path: Path | None, settings: Settings, http_port: int) -> Iterator[None]:
    """Write the file at once and whole, readable for its owner only (it may hold a password); remove it at the end.

    Raises SettingsError where it cannot be written. Nothing happens without a path.
    """
    if path is None:
        yield
        return
    values = {
        "kafka_bootstrap": settings.kafka_bootstrap,
        "database_url": settings.database_url.get_secret_value(),
        "environment": settings.environment,
        "topic_prefix": settings.topic_prefix,
        "http_port": str(http_port),
    }
    text = "".join(
        f"{variable(name)}={value if _PLAIN.match(value) else shlex.quote(value)}\n"
        for name, value in values.items()
        if value
    )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
