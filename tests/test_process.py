"""Signals ask a process to end, whenever they come."""

import os
import signal
import threading

import pytest

from pointsman.process import Stopping, run_services


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


def test_a_ctrl_c_after_a_service_has_ended_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for the others to stop has not to type it twice."""

    class Ended(BaseException):
        """In place of the end of this process."""

    def end(code: int) -> None:
        assert code == 130
        raise Ended

    monkeypatch.setattr("os._exit", end)
    stopping = Stopping()
    stopping.asked.set()
    with stopping.on_signals(), pytest.raises(Ended):
        signal.raise_signal(signal.SIGINT)
