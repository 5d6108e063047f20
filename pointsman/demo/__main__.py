"""`python -m pointsman.demo FILE…`: embedded services, the application, real traffic, an account of every message."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.text import Text

from pointsman.terminal import harmless
from pointsman_contract.errors import PointsmanError

_LONGEST_S = 3600


def main() -> int:
    """Show it; returns the exit code: 0 only if the account is right."""
    # `scripts/demo` asks whether its own arguments are well before it makes files.
    if sys.argv[1:2] == ["--check"]:
        _parser("scripts/demo", "Replays real traffic").parse_args(sys.argv[2:])
        return 0
    parser = _parser("python -m pointsman.demo", "Replays files of traces")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSONL files of traces")
    arguments = parser.parse_args()
    for file in arguments.files:
        if not file.is_file():
            parser.error(f"there is no file {file}")
    # A log has lines of any length.
    console = Console(soft_wrap=not sys.stdout.isatty())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end_in_order)
    try:
        # pandas and all: not for `--check`.
        from pointsman.demo.show import show

        with tempfile.TemporaryDirectory(prefix="pointsman-demo-") as directory:
            return show(console, arguments.files, arguments.seconds, Path(directory))
    except PointsmanError as error:
        console.print(
            Text.assemble(("the demo failed: ", "bold red"), "\n".join(map(harmless, str(error).split("\n"))))
        )
        return 1
    except KeyboardInterrupt:
        console.print("interrupted: everything was stopped")
        return 130


def _parser(name: str, does: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=name,
        description=f"{does} through embedded services and accounts for every message.",
        epilog="Example: scripts/demo --seconds 30",
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=15.0, metavar="N", help="how long the replay lasts (default: 15)"
    )
    return parser


def _seconds(given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, not {given!r}") from None
    if not 0 < seconds <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"expected more than 0 and at most {_LONGEST_S:,}")
    return seconds


def _end_in_order(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
