"""What a process and a database server have used so far, from the operating system's own account."""

import os
from pathlib import Path

import psutil
import psycopg

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_MIB_IN_KIB = 1024


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, user and system, with the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS_A_SECOND


def peak_mib(pid: int) -> float:
    """The largest resident memory of a process so far, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / _MIB_IN_KIB


def database_cpu_s(url: str) -> float:
    """CPU seconds of the whole PostgreSQL server, sessions that ended included."""
    with psycopg.connect(url) as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
        if server is None:
            raise RuntimeError("the session has no server")
        return cpu_s(server.pid) + sum(cpu_s(child.pid) for child in server.children())
