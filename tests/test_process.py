"""Signals ask a process to end, whenever they come."""

import os
import select
import signal
import threading
import time

import pytest

from ingest.errors import IngestStopped
from pointsman.process import Stopping, finished_unless_asked, run_services
from store.errors import StoreDenied, WrongRevision


class AskedAgain(threading.Event):
    """An event that is set while the next signal comes: the same thread would wait for itself in a second `set`."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = False

    def set(self) -> None:
        """Not to be called from within."""
        assert not self.under_way, "a signal handler waits for what it has interrupted"
        self.under_way = True
        signal.raise_signal(signal.SIGTERM)
        super().set()
        self.under_way = False


def test_a_signal_that_comes_while_another_is_handled() -> None:
    """`timeout` sends two at once, to the process and to its group."""
    stopping = Stopping()
    stopping.asked = AskedAgain()
    with stopping.on_signals():
        signal.raise_signal(signal.SIGTERM)
    assert stopping.asked.is_set()


def test_the_main_thread_never_holds_what_a_signal_needs() -> None:
    """It looks whether it is to end, and does not wait for it: a signal would come in that wait."""
    stopping = Stopping()

    class Waited(threading.Event):
        """Waiting fails."""

        def wait(self, timeout: float | None = None) -> bool:
            """In the main thread."""
            assert threading.current_thread() is not threading.main_thread()
            return super().wait(timeout)

    class Ends:
        """A service that is asked at once."""

        name = "ends"

        def run(self) -> None:
            """By a signal."""
            os.kill(os.getpid(), signal.SIGTERM)

        def stop(self) -> None:
            """Nothing to do."""

    stopping.asked = Waited()
    with stopping.on_signals(), stopping.held_up_by_nothing():
        run_services([Ends()], stopping)


@pytest.mark.parametrize(
    ("failures", "code", "words"),
    [
        ([], 130, b"pointsman: ended at once, with nothing finished\n"),
        ([IngestStopped("gone; run: this")], 1, b"pointsman: gone; run: this\n"),
        ([WrongRevision("run: pointsman migrate")], 2, b"pointsman: run: pointsman migrate\n"),
    ],
    ids=["asked", "stopped", "wrong revision"],
)
def test_a_ctrl_c_after_a_service_has_ended_is_the_last(
    failures: list[BaseException], code: int, words: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for the others to stop has not to type it twice, and hears why it ended."""
    stopping = Stopping()
    stopping.failures += failures
    stopping.asked.set()
    read, write = os.pipe()
    with os.fdopen(read, "rb") as log, os.fdopen(write, "wb") as stderr:
        monkeypatch.setattr("pointsman.process._STANDARD_ERROR", stderr.fileno())
        monkeypatch.setattr("os._exit", end)
        with stopping.on_signals(), pytest.raises(Ended, match=f"^{code}$"):
            signal.raise_signal(signal.SIGINT)
        stderr.close()
        assert log.read() == words


def test_last_words_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe with room for a page takes a page at once, and more only from who waits."""
    stopping = Stopping()
    stopping.failures.append(IngestStopped("x" * 20_000))
    read, write = os.pipe()
    with os.fdopen(read, "rb"), os.fdopen(write, "wb", buffering=0) as stderr:
        os.set_blocking(write, False)
        while select.select([], [write], [], 0)[1]:
            stderr.write(b"x" * select.PIPE_BUF)
        os.read(read, select.PIPE_BUF)
        os.set_blocking(write, True)
        monkeypatch.setattr("pointsman.process._STANDARD_ERROR", write)
        monkeypatch.setattr("os._exit", end)
        with pytest.raises(Ended, match=r"^1$"):
            stopping.end_late()


class Ended(BaseException):
    """In place of the end of this process."""


def end(code: int) -> None:
    """Raise the code."""
    raise Ended(code)


@pytest.mark.parametrize("failure", [BrokenPipeError(32, "Broken pipe"), SystemExit(0)])
def test_a_service_that_ends_by_mistake(failure: BaseException) -> None:
    """It passes neither for standard output that nobody reads nor for an end that was meant."""

    class Fails:
        """A service with a bug."""

        name = "fails"

        def run(self) -> None:
            """At once."""
            raise failure

        def stop(self) -> None:
            """Nothing to do."""

    with pytest.raises(RuntimeError, match="a service ended"):
        run_services([Fails()], Stopping())


def test_a_start_that_takes_long_is_left_behind() -> None:
    """Whoever asks to stop is not made to wait for a connection that nobody answers."""
    stopping = Stopping()
    threading.Timer(0.2, stopping.asked.set).start()
    began = time.monotonic()
    assert not finished_unless_asked(lambda: time.sleep(30), stopping)
    assert time.monotonic() - began < 2


def test_a_start_ends_well_or_says_why() -> None:
    """What it raised is raised where it was waited for."""
    assert finished_unless_asked(lambda: None, Stopping())

    def fail() -> None:
        raise StoreDenied("no")

    with pytest.raises(StoreDenied):
        finished_unless_asked(fail, Stopping())
