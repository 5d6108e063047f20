"""Where Kafka's messages are no longer those that the store counts: ingest stops, and its own command mends it."""

import re
import shlex

import psycopg
import pytest

from ingest.topic_state import topic_state
from pointsman_contract.trace import Trace
from tests.audit import audit
from tests.cli.command import as_process, pointsman
from tests.ingest import stored
from tests.ingest.deployment import Deployment
from tests.ingest.process import IngestProcess
from tests.ingest.traffic import bytes_of, fresh_outcome, fresh_traces


def stops_with_command(ingest: IngestProcess) -> list[str]:
    """The process ends with 1 and one sentence; the arguments of the command in it."""
    assert ingest.wait_ended() == 1
    assert "Traceback" not in ingest.output
    found = re.search(r"run: pointsman (offsets reset .*)$", ingest.output.strip().splitlines()[-1])
    assert found is not None, ingest.output
    return shlex.split(found[1])


def counts(url: str) -> tuple[int, int]:
    """Traces and outcomes that are stored."""
    return stored.count(url, "traces"), stored.count(url, "outcomes")


def run_command(deployment: Deployment, command: list[str]) -> None:
    """Do as the sentence says."""
    said = pointsman(*command, settings=deployment.settings)
    assert said.code == 0, said.err


def read_and_recreated(deployment: Deployment, *, frozen: bool) -> tuple[IngestProcess, list[Trace]]:
    """An ingest that has read ten traces and ten outcomes when both topics are re-created with fifty new ones each;
    all sixty traces, the ten first.
    """
    sent = fresh_traces(60)
    deployment.create_topics(partitions=1)
    ingest = deployment.reading()
    places = deployment.publish(deployment.traces, bytes_of(sent[:10]))
    places += deployment.publish(deployment.outcomes, bytes_of([fresh_outcome() for _ in range(10)]))
    deployment.wait_stored(places)
    if frozen:
        ingest.suspend()
    deployment.recreate(deployment.traces, deployment.outcomes)
    deployment.publish(deployment.traces, bytes_of(sent[10:]))
    deployment.publish(deployment.outcomes, bytes_of([fresh_outcome() for _ in range(50)]))
    if frozen:
        ingest.resume()
    return ingest, sent


def test_a_topic_that_is_recreated_while_it_is_read(on_kafka: Deployment) -> None:
    """The process stops, and so does the next one at its start, until somebody says that the old topic is done with."""
    url = on_kafka.url
    ingest, sent = read_and_recreated(on_kafka, frozen=False)
    stops_with_command(ingest)
    command = stops_with_command(on_kafka.start())
    run_command(on_kafka, command)
    for topic in {on_kafka.traces, on_kafka.outcomes} - set(command):
        run_command(on_kafka, ["offsets", "reset", "--topic", topic, "--to", "start"])
    on_kafka.reading().wait_until(lambda: counts(url) == (60, 60), "both, old and new")
    attempts = {one.trace_id: 1 for one in sent}
    audit(url, attempts=attempts, messages=120, recreated={on_kafka.traces, on_kafka.outcomes})
    assert stored.tallies(url)["duplicate"] == 0


def test_a_topic_that_is_recreated_while_ingest_stands_still(on_kafka: Deployment) -> None:
    """Kafka hands out the new one's messages at the old one's offsets: none of them is stored as the old one's."""
    ingest, sent = read_and_recreated(on_kafka, frozen=True)
    stops_with_command(ingest)
    audit(on_kafka.url, attempts={one.trace_id: 1 for one in sent[:10]}, messages=20)


def test_an_offset_past_the_end_stops(on_kafka: Deployment) -> None:
    """Kafka lost messages that are stored: to wait until it has caught up would lose as many again."""
    deployment, url, topic = on_kafka, on_kafka.url, on_kafka.traces
    deployment.create_topics(partitions=2)
    state = topic_state(deployment.bootstrap, topic)
    with deployment.producer() as producer, psycopg.connect(url) as connection:
        for value in bytes_of(fresh_traces(10)):
            producer.send(topic, value, partition=1).get(20)
        connection.execute(
            "INSERT INTO ingest_offsets (cluster_id, topic_id, topic, partition, next_offset)"
            " VALUES (%s, %s, %s, 1, 11)",
            (state.cluster_id, state.topic_id, topic),
        )
    command = stops_with_command(deployment.start())
    assert command == ["offsets", "reset", "--topic", topic, "--partition", "1", "--to", "start"]
    run_command(deployment, command)
    deployment.reading().wait_until(lambda: counts(url) == (10, 0), "what Kafka has")
    assert stored.gaps(url) == []


def test_messages_that_kafka_deleted_unread_are_noted_as_a_gap(on_kafka: Deployment) -> None:
    """While it read, and again while it was away: a row of ingest_gaps each, metrics, and the reading goes on."""
    deployment, url, topic = on_kafka, on_kafka.url, on_kafka.traces
    deployment.create_topics(partitions=1)
    ingest = deployment.reading()
    deployment.wait_stored(deployment.publish(topic, bytes_of(fresh_traces(10))))
    ingest.suspend()
    # A fetch that is under way is answered with the first of these; for the others nobody asks before they are gone.
    deployment.publish(topic, bytes_of(fresh_traces(1)))
    deployment.publish(topic, bytes_of(fresh_traces(29)))
    deployment.delete_before(topic, 35)
    ingest.resume()
    ingest.wait_until(lambda: stored.next_offsets(url)[topic, 0] == 40, "the end")
    ((*at, first, following, reason),) = stored.gaps(url)
    assert (at, following, reason) == ([topic, 0], 35, "deleted")
    assert first in (10, 11)
    assert ingest.metric("pointsman_ingest_gaps_total", topic=topic) == 1
    assert ingest.metric("pointsman_ingest_gap_offsets_total", topic=topic) == 35 - first
    assert ingest.terminate() == 0
    deployment.publish(topic, bytes_of(fresh_traces(10)))
    deployment.delete_before(topic, 50)
    again = deployment.reading()
    again.wait_until(lambda: stored.next_offsets(url)[topic, 0] == 50, "the end")
    assert stored.gaps(url)[1:] == [(topic, 0, 40, 50, "deleted")]
    assert stored.count(url, "traces") == first + 5
    found = stored.rows(url, "SELECT trace_id FROM traces")
    assert audit(url, attempts={row["trace_id"]: 1 for row in found}, messages=first + 5).gaps == 2


