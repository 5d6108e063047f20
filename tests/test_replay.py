"""A replay sends the traces of a file as if they had just happened, and nothing else about them changes."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pointsman.replay.bar import checking_bar, publishing_bar
from pointsman.replay.plan import ReplayPlan, due_messages
from pointsman.replay.run import ReplaySummary, run_replay, utc_now
from pointsman.replay.tracefile import ReplayRefused, Survey, survey
from pointsman_contract.decode import decode
from pointsman_contract.trace import Trace
from tests.replay_fakes import LONG_AGO, NOW, FakeClock, FakePublisher, line, trace_file, trace_id


def replayed(path: Path, **options: Any) -> tuple[ReplaySummary, FakePublisher]:
    """Run a replay on a clock of its own."""
    clock = FakeClock()
    publisher = FakePublisher(clock)
    plan = ReplayPlan(path=path, survey=survey(path), **options)
    return run_replay(plan, publisher, clock=clock, sleep=clock.sleep), publisher


def test_the_last_trace_starts_now_and_the_gaps_stay(tmp_path: Path) -> None:
    """All starts move by the same time, so that the latest is the time of the replay."""
    summary, publisher = replayed(trace_file(tmp_path, [line(0), line(4), line(10)]))
    assert [trace.started_at for trace in publisher.traces] == [NOW - timedelta(seconds=ago) for ago in (10, 6, 0)]
    assert summary == ReplaySummary(
        published=3, seconds=0.0, first=NOW - timedelta(seconds=10), last=NOW, environment="replay"
    )


def test_kept_times_stay(tmp_path: Path) -> None:
    """With `keep_times` a trace starts when the file says, to the microsecond."""
    path = trace_file(tmp_path, [line(1, started_at="2023-11-16T19:15:46.680591+01:00"), line(60)])
    summary, publisher = replayed(path, keep_times=True)
    assert publisher.traces[0].started_at == datetime(2023, 11, 16, 18, 15, 46, 680591, tzinfo=UTC)
    assert summary.last == LONG_AGO + timedelta(seconds=60)


def test_each_run_makes_ids_of_its_own(tmp_path: Path) -> None:
    """Two runs of one file share no id with each other or with the file, and the key is the trace's id."""
    path = trace_file(tmp_path, [line(1), line(2)])
    _, one = replayed(path)
    _, other = replayed(path)
    ids = [trace.trace_id for run in (one, other) for trace in run.traces]
    assert len({*ids, trace_id(1), trace_id(2)}) == 6
    assert [key.decode() for _, key, _ in one.messages] == [str(trace.trace_id) for trace in one.traces]


def test_a_shadow_keeps_its_pair_and_a_duplicate_stays_one(tmp_path: Path) -> None:
    """The new ids follow from the old ones: shadow_of points to its original before or after it, and repeats repeat."""
    shadow = line(2, arm="shadow", shadow_of=str(trace_id(1)))
    _, publisher = replayed(trace_file(tmp_path, [shadow, line(1), line(1), line(3)]))
    first_shadow, original, again, alone = publisher.traces
    assert first_shadow.shadow_of == original.trace_id == again.trace_id
    assert first_shadow.trace_id != original.trace_id
    assert alone.shadow_of is None


def test_kept_ids_make_a_second_run_all_duplicates(tmp_path: Path) -> None:
    """With `keep_ids` ids and pairs are the file's in every run."""
    shadow = line(2, arm="shadow", shadow_of=str(trace_id(1)))
    path = trace_file(tmp_path, [line(1), shadow])
    runs = [replayed(path, keep_ids=True)[1] for _ in range(2)]
    for run in runs:
        assert [trace.trace_id for trace in run.traces] == [trace_id(1), trace_id(2)]
        assert run.traces[1].shadow_of == trace_id(1)
    assert runs[0].messages == runs[1].messages


