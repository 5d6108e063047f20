"""Locks on files that end with their last holder, so that there is never a stale one to break."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_S = 0.05


class LockTaken(Exception):
    """Somebody else held the lock for as long as the caller was willing to wait."""

    def __init__(self, holder: int | None) -> None:
        super().__init__()
        self.holder = holder
        """Process id of who took it last, if that can be read."""


@contextmanager
def exclusive(path: Path, *, within_s: float) -> Iterator[int]:
    """Hold the lock on `path` (made if missing) during the block; gives its file descriptor.

    A child process that is handed the descriptor holds the lock too: it is free once all of them are gone. Raises
    LockTaken after `within_s` seconds, OSError when the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, time.monotonic() + within_s)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, deadline: float) -> None:
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() >= deadline:
            raise LockTaken(_holder(descriptor))
        time.sleep(_POLL_S)


def _holder(descriptor: int) -> int | None:
    with contextlib.suppress(ValueError):
        return int(os.pread(descriptor, 32, 0))
    return None
