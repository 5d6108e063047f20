"""Twenty ways in which a message on the topic of traces can be broken, and what each must be called.

Fourteen that every broker's suite goes through, and six more for the tests of faults.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pointsman_contract.errors import DeadLetterReason as Reason
from pointsman_contract.trace import Trace
from tests.builders import ABSENT, wire, wire_attempt
from tests.ingest.traffic import fresh_trace


class Way(NamedTuple):
    """How to break a valid trace, and the reason of the dead letter."""

    broken: Callable[[Trace], bytes | None]
    reason: Reason


def _seconds_from_now(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def _not_a_number(valid: Trace) -> bytes:
    return wire(valid, duration_s=float("nan"))


def _not_utf8(valid: Trace) -> bytes:
    return wire(valid, tenant="@@").replace(b"@@", b"\xc3\x28")


WAYS: Mapping[str, Way] = {
    "truncated": Way(lambda valid: wire(valid)[:-20], Reason.INVALID_JSON),
    "wrong type": Way(lambda valid: wire(valid, attempts={"role": "primary"}), Reason.INVALID_FIELD),
    "NaN": Way(_not_a_number, Reason.INVALID_FIELD),
    "NUL": Way(lambda valid: wire(valid, task_class="ex\0traction"), Reason.INVALID_FIELD),
    "empty": Way(lambda _: b"", Reason.EMPTY),
    "2 MB": Way(lambda valid: wire(valid, session_id="x" * 2_000_000), Reason.TOO_LARGE),
    "not UTF-8": Way(_not_utf8, Reason.NOT_UTF8),
    "unknown kind": Way(lambda valid: wire(valid, kind="pointsman.trace/2"), Reason.UNKNOWN_KIND),
    "no zone": Way(lambda valid: wire(valid, started_at="2026-11-23T12:00:00"), Reason.INVALID_FIELD),
    "far future": Way(lambda valid: wire(valid, started_at=_seconds_from_now(3600)), Reason.FUTURE_TIME),
    "too old": Way(lambda valid: wire(valid, started_at=_seconds_from_now(-40 * 86400)), Reason.OLDER_THAN_RETENTION),
    "negative": Way(lambda valid: wire_attempt(valid, output_tokens=-1), Reason.INVALID_FIELD),
    "over 2^63": Way(lambda valid: wire_attempt(valid, input_tokens=2**63), Reason.INVALID_FIELD),
    "tombstone": Way(lambda _: None, Reason.TOMBSTONE),
}

MORE_WAYS: Mapping[str, Way] = {
    "an array": Way(lambda valid: b"[" + wire(valid) + b"]", Reason.INVALID_JSON),
    "two objects": Way(lambda valid: wire(valid) + wire(valid), Reason.INVALID_JSON),
    "no id": Way(lambda valid: wire(valid, trace_id=ABSENT), Reason.INVALID_FIELD),
    "65 attempts": Way(lambda valid: wire(valid, attempts=[{}] * 65), Reason.INVALID_FIELD),
    "unknown arm": Way(lambda valid: wire(valid, arm="treatment"), Reason.INVALID_FIELD),
    "no kind": Way(lambda valid: wire(valid, kind=ABSENT), Reason.UNKNOWN_KIND),
}
ALL_WAYS: Mapping[str, Way] = {**WAYS, **MORE_WAYS}


def broken(way: str) -> bytes | None:
    """One message that is broken in this way, made of a trace of its own."""
    return ALL_WAYS[way].broken(fresh_trace())


def unreadable(count: int) -> list[bytes]:
    """Messages that are no JSON at all, each a different one."""
    return [json.dumps({"number": number}).encode()[:-1] for number in range(count)]
