"""One show from beginning to end: what is started, watched, waited for and said."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.live import Live

from pointsman.demo.application import DemoFailed, lag_of, running_application
from pointsman.demo.measured import Measured, Measures
from pointsman.demo.measures_view import print_measures
from pointsman.demo.sending import Sending, Sent
from pointsman.demo.view import Seen, account_table, live_view, one_line
from pointsman.replay.plan import ENVIRONMENT
from pointsman.terminal import keys_unseen
from pointsman_contract.topics import TRACES
from store import arrivals, dead_letters
from store.sessions import Sessions

_LOOK_S = 0.5
_LINE_S = 5.0
_STALL_S = 45.0
# Steer counts every two seconds.
_COUNTED_WITHIN_S = 15.0
# Replayed traces have an environment of their own.
_NEXT = f"""
Next, to play with, in one terminal:
  .venv/bin/pointsman up --embedded --env-file pointsman.env
and in another:
  set -a; . ./pointsman.env; set +a
  .venv/bin/python examples/replay/synthetic.py --out build
  .venv/bin/pointsman replay build/synthetic.jsonl
  .venv/bin/pointsman measures --environment {ENVIRONMENT} --route synthetic-extract --by model
  .venv/bin/pointsman status --environment {ENVIRONMENT} --watch
With your own Kafka and PostgreSQL: README.md."""


def show(console: Console, files: list[Path], seconds: float, directory: Path) -> int:
    """Replay the files through an application of its own; 0 only if the account is right. Raises PointsmanError."""
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
            measures = Measures(sessions)
            seen = _watch(console, sending, sessions, port, measures)
            seen = replace(seen, measured=measures.when_all_is_counted(within_s=_COUNTED_WITHIN_S))
            task_classes = measures.groups("task_class")
            with sessions.read() as db:
                covered = arrivals.by_partition(db, TRACES)
        except KeyboardInterrupt:
            console.print("stopping …")
            raise
        finally:
            sending.stop()
            sessions.close()
    right = _tell_account(console, sending.sent, seen, covered)
    print_measures(console, seen.measured.routes, task_classes)
    if right:
        console.print(_NEXT, highlight=False, soft_wrap=True)
    return 0 if right else 1


def _tell_account(console: Console, sent: Sent, seen: Seen, covered: Sequence[arrivals.PartitionAccount]) -> bool:
    """Whether it is right; where it is not, with what helps to see why."""
    table, right = account_table(sent, seen)
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
        if seen.measured.behind:
            console.print(f"The rollups did not read everything within {_COUNTED_WITHIN_S:g} s.", highlight=False)
        for one in covered:
            console.print(
                f"partition {one.partition}: offsets {one.first:,} to {one.next:,} are covered,"
                f" {one.without_message:,} of them without a message",
                highlight=False,
            )
    return right


def _until_it_reads(port: str) -> None:
    deadline = time.monotonic() + _STALL_S
    while lag_of(port) is None:
        if time.monotonic() > deadline:
            raise DemoFailed(f"the consumer group did not join within {_STALL_S:g} s")
        time.sleep(0.2)


def _watch(console: Console, sending: Sending, sessions: Sessions, port: str, measures: Measures) -> Seen:
    """Look until everything that was sent is accounted for, or nothing moves any more."""
    began = moved = time.monotonic()
    lined = 0.0
    before = -1
    sending.start()
    live = Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext()
    with keys_unseen(), live:
        while True:
            seen = _look(sessions, port, measures.recent(), time.monotonic() - began)
            if isinstance(live, Live):
                live.update(live_view(seen, sending.total, console.height), refresh=True)
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


def _look(sessions: Sessions, port: str, measured: Measured, seconds: float) -> Seen:
    with sessions.read() as db:
        account = next((one for one in arrivals.account(db) if one.topic == TRACES), None)
        reasons = dict(dead_letters.count_by_reason(db, topic=TRACES))
        routes = arrivals.by_route(db)
    return Seen(routes, account or arrivals.TopicAccount(TRACES, 0, 0, 0, 0), reasons, lag_of(port), seconds, measured)
