"""Messages of 20 MB: dead letters with the hash of all their bytes; memory stays bounded, compressed or not."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.audit import audit
from tests.conftest import Scale
from tests.faults.report import megabytes, tell
from tests.ingest import stored
from tests.ingest.deployment import Deployment, Place
from tests.ingest.process import IngestProcess
from tests.ingest.traffic import bytes_of, fresh_traces

_LARGE = 20_000_000
_ROOM = 25_000_000
# A portion of 16 MiB in each of: what was read, what is being stored, what is fetched ahead; and the allocator's share.
_MOST_BYTES = 150_000_000


class Peak:
    """The most memory that a process was seen to hold."""

    def __init__(self) -> None:
        self.bytes = 0


@contextmanager
def watched(ingest: IngestProcess) -> Iterator[Peak]:
    """Looks up its memory each ten milliseconds, while the block lasts."""
    peak, done = Peak(), threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            peak.bytes = max(peak.bytes, ingest.memory_bytes)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def large(seed: int) -> bytes:
    """20 MB that no codec makes much smaller."""
    return seed.to_bytes(4, "big") + os.urandom(_LARGE - 4)


def zeros(seed: int) -> bytes:
    """20 MB that zstd makes two kilobytes of."""
    return seed.to_bytes(4, "big") + b"0" * (_LARGE - 4)


def publish(deployment: Deployment, values: list[bytes], **settings: object) -> list[Place]:
    """With room for all of them in one batch."""
    room = {"max_request_size": _ROOM, "linger_ms": 3_000, "batch_size": len(values) * _ROOM}
    return deployment.publish(deployment.traces, values, **room | settings)


def kept_of(deployment: Deployment) -> list[tuple[str, int, bytes]]:
    """What the dead letters say of their payloads: reason, length, hash."""
    query = 'SELECT reason, payload_bytes, payload_sha256 FROM dead_letters ORDER BY "offset"'
    return [
        (row["reason"], row["payload_bytes"], bytes(row["payload_sha256"]))
        for row in stored.rows(deployment.url, query)
    ]


@pytest.mark.timeout(600)
def test_messages_of_20_mb(on_kafka: Deployment, scale: Scale) -> None:
    """A broker that lets them through makes no difference, whether they come alone, compressed, or many in a batch."""
    on_kafka.create_topic(on_kafka.traces, max_message_bytes=str(_ROOM), message_timestamp_type="LogAppendTime")
    on_kafka.create_topics(partitions=1)
    ingest = on_kafka.reading()
    good = fresh_traces(200)
    on_kafka.wait_stored(on_kafka.publish(on_kafka.traces, bytes_of(good[:100])))
    before = ingest.memory_bytes
    many = scale(long=30, small=5)
    peaks: dict[str, int] = {}
    sent: list[bytes] = []
    places: list[Place] = []
    for what, values, settings in (
        ("alone", [large(0)], {}),
        ("compressed", [zeros(1)], {"compression_type": "zstd"}),
        ("many", [zeros(number) for number in range(2, 2 + many)], {"compression_type": "zstd"}),
    ):
        with watched(ingest) as peak:
            places += publish(on_kafka, values, **settings)
            sent += values
            on_kafka.wait_stored(places, within_s=120)
        peaks[what] = peak.bytes - before
    on_kafka.wait_stored(on_kafka.publish(on_kafka.traces, bytes_of(good[100:])))
    assert kept_of(on_kafka) == [("too_large", len(value), hashlib.sha256(value).digest()) for value in sent]
    time.sleep(1)
    peaks["after"] = ingest.memory_bytes - before
    done = audit(on_kafka.url, attempts={one.trace_id: 1 for one in good}, dead=places, messages=200 + len(sent))
    assert peaks["many"] < _MOST_BYTES
    assert peaks["alone"] < _MOST_BYTES
    tell(
        "20 MB",
        done,
        before=megabytes(before),
        **{f"peak_{name}": f"+{megabytes(value)}" for name, value in peaks.items()},
    )
    assert ingest.wait_health("reading")["status"] == 200


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("codec", ["zstd", "gzip", "lz4"])
def test_many_that_are_within_the_limit(on_kafka: Deployment, codec: str) -> None:
    """A batch of a few kilobytes holds hundreds of valid traces of nearly 1 MiB each, most of it blanks: all of them
    are stored, a portion at a time.
    """
    on_kafka.create_topics(partitions=1)
    ingest = on_kafka.reading()
    on_kafka.wait_stored(on_kafka.publish(on_kafka.traces, bytes_of(fresh_traces(1, tenant="before"))))
    before = ingest.memory_bytes
    padded = fresh_traces(400)
    with watched(ingest) as peak:
        values = [value + b" " * 1_000_000 for value in bytes_of(padded)]
        places = publish(on_kafka, values, compression_type=codec)
        on_kafka.wait_stored(places, within_s=120)
    first = stored.one(on_kafka.url, "SELECT trace_id FROM traces WHERE tenant = 'before'")
    done = audit(on_kafka.url, attempts={first: 1} | {one.trace_id: 1 for one in padded}, messages=1 + len(padded))
    tell(f"blanks, {codec}", done, before=megabytes(before), peak=f"+{megabytes(peak.bytes - before)}")
    # As a whole the batch would take three times its 400 MB, and portions that nobody frees at once 400 MB.
    assert peak.bytes - before < _MOST_BYTES
