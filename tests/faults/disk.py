"""A disk of a few megabytes for a test: a file system in a file, or in memory; filled to the last byte, and freed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_CHUNK = 64 * 1024


class SmallDisk:
    """A directory on a file system of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._filler = directory / "filler"

    def fill(self) -> None:
        """Take all that is free."""
        with self._filler.open("ab") as file:
            try:
                while True:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), _CHUNK)
            except OSError:
                # The last few blocks, which no longer come in such chunks.
                while _write(file.fileno()):
                    continue

    def free(self) -> None:
        """Give it back."""
        self._filler.unlink()


@contextmanager
def small_disk(directory: Path, megabytes: int, image: Path) -> Iterator[SmallDisk]:
    """Mount a small file system on a directory; `image` is the file that holds it. Skips where nobody may mount."""
    directory.mkdir(exist_ok=True)
    with image.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    in_a_file = ["mount", "-o", "loop", str(image), str(directory)]
    in_memory = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(directory)]
    made = _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image)) and _run(*in_a_file)
    if not made and not _run(*in_memory):
        pytest.skip("a small disk takes the right to mount one: run as root")
    try:
        yield SmallDisk(directory)
    finally:
        _run("umount", "--lazy", str(directory))
        image.unlink()


def _run(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _write(descriptor: int) -> bool:
    try:
        return os.pwrite(descriptor, b"\0" * 512, os.fstat(descriptor).st_size) == 512
    except OSError:
        return False
