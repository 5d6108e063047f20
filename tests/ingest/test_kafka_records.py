"""Our reading of a batch says what kafka-python's says, of whatever bytes."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import decode_varint, encode_varint

from ingest.kafka_records import RecordsUnreadable
from tests.ingest.batch_bytes import ATTRIBUTES_AT, COUNT_AT, LAST_NUMBER_AT, RECORDS_AT, at_offset, offset_of
from tests.ingest.test_large_batches import MIB, Values, batch_of, streamed, told
from tests.ingest.traffic import NoText

_LOG_APPEND_TIME = 0x08
_HEADERS = 5

_VALUES = st.none() | st.binary(max_size=300)
_RECORDS = st.lists(
    st.tuples(
        st.none() | st.binary(max_size=200),
        _VALUES,
        st.lists(st.tuples(st.text(max_size=20), _VALUES), max_size=3),
    ),
    min_size=1,
    max_size=5,
)


class Outcome(NamedTuple):
    """What came of a batch: its records, up to where it could not be read on."""

    records: list[tuple[object, ...]]
    is_whole: bool


def outcome(batch: Any) -> Outcome:
    """Read it. Whatever is raised but that it cannot be read fails the test."""
    records = []
    try:
        for one in batch:
            records += told([one])
    except (CorruptRecordError, RecordsUnreadable):
        return Outcome(records, is_whole=False)
    return Outcome(records, is_whole=True)


@given(_RECORDS)
def test_every_batch_is_read_alike(records: Values) -> None:
    """With and without keys, values and headers, of one byte's length and of two."""
    written = batch_of(0, records)
    assert told(streamed(written)) == told(DefaultRecordBatch(written))


@given(_RECORDS)
def test_a_batch_stamped_by_the_broker(records: Values) -> None:
    """All its records have the batch's time."""
    written = bytearray(batch_of(0, records))
    written[ATTRIBUTES_AT] |= _LOG_APPEND_TIME
    found = told(streamed(bytes(written)))
    assert found == told(DefaultRecordBatch(bytes(written)))
    assert len({one[1] for one in found}) == 1


