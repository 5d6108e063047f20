"""`pointsman rollups` says whether the sums are what the raw rows say, and mends them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from migrations.schema import migrate
from pointsman.exits import UsageError
from pointsman.moments import moment_of
from store.rollups.closing import close_a_week
from store.rollups.tick import tick
from store.sessions import Sessions
from tests.builders import NOON, trace
from tests.cli.command import Said, pointsman
from tests.store.feed import Feed, execute, one


@pytest.fixture
def url(database18: str) -> str:
    """A store with rollups of two days."""
    sessions = Sessions(database18)
    migrate(sessions)
    feed = Feed(sessions)
    feed.send(trace(session_id="s-1"), trace(started_at=NOON - timedelta(days=1)), trace(task_class="a\x1b[31mb"))
    tick(sessions)
    sessions.close()
    return database18


def rollups(url: str, *arguments: str) -> Said:
    """Run it."""
    return pointsman("rollups", *arguments, settings={"database_url": url})


def change(url: str) -> None:
    """One sum that is wrong."""
    sessions = Sessions(url)
    execute(
        sessions,
        "UPDATE request_rollups_hour r SET requests = 7 FROM request_keys k"
        " WHERE k.key_id = r.key_id AND k.task_class <> 'extraction'",
    )
    sessions.close()


def test_where_nothing_differs(url: str) -> None:
    """A line for each day, and exit code 0."""
    said = rollups(url, "verify")
    assert said.code == 0, said
    assert [line.split()[0] + " " + line.split()[-1] for line in said.out.splitlines()] == [
        "2026-11-22 same",
        "2026-11-23 same",
    ]
    assert rollups(url, "rebuild").out == "nothing differs in 2 days\n"


def test_a_difference_is_named_and_mended(url: str) -> None:
    """Table, hour, key, both values, and the command that helps; a stranger's words move no cursor."""
    change(url)
    said = rollups(url, "verify", "--since", "2026-11-23")
    assert said.code == 1
    assert "requests is 7, raw rows say 1" in said.out
    assert "task_class a\\x1b[31mb" in said.out
    assert "pointsman rollups rebuild --since 2026-11-23" in said.out
    assert "2026-11-22" not in said.out
    assert rollups(url, "rebuild", "--dry-run").out == "2026-11-23  would be made again\n"
    assert rollups(url, "verify").code == 1
    assert rollups(url, "rebuild").out == "2026-11-23  made again\n"
    assert rollups(url, "verify").code == 0


def test_for_programs(url: str) -> None:
    """One object a line."""
    change(url)
    lines = [json.loads(line) for line in rollups(url, "verify", "--json").out.splitlines()]
    assert [line["different"] for line in lines] == [0, 1]
    (difference,) = lines[1]["first"]
    assert (difference["stored"]["requests"], difference["expected"]["requests"]) == ("7", "1")
    assert json.loads(rollups(url, "rebuild", "--json").out) == {
        "dry_run": False,
        "rebuilt": ["2026-11-23"],
        "refused": [],
        "reopened_weeks": [],
        "left_out": {},
    }


def test_a_closed_week_that_is_not_its_days(url: str) -> None:
    """Named by its Monday, and opened: readers take the days again."""
    sessions = Sessions(url)
    feed = Feed(sessions)
    feed.send(trace(started_at=NOON - timedelta(days=7), duration_s=1.0))
    tick(sessions)
    while close_a_week(sessions) is not None:
        pass
    assert "2026-11-16         1 row  same (closed week)" in rollups(url, "verify").out
    execute(sessions, "UPDATE latency_rollups_week SET counts = ARRAY[7]")
    said = rollups(url, "verify", "--since", "2026-11-22")
    assert said.code == 1
    assert "counts is {7}, its days say {1}" in said.out
    assert json.loads(rollups(url, "verify", "--json").out.splitlines()[-1])["week"] == "2026-11-16"
    assert "2026-11-16  its week would be open" in rollups(url, "rebuild", "--dry-run").out
    assert rollups(url, "rebuild").out == "2026-11-16  its week is open until steer has merged it again\n"
    assert rollups(url, "verify").code == 0
    assert one(sessions, "SELECT state FROM closed_weeks WHERE week = '2026-11-16'") == "reopened"
    sessions.close()


def test_days_that_forget_touched_are_left_out(url: str) -> None:
    """They are named, and a rebuild loses nothing of them."""
    assert pointsman("forget", "--session", "s-1", "--yes", settings={"database_url": url}).code == 0
    said = rollups(url, "verify")
    assert said.code == 0
    assert "2026-11-23  left out: forget has deleted raw rows of it" in said.out
    assert rollups(url, "rebuild", "--all").code == 0
    sessions = Sessions(url)
    assert one(sessions, "SELECT sum(requests) FROM request_rollups_day") == 3
    sessions.close()


def test_a_store_without_rollups(database18: str) -> None:
    """Is no trouble."""
    sessions = Sessions(database18)
    migrate(sessions)
    sessions.close()
    assert rollups(database18, "verify").out == "no day to compare\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-28", datetime(2026, 11, 28, tzinfo=UTC)),
        ("2026-11-28T14:00", datetime(2026, 11, 28, 14, tzinfo=UTC)),
        ("2026-11-28T14:00+02:00", datetime(2026, 11, 28, 12, tzinfo=UTC)),
        ("7d", NOON - timedelta(days=7)),
        ("90m", NOON - timedelta(minutes=90)),
        (" 2w ", NOON - timedelta(days=14)),
    ],
)
def test_moments_as_people_write_them(written: str, meant: datetime) -> None:
    """Days, times and ages; UTC where nothing else is said."""
    assert moment_of(written, "--since", now=NOON) == meant


@pytest.mark.parametrize("written", ["", "yesterday", "7", "-7d", "7y", "2026-13-01", "2026-11-28T25:00", "1d1h"])
def test_what_is_no_moment_is_named(written: str) -> None:
    """With the flag, and what was expected."""
    with pytest.raises(UsageError, match=r"--since: cannot read .*expected a day"):
        moment_of(written, "--since", now=NOON)
