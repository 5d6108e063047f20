"""The process of a command, whatever becomes of its streams."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def main() -> None:
    """Entry point of the `pointsman` script."""
    _open_closed_streams()
    with _ended_by_ctrl_c():
        # Not at the top: it takes a second.
        from pointsman.command_line import run
        from pointsman.exits import ATTENTION, INTERRUPTED, NOBODY_READS, say
        from pointsman.output import OutputFails, telling_output
    try:
        with telling_output():
            code = run()
    except KeyboardInterrupt:
        say("interrupted")
        code = INTERRUPTED
    except OutputFails as failure:
        code = NOBODY_READS if failure.nobody_reads else ATTENTION
        if not failure.nobody_reads:
            say(str(failure))
    sys.exit(code)


def _open_closed_streams() -> None:
    """Python has None for a stream that is closed, and the next file or socket would get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """At once and without a word, as most programs; Python would show where it was importing."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    main()
