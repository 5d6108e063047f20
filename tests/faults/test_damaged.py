"""Batches that are not what they say: damaged on the broker's disk, or written so."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from kafka.record.default_records import DefaultRecordBatchBuilder

from pointsman_contract.trace import Trace
from tests.audit import audit
from tests.ingest import stored
from tests.ingest.batch_bytes import LAST_NUMBER_AT, RECORDS_AT, at_offset, length_of, offset_of
from tests.ingest.deployment import Deployment
from tests.ingest.fixtures import deployed
from tests.ingest.test_resets import run_command, stops_with_command
from tests.ingest.traffic import bytes_of, fresh_traces
from tests.services.kafka import ApacheKafka
from tests.services.postgres import PostgresServer


def bit_turned(batch: bytes) -> bytes:
    """One bit, which the checksum tells."""
    return batch[:-1] + bytes([batch[-1] ^ 1])


def end_elsewhere(batch: bytes) -> bytes:
    """The header tells fewer offsets than there are."""
    return batch[:LAST_NUMBER_AT] + (2).to_bytes(4, "big") + batch[LAST_NUMBER_AT + 4 :]


def other_records(batch: bytes) -> bytes:
    """Bytes that no codec has written, with a checksum that fits."""
    return at_offset(offset_of(batch), batch, b"\xa5" * (len(batch) - RECORDS_AT))


def damage(segment: Path, offset: int, change: Callable[[bytes], bytes]) -> None:
    """Change the batch that begins with this offset, where it is on the broker's disk."""
    written = segment.read_bytes()
    at = 0
    while offset_of(written, at) != offset:
        at += length_of(written, at)
    with segment.open("r+b") as file:
        file.seek(at)
        file.write(change(written[at : at + length_of(written, at)]))


def send_batch(deployment: Deployment, traces: Sequence[Trace], codec: str | None = None) -> None:
    """All of them in one batch."""
    with deployment.producer(compression_type=codec, linger_ms=60_000, batch_size=2**20) as producer:
        for value in bytes_of(traces):
            producer.send(deployment.traces, value)
        producer.flush(20)


@pytest.mark.parametrize(
    ("change", "codec", "why"),
    [
        (bit_turned, None, "its checksum is wrong"),
        (end_elsewhere, None, "its checksum is wrong"),
        (other_records, None, "a number of over ten bytes"),
        (other_records, "zstd", "ZstdError"),
    ],
    ids=["checksum", "header", "plain", "zstd"],
)
def test_a_batch_that_cannot_be_read(
    on_kafka: Deployment,
    apache_kafka: ApacheKafka,
    change: Callable[[bytes], bytes],
    codec: str | None,
    why: str,
) -> None:
    """What stands before it is stored, each new start stops there again, and the command skips the batch alone."""
    deployment, url, topic = on_kafka, on_kafka.url, on_kafka.traces
    deployment.create_topics(partitions=1)
    sent = fresh_traces(30)
    for begin in range(0, 30, 10):
        send_batch(deployment, sent[begin : begin + 10], codec)
    damage(apache_kafka.segment(topic, 0), 10, change)
    wanted = ["offsets", "reset", "--topic", topic, "--partition", "0", "--to", "20"]
    for _ in range(2):
        ingest = deployment.start()
        assert stops_with_command(ingest) == wanted
        said = ingest.output.strip().splitlines()[-1]
        assert f"{topic}/0: the batch of 10 to 19 cannot be read: {why}" in said
        assert stored.next_offsets(url)[topic, 0] == 10
    run_command(deployment, [*wanted, "--yes"])
    deployment.reading().wait_until(lambda: stored.next_offsets(url)[topic, 0] == 30, "the end")
    assert stored.gaps(url) == [(topic, 0, 10, 20, "reset")]
    attempts = {one.trace_id: 1 for one in (*sent[:10], *sent[20:])}
    assert audit(url, attempts=attempts, messages=20).gaps == 1


def test_the_last_batch_of_a_topic_that_cannot_be_read(
    tansu: str, postgres18: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded broker takes it from whoever sends it, and the command has to look at it to know where it ends."""
    with deployed(tansu, postgres18, tmp_path) as deployment:
        deployment.create_topics(partitions=1)
        sent = fresh_traces(5)
        send_batch(deployment, sent)
        with monkeypatch.context() as patch:
            patch.setattr("kafka.record.default_records.zstd_encode", lambda _: b"\xa5" * 50)
            send_batch(deployment, fresh_traces(3), "zstd")
        command = stops_with_command(deployment.start())
        assert command == ["offsets", "reset", "--topic", deployment.traces, "--partition", "0", "--to", "8"]
        run_command(deployment, [*command, "--yes"])
        deployment.reading()
        behind = fresh_traces(1)
        deployment.wait_stored(deployment.publish(deployment.traces, bytes_of(behind)))
        assert audit(deployment.url, attempts={one.trace_id: 1 for one in (*sent, *behind)}, messages=6).gaps == 1


def test_no_message_passes_for_another(on_kafka: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka takes a batch of which a record says that it stands far behind; it stands where Kafka has counted it."""
    original: Any = DefaultRecordBatchBuilder.append

    def forging(batch: Any, offset: int, *arguments: Any) -> Any:
        taken = original(batch, 24 if offset == 9 else offset, *arguments)
        batch._last_offset = offset  # noqa: SLF001 - what the header says
        return taken

    on_kafka.create_topics(partitions=1)
    sent = fresh_traces(40)
    with monkeypatch.context() as patch:
        patch.setattr(DefaultRecordBatchBuilder, "append", forging)
        send_batch(on_kafka, sent[:10])
    send_batch(on_kafka, sent[10:])
    on_kafka.reading(batch_max_messages=10).wait_until(
        lambda: stored.next_offsets(on_kafka.url).get((on_kafka.traces, 0)) == 40, "the end"
    )
    assert audit(on_kafka.url, attempts={one.trace_id: 1 for one in sent}, messages=40).gaps == 0
