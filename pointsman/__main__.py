"""The process of a command, whatever becomes of its streams."""

import errno
import os
import sys
from contextlib import suppress

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_STANDARD_OUTPUT = 1


def main() -> None:
    """Entry point of the `pointsman` script."""
    _open_closed_streams()
    try:
        # Not at the top: it takes a second, and a Ctrl-C may come in it.
        from pointsman.command_line import run

        code = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _end("interrupted", 130)
    except BrokenPipeError:
        # As what SIGPIPE has ended; who read has seen enough.
        code = _end("", 141)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        code = _end(f"the output cannot be written: {error.strerror}", 1)
    sys.exit(code)


def _open_closed_streams() -> None:
    """Python has None for a stream that is closed, and the next file or socket would get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _end(sentence: str, code: int) -> int:
    # What is still to be written would fail once more, with a traceback, when Python ends.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STANDARD_OUTPUT)
    if sentence:
        with suppress(OSError):
            sys.stderr.write(f"pointsman: {sentence}\n")
    return code


if __name__ == "__main__":
    main()
