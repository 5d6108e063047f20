"""What tests want to know of other processes."""

import psutil


def has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more; that nobody has collected it yet does not matter."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
