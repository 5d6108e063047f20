"""Batches that are small on the wire and huge once decompressed: read as a stream, a portion with each poll.

kafka-python decompresses a batch as a whole and hands out as many messages as it is asked for. A few kilobytes of zstd
may hold gigabytes: a process that dies of them would die again after each start. Here, of a batch that
decompresses to over 16 MiB, no value over the contract's limit is ever held, and no poll brings more than a portion.
"""

import gzip
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import lz4.frame  # type: ignore[import-untyped]  # it has no types
import zstandard
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch

from ingest.errors import BatchUnreadable
from ingest.kafka_records import LONGEST_NUMBER, MOST_HEADER_BYTES, MOST_HEADERS, KafkaRecord, Stamps, read_records
from ingest.partitions import Partition
from pointsman_contract.fields import MAX_MESSAGE_BYTES
from store.received import CutShort, Span
from store.rows import KEPT_PAYLOAD_BYTES

# Up to this a batch is decompressed as a whole, which is quicker.
_WHOLE_BYTES = 16 * 1024 * 1024
_PORTION_BYTES = 16 * 1024 * 1024
_CHUNK = 256 * 1024
# What one costs in memory beside its bytes, roughly: a tuple, its place in the list, two short objects.
_HEADER_OBJECT_BYTES = 200


class PortionFull(Exception):
    """A poll has brought enough; the rest comes with the next."""


class Portion:
    """What one poll has brought so far, over all partitions."""

    def __init__(self) -> None:
        self.bytes = 0


def bound_memory(consumer: Any) -> Portion:
    """Have this consumer of kafka-python read large batches as a stream.

    A poll raises PortionFull where the one before it left something over; set the portion's bytes to 0 before each.
    """
    portion = Portion()

    class Records(Fetcher.PartitionRecords):
        """The records of one fetch."""

        def __init__(self, fetch_offset: int, tp: Any, records: Any, **settings: Any) -> None:
            batches = Batches(records)
            super().__init__(fetch_offset, tp, batches, **settings)  # type: ignore[no-untyped-call]  # theirs
            partition = Partition(tp.topic, tp.partition)
            self.record_iterator: Any = Portions(self.record_iterator, portion, partition, batches)

    consumer._fetcher.PartitionRecords = Records  # noqa: SLF001 - kafka-python has no other way in
    return portion


class Portions:
    """Records of a partition, until the portion is full; the next call goes on. Raises PortionFull, BatchUnreadable."""

    def __init__(self, records: Iterator[Any], portion: Portion, partition: Partition, batches: "Batches") -> None:
        self._records = records
        self._portion = portion
        self._partition = partition
        self._batches = batches
        self._failure: BatchUnreadable | None = None

    def __iter__(self) -> "Portions":
        return self

    def __next__(self) -> Any:
        if self._portion.bytes >= _PORTION_BYTES:
            raise PortionFull
        if self._failure is not None:
            # kafka-python would go on behind the batch, or ask an ended iterator without end.
            raise self._failure
        try:
            record = next(self._records)
        except (StopIteration, MemoryError):
            raise
        except Exception as error:
            self._failure = self._unreadable(error)
            raise self._failure from error
        # What is not there counts as -1.
        self._portion.bytes += (
            record.serialized_key_size
            + record.serialized_value_size
            + record.serialized_header_size
            + len(record.headers) * _HEADER_OBJECT_BYTES
        )
        return record

    def _unreadable(self, error: Exception) -> BatchUnreadable:
        batch = self._batches.latest
        why = f"{type(error).__name__}: {error}"
        if batch is None:
            return BatchUnreadable(self._partition, None, why)
        return BatchUnreadable(self._partition, Span(batch.base_offset, batch.next_offset), why)


class Batches:
    """The batches of a fetch, each of which knows how to be read as a stream."""

    def __init__(self, records: Any) -> None:
        self._records = records
        # The one that is being read, where it has the layout that we know.
        self.latest: StreamedBatch | None = None

    def next_batch(self) -> Any:
        """As kafka-python's: None behind the last one."""
        self.latest = None
        batch = self._records.next_batch()
        if type(batch) is DefaultRecordBatch:
            batch.__class__ = StreamedBatch
            self.latest = cast("StreamedBatch", batch)
        return batch


class StreamedBatch(DefaultRecordBatch):
    """A batch that is decompressed piece by piece where the whole would be large, and read fast where it is not."""

    __slots__ = ()

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
        return Stamps(self.base_offset, self.max_timestamp if appended else self.first_timestamp, not appended, kind)


def _stream_records(source: "_Source", count: int, stamps: Stamps) -> Iterator[KafkaRecord]:
    for _ in range(count):
        size = source.number()
        end = source.taken + size
        source.skip_to(source.taken + 1)
        late_ms, offset = source.number(), stamps.base_offset + source.number()
        stamped = stamps.base_ms + late_ms if stamps.behind else stamps.base_ms
        key, value = source.value(), source.value()
        headers = source.headers(end)
        if source.taken != end or size < 0:
            raise CorruptRecordError(f"a record of {size} bytes holds {source.taken - end + size}")
        yield KafkaRecord(size, offset, stamped, stamps.kind, key, value, headers)
    if not source.is_at_end():
        raise CorruptRecordError("more bytes behind the last record of a batch")


# The decompressed bytes as a file. Not snappy: it makes at most 21 bytes of one.
_OPENED: Mapping[int, Callable[[bytes], Any]] = {
    DefaultRecordBatch.CODEC_GZIP: lambda payload: gzip.GzipFile(fileobj=io.BytesIO(payload)),
    DefaultRecordBatch.CODEC_LZ4: lambda payload: lz4.frame.LZ4FrameFile(io.BytesIO(payload)),
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
        raise CorruptRecordError("a number of over ten bytes")

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
            raise CorruptRecordError(f"a record with {count} headers")
        for _ in range(min(count, MOST_HEADERS)):
            name_size = self.number()
            if name_size < 0:
                raise CorruptRecordError("a header without a name")
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
                raise CorruptRecordError("a batch ends before its last record")
        part = self._part[self._at : self._at + at_most]
        self._at += len(part)
        self.taken += len(part)
        return bytes(part)
