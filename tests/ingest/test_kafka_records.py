"""Our reading of a batch says what kafka-python's says, of whatever bytes."""

import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import encode_varint

from tests.ingest.test_large_batches import MIB, Values, batch_of, streamed, told
from tests.ingest.traffic import NoText

_HEADER_BYTES = 61
_LOG_APPEND_TIME = 0x08
_ATTRIBUTES_AT = 22
_COUNT_AT = 57
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


def outcome(batch: Any) -> list[tuple[object, ...]] | None:
    """What the records say; None where the batch is corrupt. Anything else that is raised fails the test."""
    try:
        return told(batch)
    except CorruptRecordError:
        return None


@given(_RECORDS)
def test_every_batch_is_read_alike(records: Values) -> None:
    """With and without keys, values and headers, of one byte's length and of two."""
    written = batch_of(0, records)
    assert told(streamed(written)) == told(DefaultRecordBatch(written))


@given(_RECORDS)
def test_a_batch_stamped_by_the_broker(records: Values) -> None:
    """All its records have the batch's time."""
    written = bytearray(batch_of(0, records))
    written[_ATTRIBUTES_AT] |= _LOG_APPEND_TIME
    found = told(streamed(bytes(written)))
    assert found == told(DefaultRecordBatch(bytes(written)))
    assert len({one[1] for one in found}) == 1


@given(_RECORDS, st.integers(0, 2000), st.integers(0, 30), st.binary(max_size=12))
def test_whatever_the_bytes_are(records: Values, at: int, length: int, put: bytes) -> None:
    """A part cut out and other bytes in its place: read alike, or corrupt for both, but for the names of headers."""
    written = batch_of(0, records)
    header, payload = written[:_HEADER_BYTES], written[_HEADER_BYTES:]
    at %= len(payload)
    broken = header + payload[:at] + put + payload[at + length :]
    ours = outcome(streamed(broken))
    theirs = outcome(DefaultRecordBatch(broken))
    # kafka-python takes a negative length of any size for nothing, and numbers of any length.
    assert ours == theirs or ours is None or "\ufffd" in "".join(header_names(ours))


def header_names(records: list[tuple[object, ...]]) -> Iterator[str]:
    """Of all records that were told."""
    for record in records:
        yield from (name for name, _ in cast("list[tuple[str, bytes | None]]", record[_HEADERS]))


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
    at %= len(written) - _HEADER_BYTES
    assert outcome(streamed(written[: _HEADER_BYTES + at])) is None


@given(_RECORDS, st.integers(0, 10).filter(bool))
def test_another_count(records: Values, more: int) -> None:
    """More records than there are, or fewer."""
    written = bytearray(batch_of(0, records))
    for count in (len(records) + more, len(records) - 1):
        written[_COUNT_AT : _COUNT_AT + 4] = count.to_bytes(4, "big")
        assert outcome(streamed(bytes(written))) is None


@pytest.mark.parametrize("rest", [0, 17 * MIB], ids=["whole", "stream"])
def test_of_many_headers_the_first_are_kept(rest: int) -> None:
    """A hundred that are short: eight million empty ones take a few kilobytes on the wire and half a gigabyte here."""
    headers: list[tuple[str, bytes | None]] = [("", None)] * 100_000 + [("behind", b"")]
    headers[:2] = [("long", b"x" * 5_000), ("first", b"1")]
    first, second = streamed(batch_of(4, [(None, b"value", headers), (b"next", bytes(rest), [])]))
    assert first.headers == [("first", b"1"), *[("", None)] * 98]
    assert (first.value, second.key) == (b"value", b"next")


def test_headers_without_end_take_no_time() -> None:
    """A hundred million are a few kilobytes on the wire. Read one by one, they would hold the consumer up for so long
    that the group goes on without it, and whoever gets the partition stands still at the same message.
    """
    head = batch_of(4, [(None, bytes(1000), []), (None, b"next", [])])[:_HEADER_BYTES]
    many = b"\0\0\0" + number(-1) + number(-1) + number(10**8) + b"\0\1" * 10**8
    after = b"\0\0\2" + number(-1) + number(4) + b"next" + number(0)
    payload = b"".join(number(len(record)) + record for record in (many, after))
    began = time.monotonic()
    first, second = streamed(head + zstandard.compress(payload))
    assert time.monotonic() - began < 20
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
    written[_ATTRIBUTES_AT] |= 0x20
    (record,) = streamed(bytes(written))
    assert record.commit
