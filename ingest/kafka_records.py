"""The records of a batch, from its decompressed bytes, in less time than kafka-python takes.

kafka-python reads each number of a record with a call of its own, and copies each value twice. The layout is in Kafka's
protocol guide, "Record Batch": https://kafka.apache.org/documentation/#recordbatch.
"""

from collections.abc import Iterator
from typing import NamedTuple

# A header that tells us something is short and among the first: of millions that are empty, each would cost memory and
# time.
MOST_HEADERS = 100
MOST_HEADER_BYTES = 1024
LONGEST_NUMBER = 10


class RecordsUnreadable(Exception):
    """The bytes of a batch are not the records that its header promises."""


class Stamps(NamedTuple):
    """What the header of a batch says of all its records."""

    base_offset: int
    # How far behind it the last offset of the batch is.
    last_number: int
    # Milliseconds; `behind` says whether each record's own delay is added to it.
    base_ms: int
    behind: bool
    # kafka-python's number for who made the timestamp.
    kind: int


class KafkaRecord:
    """A record as kafka-python's fetcher takes one."""

    __slots__ = ("headers", "key", "offset", "size_in_bytes", "timestamp", "timestamp_type", "value")
    # The checksum is the batch's.
    checksum = None

    def __init__(
        self,
        size_in_bytes: int,
        offset: int,
        timestamp: int,
        timestamp_type: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes | None]],
    ) -> None:
        self.size_in_bytes = size_in_bytes
        self.offset = offset
        self.timestamp = timestamp
        self.timestamp_type = timestamp_type
        self.key = key
        self.value = value
        self.headers = headers

    def validate_crc(self) -> bool:
        """Always well: the batch was checked."""
        return True


class Numbers:
    """How far each record of a batch is behind the first offset.

    A record says it itself, and Kafka checks no uncompressed one: whoever may write to the topic could have a message
    pass for another one, or for one that is yet to come. Where no record is missing, Kafka has counted them.
    """

    def __init__(self, count: int, last_number: int) -> None:
        """Raises RecordsUnreadable where there cannot be so many."""
        if count < 0:
            raise RecordsUnreadable(f"{count} records")
        self._is_dense = count == last_number + 1
        self._last = last_number
        self._before = -1

    def checked(self, number: int) -> int:
        """Of the next record, by its own word `number`. Raises RecordsUnreadable where that cannot be."""
        if self._is_dense:
            number = self._before + 1
        elif not self._before < number <= self._last:
            raise RecordsUnreadable(f"record {number} behind {self._before}, of at most {self._last}")
        self._before = number
        return number


def read_records(payload: bytes, count: int, stamps: Stamps) -> Iterator[KafkaRecord]:
    """The `count` records of a payload. Raises RecordsUnreadable before the first that cannot be as it is."""
    base_offset, last_number, base_ms, behind, kind = stamps
    numbers = Numbers(count, last_number)
    length = len(payload)
    # `at` is where we are in the payload, `end` where the record ends by its own word.
    at, end = 0, 0
    try:
        for left in range(count - 1, -1, -1):
            size, at = _number(payload, at)
            end = at + size
            # Behind a byte of attributes, which has no meaning yet.
            late_ms, at = _number(payload, at + 1)
            number, at = _number(payload, at)
            key, at = _bytes(payload, at)
            value, at = _bytes(payload, at)
            headers, at = _headers(payload, at, end)
            if at != end or size < 0 or end > length:
                raise RecordsUnreadable(f"a record of {size} bytes holds {at - end + size}, of {length} in all")
            if not left and end < length:
                raise RecordsUnreadable(f"{length - end} bytes behind the last record")
            stamped = base_ms + late_ms if behind else base_ms
            yield KafkaRecord(size, base_offset + numbers.checked(number), stamped, kind, key, value, headers)
    except IndexError as error:
        raise RecordsUnreadable(f"a record ends too early: {error}") from error
    if not count and length:
        raise RecordsUnreadable(f"{length} bytes in a batch without records")


def _headers(payload: bytes, at: int, end: int) -> tuple[list[tuple[str, bytes | None]], int]:
    """Names and values of the first few headers, without those that are long, and where all headers end.

    Where there are more, the rest is not looked at: they end with the record, at `end`.
    """
    headers: list[tuple[str, bytes | None]] = []
    count, at = _number(payload, at)
    if count < 0:
        raise RecordsUnreadable(f"a record with {count} headers")
    for _ in range(min(count, MOST_HEADERS)):
        name, at = _bytes(payload, at)
        if name is None:
            raise RecordsUnreadable("a header without a name")
        value, at = _bytes(payload, at)
        if max(len(name), len(value or b"")) <= MOST_HEADER_BYTES:
            # Any bytes may be a name, and nobody can take a message back.
            headers.append((name.decode(errors="replace"), value))
    return headers, end if count > MOST_HEADERS and at <= end else at


def _bytes(payload: bytes, at: int) -> tuple[bytes | None, int]:
    """A length and as many bytes, None where it is negative, and where they end."""
    size, at = _number(payload, at)
    if size < 0:
        return None, at
    return payload[at : at + size], at + size


def _number(payload: bytes, at: int) -> tuple[int, int]:
    """A varint, zigzag-encoded, and where it ends. Raises IndexError, RecordsUnreadable."""
    byte = payload[at]
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at + 1
    value, shift, limit = byte & 0x7F, 7, at + LONGEST_NUMBER
    while byte >= 0x80:
        at += 1
        if at == limit:
            raise RecordsUnreadable("a number of over ten bytes")
        byte = payload[at]
        value |= (byte & 0x7F) << shift
        shift += 7
    return (value >> 1) ^ -(value & 1), at + 1
