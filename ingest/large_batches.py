"""Batches that are small on the wire and huge once decompressed: read as a stream.

kafka-python decompresses a batch as a whole. A few kilobytes of zstd may hold gigabytes: a process that dies of them
would die again after each start. Here, of a batch that decompresses to over 16 MiB, no value over the contract's limit
is ever held.
"""

import gzip
import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import lz4.frame  # type: ignore[import-untyped]  # it has no types
import snappy  # type: ignore[import-untyped]  # see above
import zstandard
from kafka.errors import CorruptRecordError, UnsupportedCodecError
from kafka.record.default_records import DefaultRecordBatch

from ingest.kafka_records import (
    LONGEST_NUMBER,
    MOST_HEADER_BYTES,
    MOST_HEADERS,
    KafkaRecord,
    Numbers,
    RecordsUnreadable,
    Stamps,
    read_records,
)
from pointsman_contract.fields import MAX_MESSAGE_BYTES
from store.received import CutShort
from store.rows import KEPT_PAYLOAD_BYTES

# Up to this a batch is decompressed as a whole, which is quicker.
_WHOLE_BYTES = 16 * 1024 * 1024
_CHUNK = 256 * 1024
# What is raised where the bytes of a batch are at fault: by us, by kafka-python, by the codecs.
UNREADABLE = (
    RecordsUnreadable,
    CorruptRecordError,
    UnsupportedCodecError,
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
    zstandard.ZstdError,
    snappy.UncompressError,
    struct.error,
)


class ChecksumWrong(RecordsUnreadable):
    """Nothing in the batch can be trusted, its header neither."""


class StreamedBatch(DefaultRecordBatch):
    """A batch that is decompressed piece by piece where the whole would be large, and read fast where it is not."""

    __slots__ = ()

    def check(self) -> None:
        """Raises ChecksumWrong."""
        if not super().validate_crc():  # type: ignore[no-untyped-call]  # kafka-python has no types
            raise ChecksumWrong("its checksum is wrong")

    def validate_crc(self) -> bool:
        """True: it was checked when it came, with `check`."""
        return True

    def __next__(self) -> Any:
        """The marker of a control batch; None of one whose marker Kafka has cleaned away."""
        return super().__next__() if self.records_count else None  # type: ignore[no-untyped-call]  # see above

    def __iter__(self) -> Iterator[Any]:
        if self.is_control_batch:
            return super().__iter__()  # type: ignore[no-any-return, no-untyped-call]  # kafka-python has no types
        opened = _OPENED.get(self.compression_type)
        if opened is None:
            self._maybe_uncompress()  # type: ignore[no-untyped-call]  # kafka-python has no types
        payload = bytes(memoryview(self._buffer)[self._pos :])
        whole = payload if opened is None else _up_to(opened(payload), _WHOLE_BYTES)
        if opened is None or whole is not None:
            return read_records(whole or b"", self._num_records, self._stamps())
        return _stream_records(_Source(opened(payload)), self._num_records, self._stamps())

    def _stamps(self) -> Stamps:
        kind, appended = self.timestamp_type, self.timestamp_type == self.LOG_APPEND_TIME
        stamped = self.max_timestamp if appended else self.first_timestamp
        return Stamps(self.base_offset, self.last_offset_delta, stamped, not appended, kind)


def _stream_records(source: "_Source", count: int, stamps: Stamps) -> Iterator[KafkaRecord]:
    numbers = Numbers(count, stamps.last_number)
    for left in range(count - 1, -1, -1):
        size = source.number()
        end = source.taken + size
        source.skip_to(source.taken + 1)
        late_ms, number = source.number(), source.number()
        stamped = stamps.base_ms + late_ms if stamps.behind else stamps.base_ms
        key, value = source.value(), source.value()
        headers = source.headers(end)
        if source.taken != end or size < 0:
            raise RecordsUnreadable(f"a record of {size} bytes holds {source.taken - end + size}")
        if not left and not source.is_at_end():
            raise RecordsUnreadable("more bytes behind the last record")
        offset = stamps.base_offset + numbers.checked(number)
        yield KafkaRecord(size, offset, stamped, stamps.kind, key, value, headers)
    if not count and not source.is_at_end():
        raise RecordsUnreadable("bytes in a batch without records")


