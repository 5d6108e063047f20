"""A poll brings a portion, and of a batch that cannot be read its place."""

import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch

from ingest.errors import BatchUnreadable
from ingest.partitions import Partition
from ingest.portions import Batches, Portion, PortionFull, Portions, bound_memory
from tests.ingest.batch_bytes import COUNT_AT, LAST_NUMBER_AT, LENGTH_AT, MAGIC_AT, RECORDS_AT, at_offset
from tests.ingest.test_large_batches import CODECS, MIB, batch_of

AT = Partition("topic", 3)


def fetched(written: bytes) -> tuple[Any, Portion]:
    """A partition as kafka-python's fetcher has it, with these bytes, and what the poll has brought."""
    consumer = SimpleNamespace(_fetcher=SimpleNamespace(_parse_fetched_data=None))
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
    records = Portions(iter(wanted), portion, AT, 0, Batches(MemoryRecords(b"")))
    assert [next(records) for _ in range(3)] == wanted[:3]
    with pytest.raises(PortionFull):
        next(records)
    portion.bytes = 0
    assert list(records) == wanted[3:]


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


BEFORE = at_offset(0, batch_of(4, [(None, b"first", []), (None, b"second", [])]))
BEHIND = batch_of(4, [(None, b"behind", [])])
SMALL = batch_of(4, [(None, b"value", [])])


def unreadable_batches() -> dict[str, bytes]:
    """Each begins at offset 2, and has a header that is right."""
    found = {"no such codec": at_offset(2, SMALL, attributes=7)}
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
    records, portion = fetched(BEFORE + broken + at_offset(whole.next_offset, BEHIND))
    values, error = taken_until_unreadable(records, portion)
    assert values[:2] == [b"first", b"second"]
    assert b"behind" not in values
    assert str(error).startswith(f"topic/3: the batch of 2 to {whole.last_offset} cannot be read: ")
    assert str(error).endswith(f"offsets reset --topic topic --partition 3 --to {whole.next_offset}")
    assert taken_until_unreadable(records, portion)[0] == []
    assert records.next_fetch_offset == len(values) < whole.next_offset


@pytest.mark.parametrize("last", [0, 3, -5, 2**31 - 1])
def test_a_header_without_its_checksum_is_not_believed(last: int) -> None:
    """Where the next batch begins says that batch, and nothing does where it was not fetched."""
    turned = bytearray(at_offset(2, SMALL))
    turned[LAST_NUMBER_AT : LAST_NUMBER_AT + 4] = last.to_bytes(4, "big", signed=True)
    turned[-1] ^= 1
    for behind, told, command in (
        (at_offset(7, BEHIND), "topic/3: the batch of 2 to 6 cannot be read: its checksum is wrong.", "--to 7"),
        (b"", "topic/3: a batch at the offset 2 cannot be read: its", "--to OFFSET, that of the next batch"),
        (at_offset(1, BEHIND), "topic/3: a batch at the offset 2 cannot", "--to OFFSET, that of the next batch"),
        (
            at_offset(7, BEHIND)[:-1] + b"?",
            "topic/3: a batch at the offset 2 cannot",
            "--to OFFSET, that of the next batch",
        ),
    ):
        values, error = taken_until_unreadable(*fetched(BEFORE + turned + behind))
        assert values == [b"first", b"second"]
        assert str(error).startswith(told)
        assert str(error).endswith(command)


@pytest.mark.parametrize(
    ("batches", "told"),
    [
        ((0, 42, 7), "a batch ends at 42, and the next one begins at 7"),
        ((0, 1, 7), "a batch ends at 1, and the next one begins at 1"),
        ((0, 2, 1), "a batch ends at 2, and the next one begins at 1"),
    ],
    ids=["far ahead", "within the one before", "the next one within it"],
)
def test_a_batch_that_stands_where_it_cannot(batches: tuple[int, int, int], told: str) -> None:
    """Its first offset is outside of the checksum. Which of two is wrong cannot be told: no command that skips one."""
    _, second, third = batches
    written = BEFORE + at_offset(second, SMALL) + at_offset(third, BEHIND)
    values, error = taken_until_unreadable(*fetched(written))
    assert values in ([], [b"first", b"second"])
    assert told in str(error)
    assert str(error).endswith("--to OFFSET, that of the next batch")


def test_a_layout_that_is_not_known() -> None:
    """kafka-python would take it for the one that it knows, but for transactions."""
    other = bytearray(at_offset(2, SMALL))
    other[MAGIC_AT] = 3
    values, error = taken_until_unreadable(*fetched(BEFORE + other + at_offset(3, BEHIND)))
    assert values == [b"first", b"second"]
    assert "topic/3: a batch at the offset 2 cannot be read: a batch of the layout 3" in str(error)


@pytest.mark.parametrize("codec", [0, 4], ids=["plain", "zstd"])
def test_less_than_no_record(codec: int) -> None:
    """A batch that counts its records below 0 is not passed over."""
    written = batch_of(codec, [(None, b"value", [])])
    negative = at_offset(2, written[:COUNT_AT] + (-1).to_bytes(4, "big", signed=True) + written[RECORDS_AT:])
    values, error = taken_until_unreadable(*fetched(BEFORE + negative + at_offset(3, BEHIND)))
    assert values == [b"first", b"second"]
    assert "topic/3: the batch of 2 to 2 cannot be read: -1 records" in str(error)


def test_a_length_that_cannot_be() -> None:
    """It says where what was read before ends."""
    short = bytearray(at_offset(2, SMALL))
    short[LENGTH_AT : LENGTH_AT + 4] = (5).to_bytes(4, "big")
    values, error = taken_until_unreadable(*fetched(BEFORE + short + at_offset(3, BEHIND)))
    assert values == [b"first", b"second"]
    assert str(error).startswith("topic/3: a batch at the offset 2 cannot be read: ")


@pytest.mark.parametrize("fails", [MemoryError, TypeError])
def test_other_trouble_is_no_batch_that_cannot_be_read(fails: type[Exception]) -> None:
    """It is told as it is, and stays: kafka-python would ask an ended iterator for more without end."""

    def failing() -> Iterator[Any]:
        yield from ()
        raise fails("ours")

    records = Portions(failing(), Portion(), AT, 0, Batches(MemoryRecords(b"")))
    for _ in range(2):
        with pytest.raises(fails, match="ours"):
            next(records)


def test_a_control_batch_without_its_marker() -> None:
    """Kafka keeps the batch of one that it has cleaned away: no message, and no trouble."""
    marker = bytearray(batch_of(0, [(b"\0\0\0\1", b"\0\0\0\0\0\0", [])]))
    marker[43:51] = (7).to_bytes(8, "big")
    marker[57:61] = bytes(4)
    empty = at_offset(2, bytes(marker), b"", attributes=0x30)
    consumer = SimpleNamespace(_fetcher=SimpleNamespace(_parse_fetched_data=None))
    bound_memory(consumer)
    records = consumer._fetcher.PartitionRecords(  # noqa: SLF001 - ours
        0, TopicPartition(*AT), MemoryRecords(BEFORE + empty + at_offset(3, BEHIND)), isolation_level=1
    )
    assert [one.value for one in records.take(100)] == [b"first", b"second", b"behind"]