def test_messages_are_not_skipped_unasked(on_kafka: Deployment) -> None:
    """A dry run and a question change nothing; with a yes, what is skipped is a gap and never stored."""
    deployment, url, topic = on_kafka, on_kafka.url, on_kafka.traces
    deployment.create_topics(partitions=1)
    ingest = deployment.reading()
    deployment.wait_stored(deployment.publish(topic, bytes_of(fresh_traces(4))))
    assert ingest.terminate() == 0
    deployment.publish(topic, bytes_of(fresh_traces(6)))
    reset = ["offsets", "reset", "--topic", topic, "--to"]
    asked = as_process(*reset, "end", settings=deployment.settings)
    assert (asked.code, asked.out.strip()) == (1, "")
    assert "This skips 6 offsets, whose messages are not stored. Go on? [y/N]" in asked.err
    assert (
        as_process(*reset, "end", "--dry-run", settings=deployment.settings).out
        == f"{topic}/0: 4 -> 10, skips 6 offsets\n"
    )
    assert stored.next_offsets(url)[topic, 0] == 4
    run_command(deployment, [*reset, "9", "--yes"])
    deployment.reading()
    deployment.wait_stored(deployment.publish(topic, bytes_of(fresh_traces(1))))
    assert stored.gaps(url) == [(topic, 0, 4, 9, "reset")]
    assert stored.count(url, "traces") == 6


def test_messages_of_an_unread_partition_are_not_skipped_unasked(on_kafka: Deployment) -> None:
    """One that was never read, and one of a topic that was re-created: a question before, a gap after."""
    deployment, url, topic = on_kafka, on_kafka.url, on_kafka.traces
    deployment.create_topics(partitions=1)
    deployment.publish(topic, bytes_of(fresh_traces(5)))
    to_end = ["offsets", "reset", "--topic", topic, "--to", "end"]
    asked = as_process(*to_end, settings=deployment.settings)
    assert (asked.code, asked.out.strip()) == (1, "")
    assert "This skips 5 offsets, whose messages are not stored. Go on? [y/N]" in asked.err
    assert (
        as_process(*to_end, "--yes", settings=deployment.settings).out
        == f"{topic}/0: not read yet -> 5, skips 5 offsets\n"
    )
    deployment.recreate(topic)
    deployment.publish(topic, bytes_of(fresh_traces(3)))
    assert "This skips 3 offsets" in as_process(*to_end, settings=deployment.settings).err
    assert stored.gaps(url) == [(topic, 0, 0, 5, "reset")]
    run_command(deployment, [*to_end, "--yes"])
    assert stored.gaps(url)[1:] == [(topic, 0, 0, 3, "reset")]
    deployment.reading()
    deployment.wait_stored(deployment.publish(topic, bytes_of(fresh_traces(1))))
    assert stored.count(url, "traces") == 1


def test_no_more_is_skipped_than_was_agreed_to(on_kafka: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody moves partitions while the question stands: nothing is done, also where the sum is no larger."""
    deployment, url, topic = on_kafka, on_kafka.url, on_kafka.traces
    deployment.create_topics(partitions=2)
    with deployment.producer() as producer:
        for number, value in enumerate(bytes_of(fresh_traces(16))):
            producer.send(topic, value, partition=number % 2).get(20)
    to = ["offsets", "reset", "--topic", topic, "--to"]
    run_command(deployment, [*to, "6", "--yes"])

    def agree(question: str, **_: object) -> None:
        assert "skips 4 offsets" in question
        for partition, offset in (("0", "8"), ("1", "5")):
            run_command(deployment, [*to, offset, "--partition", partition, "--yes"])

    monkeypatch.setattr("typer.confirm", agree)
    said = pointsman(*to, "end", settings=deployment.settings)
    assert (said.code, said.out) == (1, "")
    assert "was moved meanwhile" in said.err
    assert [stored.next_offsets(url)[topic, partition] for partition in (0, 1)] == [8, 5]
    assert sorted(stored.gaps(url)) == [(topic, 0, 0, 6, "reset"), (topic, 0, 6, 8, "reset"), (topic, 1, 0, 6, "reset")]


def test_a_topic_that_is_recreated_while_the_question_stands(
    on_kafka: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was agreed to was the old one's: nothing is done."""
    deployment, url, topic = on_kafka, on_kafka.url, on_kafka.traces
    deployment.create_topics(partitions=1)
    deployment.publish(topic, bytes_of(fresh_traces(8)))
    monkeypatch.setattr("typer.confirm", lambda *_, **__: deployment.recreate(topic))
    said = pointsman("offsets", "reset", "--topic", topic, "--to", "end", settings=deployment.settings)
    assert (said.code, said.out) == (1, "")
    assert "was re-created meanwhile" in said.err
    assert stored.gaps(url) == []
    assert stored.next_offsets(url) == {}
