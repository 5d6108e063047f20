"""A service as a child process that ends when its application does, however the application ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pointsman.embedded.errors import EmbeddedFailed

_GUARDIAN = Path(__file__).with_name("guardian.py")
_TAIL_BYTES = 2000
_POLL_S = 0.02


@dataclass(frozen=True)
class Service:
    """How to run one service.

    `grace_s` is the time in seconds between `stop_signal` and kill -9. `output` is the file that takes what the
    service writes (emptied first); without it a nameless file does, that is gone with its last reader. `keep_open`
    are file descriptors that the service inherits.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 5.0
    output: Path | None = None
    keep_open: Sequence[int] = ()


class GuardedProcess:
    """A running service. It has a session of its own: the terminal's Ctrl-C goes to the application alone."""

    def __init__(self, service: Service, guardian: subprocess.Popen[bytes], output: IO[bytes], pid: int) -> None:
        self.pid = pid
        self._service = service
        self._guardian = guardian
        self._output = output

    @property
    def name(self) -> str:
        """What it is called in sentences."""
        return self._service.name

    @classmethod
    def start(cls, service: Service) -> Self:
        """Start the service and return at once; `wait_until` tells when it is of use.

        Raises EmbeddedFailed when the program cannot be run at all, and OSError when `output` cannot be written.
        """
        output = _private_file(service.output)
        command = [sys.executable, "-I", "-S", str(_GUARDIAN), str(int(service.stop_signal)), str(service.grace_s)]
        guardian = subprocess.Popen(
            [*command, *service.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            # The root directory: a service must not pick up a configuration file from where the user happens to be.
            cwd="/",
            env=dict(service.environment),
            pass_fds=tuple(service.keep_open),
            start_new_session=True,
        )
        assert guardian.stdout is not None
        with guardian.stdout as pipe:
            pid = pipe.readline().strip()
        started = cls(service, guardian, output, int(pid or 0))
        if not pid:
            guardian.wait()
            reason = started.tail()
            started.stop()
            raise EmbeddedFailed(f"{service.name} cannot be run: {reason}")
        return started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def running(self) -> bool:
        """Whether the service has not ended yet."""
        return self._guardian.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, within_s: float) -> None:
        """Wait for the service to be ready, at most `within_s` seconds.

        Raises EmbeddedFailed, with the last lines of its output, when it ends or the time is over; it is not stopped.
        """
        deadline = time.monotonic() + within_s
        while not ready():
            if not self.running():
                raise EmbeddedFailed(f"{self._service.name} ended while it was starting:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise EmbeddedFailed(f"{self._service.name} was not ready within {within_s:g} s:\n{self.tail()}")
            time.sleep(_POLL_S)

    def wait_ended(self, *, within_s: float) -> bool:
        """Wait at most `within_s` seconds for the service to end; whether it did."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guardian.wait(within_s)
        return not self.running()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the service itself. Does nothing when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def stop(self) -> None:
        """Ask the service to end, kill it after its grace, and return when it is gone. A second call does nothing."""
        assert self._guardian.stdin is not None
        self._guardian.stdin.close()
        if not self.wait_ended(within_s=self._service.grace_s + 5):
            self._guardian.kill()
            self._guardian.wait()
        self._output.close()

    def tail(self) -> str:
        """The last lines of what the service wrote."""
        # A positioned read: the service writes through the same open file, whose position must not move.
        size = os.fstat(self._output.fileno()).st_size
        start = max(0, size - _TAIL_BYTES)
        text = os.pread(self._output.fileno(), _TAIL_BYTES, start).decode(errors="replace")
        return "\n".join(text.splitlines()[1 if start else 0 :])


Started = Callable[[GuardedProcess], None]


def _private_file(path: Path | None) -> IO[bytes]:
    if path is None:
        descriptor, name = tempfile.mkstemp()
        Path(name).unlink()
    else:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(descriptor, "w+b")


def accepts_connections(address: tuple[str, int]) -> bool:
    """Whether something listens on this TCP address."""
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
        return True
    return False
