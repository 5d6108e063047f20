"""Batches that are read as a stream say the same as kafka-python's own reading, and hold no large value."""

import hashlib
import random
import tracemalloc
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import CorruptRecordError
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from ingest.errors import BatchUnreadable
from ingest.large_batches import Batches, Portion, PortionFull, Portions, StreamedBatch, bound_memory
from ingest.partitions import Partition
from store.received import CutShort
from tests.ingest.batch_bytes import RECORDS_AT, at_offset

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
MIB = 1024 * 1024
AT = Partition("topic", 3)
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


def fetched(written: bytes) -> tuple[Any, Portion]:
    """A partition as kafka-python's fetcher has it, with these bytes, and what the poll has brought."""
    consumer = SimpleNamespace(_fetcher=SimpleNamespace())
    portion = bound_memory(consumer)
    records = consumer._fetcher.PartitionRecords(0, TopicPartition(*AT), MemoryRecords(written))  # noqa: SLF001 - ours
    return records, portion


def test_a_poll_brings_a_portion() -> None:
    """Keys, values and headers count; the record that fills the portion still comes, and the next poll goes on."""
    portion = Portion()
    sizes = [(7 * MIB, -1, -1), (-1, 7 * MIB, -1), (-1, -1, 7 * MIB), (1, 1, 1)]
    wanted = [
        SimpleNamespace(serialized_key_size=k, serialized_value_size=v, serialized_header_size=h, headers=[])
        for k, v, h in sizes
    ]
    records = Portions(iter(wanted), portion, AT, Batches(MemoryRecords(b"")))
    assert [next(records) for _ in range(3)] == wanted[:3]
    with pytest.raises(PortionFull):
        next(records)
    portion.bytes = 0
    assert list(records) == wanted[3:]


def test_a_batch_that_ends_early_is_an_error() -> None:
    """Its header promises more records than there are: nothing is made up."""
    written = bytearray(batch_of(4, records_of(20 * MIB)))
    header = DefaultRecordBatch.HEADER_STRUCT
    promised = list(header.unpack_from(written))
    promised[-1] += 1
    header.pack_into(written, 0, *promised)
    with pytest.raises(CorruptRecordError):
        told(streamed(bytes(written)))


def unreadable_batches() -> dict[str, bytes]:
    """Each begins at offset 2."""
    small = batch_of(4, [(None, b"value", [])])
    found = {
        "no such codec": at_offset(2, small, attributes=7),
        "checksum": at_offset(2, small)[:-1] + bytes([small[-1] ^ 1]),
    }
    for name, codec in {"plain": 0, **CODECS}.items():
        small = batch_of(codec, [(None, b"abcdefgh" * 50, []), (None, b"value", [])])
        large = batch_of(codec, [(None, bytes(MIB), []) for _ in range(17)])
        found[f"{name}, other bytes"] = at_offset(2, small, b"\xa5" * 100)
        found[f"{name}, cut short"] = at_offset(2, small, small[RECORDS_AT:-9])
        found[f"{name}, large and cut short"] = at_offset(2, large, large[RECORDS_AT:-9])
        found[f"{name}, nothing"] = at_offset(2, small, b"")
    return found


def taken_until_unreadable(records: Any, portion: Portion) -> tuple[list[bytes], BatchUnreadable]:
    """The values that come before, and the error."""
    values: list[bytes] = []
    while True:
        portion.bytes = 0
        try:
            values += (one.value for one in records.take(100))
        except PortionFull:
            continue
        except BatchUnreadable as error:
            return values, error


@pytest.mark.parametrize("broken", unreadable_batches().values(), ids=unreadable_batches())
def test_a_batch_that_cannot_be_read_says_where_it_is(broken: bytes) -> None:
    """What stands before the trouble comes; nothing behind it does, however often somebody asks."""
    whole = DefaultRecordBatch(broken)
    before = at_offset(0, batch_of(4, [(None, b"first", []), (None, b"second", [])]))
    behind = at_offset(whole.next_offset, batch_of(4, [(None, b"behind", [])]))
    records, portion = fetched(before + broken + behind)
    values, error = taken_until_unreadable(records, portion)
    assert values[:2] == [b"first", b"second"]
    assert b"behind" not in values
    assert str(error).startswith(f"the batch at the offsets 2 to {whole.last_offset} of topic/3 cannot be read (")
    assert str(error).endswith(f"offsets reset --topic topic --partition 3 --to {whole.next_offset}")
    assert taken_until_unreadable(records, portion)[0] == []
    assert records.next_fetch_offset == len(values)


@pytest.mark.parametrize("header", [("", b""), ("ab", b"cd")], ids=["empty", "short"])
def test_headers_fill_a_portion(header: tuple[str, bytes]) -> None:
    """They are hardly a byte on the wire, and objects here."""
    records, portion = fetched(batch_of(4, [(None, b"", [header] * 100) for _ in range(500)]))
    tracemalloc.start()
    try:
        taken = records.take(500)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(taken) == 500
    assert portion.bytes / 3 < held < portion.bytes
