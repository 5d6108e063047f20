"""`pointsman replay` against brokers: what it publishes arrives once, and as often as it was told to."""

import json
from pathlib import Path

import pytest

from tests.cli.command import pointsman
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.replay_fakes import line, trace_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Fifty traces of long ago, two seconds apart."""
    return trace_file(tmp_path, [line(2 * number) for number in range(50)])


def replayed(deployment: Deployment, file: Path, *arguments: str) -> str:
    """Replay it, and wait until everything is stored; what the command said."""
    before = stored.tallies(deployment.url)
    said = pointsman("replay", str(file), *arguments, settings=deployment.settings)
    assert said.code == 0, said.err

    def arrived() -> bool:
        now = stored.tallies(deployment.url)
        return sum(now[name] - before[name] for name in ("stored", "duplicate", "dead")) == 50

    deployment.processes[0].wait_until(arrived, "all traces of the file")
    return said.out


def test_each_run_is_new_unless_ids_are_kept(on_each_broker: Deployment, file: Path) -> None:
    """A second run of the same file is stored once more; with --keep-ids it is all duplicates (restamped, for the times
    are shifted all the same).
    """
    on_each_broker.create_topics(partitions=2)
    on_each_broker.reading()
    url = on_each_broker.url
    for run in (1, 2):
        assert "50 traces published" in replayed(on_each_broker, file)
        assert stored.count(url, "traces") == 50 * run
    found = stored.rows(url, "SELECT DISTINCT environment FROM traces")
    assert found == [{"environment": "replay"}]
    assert float(stored.one(url, "SELECT extract(epoch FROM now() - max(started_at)) FROM traces")) < 60
    replayed(on_each_broker, file, "--keep-ids", "--environment", "stage")
    assert stored.tallies(url)["stored"] == 150
    replayed(on_each_broker, file, "--keep-ids")
    assert stored.tallies(url) == {"stored": 150, "duplicate": 50, "restamped": 50, "dead": 0}
    assert stored.one(url, "SELECT count(*) FROM traces WHERE environment = 'stage'") == 50


def test_kept_times_are_older_than_retention(reading_on_kafka: Deployment, file: Path) -> None:
    """--keep-times sends what the file says, and the store has no place for 2023."""
    replayed(reading_on_kafka, file, "--keep-times")
    assert {letter.reason for letter in stored.letters(reading_on_kafka.url)} == {"older_than_retention"}


def test_a_broken_line_stops_it_before_anything_is_sent(reading_on_kafka: Deployment, file: Path) -> None:
    """The sentence names the line and what is wrong; not one message is published."""
    with file.open("a") as end:
        end.write(json.dumps({"kind": "pointsman.trace/1"}) + "\n")
    before = reading_on_kafka.end_of(reading_on_kafka.traces)
    said = pointsman("replay", str(file), settings=reading_on_kafka.settings)
    assert said.code == 1
    assert "line 51" in said.err
    assert "Traceback" not in said.err
    assert reading_on_kafka.end_of(reading_on_kafka.traces) == before


def test_an_empty_file_needs_no_broker(tmp_path: Path) -> None:
    """There is nothing to check and nothing to publish."""
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    said = pointsman("replay", str(empty), settings={"kafka_bootstrap": "127.0.0.1:1"})
    assert (said.code, said.out, said.err) == (0, f"{empty} is empty: nothing was published\n", "")