@pytest.mark.parametrize(("options", "expected"), [({}, "replay"), ({"environment": "load-test"}, "load-test")])
def test_the_environment_is_replay_unless_named(tmp_path: Path, options: dict[str, str], expected: str) -> None:
    """Replayed traffic never mixes with the environment that it was recorded in."""
    summary, publisher = replayed(trace_file(tmp_path, [line(1, environment="prod")]), **options)
    assert publisher.traces[0].environment == summary.environment == expected


def test_everything_else_is_as_in_the_file(tmp_path: Path) -> None:
    """Beside id, start and environment a published trace equals the file's."""
    rich = line(1, outcome="success", confidence=0.25, routing_cost_usd=1e-9, record_revision=3, cache="exact")
    _, publisher = replayed(trace_file(tmp_path, [rich]))
    changed = {"trace_id", "started_at", "environment"}
    assert publisher.traces[0].model_dump(exclude=changed) == decode(Trace, rich).message.model_dump(exclude=changed)


def test_messages_go_to_the_topic_of_the_plan_and_are_flushed_once(tmp_path: Path) -> None:
    """The summary comes after everything is delivered, and progress is told for each message."""
    path = trace_file(tmp_path, [line(1), line(2)])
    publisher, told = FakePublisher(), list[int]()
    plan = ReplayPlan(path=path, survey=survey(path), topic="test.routing.traces")
    run_replay(plan, publisher, clock=utc_now, progress=told.append)
    assert {topic for topic, _, _ in publisher.messages} == {"test.routing.traces"}
    assert publisher.flushed_after == [2]
    assert told == [1, 2]


def test_an_undelivered_message_is_no_summary(tmp_path: Path) -> None:
    """What the publisher raises comes out of the replay."""
    path = trace_file(tmp_path, [line(1)])
    with pytest.raises(TimeoutError, match="not delivered"):
        run_replay(ReplayPlan(path=path, survey=survey(path)), FakePublisher(fails=TimeoutError("not delivered")))


def test_an_empty_file_sends_nothing(tmp_path: Path) -> None:
    """No traces is a replay of none, at any speed."""
    summary, publisher = replayed(trace_file(tmp_path, []), speed=3.0)
    assert summary == ReplaySummary(published=0, seconds=0.0, first=None, last=None, environment="replay")
    assert publisher.messages == []


def test_at_life_speed_each_trace_starts_when_it_is_published(tmp_path: Path) -> None:
    """With speed 1 publishing time and start are the same moment, and the replay takes as long as the file."""
    summary, publisher = replayed(trace_file(tmp_path, [line(0), line(4), line(10)]), speed=1.0)
    assert publisher.times == [trace.started_at for trace in publisher.traces]
    assert publisher.times == [NOW + timedelta(seconds=later) for later in (0, 4, 10)]
    assert summary.seconds == 10.0


def test_a_fast_replay_ends_with_the_last_start(tmp_path: Path) -> None:
    """With speed 4 the file takes a quarter, its gaps stay, and the last start is the end of the replay."""
    summary, publisher = replayed(trace_file(tmp_path, [line(0), line(20), line(40)]), speed=4.0)
    assert publisher.times == [NOW + timedelta(seconds=later) for later in (0, 5, 10)]
    assert [trace.started_at for trace in publisher.traces] == [NOW + timedelta(seconds=at) for at in (-30, -10, 10)]
    assert summary.seconds == 10.0


def test_time_never_runs_backwards(tmp_path: Path) -> None:
    """A trace that is late in the file is published at once, in the file's order."""
    _, publisher = replayed(trace_file(tmp_path, [line(0), line(6), line(2), line(8)]), speed=1.0)
    assert publisher.times == [NOW + timedelta(seconds=later) for later in (0, 6, 6, 8)]
    assert [trace.started_at for trace in publisher.traces] == [NOW + timedelta(seconds=at) for at in (0, 6, 2, 8)]


def test_long_waits_are_short_naps(tmp_path: Path) -> None:
    """No nap is longer than a second, so that a clock that is set meanwhile is noticed."""
    path = trace_file(tmp_path, [line(0), line(30)])
    clock = FakeClock()
    run_replay(ReplayPlan(path=path, survey=survey(path), speed=1), FakePublisher(), clock=clock, sleep=clock.sleep)
    assert max(clock.naps) <= 1.0
    assert sum(clock.naps) == 30.0


