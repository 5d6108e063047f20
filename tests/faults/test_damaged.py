"""A batch that the broker's disk has damaged: ingest keeps what stands before it, stops, and its command mends it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit import audit
from tests.ingest import stored
from tests.ingest.batch_bytes import RECORDS_AT, at_offset, length_of, offset_of
from tests.ingest.deployment import Deployment
from tests.ingest.test_resets import run_command, stops_with_command
from tests.ingest.traffic import bytes_of, fresh_traces
from tests.services.kafka import ApacheKafka


def bit_turned(batch: bytes) -> bytes:
    """One bit, which the checksum tells."""
    return batch[:-1] + bytes([batch[-1] ^ 1])


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


@pytest.mark.parametrize(
    ("change", "codec", "why"),
    [
        (bit_turned, None, "failed crc check"),
        (other_records, None, "CorruptRecordError"),
        (other_records, "zstd", "ZstdError"),
    ],
    ids=["checksum", "plain", "zstd"],
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
        deployment.publish(
            topic, bytes_of(sent[begin : begin + 10]), compression_type=codec, linger_ms=200, batch_size=2**20
        )
    damage(apache_kafka.segment(topic, 0), 10, change)
    wanted = ["offsets", "reset", "--topic", topic, "--partition", "0", "--to", "20"]
    for _ in range(2):
        ingest = deployment.start()
        assert stops_with_command(ingest) == wanted
        said = ingest.output.strip().splitlines()[-1]
        assert f"the batch at the offsets 10 to 19 of {topic}/0 cannot be read" in said
        assert why in said
        assert stored.next_offsets(url)[topic, 0] == 10
    run_command(deployment, [*wanted, "--yes"])
    deployment.reading().wait_until(lambda: stored.next_offsets(url)[topic, 0] == 30, "the end")
    assert stored.gaps(url) == [(topic, 0, 10, 20, "reset")]
    attempts = {one.trace_id: 1 for one in (*sent[:10], *sent[20:])}
    assert audit(url, attempts=attempts, messages=20).gaps == 1
