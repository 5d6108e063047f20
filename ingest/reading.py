"""Kafka messages as contract values, as the parts of a trace's rows, or as dead letters. Pure: no message raises."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.broker import Message
from ingest.fast_traces import read_fast
from ingest.replay_header import replay_of
from pointsman_contract import topics
from pointsman_contract.decode import MAX_AHEAD, Decoder
from pointsman_contract.errors import ContractError
from pointsman_contract.fields import LATEST, MAX_TEXT, Unknowns
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from store.received import DeadLetter, Received, Source, StagedTrace

Model = type[Trace] | type[Outcome] | type[Heartbeat]

# Which message each topic carries; one kind a topic.
CARRIES: Mapping[str, Model] = {topics.TRACES: Trace, topics.OUTCOMES: Outcome, topics.HEARTBEATS: Heartbeat}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = round(LATEST.timestamp() * 1000)
_SEARCHED_BYTES = 64 * 1024
_TEXT_FIELD = r'"\s*:\s*("(?:[^"\\]|\\.){0,256}")'
# No longer than a text field may be, so that no message makes the search slow.
_ENVIRONMENT = re.compile('"environment' + _TEXT_FIELD)
_ROUTE = re.compile('"route' + _TEXT_FIELD)


class TopicReader:
    """Reads the messages of one topic; no message raises. Not thread-safe."""

    def __init__(self, model: Model) -> None:
        self._decoder: Decoder[Trace | Outcome | Heartbeat] = Decoder(model)
        self._reads_traces = model is Trace

    def read(self, source: Source, messages: Iterable[Message], now: datetime) -> Iterator[Received]:
        """Decode messages of one partition. `now` stands in for a broker's timestamp that is no time."""
        decode = self._decoder.read
        content: Trace | StagedTrace | Outcome | Heartbeat | DeadLetter | None
        timestamp, broker_time, latest = None, now, now + MAX_AHEAD
        for message in messages:
            # With LogAppendTime all messages that a producer sent together have the same.
            if message.timestamp != timestamp:
                timestamp = message.timestamp
                broker_time = _moment(timestamp, now)
                latest = broker_time + MAX_AHEAD
            value = message.value
            content = read_fast(value, latest) if self._reads_traces else None
            if content is None:
                try:
                    content = decode(value, broker_time)
                except ContractError as error:
                    content = DeadLetter(error.reason, error.detail, *_seems_to_belong(value))
            replayed = replay_of(message.headers) if message.headers else None
            yield Received(source, message.offset, broker_time, content, value, message.key, replayed)

    def take_unknowns(self) -> Unknowns | None:
        """What the messages since the last call held that the contract does not know; None: nothing."""
        return self._decoder.take_unknowns()


def _moment(timestamp_ms: int, now: datetime) -> datetime:
    # A producer's own timestamp (CreateTime) may be anything.
    if not 0 <= timestamp_ms < _LATEST_MS:
        return now
    return _EPOCH + timedelta(milliseconds=timestamp_ms)


def _seems_to_belong(value: bytes | None) -> tuple[str, str]:
    """Environment and route of a message that could not be read, as far as they stand in its bytes."""
    text = (value or b"")[:_SEARCHED_BYTES].decode(errors="replace")
    return _text_of(_ENVIRONMENT.search(text)), _text_of(_ROUTE.search(text))


def _text_of(found: re.Match[str] | None) -> str:
    if found is None:
        return ""
    try:
        text: Any = json.loads(found.group(1), strict=False)
    except ValueError:
        return ""
    return str(text)[:MAX_TEXT].replace("\0", "").encode(errors="replace").decode()
