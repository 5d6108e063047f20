"""What tests want to know of other processes."""

from collections.abc import Iterable
from contextlib import suppress

import psutil


def has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more; that nobody has collected it yet does not matter."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def names_of(processes: Iterable[psutil.Process]) -> set[str]:
    """The names of those that are still there: a database ends workers at any time."""
    names = set()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            names.add(process.name())
    return names