class _Lz4File:
    """With an error that says what it is about: lz4's own is RuntimeError."""

    def __init__(self, payload: bytes) -> None:
        self._file = lz4.frame.LZ4FrameFile(io.BytesIO(payload))

    def read(self, size: int) -> bytes:
        """Up to so many bytes, none at the end."""
        try:
            return bytes(self._file.read(size))
        except RuntimeError as error:
            raise RecordsUnreadable(f"lz4: {error}") from error


# The decompressed bytes as a file. Not snappy: it makes at most 21 bytes of one.
_OPENED: Mapping[int, Callable[[bytes], Any]] = {
    DefaultRecordBatch.CODEC_GZIP: lambda payload: gzip.GzipFile(fileobj=io.BytesIO(payload)),
    DefaultRecordBatch.CODEC_LZ4: _Lz4File,
    DefaultRecordBatch.CODEC_ZSTD: lambda payload: zstandard.ZstdDecompressor().stream_reader(
        io.BytesIO(payload), read_across_frames=True
    ),
}


def _up_to(stream: Any, limit: int) -> bytes | None:
    """All of it, None where it is more than the limit."""
    parts, size = [], 0
    while part := stream.read(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > limit:
            return None
    return b"".join(parts)


class _Source:
    """Kafka's encoding of records, read from a stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._part = b""
        self._at = 0
        # Bytes, since the beginning.
        self.taken = 0

    def number(self) -> int:
        """A varint, zigzag-encoded."""
        value = 0
        for place in range(LONGEST_NUMBER):
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << 7 * place
            if not byte & 0x80:
                return (value >> 1) ^ -(value & 1)
        raise RecordsUnreadable("a number of over ten bytes")

    def value(self) -> bytes | None:
        """A key or a value: as a whole up to the contract's limit, else its beginning."""
        size = self.number()
        if size < 0:
            return None
        if size <= MAX_MESSAGE_BYTES:
            return b"".join(self._parts(size))
        digest, kept = hashlib.sha256(), b""
        for part in self._parts(size):
            digest.update(part)
            if len(kept) < KEPT_PAYLOAD_BYTES:
                kept += part[: KEPT_PAYLOAD_BYTES - len(kept)]
        return CutShort.of(kept, size, digest.digest())

    def headers(self, end: int) -> list[tuple[str, bytes | None]]:
        """The first few, without those that are long; where there are more, the rest is passed over, up to `end`."""
        headers: list[tuple[str, bytes | None]] = []
        count = self.number()
        if count < 0:
            raise RecordsUnreadable(f"a record with {count} headers")
        for _ in range(min(count, MOST_HEADERS)):
            name_size = self.number()
            if name_size < 0:
                raise RecordsUnreadable("a header without a name")
            name = self._beginning(name_size)
            value_size = self.number()
            value = None if value_size < 0 else self._beginning(value_size)
            if max(name_size, value_size) <= MOST_HEADER_BYTES:
                headers.append((name.decode(errors="replace"), value))
        if count > MOST_HEADERS:
            self.skip_to(end)
        return headers

    def skip_to(self, end: int) -> None:
        """Take everything before `end`."""
        for _ in self._parts(end - self.taken):
            pass

    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._part) and not self._stream.read(1)

    def _beginning(self, size: int) -> bytes:
        """Take so many bytes, and keep the first of them."""
        kept = b""
        for part in self._parts(size):
            kept += part[: MOST_HEADER_BYTES - len(kept)]
        return kept

    def _parts(self, size: int) -> Iterator[bytes]:
        while size > 0:
            part = self._take(size)
            size -= len(part)
            yield part

    def _take(self, at_most: int) -> bytes:
        if self._at >= len(self._part):
            self._part, self._at = self._stream.read(_CHUNK), 0
            if not self._part:
                raise RecordsUnreadable("a batch ends before its last record")
        part = self._part[self._at : self._at + at_most]
        self._at += len(part)
        self.taken += len(part)
        return bytes(part)
