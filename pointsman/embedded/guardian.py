"""Stands between an application and the service that it started, and ends the service once the application is gone.

Run as a script, `python -I -S guardian.py SIGNAL GRACE PROGRAM [ARGUMENT...]`: SIGNAL (a number) asks the service to
end, after GRACE seconds it is killed. Standard input is a pipe whose other end only the application holds. The
application closes it to have the service ended, and the kernel closes it when the application dies, by kill -9 too.
A parent-death signal alone would not do: it fires when the *thread* that started the service ends.

The service's process id goes to standard output, all that the service writes goes to standard error. Only the
standard library is used, so that this process starts in some 20 ms and stays small.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def _end_with_guardian(stop_signal: int) -> Callable[[], None] | None:
    """What the child does between fork and exec, so that a killed guardian leaves nothing behind. Linux only.

    A function between fork and exec is only safe in a process with one thread; this is such a process.
    """
    if sys.platform != "linux":
        return None
    libc, guardian = ctypes.CDLL(None), os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, stop_signal)
        if os.getppid() != guardian:
            os._exit(1)

    return ask_kernel


def _signals_to_pipe() -> int:
    """Let each signal write a byte into a pipe, and return the end to read. None of them ends the guardian.

    Empty handlers and not SIG_IGN: a service would inherit the latter and then not hear the signal that ends it.
    """
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return readable


def _stop(service: subprocess.Popen[bytes], stop_signal: int, grace_s: float) -> None:
    service.send_signal(stop_signal)
    # A suspended process would only see the first signal once it goes on.
    service.send_signal(signal.SIGCONT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        service.wait(grace_s)
    if service.returncode is None:
        service.kill()
        service.wait()


def main(arguments: list[str]) -> int:
    """Run the service until it ends or the application is gone; returns its exit code as a shell would give it."""
    stop_signal, grace_s, program = int(arguments[0]), float(arguments[1]), arguments[2:]
    signalled = _signals_to_pipe()
    try:
        service = subprocess.Popen(
            program,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            # What the application handed over stays open in the service: a lock lives as long as its last holder.
            close_fds=False,
            process_group=0,
            # One thread, so this is safe.
            preexec_fn=_end_with_guardian(stop_signal),  # noqa: PLW1509 - see above
        )
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error.strerror}\n")
        return 127
    sys.stdout.write(f"{service.pid}\n")
    sys.stdout.flush()
    while service.poll() is None:
        ready, _, _ = select.select([sys.stdin, signalled], [], [])
        if sys.stdin in ready:
            _stop(service, stop_signal, grace_s)
        else:
            os.read(signalled, 1024)
    return service.returncode if service.returncode >= 0 else 128 - service.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
