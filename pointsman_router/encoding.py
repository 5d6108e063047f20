"""From what a router told to the bytes that Kafka gets: on the emitter's own thread, never in a request.

A trace is read here as ingest will read it. A field that the contract refuses is left out where it may be absent, so
that an over-long error text does not take the one failed request with it; a trace that is no trace without the field
is not sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import to_json

from pointsman_contract.attempt import Attempt
from pointsman_contract.decode import encode
from pointsman_contract.fields import MAX_MESSAGE_BYTES
from pointsman_contract.outcome import Outcome
from pointsman_contract.trace import TRACE_KIND, Trace
from pointsman_router.told import ATTEMPT_DETAILS, REQUEST_DETAILS

_MEMORY_BYTES = 4096
_COSTS = frozenset({"prefill_cost_usd", "cache_cost_usd", "generation_cost_usd", "tools_cost_usd"})
# What the contract holds against another field of the attempt.
_PARTS = _COSTS | {
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "tool_calls_ok",
    "citations_supported",
}


@dataclass(slots=True)
class Draft:
    """A request as its router told it, not looked at yet."""

    fields: dict[str, Any]
    attempts: list[dict[str, Any] | Attempt] = field(default_factory=list)


class Encoded(NamedTuple):
    """What goes to Kafka. `left_out` are the fields that the contract refused, by their paths without indexes."""

    key: bytes
    value: bytes
    left_out: Sequence[str] = ()


class UnsendableError(Exception):
    """The contract refuses the message; the sentence names fields and never quotes a value."""


def memory_of(attempts: int) -> int:
    """About how many bytes a message takes while it waits: 4 KiB for itself and for each attempt."""
    return _MEMORY_BYTES * (1 + attempts)


def encode_message(message: Draft | Trace | Outcome) -> Encoded:
    """The key and the bytes. Raises UnsendableError."""
    if isinstance(message, Draft):
        encoded = _encode_draft(message)
    else:
        try:
            encoded = Encoded(str(message.trace_id).encode(), encode(message))
        except ValueError as error:
            raise UnsendableError(f"message: {type(error).__name__}") from None
    if len(encoded.value) > MAX_MESSAGE_BYTES:
        raise UnsendableError(f"message: over {MAX_MESSAGE_BYTES:,} bytes")
    return encoded


def _encode_draft(draft: Draft) -> Encoded:
    told = {name: value for name, value in draft.fields.items() if value is not None}
    if told.get("confidence") == float("-inf"):
        # JSON cannot say it; the contract has a flag for it.
        told |= {"confidence_floor": True}
        del told["confidence"]
    attempts = [_without_none(attempt) for attempt in draft.attempts]
    body: dict[str, Any] = {"kind": TRACE_KIND, **told, "attempts": attempts}
    left_out: list[str] = []
    # Once for single fields, once more for what then does not fit together.
    for _ in range(3):
        try:
            value = to_json(body, exclude_none=True)
            trace = Trace.model_validate_json(value)
        except ValidationError as error:
            left_out += _leave_out(body, error)
        except (TypeError, ValueError, RecursionError) as error:
            raise UnsendableError(f"message: {type(error).__name__}") from None
        else:
            return Encoded(str(trace.trace_id).encode(), value, left_out)
    raise UnsendableError(f"fields do not fit together: {', '.join(sorted(set(left_out)))}")


def _without_none(attempt: dict[str, Any] | Attempt) -> dict[str, Any]:
    if isinstance(attempt, Attempt):
        return attempt.model_dump(exclude_none=True)
    return {name: value for name, value in attempt.items() if value is not None}


def _leave_out(body: dict[str, Any], error: ValidationError) -> Sequence[str]:
    """Take out what was refused; the paths. Raises UnsendableError where the trace cannot be without it."""
    gone = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        match problem["loc"]:
            case ("attempts", int(at)):
                names = _PARTS & body["attempts"][at].keys()
                part = body["attempts"][at]
            case ("attempts", int(at), str(name), *_) if name in ATTEMPT_DETAILS:
                part = body["attempts"][at]
                names = (_COSTS if name in _COSTS else {name}) & part.keys()
            case (str(name), *_) if name in REQUEST_DETAILS:
                part = body
                names = {name} & part.keys()
            case loc:
                raise UnsendableError(".".join(str(step) for step in loc if isinstance(step, str)) or "message")
        prefix = "" if part is body else "attempts."
        for name in names:
            del part[name]
            gone.append(prefix + name)
    if not gone:
        raise UnsendableError("message: nothing that could be left out makes it valid")
    return gone