def as_stream(batch: bytes) -> Outcome:
    """What comes of the same records where they are compressed, and read piece by piece."""
    packed = at_offset(offset_of(batch), batch, zstandard.compress(batch[RECORDS_AT:]), attributes=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.large_batches._WHOLE_BYTES", -1)
        return outcome(streamed(packed))


@given(_RECORDS, st.integers(0, 2000), st.integers(0, 30), st.binary(max_size=12))
@example([(None, None, [("", b"")])], 1, 1, b"\x80")
def test_whatever_the_bytes_are(records: Values, at: int, length: int, put: bytes) -> None:
    """A part cut out and other bytes in its place: read alike, or corrupt for all three ways to read."""
    written = batch_of(0, records)
    header, payload = written[:RECORDS_AT], written[RECORDS_AT:]
    at %= len(payload)
    broken = header + payload[:at] + put + payload[at + length :]
    ours = outcome(streamed(broken))
    assert ours == as_stream(broken)
    assert [offset for offset, *_ in ours.records] == list(range(len(ours.records)))
    # kafka-python takes a negative length of any size for nothing, and numbers of any length, attributes too,
    # which are one byte; names have to be text, and it takes a record's word for its offset.
    if ours.is_whole and not (
        any("\ufffd" in name for name in header_names(ours.records)) or any(map(_is_long, attributes_of(broken)))
    ):
        theirs = outcome(DefaultRecordBatch(broken))
        assert theirs.is_whole
        assert [others for _, *others in ours.records] == [others for _, *others in theirs.records]


def attributes_of(batch: bytes) -> Iterator[int]:
    """The byte behind each record's length."""
    at = RECORDS_AT
    while at < len(batch):
        length, at = decode_varint(memoryview(batch), at)
        yield batch[at]
        at += length


def _is_long(byte: int) -> bool:
    """Whether a number of several bytes would begin so."""
    return byte >= 0x80


def header_names(records: list[tuple[object, ...]]) -> Iterator[str]:
    """Of all records that were told."""
    for record in records:
        yield from (name for name, _ in cast("list[tuple[str, bytes | None]]", record[_HEADERS]))


BOTH = pytest.mark.parametrize("read", [lambda batch: outcome(streamed(batch)), as_stream], ids=["whole", "stream"])


@BOTH
@pytest.mark.parametrize(
    "record",
    [
        pytest.param("00 00 00 01 01 01", id="minus one header"),
        pytest.param("00 00 00 01 01 02 01 01", id="a header without a name"),
        pytest.param("00 80808080808080808080808000 00 01 01 00", id="a number without end"),
        pytest.param("00 00 00 01 01 00 00", id="a byte too many"),
    ],
)
def test_a_record_that_cannot_be(read: Callable[[bytes], Outcome], record: str) -> None:
    """Two of a batch's records, the first of which says something else of itself than is there."""
    first, second = bytes.fromhex(record), bytes.fromhex("00 00 02 01 0a 68656c6c6f 00")
    fits = bytes.fromhex("00 00 00 01 01 00")
    two = batch_of(0, [(None, b"", []), (None, b"", [])])
    assert read(at_offset(0, two, sized(first) + sized(second))) == Outcome([], is_whole=False)
    assert read(at_offset(0, two, sized(fits) + sized(second))).is_whole


@BOTH
def test_no_record_within_another(read: Callable[[bytes], Outcome]) -> None:
    """Of its headers some are passed over, and by its own word it ends within those before: where, in the value of one
    of them, another record begins.
    """
    others = b"\0\1" * 99
    inner = b"\0\0\2" + number(-1) + number(2 + len(others)) + b"vv"
    within = number(len(inner) + len(others) + 1) + inner
    outer = b"\0\0\0" + number(-1) + number(-1) + number(101) + b"\0" + number(len(within))
    two = batch_of(0, [(None, b"", []), (None, b"", [])])
    found = read(at_offset(0, two, number(len(outer)) + outer + within + others + b"\0"))
    assert found == Outcome([], is_whole=False)


@BOTH
def test_the_last_record_does_not_come_where_more_is_wrong(read: Callable[[bytes], Outcome]) -> None:
    """Bytes behind it, or fewer than it says: with the record, the place of the trouble would be passed over."""
    written = batch_of(0, [(None, b"first", []), (b"key", b"second", [("name", b"value" * 20)])])
    payload = written[RECORDS_AT:]
    for records in (payload + b"\0", payload[:-1], payload + payload):
        found = read(at_offset(0, written, records))
        assert [one[4] for one in found.records] == [b"first"]
        assert not found.is_whole
    none = written[:COUNT_AT] + bytes(4)
    assert read(at_offset(0, none, b"")) == Outcome([], is_whole=True)
    assert not read(at_offset(0, none, payload)).is_whole


@BOTH
def test_no_record_chooses_its_offset(read: Callable[[bytes], Outcome]) -> None:
    """Kafka checks none that is not compressed: a message could pass for one that is yet to come, which would then be
    taken for read. Where records are missing, as in a compacted topic, each has to be within the batch, and in order.
    """

    def offsets(last: int, *numbers: int) -> list[object] | None:
        written = bytearray(batch_of(0, [(None, b"", [])] * len(numbers)))
        written[LAST_NUMBER_AT : LAST_NUMBER_AT + 4] = last.to_bytes(4, "big")
        records = b"".join(sized(b"\0\0" + number(one) + b"\1\1\0") for one in numbers)
        found = read(at_offset(100, bytes(written), records))
        return [one[0] for one in found.records] if found.is_whole else None

    assert offsets(2, 0, 24, -5) == [100, 101, 102]
    assert offsets(9, 1, 4, 9) == [101, 104, 109]
    for last, *numbers in ([9, 1, 4, 10], [9, 1, 1], [9, 4, 1], [9, -1, 1], [1, 0, 1, 2]):
        assert offsets(last, *numbers) is None


def sized(record: bytes) -> bytes:
    """With its length before it."""
    return number(len(record)) + record


@pytest.mark.parametrize("rest", [0, 17 * MIB], ids=["whole", "stream"])
def test_a_header_whose_name_is_no_text(rest: int) -> None:
    """Whoever may write to the topic can send one: it is a message like any other."""
    written = batch_of(4, [(b"key", b"value", [(NoText(b"\xc3("), b"1"), ("after", None)]), (None, bytes(rest), [])])
    first, _ = streamed(written)
    assert first.headers == [("\ufffd(", b"1"), ("after", None)]


@given(_RECORDS, st.integers(0, 2000))
def test_cut_anywhere(records: Values, at: int) -> None:
    """A batch that ends too soon is never taken for a shorter one."""
    written = batch_of(0, records)
    at %= len(written) - RECORDS_AT
    assert not outcome(streamed(written[: RECORDS_AT + at])).is_whole


@given(_RECORDS, st.integers(0, 10).filter(bool))
def test_another_count(records: Values, more: int) -> None:
    """More records than there are, or fewer."""
    written = bytearray(batch_of(0, records))
    for count in (len(records) + more, len(records) - 1):
        written[COUNT_AT : COUNT_AT + 4] = count.to_bytes(4, "big")
        assert not outcome(streamed(bytes(written))).is_whole


@pytest.mark.parametrize("rest", [0, 17 * MIB], ids=["whole", "stream"])
def test_of_many_headers_the_first_are_kept(rest: int) -> None:
    """A hundred that are short: eight million empty ones take a few kilobytes on the wire and half a gigabyte here."""
    headers: list[tuple[str, bytes | None]] = [("", None)] * 100_000 + [("behind", b"")]
    headers[:2] = [("long", b"x" * 5_000), ("first", b"1")]
    first, second = streamed(batch_of(4, [(None, b"value", headers), (b"next", bytes(rest), [])]))
    assert first.headers == [("first", b"1"), *[("", None)] * 98]
    assert (first.value, second.key) == (b"value", b"next")


@pytest.mark.parametrize("count", [8_000_000, 100_000_000], ids=["whole", "stream"])
def test_headers_without_end_take_no_time(count: int) -> None:
    """They are a few kilobytes on the wire. Read one by one, they would hold the consumer up for so long that the group
    goes on without it, and whoever gets the partition stands still at the same message.
    """
    many = b"\0\0\0" + number(-1) + number(-1) + number(count)
    after = b"\0\0\2" + number(-1) + number(4) + b"next" + number(0)
    packed = zstandard.ZstdCompressor().compressobj()
    parts = [packed.compress(number(len(many) + 2 * count) + many)]
    parts += [packed.compress(b"\0\1" * 1_000_000) for _ in range(count // 1_000_000)]
    parts += [packed.compress(number(len(after)) + after), packed.flush()]
    batch = at_offset(0, batch_of(4, [(None, bytes(1000), []), (None, b"next", [])]), b"".join(parts))
    began = time.monotonic()
    first, second = streamed(batch)
    assert time.monotonic() - began < 10
    assert (first.headers, first.offset) == ([("", None)] * 100, 0)
    assert (second.value, second.offset) == (b"next", 1)


def number(value: int) -> bytes:
    """As records write one: a varint, zigzag-encoded."""
    written = bytearray()
    encode_varint(value, written.append)
    return bytes(written)


def test_a_control_batch_is_kafka_pythons() -> None:
    """Its record is no message: it says how a transaction ended."""
    written = bytearray(batch_of(0, [(b"\0\0\0\1", b"\0\0\0\0\0\0", [])]))
    written[ATTRIBUTES_AT] |= 0x20
    (record,) = streamed(bytes(written))
    assert record.commit
