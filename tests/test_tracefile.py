"""A file of traces is validated whole before anything is sent, in memory that does not grow with it."""

import tracemalloc
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

import pytest

from pointsman.replay.plan import ReplayPlan, due_messages
from pointsman.replay.tracefile import ReplayRefused, Survey, survey, write_traces
from pointsman_contract.decode import decode
from pointsman_contract.fields import MAX_MESSAGE_BYTES
from pointsman_contract.trace import Trace
from tests.replay_fakes import NOW, line, trace_file


def test_a_survey_finds_count_and_span(tmp_path: Path) -> None:
    """The span goes from the earliest to the latest start, whatever the order of the lines."""
    found = survey(trace_file(tmp_path, [line(5), line(2), line(9)]))
    assert found.traces == 3
    assert found.first == decode(Trace, line(2)).message.started_at
    assert found.last == decode(Trace, line(9)).message.started_at
    assert found.span.total_seconds() == 7


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n  \n\n"])
def test_a_file_without_traces_is_valid(tmp_path: Path, content: bytes) -> None:
    """Blank lines are skipped, and nothing is a survey of nothing."""
    path = tmp_path / "empty.jsonl"
    path.write_bytes(content)
    assert survey(path) == Survey(0, None, None)


def test_the_first_problems_are_named_and_all_are_counted(tmp_path: Path) -> None:
    """Five problems are shown with the lines that an editor shows, blank ones counted, and the total is told."""
    bad = line(1, started_at="2026-11-23T18:00:00")
    path = trace_file(tmp_path, [line(1), b"", bad, b"{", line(2), *[bad] * 6])
    with pytest.raises(ReplayRefused) as refused:
        survey(path)
    text = str(refused.value)
    headline, *shown = text.splitlines()
    assert headline.endswith("traces.jsonl: 8 of 10 lines break the contract, nothing was sent")
    assert [entry.split(":")[0].strip() for entry in shown[:-1]] == ["line 3", "line 4", "line 6", "line 7", "line 8"]
    assert "started_at" in shown[0]
    assert "invalid_json" in shown[1]
    assert shown[-1].strip() == "and 3 more"


def test_one_problem_is_one_sentence(tmp_path: Path) -> None:
    """A single broken line reads well, and the value that is wrong is not quoted: it may be private."""
    with pytest.raises(ReplayRefused) as refused:
        survey(trace_file(tmp_path, [line(1), line(2, outcome="secret")]))
    assert "1 of 2 lines breaks the contract" in str(refused.value)
    assert "line 2: invalid_field: outcome" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    """No file and a directory are each one clear sentence."""
    with pytest.raises(ReplayRefused, match=r"cannot be read: (No such file|Is a directory)"):
        survey(tmp_path / name)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_both_line_ends_are_read(tmp_path: Path, end: bytes) -> None:
    """Files written on Windows are the same traces."""
    assert survey(trace_file(tmp_path, [line(1), b"", line(2)], end=end)).traces == 2


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    """A byte order mark before the first line and no end after the last lose nothing."""
    path = tmp_path / "traces.jsonl"
    path.write_bytes(BOM_UTF8 + line(1) + b"\n" + line(2))
    assert survey(path).traces == 2


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_the_limit_of_a_line_is_the_message_limit(tmp_path: Path, end: bytes) -> None:
    """A line of exactly 1 MiB is a message, one byte more is too large, whatever ends it."""
    path = trace_file(tmp_path, [line(1).ljust(MAX_MESSAGE_BYTES)], end=end)
    assert survey(path).traces == 1
    path = trace_file(tmp_path, [line(1).ljust(MAX_MESSAGE_BYTES + 1)], end=end)
    with pytest.raises(ReplayRefused, match="line 1: too_large: 1,048,577 bytes"):
        survey(path)


def test_a_huge_line_is_told_with_its_length_and_not_kept(tmp_path: Path) -> None:
    """A line of 40 MB is named by number and length, its neighbours are read, and it is never in memory at once."""
    path = trace_file(tmp_path, [line(1), b"x" * 40_000_000, line(2)])
    tracemalloc.start()
    try:
        with pytest.raises(ReplayRefused, match="line 2: too_large: 40,000,000 bytes"):
            survey(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MAX_MESSAGE_BYTES


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Both passes over 20 MB take less than 2 MB, most of that pydantic's own cache of strings, which has a limit."""
    path = trace_file(tmp_path, (line(number).ljust(4_000) for number in range(5_000)))
    tracemalloc.start()
    try:
        plan = ReplayPlan(path=path, survey=survey(path))
        assert sum(1 for _ in due_messages(plan, NOW)) == 5_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    """The bytes told while checking only rise, and end with the file."""
    path = trace_file(tmp_path, [line(1), b"", line(2)], end=b"\r\n")
    told: list[int] = []
    survey(path, told.append)
    assert told == sorted(told)
    assert told[-1] == path.stat().st_size


def test_what_this_version_does_not_know_is_counted(tmp_path: Path) -> None:
    """Fields and values of a newer router are no problem, and the number of such traces is told."""
    lines = [line(1), line(2, mood="sunny"), line(3, protocol="telepathy")]
    assert survey(trace_file(tmp_path, lines)).unknown == 2


def test_written_traces_are_read_back(tmp_path: Path) -> None:
    """What `write_traces` writes, in a directory that it makes, is a valid file with the same traces."""
    traces = [decode(Trace, line(number)).message for number in range(3)]
    path = tmp_path / "made" / "traces.jsonl"
    assert write_traces(path, traces) == 3
    assert [decode(Trace, content).message for content in path.read_bytes().splitlines()] == traces


def test_a_file_that_could_not_be_finished_is_not_there(tmp_path: Path) -> None:
    """A converter that fails half-way leaves neither half a file nor a scratch file, and the old file stays."""

    def failing() -> Iterator[Trace]:
        yield decode(Trace, line(1)).message
        raise ValueError("odd input")

    path = trace_file(tmp_path, [line(7)])
    with pytest.raises(ValueError, match="odd input"):
        write_traces(path, failing())
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == line(7) + b"\n"
