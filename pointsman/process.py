"""The frame of a long-running process: threads, signals, and an end that comes.

SIGTERM and SIGINT ask every service to finish; a thread that dies ends the process with its reason.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn, Protocol

import structlog

from pointsman.exits import ATTENTION, code_of
from pointsman_contract.errors import PointsmanError

log = structlog.get_logger()

# Ten seconds is what container runtimes and our own documentation promise; one is kept for the way out.
STOP_WITHIN_S = 9.0
_LAST_WORDS_S = 0.9
_LOOK_S = 0.02
_STANDARD_ERROR = 2
_AT_ONCE = b"pointsman: ended at once, with nothing finished\n"


class Service(Protocol):
    """Something that runs until it is told to stop."""

    name: str

    def run(self) -> None:
        """Work until `stop`; an exception ends the process."""

    def stop(self) -> None:
        """Ask `run` to return soon; may be called twice, and from a signal handler."""


class StoppedEarly(BaseException):
    """The process was asked to end while it was still starting: nothing is under way that would have to be finished."""


class Stopping:
    """Whether the process was asked to end, and who else wants to know."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        # What ended services before they were asked to, the first one first.
        self.failures: list[BaseException] = []
        self._was_asked = False
        self._is_starting = False
        self._at_once: list[Callable[[], None]] = []

    @contextmanager
    def undone_at_once(self, undo: Callable[[], None]) -> Iterator[None]:
        """Where the process is ended at once in this block, `undo` is called before. It must not wait for anything."""
        self._at_once.append(undo)
        try:
            yield
        finally:
            self._at_once.remove(undo)

    def end_at_once(self, code: int, last_words: bytes = b"") -> NoReturn:
        """End the process without finishing anything; they are said where somebody reads them."""
        try:
            for undo in self._at_once:
                with suppress(Exception):
                    undo()
            # Not through a stream: interrupted code may hold its lock. Closed or full, it must not keep us.
            with suppress(OSError, ValueError):
                if last_words and select.select([], [_STANDARD_ERROR], [], 0)[1]:
                    # `select` speaks for so many bytes.
                    os.write(_STANDARD_ERROR, last_words[: select.PIPE_BUF])
        finally:
            os._exit(code)

    def end_late(self) -> NoReturn:
        """End the process, which was asked to and has not managed; with the reason, where it has one."""
        why = self.failures[0] if self.failures else "it did not end in time, and ends unfinished"
        code = code_of(why) if isinstance(why, PointsmanError) else ATTENTION
        self.end_at_once(code, f"pointsman: {why}\n".encode(errors="replace"))

    @contextmanager
    def held_up_by_nothing(self, within_s: float = STOP_WITHIN_S) -> Iterator[None]:
        """A process that was asked to end does, also where this block hangs, be it in a log line that nobody reads."""
        left = threading.Event()

        def watch() -> None:
            while not self.asked.wait(1.0):
                if left.is_set():
                    return
            if not left.wait(within_s + _LAST_WORDS_S):
                self.end_late()

        threading.Thread(target=watch, name="end", daemon=True).start()
        try:
            yield
        finally:
            left.set()

    @contextmanager
    def starting(self) -> Iterator[None]:
        """What may be cut short at any point: being asked to end raises StoppedEarly in here."""
        self._is_starting = True
        try:
            if self.asked.is_set():
                raise StoppedEarly
            yield
        finally:
            self._is_starting = False

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT ask; a second SIGINT ends at once."""

        def ask(number: int, _frame: FrameType | None) -> None:
            again, self._was_asked = self._was_asked or self.asked.is_set(), True
            if again:
                # Not `set` once more: this may have come inside of the first one's, which holds the event's lock.
                if number == signal.SIGINT and self.failures:
                    self.end_late()
                elif number == signal.SIGINT:
                    self.end_at_once(130, _AT_ONCE)
                return
            self.asked.set()
            if self._is_starting:
                self._is_starting = False
                raise StoppedEarly

        before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def finished_unless_asked(work: Callable[[], None], stopping: Stopping) -> bool:
    """Run `work` in a thread until it ends, or is left behind because the process was asked to end; whether it ended.

    Raises what `work` raised. It must hold nothing that has to be put in order.
    """
    ended = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            failures.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="starting", daemon=True).start()
    while not ended.wait(0.05):
        if stopping.asked.is_set():
            return False
    if failures:
        raise failures[0]
    return True


def run_services(services: Sequence[Service], stopping: Stopping) -> None:
    """Run each service in a thread until asked to stop. Raises what the first failing one raised."""

    def guard(service: Service) -> None:
        try:
            service.run()
        except BaseException as error:  # noqa: BLE001 - whatever ends a thread ends the process
            stopping.failures.append(error)
        finally:
            stopping.asked.set()

    threads = [threading.Thread(target=guard, args=(service,), name=service.name, daemon=True) for service in services]
    for thread in threads:
        thread.start()
    # Not the event's own wait: a signal that comes in it finds its lock taken by the very thread that has to set it.
    while not stopping.asked.is_set():
        time.sleep(_LOOK_S)
    for service in services:
        service.stop()
    _join(threads, time.monotonic() + STOP_WITHIN_S, stopping)
    if stopping.failures:
        failure = stopping.failures[0]
        if isinstance(failure, (OSError, SystemExit)):
            # Else it would pass for trouble with standard output, or for an end that was meant.
            raise RuntimeError(f"a service ended: {failure!r}") from failure
        raise failure


def _join(threads: Sequence[threading.Thread], deadline: float, stopping: Stopping) -> None:
    # In short steps: a signal that comes just before a wait does not end it.
    while (late := [thread.name for thread in threads if thread.is_alive()]) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    if late:
        log.error("did_not_stop_in_time", threads=late, waited_s=STOP_WITHIN_S)
        stopping.end_late()
