"""Bytes to messages and back.

The wire is read strictly where a mistake would count something wrongly, and leniently where a newer router says more
than this version knows: unknown fields are ignored, unknown describing values become `other`; both are counted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from pointsman_contract.attempt import Attempt
from pointsman_contract.errors import ContractError, DeadLetterReason
from pointsman_contract.fields import DATE_FIRST, MAX_MESSAGE_BYTES, NO_NUL, Unknowns
from pointsman_contract.heartbeat import AppliedEpoch, Heartbeat, RouteCounter
from pointsman_contract.message import Message, Part
from pointsman_contract.outcome import Outcome
from pointsman_contract.policy import PolicyArm
from pointsman_contract.trace import Trace

MAX_AHEAD = timedelta(minutes=5)
_SHOWN_PROBLEMS = 3
# To list a hundred thousand problems takes seconds, and nobody reads them.
_LISTED_PROBLEMS = 1000
_SHOWN_NAME = 64

# Where parts are nested, and where names come from the router: its own names never enter a path.
_PARTS: dict[str, type[Part]] = {
    "attempts": Attempt,
    "arms": PolicyArm,
    "counters": RouteCounter,
    "epochs": AppliedEpoch,
}
_NAMED_BY_ROUTER = frozenset({"epochs", "scores"})

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Decoded(Generic[M]):
    """A message, and what it held that the contract does not know (None: nothing)."""

    message: M
    unknowns: Unknowns | None = None


def encode(message: Message) -> bytes:
    """One compact JSON object, `kind` first; what is not known is left out."""
    return message.model_dump_json(exclude_none=True).encode()


class Decoder(Generic[M]):
    """Reads the messages of one topic. Holds what would else be made anew for each message; not thread-safe."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._validate = model.__pydantic_validator__.validate_json
        self._found = Unknowns()
        self._of_message = Unknowns()
        self._received_at: datetime | None = None
        self._latest: datetime | None = None

    def read(self, value: bytes | None, received_at: datetime | None = None) -> M:
        """One message. Raises ContractError; see `decode`."""
        if not value or len(value) > MAX_MESSAGE_BYTES:
            raise _wrong_size(value)
        if received_at is not self._received_at:
            self._received_at = received_at
            self._latest = None if received_at is None else received_at + MAX_AHEAD
        try:
            message = self._read(value)
            if "kind" not in message.model_fields_set:
                raise _wrong_kind()
            if self._latest is not None:
                _refuse_the_future(message, self._latest)
        except ContractError:
            self._of_message = Unknowns()
            raise
        if self._of_message:
            self._found.add(self._of_message)
            self._of_message = Unknowns()
        return message

    def take_unknowns(self) -> Unknowns | None:
        """What the messages since the last call held that the contract does not know; None: nothing."""
        found = self._found
        if not found:
            return None
        self._found = Unknowns()
        return found

    def _read(self, value: bytes) -> M:
        try:
            # The validator itself: the model's method around it costs as much as a field.
            message: M = self._validate(value, context=self._of_message)
        except ValidationError:
            self._of_message = Unknowns()
            message = _read_leniently(self._model, value, self._of_message)
        return message


def decode(model: type[M], value: bytes | None, *, received_at: datetime | None = None) -> Decoded[M]:
    """Read one message of a topic.

    `received_at` is the broker's timestamp: a time in the message more than five minutes ahead of it is refused.
    Raises ContractError with the reason of the dead letter.
    """
    decoder = Decoder(model)
    message = decoder.read(value, received_at)
    return Decoded(message, decoder.take_unknowns())


def _wrong_size(value: bytes | None) -> ContractError:
    if value is None:
        return ContractError(DeadLetterReason.TOMBSTONE, "the message has no value")
    if not value:
        return ContractError(DeadLetterReason.EMPTY, "the value has no bytes")
    return ContractError(DeadLetterReason.TOO_LARGE, f"{len(value):,} bytes, the limit is {MAX_MESSAGE_BYTES:,}")


