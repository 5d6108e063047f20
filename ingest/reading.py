"""One Kafka message as a contract value or a dead letter. Pure: no message raises."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ingest.broker import Message
from pointsman_contract import topics
from pointsman_contract.decode import decode
from pointsman_contract.errors import ContractError
from pointsman_contract.fields import LATEST, MAX_TEXT, Unknowns
from pointsman_contract.heartbeat import Heartbeat
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import Trace
from store.received import DeadLetter, Received, Source

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


class Read(NamedTuple):
    """A message, and what it held that the contract does not know (None: nothing)."""

    received: Received
    unknowns: Unknowns | None


def read_message(source: Source, model: Model, message: Message, now: datetime) -> Read:
    """Decode one message. `now` stands in for the broker's timestamp where a message has none that is a time."""
    broker_time = _moment(message.timestamp_ms, now)
    unknowns = None
    content: Trace | Outcome | Heartbeat | DeadLetter
    try:
        decoded = decode(model, message.value, received_at=broker_time)
        content, unknowns = decoded.message, decoded.unknowns
    except ContractError as error:
        content = DeadLetter(error.reason, error.detail, *_seems_to_belong(message.value))
    received = Received(source, message.offset, broker_time, content, message.value, message.key, message.replay_of)
    return Read(received, unknowns)


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
