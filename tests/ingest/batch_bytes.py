"""The bytes of a batch, as a broker keeps and hands them out: Kafka's protocol guide, "Record Batch"."""

from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import calc_crc32c

LENGTH_AT = 8
_OVERHEAD = 12
MAGIC_AT = 16
_CRC_AT = DefaultRecordBatch.CRC_OFFSET
_CHECKED_FROM = DefaultRecordBatch.ATTRIBUTES_OFFSET
# The second byte of two, which has all that is in use.
ATTRIBUTES_AT = _CHECKED_FROM + 1
LAST_NUMBER_AT = 23
COUNT_AT = 57
RECORDS_AT: int = DefaultRecordBatch.HEADER_STRUCT.size


def length_of(written: bytes, at: int = 0) -> int:
    """Of the batch that begins there, with its offset and its length."""
    return _OVERHEAD + int.from_bytes(written[at + LENGTH_AT : at + _OVERHEAD], "big")


def offset_of(written: bytes, at: int = 0) -> int:
    """The first one of the batch that begins there."""
    return int.from_bytes(written[at : at + LENGTH_AT], "big")


def at_offset(offset: int, written: bytes, records: bytes | None = None, attributes: int = 0) -> bytes:
    """The batch as a broker has it at this offset; with other bytes for its records, and a checksum that fits."""
    batch = bytearray(written if records is None else written[:RECORDS_AT] + records)
    batch[ATTRIBUTES_AT] |= attributes
    batch[:LENGTH_AT] = offset.to_bytes(LENGTH_AT, "big")
    batch[LENGTH_AT:_OVERHEAD] = (len(batch) - _OVERHEAD).to_bytes(4, "big")
    batch[_CRC_AT:_CHECKED_FROM] = calc_crc32c(bytes(batch[_CHECKED_FROM:])).to_bytes(4, "big")
    return bytes(batch)
