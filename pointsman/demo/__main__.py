"""`python -m pointsman.demo FILE…`: embedded services, the application, real traffic, an account of every message."""

import argparse
import signal
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pointsman.demo.application import DemoFailed, lag_of, running_application
from pointsman.demo.sending import Sending
from pointsman.demo.view import Seen, account_table, live_view, one_line
from pointsman.terminal import harmless, keys_unseen
from pointsman_contract.errors import PointsmanError
from pointsman_contract.topics import TRACES
from store import arrivals, dead_letters
from store.sessions import Sessions

_LOOK_S = 0.5
_LINE_S = 5.0
_STALL_S = 45.0
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
        with tempfile.TemporaryDirectory(prefix="pointsman-demo-") as directory:
            return _show(console, arguments.files, arguments.seconds, Path(directory))
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


def _show(console: Console, files: list[Path], seconds: float, directory: Path) -> int:
    console.print("starting Kafka (Tansu, in memory), PostgreSQL and [bold]pointsman up --embedded[/] …")
    with running_application(directory) as variables:
        sessions = Sessions(variables["POINTSMAN_DATABASE_URL"], application="pointsman demo")
        sending = Sending(variables["POINTSMAN_KAFKA_BOOTSTRAP"], files, seconds=seconds)
        port = variables["POINTSMAN_HTTP_PORT"]
        console.print("waiting until its consumer group has joined (this broker takes some 5 s) …")
        _until_it_reads(port)
        noun = "file" if len(files) == 1 else "files"
        console.print(f"replaying {sending.total:,} traces of {len(files)} {noun} in {seconds:g} s\n")
        try:
            seen = _watch(console, sending, sessions, port)
            with sessions.read() as db:
                covered = arrivals.by_partition(db, TRACES)
        except KeyboardInterrupt:
            console.print("stopping …")
            raise
        finally:
            sending.stop()
            sessions.close()
    table, right = account_table(sending.sent, seen)
    console.print("\n[bold]The account[/]")
    console.print(table)
    tokens = sum(route.input_tokens + route.output_tokens for route in seen.routes)
    money = sum(route.cost_nanousd for route in seen.routes)
    console.print(
        f"\n{tokens:,} tokens and {money / 1e9:.9f} USD are in the store, to the last nano-dollar."
        if right
        else "\n[bold red]The account is not right.[/]",
        highlight=False,
    )
    if not right:
        for one in covered:
            console.print(
                f"partition {one.partition}: offsets {one.first:,} to {one.next:,} are covered,"
                f" {one.without_message:,} of them without a message",
                highlight=False,
            )
    if right:
        console.print(
            "Next: .venv/bin/pointsman up --embedded, to play with; or README.md, for your own Kafka and PostgreSQL."
        )
    return 0 if right else 1


def _until_it_reads(port: str) -> None:
    deadline = time.monotonic() + _STALL_S
    while lag_of(port) is None:
        if time.monotonic() > deadline:
            raise DemoFailed(f"the consumer group did not join within {_STALL_S:g} s")
        time.sleep(0.2)


def _watch(console: Console, sending: Sending, sessions: Sessions, port: str) -> Seen:
    """Look until everything that was sent is accounted for, or nothing moves any more."""
    began = moved = time.monotonic()
    lined = 0.0
    before = -1
    sending.start()
    live = Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext()
    with keys_unseen(), live:
        while True:
            seen = _look(sessions, port, time.monotonic() - began)
            if isinstance(live, Live):
                live.update(live_view(seen, sending.total), refresh=True)
            elif time.monotonic() - lined >= _LINE_S:
                lined = time.monotonic()
                console.print(one_line(seen, sending.total), highlight=False)
            if sending.failures:
                raise DemoFailed(f"sending failed: {sending.failures[0]}")
            if seen.account.messages != before:
                before, moved = seen.account.messages, time.monotonic()
            complete = sending.done and seen.account.messages >= sending.sent.messages and seen.lag == 0
            if complete or time.monotonic() - moved > _STALL_S:
                return seen
            time.sleep(_LOOK_S)


def _look(sessions: Sessions, port: str, seconds: float) -> Seen:
    with sessions.read() as db:
        account = next((one for one in arrivals.account(db) if one.topic == TRACES), None)
        reasons = dict(dead_letters.count_by_reason(db, topic=TRACES))
        routes = arrivals.by_route(db)
    return Seen(routes, account or arrivals.TopicAccount(TRACES, 0, 0, 0, 0), reasons, lag_of(port), seconds)


if __name__ == "__main__":
    sys.exit(main())