def _read_leniently(model: type[M], value: bytes, unknowns: Unknowns) -> M:
    """A second reading, for messages with unknown fields only: the usual message pays nothing for this."""
    try:
        message = model.model_validate_json(value, context=unknowns, extra="ignore")
    except ValidationError as error:
        raise _refusal(model, value, error) from None
    unknowns.fields.extend(_unknown_fields(model, from_json(value)))
    return message


def _unknown_fields(model: type[Part], found: dict[str, Any], path: str = "") -> Iterator[str]:
    known = model.model_fields.keys()
    for name in sorted(found.keys() - known):
        yield path + (name if name.isidentifier() and len(name) <= _SHOWN_NAME else "?")
    for name in _PARTS.keys() & known & found.keys():
        parts = found[name]
        steps: Iterable[object] = range(len(parts)) if isinstance(parts, list) else repeat("*")
        for step, part in zip(steps, parts if isinstance(parts, list) else parts.values(), strict=False):
            yield from _unknown_fields(_PARTS[name], part, f"{path}{name}.{step}.")


def _refusal(model: type[Message], value: bytes, error: ValidationError) -> ContractError:
    count = error.error_count()
    if count > _LISTED_PROBLEMS:
        return ContractError(DeadLetterReason.INVALID_FIELD, f"message: {count:,} fields are missing or wrong")
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    first = problems[0]
    if first["type"] == "json_invalid":
        try:
            value.decode()
        except UnicodeDecodeError as bad:
            return ContractError(DeadLetterReason.NOT_UTF8, f"byte {bad.start} of {len(value):,} is not UTF-8")
        return ContractError(DeadLetterReason.INVALID_JSON, first["msg"])
    if first["type"] == "model_type" and not first["loc"]:
        return ContractError(DeadLetterReason.INVALID_JSON, "the value is not a JSON object")
    if from_json(value).get("kind") != model.model_fields["kind"].default:
        return _wrong_kind()
    shown = "; ".join(
        f"{_path(problem['loc']) or 'message'}: {_sentence(problem['type'], problem['msg'])}"
        for problem in problems[:_SHOWN_PROBLEMS]
    )
    more = count - _SHOWN_PROBLEMS
    return ContractError(DeadLetterReason.INVALID_FIELD, shown + (f"; and {more} more" if more > 0 else ""))


def _wrong_kind() -> ContractError:
    return ContractError(DeadLetterReason.UNKNOWN_KIND, "kind: missing, or not the kind that this topic carries")


def _sentence(kind: str, message: str) -> str:
    if kind == "string_pattern_mismatch" and DATE_FIRST in message:
        return "Input should be an RFC 3339 time with a zone"
    if kind == "string_pattern_mismatch" and NO_NUL in message:
        return "Input should not contain NUL"
    return message.removeprefix("Value error, ")


def _path(loc: tuple[int | str, ...]) -> str:
    before: tuple[int | str, ...] = ("", *loc)
    return ".".join("*" if outer in _NAMED_BY_ROUTER else str(step) for outer, step in zip(before, loc, strict=False))


def _refuse_the_future(message: Message, latest: datetime) -> None:
    if isinstance(message, Trace) and message.started_at <= latest:
        # The hot path: nearly every message is a trace of the past.
        return
    for path, moment in _moments(message):
        if moment > latest:
            raise ContractError(
                DeadLetterReason.FUTURE_TIME, f"{path}: over five minutes ahead of the broker's timestamp"
            )


def _moments(message: Message) -> Iterator[tuple[str, datetime]]:
    match message:
        case Trace():
            yield "started_at", message.started_at
        case Outcome():
            yield "observed_at", message.observed_at
            if message.trace_started_at is not None:
                yield "trace_started_at", message.trace_started_at
        case Heartbeat():
            yield "at", message.at
            for applied in message.epochs.values():
                yield "epochs.*.applied_at", applied.applied_at
        case _:
            # A policy is read by routers, which have no broker's timestamp to hold it against.
            return