@given(
    offsets=st.lists(st.timedeltas(timedelta(0), timedelta(days=2)), min_size=1, max_size=5),
    speed=st.floats(0.1, 1e6) | st.none(),
)
def test_no_trace_starts_after_it_is_published(offsets: list[timedelta], speed: float | None) -> None:
    """At every speed, slower than life too, a start is at most a rounding ahead of its publishing."""
    starts = [LONG_AGO + offset for offset in offsets]
    found = Survey(len(starts), min(starts), max(starts))
    plan = ReplayPlan(path=Path("unread"), survey=found, speed=speed)
    for started_at in starts:
        assert started_at + plan.shift(NOW) <= plan.due(started_at, NOW) + timedelta(microseconds=2)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    """Only a finite number over 0 is a speed."""
    with pytest.raises(ReplayRefused, match="speed: a number over 0"):
        ReplayPlan(path=Path("unread"), survey=Survey(0, None, None), speed=speed)


def test_a_replay_without_end_is_refused() -> None:
    """A replay of more than 31 days is a mistyped speed; the sentence says how long the file is."""
    found = Survey(2, LONG_AGO, LONG_AGO + timedelta(days=4))
    assert ReplayPlan(path=Path("unread"), survey=found, speed=0.2).duration == timedelta(days=20)
    with pytest.raises(ReplayRefused, match=r"more than 31 days, the file spans 4 days"):
        ReplayPlan(path=Path("unread"), survey=found, speed=1e-300)


def test_times_over_decades_are_not_shifted() -> None:
    """A file that spans more than ten years would start before there was a clock; its times can only be kept."""
    found = Survey(2, datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC))
    with pytest.raises(ReplayRefused, match="not shifted"):
        ReplayPlan(path=Path("unread"), survey=found)
    assert ReplayPlan(path=Path("unread"), survey=found, keep_times=True).shift(NOW) == timedelta(0)


@pytest.mark.parametrize("environment", ["", "x" * 257, "a\0b"])
def test_an_environment_that_the_contract_refuses_is_refused_here(environment: str) -> None:
    """The new environment is checked before anything is sent, as the file was."""
    with pytest.raises(ReplayRefused, match="environment: "):
        ReplayPlan(path=Path("unread"), survey=Survey(0, None, None), environment=environment)


def test_lines_added_since_the_survey_are_left_out(tmp_path: Path) -> None:
    """A file that a router still writes to is replayed as far as it was checked."""
    path = trace_file(tmp_path, [line(1), line(2)])
    plan = ReplayPlan(path=path, survey=survey(path))
    path.write_bytes(path.read_bytes() + line(99) + b"\n{half a li")
    assert len(list(due_messages(plan, NOW))) == 2


@pytest.mark.parametrize("lines", [[line(1)], [line(1), b"{"], [line(1), line(99)], []])
def test_a_file_that_changed_meanwhile_ends_the_replay(tmp_path: Path, lines: list[bytes]) -> None:
    """Lines that are gone, broken or of another time than those that were checked are not sent."""
    path = trace_file(tmp_path, [line(1), line(2)])
    plan = ReplayPlan(path=path, survey=survey(path))
    trace_file(tmp_path, lines)
    publisher = FakePublisher()
    with pytest.raises(ReplayRefused, match="changed while it was replayed"):
        run_replay(plan, publisher)
    assert len(publisher.messages) == min(len(lines), 1)


def test_the_bar_is_for_terminals_only() -> None:
    """A log gets no bar and no control characters, a terminal sees count and total."""
    log, terminal = StringIO(), StringIO()
    for output, is_terminal in ((log, False), (terminal, True)):
        console = Console(file=output, force_terminal=is_terminal, width=120)
        with checking_bar(1_000, console) as advance:
            advance(1_000)
        with publishing_bar(28_185, console) as advance:
            advance(12_000)
    assert log.getvalue() == ""
    assert "12,000 of 28,185" in terminal.getvalue()
