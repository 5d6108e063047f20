"""Batches that are read as a stream say the same as kafka-python's own reading, and hold no large value."""

import hashlib
import random
from typing import Any

import pytest
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from ingest.kafka_records import RecordsUnreadable
from ingest.large_batches import StreamedBatch
from store.received import CutShort

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
MIB = 1024 * 1024
Values = list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]]


def batch_of(codec: int, records: Values) -> bytes:
    """As a producer writes it."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10**9,
    )
    for offset, (key, value, headers) in enumerate(records):
        builder.append(offset, 1_700_000_000_000 + offset * 7, key, value, headers)
    return bytes(builder.build())


def streamed(written: bytes) -> Any:
    """Read by us."""
    return StreamedBatch(written)  # type: ignore[no-untyped-call]  # kafka-python's constructor


def told(batch: Any) -> list[tuple[object, ...]]:
    """What the records of a batch say."""
    return [
        (one.offset, one.timestamp, one.timestamp_type, one.key, one.value, one.headers, one.size_in_bytes)
        for one in batch
    ]


def records_of(rest: int) -> Values:
    """Records with and without keys, values and headers; `rest` bytes more, in values that are within the limit."""
    chance = random.Random(rest)
    records: Values = [
        (None, b"", []),
        (b"", None, []),
        (b"key", chance.randbytes(1000), [("pointsman-replayed", b"1"), ("none", None)]),
        (b"k" * 3000, b"\0" * MIB, []),
    ]
    records += [(None, bytes([chance.randrange(256)]) * MIB, [("n", b"%d" % number)]) for number in range(rest // MIB)]
    return records


@pytest.mark.parametrize("rest", [0, 15 * MIB, 40 * MIB])
@pytest.mark.parametrize("codec", [0, *CODECS.values()], ids=["plain", *CODECS])
def test_says_the_same(codec: int, rest: int) -> None:
    """Whichever codec, as a whole or as a stream: every record as kafka-python reads it."""
    written = batch_of(codec, records_of(rest))
    assert told(streamed(written)) == told(DefaultRecordBatch(written))


@pytest.mark.parametrize("codec", [1, 3, 4], ids=["gzip", "lz4", "zstd"])
def test_large_values_are_cut_short(codec: int) -> None:
    """Of a value over the limit the beginning is there, with the length and the hash of all of it."""
    large = [b"%d" % number + b"x" * (20 * MIB) for number in range(3)]
    records: Values = [(b"before", b"small", [])]
    records += [(None, value, [("long", b"h" * 5000), ("short", b"h")]) for value in large]
    _, *cut = streamed(batch_of(codec, records))
    for found, value in zip(cut, large, strict=True):
        assert isinstance(found.value, CutShort)
        assert (len(found.value), found.value.sha256) == (len(value), hashlib.sha256(value).digest())
        assert found.value[:100_000] == value[: 64 * 1024]
        assert found.headers == [("short", b"h")]


def test_a_batch_that_ends_early_is_an_error() -> None:
    """Its header promises more records than there are: nothing is made up."""
    written = bytearray(batch_of(4, records_of(20 * MIB)))
    header = DefaultRecordBatch.HEADER_STRUCT
    promised = list(header.unpack_from(written))
    promised[-1] += 1
    header.pack_into(written, 0, *promised)
    with pytest.raises(RecordsUnreadable):
        told(streamed(bytes(written)))
