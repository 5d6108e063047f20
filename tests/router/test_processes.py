"""Whatever ends or splits a router's process, its traces arrive once, and each process counts for itself."""

import subprocess
import sys
from collections import defaultdict

import pytest

from tests.router.topics import Topics


def run(program: str, topics: Topics) -> subprocess.CompletedProcess[str]:
    """One of the programs, to its end."""
    command = [sys.executable, "-m", "tests.router.programs", program, topics.bootstrap, topics.prefix]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_fork_begins_a_boot_of_its_own(tansu: str) -> None:
    """Parent and child each send what they routed, once; the request that was open at the fork is the parent's."""
    topics = Topics(tansu)
    ended = run("forks", topics)
    assert (ended.returncode, ended.stderr) == (0, "")
    arrived = topics.read(traces=71, heartbeats=2)
    assert len(set(arrived.ids())) == len(arrived.traces) == 71
    finished: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for beat in sorted(arrived.heartbeats, key=lambda beat: beat.sequence):
        for one in beat.counters:
            finished[beat.boot_id][one.route] = (one.dispatched, one.finished)
    assert sorted(finished.values(), key=len) == [
        {"invoices": (40, 40)},
        {"invoices": (30, 30), "open-at-fork": (1, 1)},
    ]


def test_children_that_do_not_route_are_left_alone(tansu: str) -> None:
    """A child for other work sends no heartbeat, ends at once, and its end does not disturb the parent."""
    topics = Topics(tansu)
    ended = run("works_in_children", topics)
    assert (ended.returncode, ended.stderr) == (0, "")
    arrived = topics.read(traces=10, heartbeats=1)
    assert len(set(arrived.ids())) == len(arrived.traces) == 10
    assert len({beat.boot_id for beat in arrived.heartbeats}) == 1


@pytest.mark.parametrize(("program", "code"), [("exits", 0), ("crashes", 1)])
def test_the_end_of_the_process_is_a_flush(tansu: str, program: str, code: int) -> None:
    """Without `close`, what was routed a moment before the end is delivered, with the final counters."""
    topics = Topics(tansu)
    ended = run(program, topics)
    assert ended.returncode == code
    assert ("ZeroDivisionError" in ended.stderr) == bool(code)
    arrived = topics.read(traces=500, heartbeats=1)
    assert len(set(arrived.ids())) == len(arrived.traces) == 500
    last = max(arrived.heartbeats, key=lambda beat: beat.sequence)
    assert [(one.dispatched, one.finished) for one in last.counters] == [(500, 500)]
    assert last.emitted == 500
