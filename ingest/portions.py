"""What one poll brings: a portion of at most 16 MiB, and of a batch that cannot be read its place.

kafka-python hands out as many messages as it is asked for, however large they are, and says of a batch that it cannot
read neither where it is nor how to go on.
"""

from collections.abc import Iterator
from typing import Any, cast

from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch

from ingest.errors import BatchUnreadable
from ingest.kafka_records import RecordsUnreadable
from ingest.large_batches import UNREADABLE, ChecksumWrong, StreamedBatch
from ingest.partitions import Partition

_MAGIC = 2
_PORTION_BYTES = 16 * 1024 * 1024
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
            self.record_iterator: Any = Portions(self.record_iterator, portion, partition, fetch_offset, batches)

    fetcher = consumer._fetcher  # noqa: SLF001 - kafka-python has no other way in
    parse = fetcher._parse_fetched_data  # noqa: SLF001 - see above

    def parsed(completed: Any) -> Any:
        try:
            return parse(completed)
        except CorruptRecordError as error:
            at = completed.topic_partition
            why = "the broker itself says that it is damaged"
            raise BatchUnreadable(Partition(at.topic, at.partition), completed.fetched_offset, None, why) from error

    fetcher.PartitionRecords = Records
    fetcher._parse_fetched_data = parsed  # noqa: SLF001 - see above
    return portion


class Portions:
    """Records of a partition, until the portion is full; the next call goes on. Raises PortionFull, BatchUnreadable."""

    def __init__(
        self, records: Iterator[Any], portion: Portion, partition: Partition, fetch_offset: int, batches: "Batches"
    ) -> None:
        self._records = records
        self._portion = portion
        self._partition = partition
        self._fetch_offset = fetch_offset
        self._batches = batches
        self._failure: Exception | None = None
        self._latest: Any = None

    def __iter__(self) -> "Portions":
        return self

    def __next__(self) -> Any:
        if self._portion.bytes >= _PORTION_BYTES:
            raise PortionFull
        if self._failure is not None:
            # kafka-python would go on behind the batch, or ask an ended iterator without end.
            raise self._failure
        try:
            record = self._latest = next(self._records)
        except StopIteration:
            raise
        except UNREADABLE as error:
            self._failure = self._unreadable(error)
            raise self._failure from error
        except Exception as error:
            self._failure = error
            raise
        # What is not there counts as -1.
        self._portion.bytes += (
            record.serialized_key_size
            + record.serialized_value_size
            + record.serialized_header_size
            + len(record.headers) * _HEADER_OBJECT_BYTES
        )
        return record

    def _unreadable(self, error: Exception) -> BatchUnreadable:
        why = str(error) if isinstance(error, RecordsUnreadable) else f"{type(error).__name__}: {error}"
        batch = self._batches.latest
        if batch is None:
            first = self._fetch_offset if self._latest is None else self._latest.offset + 1
            return BatchUnreadable(self._partition, first, None, why)
        # A header that the checksum does not vouch for may say anything of where the batch ends.
        behind = self._batches.behind if isinstance(error, ChecksumWrong) else batch.next_offset
        if behind is not None and behind <= batch.base_offset:
            behind = None
        return BatchUnreadable(self._partition, batch.base_offset, behind, why)


class Batches:
    """The batches of a fetch, each of which knows how to be read as a stream."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self._end = -1
        # The one that is being read, where it has the layout that we know and stands where it can.
        self.latest: StreamedBatch | None = None

    def next_batch(self) -> Any:
        """As kafka-python's: None behind the last one. Raises RecordsUnreadable."""
        self.latest = None
        batch = self._records.next_batch()
        if type(batch) is DefaultRecordBatch:
            if batch.magic != _MAGIC:
                raise RecordsUnreadable(f"a batch of the layout {batch.magic}")
            batch.__class__ = StreamedBatch
            self.latest = cast("StreamedBatch", batch)
            self.latest.check()
            self._refuse_misplaced(self.latest)
        return batch

    @property
    def behind(self) -> int | None:
        """The first offset of the batch behind the one that is being read; None where that is not known."""
        if (begins_at := self._following_begins_at()) is None:
            return None
        following: Any = DefaultRecordBatch(self._records._next_slice)  # noqa: SLF001 - see below
        return begins_at if following.magic == _MAGIC and following.validate_crc() else None

    def _refuse_misplaced(self, batch: "StreamedBatch") -> None:
        """Its first offset is outside of the checksum: kafka-python would believe whatever it says."""
        following = self._following_begins_at()
        if batch.base_offset < self._end:
            why = f"a batch begins at {batch.base_offset:,}, and the one before ends at {self._end - 1:,}"
        elif following is not None and following < batch.next_offset:
            why = f"a batch ends at {batch.last_offset:,}, and the next one begins at {following:,}"
        else:
            self._end = batch.next_offset
            return
        # Either of the two may be the wrong one.
        self.latest = None
        raise RecordsUnreadable(why)

    def _following_begins_at(self) -> int | None:
        following = self._records._next_slice  # noqa: SLF001 - kafka-python shows it nowhere else
        if following is None or len(following) < DefaultRecordBatch.HEADER_STRUCT.size:
            return None
        return int.from_bytes(following[:8], "big", signed=True)
